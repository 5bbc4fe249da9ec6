//! Checksums: of data, by which a resumed run knows that it is the same, and of files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// FNV-1a with 64 bits, over words of 64 bits instead of bytes. It finds what went wrong by itself,
/// and not what somebody made look right.
#[derive(Clone, Debug)]
pub struct Checksum(u64);

impl Default for Checksum {
    fn default() -> Self {
        Self::new()
    }
}

impl Checksum {
    /// Of nothing.
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a word.
    pub fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x100_0000_01b3);
        // The product carries upwards only.
        self.0 ^= self.0 >> 32;
    }

    /// Sixteen hexadecimal digits.
    pub fn in_words(&self) -> String {
        format!("{:016x}", self.0)
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
