//! Pages that have room for what they announce.
//!
//! The `parquet` crate makes room for as many values as a dictionary or a list of lengths says that
//! it has, before it reads them. A file of a few hundred bytes could ask for gigabytes.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};

/// The pages of a column without repetition, each looked at before it is decoded.
pub(super) struct CheckedPages {
    pages: Box<dyn PageReader>,
    /// Whether values may be null: then levels stand before them.
    has_levels: bool,
}

impl CheckedPages {
    pub(super) fn new(pages: Box<dyn PageReader>, max_def_level: i16) -> Self {
        let has_levels = max_def_level > 0;
        Self { pages, has_levels }
    }

    fn checked(&self, page: Page) -> Result<Page> {
        let announced = match &page {
            // A number has four bytes at least, and so has the length of a text.
            Page::DictionaryPage { num_values, .. } => Some(4 * u64::from(*num_values)),
            // A text has one byte at least.
            Page::DataPage { buf, encoding, .. } if is_delta(*encoding) => {
                let levels = match self.has_levels {
                    true => levels(buf),
                    false => Some(0),
                };
                levels.and_then(|levels| delta_count(buf.get(levels..)?))
            }
            Page::DataPageV2 {
                buf,
                encoding,
                def_levels_byte_len: def,
                rep_levels_byte_len: rep,
                ..
            } if is_delta(*encoding) => {
                let levels = usize::try_from(u64::from(*def) + u64::from(*rep)).ok();
                levels.and_then(|levels| delta_count(buf.get(levels..)?))
            }
            _ => Some(0),
        };
        let room = page.buffer().len() as u64;
        match announced {
            Some(announced) if announced <= room => Ok(page),
            _ => Err(ParquetError::General(format!(
                "a page of {room} bytes announces more values than it can have"
            ))),
        }
    }
}

/// Whether the lengths of texts stand before the texts.
fn is_delta(encoding: Encoding) -> bool {
    let delta = [
        Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::DELTA_BYTE_ARRAY,
    ];
    delta.contains(&encoding)
}

/// The bytes of the levels in a page of the first version, with their length.
fn levels(page: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(*page.first_chunk()?);
    usize::try_from(length).ok()?.checked_add(4)
}

/// How many numbers a list of differences announces: after the size of its blocks and the number of
/// their parts.
fn delta_count(list: &[u8]) -> Option<u64> {
    let mut bytes = list.iter();
    let mut number = || {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *bytes.next()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    };
    number()?;
    number()?;
    number()
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        page.map(|page| self.checked(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for CheckedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_differences_announces_its_third_number() {
        assert_eq!(delta_count(&[0x80, 1, 4, 0xac, 2, 9]), Some(300));
        assert_eq!(delta_count(&[0x80, 1, 4]), None);
        assert_eq!(delta_count(&[0xff; 30]), None);
        assert_eq!(levels(&[2, 0, 0, 0, 7, 7, 1]), Some(6));
        assert_eq!(levels(&[2, 0]), None);
    }
}
