//! The sizes in the headers of pages, before a page is decompressed.
//!
//! The `parquet` crate makes room for as many bytes as a header says that its page has when it is
//! decompressed. A header is a struct in [Thrift's compact protocol][compact]; its fields 2 and 3 are
//! the sizes of the page decompressed and as it is.
//!
//! [compact]: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// No compression that is read makes a page shorter than by this factor: deflate comes to 1032.
const LONGEST: u64 = 1100;

/// Structs in structs, of which a header has two.
const DEEPEST: usize = 8;

/// What is wrong with the headers of the pages from `start` on, `length` bytes with their headers.
/// What cannot be read here is refused: the `parquet` crate reads some damaged headers, too, and
/// believes them.
pub(super) fn fault(file: &File, start: u64, length: u64) -> Option<String> {
    let mut file = BufReader::new(file);
    let unreadable = Some("has a page whose header cannot be read".to_string());
    if file.seek(SeekFrom::Start(start)).is_err() {
        return unreadable;
    }
    let mut bytes = Bytes { file, read: 0 };
    while bytes.read < length {
        let Some([_, decompressed, size]) = bytes.header() else {
            return unreadable;
        };
        // Some writers have left the header of a dictionary out of the length.
        if size > length.saturating_add(100) {
            return unreadable;
        }
        if decompressed > LONGEST.saturating_mul(size.saturating_add(1)) {
            return Some(format!(
                "has a page of {size} bytes that announces {decompressed} when decompressed"
            ));
        }
        let next = i64::try_from(size).ok().zip(bytes.read.checked_add(size));
        match next {
            Some((step, read)) if bytes.file.seek_relative(step).is_ok() => bytes.read = read,
            _ => return unreadable,
        }
    }
    None
}

/// What is read, and how much of it was.
struct Bytes<R> {
    file: R,
    read: u64,
}

impl<R: Read> Bytes<R> {
    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.file.read_exact(&mut byte).ok()?;
        self.read += 1;
        Some(byte[0])
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        (0..count).try_for_each(|_| self.byte().map(drop))
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// The first three numbers of a header: the kind of its page, and the sizes.
    fn header(&mut self) -> Option<[u64; 3]> {
        let mut numbers = [None; 3];
        let mut last = 0u64;
        loop {
            let (field, kind) = match self.field(last)? {
                None => break,
                Some(field) => field,
            };
            last = field;
            let place = usize::try_from(field).ok()?.checked_sub(1)?;
            match numbers.get_mut(place) {
                // Signs alternate, and sizes are not negative.
                Some(number) if kind == 5 => *number = Some(self.number()? >> 1),
                _ => self.value(kind, DEEPEST)?,
            }
        }
        let [kind, decompressed, size] = numbers;
        Some([kind?, decompressed?, size?])
    }

    /// The number of the next field of a struct after this one, and its kind; none at the end.
    fn field(&mut self, last: u64) -> Option<Option<(u64, u8)>> {
        let byte = self.byte()?;
        // The `parquet` crate looks at the kind alone, and so must this.
        if byte & 0x0f == 0 {
            return Some(None);
        }
        let field = match byte >> 4 {
            0 => self.number()? >> 1,
            further => last.checked_add(u64::from(further))?,
        };
        Some(Some((field, byte & 0x0f)))
    }

    /// Skips a value.
    fn value(&mut self, kind: u8, deepest: usize) -> Option<()> {
        let deepest = deepest.checked_sub(1)?;
        match kind {
            // Of a field, the kind is the truth value.
            1 | 2 => Some(()),
            3 => self.skip(1),
            4..=6 => self.number().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.number()?;
                self.skip(length)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let count = match byte >> 4 {
                    15 => self.number()?,
                    count => u64::from(count),
                };
                (0..count).try_for_each(|_| match byte & 0x0f {
                    1 | 2 => self.skip(1),
                    kind => self.value(kind, deepest),
                })
            }
            12 => {
                let mut last = 0;
                while let Some((field, kind)) = self.field(last)? {
                    self.value(kind, deepest)?;
                    last = field;
                }
                Some(())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(bytes: &[u8]) -> Option<([u64; 3], u64)> {
        let mut bytes = Bytes {
            file: bytes,
            read: 0,
        };
        Some((bytes.header()?, bytes.read))
    }

    #[test]
    fn sizes_are_found_among_other_fields() {
        // A dictionary: kind 2, 31 bytes, 50 as it is; two values in encoding 0.
        let dictionary = [
            0x15, 4, 0x15, 62, 0x15, 100, 0x4c, 0x15, 4, 0x15, 0, 0x12, 0, 0,
        ];
        assert_eq!(header(&dictionary), Some(([2, 31, 50], 14)));
        // With a text, a list of numbers and a list of truth values.
        let more = [
            0x15, 0, 0x15, 0xac, 2, 0x15, 2, 0x18, 2, 7, 7, 0x19, 0x25, 1, 1, 0x19, 0x21, 1, 0, 0,
        ];
        assert_eq!(header(&more), Some(([0, 150, 1], 20)));
        assert_eq!(header(&dictionary[..13]), None);
        let other_end = [0x15, 4, 0x15, 62, 0x15, 100, 0x20];
        assert_eq!(header(&other_end), Some(([2, 31, 50], 7)));
        assert_eq!(header(&[0x15, 4, 0]), None);
        // Structs without end.
        assert_eq!(header(&[0x1c; 100]), None);
    }
}
