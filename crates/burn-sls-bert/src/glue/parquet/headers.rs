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
        let Some([decompressed, size]) = bytes.header() else {
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

    /// The sizes of a page, decompressed and as it is.
    fn header(&mut self) -> Option<[u64; 2]> {
        let [_, decompressed, size] = self.fields(Struct::Page)?;
        // Signs alternate, and sizes are not negative.
        let size_of = |number: Option<u64>| number.filter(|n| n % 2 == 0).map(|n| n >> 1);
        Some([size_of(decompressed)?, size_of(size)?])
    }

    /// The first three fields of a struct, as far as they are numbers. Fields come in their order,
    /// and each has the kind that it should have.
    fn fields(&mut self, of: Struct) -> Option<[Option<u64>; 3]> {
        let (mut field, mut numbers) = (0, [None; 3]);
        loop {
            let byte = self.byte()?;
            if byte == 0 {
                return Some(numbers);
            }
            let (step, kind) = (usize::from(byte >> 4), byte & 0x0f);
            if step == 0 {
                return None;
            }
            field += step;
            match (of.field(field, kind)?, kind) {
                (Field::Number, 5) | (Field::Long, 5 | 6) => {
                    let number = self.number()?;
                    if let Some(place) = numbers.get_mut(field - 1) {
                        *place = Some(number);
                    }
                }
                // The kind is the truth value.
                (Field::Truth, 1 | 2) => {}
                (Field::Text, 8) => {
                    let length = self.number()?;
                    (0..length).try_for_each(|_| self.byte().map(drop))?;
                }
                (Field::Struct(of), 12) => {
                    self.fields(of)?;
                }
                _ => return None,
            }
        }
    }
}

/// The structs of a header.
#[derive(Clone, Copy)]
enum Struct {
    Page,
    Data,
    Index,
    Dictionary,
    DataV2,
    Statistics,
}

/// What a field is.
enum Field {
    /// Of 32 bits.
    Number,
    /// Of as many or 64.
    Long,
    Truth,
    Text,
    Struct(Struct),
}

impl Struct {
    /// What the field of this number is, which comes as this kind.
    fn field(self, number: usize, kind: u8) -> Option<Field> {
        Some(match (self, number) {
            (Self::Page, 1..=4) => Field::Number,
            (Self::Page, 5) => Field::Struct(Self::Data),
            (Self::Page, 6) => Field::Struct(Self::Index),
            (Self::Page, 7) => Field::Struct(Self::Dictionary),
            (Self::Page, 8) => Field::Struct(Self::DataV2),
            (Self::Data, 1..=4) | (Self::Dictionary, 1..=2) | (Self::DataV2, 1..=6) => {
                Field::Number
            }
            (Self::Dictionary, 3) | (Self::DataV2, 7) => Field::Truth,
            (Self::Data, 5) | (Self::DataV2, 8) => Field::Struct(Self::Statistics),
            // They are skipped by their kinds.
            (Self::Statistics, _) => match kind {
                1 | 2 => Field::Truth,
                8 => Field::Text,
                _ => Field::Long,
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(bytes: &[u8]) -> Option<([u64; 2], u64)> {
        let mut bytes = Bytes {
            file: bytes,
            read: 0,
        };
        Some((bytes.header()?, bytes.read))
    }

    #[test]
    fn sizes_are_found_among_other_fields() {
        // A dictionary of 31 bytes, 50 as it is; two values in encoding 0, not sorted.
        let dictionary = [
            0x15, 4, 0x15, 62, 0x15, 100, 0x4c, 0x15, 4, 0x15, 0, 0x12, 0, 0,
        ];
        assert_eq!(header(&dictionary), Some(([31, 50], 14)));
        // Data with statistics: a text, a number and a truth value.
        let data = [
            0x15, 0, 0x15, 0xac, 2, 0x15, 2, 0x2c, 0x15, 4, 0x15, 0, 0x15, 6, 0x15, 6, 0x1c, 0x18,
            2, 7, 7, 0x26, 4, 0x41, 0, 0, 0,
        ];
        assert_eq!(header(&data), Some(([150, 1], 27)));
    }

    #[test]
    fn other_headers_are_not_read() {
        let headers: [&[u8]; 9] = [
            &[0x15, 4, 0x15, 62, 0x15, 100, 0x4c, 0x15, 4], // no end
            &[0x15, 4, 0],                                  // no sizes
            &[0x15, 4, 0x15, 63, 0x15, 100, 0],             // a negative size
            &[0x15, 4, 0x16, 62, 0x15, 100, 0],             // a size of another kind
            &[0x15, 4, 0x15, 62, 0x15, 100, 0x05, 4, 9, 0], // a field by its number: 2 again
            &[0x15, 4, 0x15, 62, 0x15, 100, 0x20],          // another end
            &[0x15, 4, 0x15, 62, 0x15, 100, 0x22, 0],       // a struct that is a truth value
            &[0x15, 4, 0x15, 62, 0x15, 100, 0x69, 0],       // a field that there is not
            &[0x1c; 100],                                   // structs without end
        ];
        for bytes in headers {
            assert_eq!(header(bytes), None, "{bytes:?}");
        }
    }
}
