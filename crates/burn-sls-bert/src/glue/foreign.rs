//! Files that are of another kind than their name says, recognised by their first bytes.

use crate::quote::quoted;

/// The number of bytes that [`other_kind`] looks at.
pub(super) const BEGINNING: usize = 256;

/// If a file with this beginning is not a table of text: its kind, and what to do.
pub(super) fn other_kind(bytes: &[u8]) -> Option<String> {
    /// The first bytes of a kind, its name, and what to do.
    const KINDS: [(&[u8], &str, &str); 10] = [
        (
            b"version https://git-lfs",
            "a Git LFS pointer, which only names the data",
            "run `git lfs pull` in its folder, or download the file itself",
        ),
        (
            b"PAR1",
            "a Parquet file",
            "give it the name and the folder that the hub's files have",
        ),
        (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
        (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
        (b"\x1f\x8b", "compressed by gzip", "unpack it first"),
        (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it first"),
        (b"\xfd7zXZ\0", "compressed by xz", "unpack it first"),
        (b"PK\x03\x04", "a zip archive", "unpack it first"),
        (
            b"PARE",
            "an encrypted Parquet file",
            "write it without encryption",
        ),
        (
            b"ARROW1",
            "an Arrow file",
            "write it as Parquet, for example by `to_parquet` of Hugging Face's datasets",
        ),
    ];
    let kind = KINDS.iter().find(|(magic, ..)| bytes.starts_with(magic));
    if let Some((_, kind, remedy)) = kind {
        return Some(format!("is {kind}: {remedy}"));
    }
    let bytes = &bytes[..bytes.len().min(BEGINNING)];
    let zeros = bytes.iter().filter(|&&byte| byte == 0).count();
    if zeros > bytes.len() / 4 {
        return Some("is UTF-16 text, or no text at all: save it as UTF-8".to_owned());
    }
    let start = String::from_utf8_lossy(bytes);
    let start = start.trim_start_matches('\u{feff}').trim_start();
    let begins = |with: &str| {
        let start = start.get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    if begins("<!doctype html") || begins("<html") {
        return Some(
            "is a web page and not the data: download the file itself, not the page about it"
                .to_owned(),
        );
    }
    if begins("{\"") || begins("[{") {
        let first = start.lines().next().unwrap_or_default();
        return Some(format!(
            "is JSON ({}) and not a table: write it as tab-separated text or as Parquet",
            quoted(first)
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_kinds_are_recognised_and_the_expected_ones_left_alone() {
        let utf16: Vec<u8> = "sentence\tlabel\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let cases: [(&[u8], &str); 10] = [
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
                "is a Git LFS pointer, which only names the data: run `git lfs pull`",
            ),
            (b"\xff\xfea\0", "is UTF-16 text: save it as UTF-8"),
            (&utf16, "is UTF-16 text, or no text at all: save it"),
            (b"\x1f\x8b\x08", "is compressed by gzip: unpack it first"),
            (b"PK\x03\x04", "is a zip archive: unpack it first"),
            (b"PAR1\0\0", "is a Parquet file: give it the name"),
            (b"PARE", "is an encrypted Parquet file: write it without"),
            (b"ARROW1\0\0", "is an Arrow file: write it as Parquet"),
            (
                b"\n <!DOCTYPE HTML><html>",
                "is a web page and not the data",
            ),
            (
                b"{\"sentence\": \"a\", \"label\": 0}\n{",
                "is JSON (\"{\\\"sentence\\\": \\\"a\\\", \\\"label\\\": 0}\") and not a table",
            ),
        ];
        for (bytes, says) in cases {
            let found = other_kind(bytes).unwrap_or_default();
            assert!(found.starts_with(says), "{found:?} instead of {says:?}");
        }
        let fine: [&[u8]; 4] = [
            b"",
            b"sentence\tlabel\nversion\t1\n",
            b"\xef\xbb\xbfgj04\t1\t\tfine\n",
            "gj04\t1\t\tüber".as_bytes(),
        ];
        for bytes in fine {
            assert_eq!(other_kind(bytes), None);
        }
    }
}
