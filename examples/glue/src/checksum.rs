//! Checksums: of the examples, by which a resumed run knows that they are the same, and of files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use burn_sls_bert::glue::{Features, Label};

use crate::data::Data;

/// FNV-1a with 64 bits, over words of 64 bits instead of bytes. It finds what went wrong by itself,
/// and not what somebody made look right.
struct Checksum(u64);

impl Checksum {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x100_0000_01b3);
        // The product carries upwards only.
        self.0 ^= self.0 >> 32;
    }

    fn add_set(&mut self, set: &[Features]) {
        self.add(set.len() as u64);
        for row in set {
            for numbers in [&row.ids, &row.type_ids] {
                self.add(numbers.len() as u64);
                numbers.iter().for_each(|&number| self.add(number.into()));
            }
            self.add(match row.label {
                Label::Class(class) => class as u64,
                Label::Score(score) => score.to_bits(),
            });
        }
    }

    fn in_words(&self) -> String {
        format!("{:016x}", self.0)
    }
}

impl Data {
    /// A number that another token, label or order of any example changes.
    pub fn checksum(&self) -> String {
        let mut checksum = Checksum::new();
        let sets = [&self.training, &self.validation].into_iter();
        for set in sets.chain(&self.mismatched) {
            checksum.add_set(set);
        }
        checksum.in_words()
    }
}

/// The checksum of a file's bytes.
///
/// # Errors
///
/// If it cannot be read.
pub fn of_file(path: &Path) -> io::Result<String> {
    const AT_A_TIME: u64 = 1 << 20;
    let mut file = File::open(path)?;
    let mut checksum = Checksum::new();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let count = file.by_ref().take(AT_A_TIME).read_to_end(&mut bytes)?;
        if count == 0 {
            return Ok(checksum.in_words());
        }
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            checksum.add(u64::from_le_bytes(word));
        }
        checksum.add(count as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ids: &[u32], label: usize) -> Features {
        Features {
            ids: ids.to_vec(),
            type_ids: vec![0; ids.len()],
            label: Label::Class(label),
        }
    }

    #[test]
    fn another_token_label_order_or_cut_is_another_checksum() {
        let sets = [
            vec![row(&[1, 2], 0), row(&[3], 1)],
            vec![row(&[1, 4], 0), row(&[3], 1)],
            vec![row(&[1, 2], 1), row(&[3], 1)],
            vec![row(&[3], 1), row(&[1, 2], 0)],
            vec![row(&[1], 0), row(&[2, 3], 1)],
            vec![row(&[1, 2], 0)],
        ];
        let sums = sets.map(|set| {
            let mut checksum = Checksum::new();
            checksum.add_set(&set);
            checksum.0
        });
        for (index, sum) in sums.iter().enumerate() {
            assert!(!sums[..index].contains(sum), "set {index}");
        }
    }

    #[test]
    fn another_byte_or_length_of_a_file_is_another_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let of = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            of_file(&path).unwrap()
        };
        let mut bytes = vec![7; (1 << 20) + 13];
        let sum = of(&bytes);
        assert_eq!(sum, of(&bytes));
        assert_ne!(sum, of(&bytes[..bytes.len() - 1]));
        assert_ne!(of(&bytes[..8]), of(&[&bytes[..8], &[0]].concat()));
        for at in [0, 1 << 20, (1 << 20) + 12] {
            bytes[at] ^= 0x80;
            assert_ne!(sum, of(&bytes), "{at}");
            bytes[at] ^= 0x80;
        }
    }
}
