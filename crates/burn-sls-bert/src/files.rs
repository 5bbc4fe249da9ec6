//! Reading a file of a model, and recognising one that is something else.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::BertError;

/// The bytes that some editors put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text without a byte-order mark in front, which JSON does not allow.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// Names the kind of a file that is of another kind than its name says, and what to do. `None` if
/// it is none of the usual ones.
pub(crate) fn recognised(bytes: &[u8]) -> Option<&'static str> {
    let text = without_mark(bytes).trim_ascii_start();
    let begins = |with: &[u8]| {
        let start = text.get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    let known: [(&[u8], &str); 3] = [
        (
            b"version https://git-lfs",
            "is a Git LFS pointer, not the file itself: run `git lfs pull` in its folder, or \
             download the file again",
        ),
        (
            b"<!doctype html",
            "is a web page, not the file itself: download the file again; on the hub, its address \
             has `resolve` where that of the page has `blob`",
        ),
        (
            b"<html",
            "is a web page, not the file itself: download the file again; on the hub, its address \
             has `resolve` where that of the page has `blob`",
        ),
    ];
    if let Some((_, what)) = known.iter().find(|(start, _)| begins(start)) {
        return Some(what);
    }
    let known: [(&[u8], &str); 10] = [
        (
            b"../../blobs/",
            "is a link of the hub's cache that was copied as text: copy the file that it points to",
        ),
        (
            b"\xff\xfe",
            "is UTF-16 text; expected UTF-8: save it again in that encoding",
        ),
        (
            b"\xfe\xff",
            "is UTF-16 text; expected UTF-8: save it again in that encoding",
        ),
        (b"\x1f\x8b", "is compressed by gzip: unpack it first"),
        (
            b"PK\x03\x04",
            "is a zip archive, such as PyTorch's `torch.save` writes: unpack it, or save the \
             weights as safetensors with transformers' `save_pretrained`",
        ),
        (
            b"\x80\x02",
            "is a Python pickle, such as older versions of PyTorch write: save the weights as \
             safetensors with transformers' `save_pretrained`",
        ),
        (
            b"\x89HDF",
            "is an HDF5 file, TensorFlow's format: save the weights as safetensors with \
             transformers' `from_pretrained(.., from_tf=True)` and `save_pretrained`",
        ),
        (
            b"GGUF",
            "is a GGUF file, llama.cpp's format: take the model's safetensors file instead",
        ),
        (
            b"Entry not found",
            "is an error of the hub, not the file itself: check the name and download it again",
        ),
        (
            b"Invalid username or password",
            "is an error of the hub, not the file itself: log in and download it again",
        ),
    ];
    let found = known.iter().find(|(start, _)| bytes.starts_with(start));
    found.map(|(_, what)| *what)
}

/// The JSON object in a file that may be missing. `None` if it is.
pub(crate) fn object(path: &Path) -> Result<Option<Map<String, Value>>, BertError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BertError::io(path, error)),
    };
    let refused = |what: String| BertError::tokenizer(what).in_file(path);
    if let Some(what) = recognised(&bytes) {
        return Err(refused(what.to_owned()));
    }
    let read = serde_json::from_slice(without_mark(&bytes));
    read.map(Some)
        .map_err(|error| refused(format!("not a JSON object: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(without_mark(b"\xef\xbb\xbf{}"), b"{}");
        assert_eq!(without_mark(b"{}"), b"{}");
    }

    #[test]
    fn a_file_of_another_kind_is_recognised_by_its_first_bytes() {
        let cases: [(&[u8], &str); 9] = [
            (b"../../blobs/0123", "link of the hub's cache"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:cd\nsize 9\n",
                "Git LFS pointer",
            ),
            (b"\n<!DOCTYPE html>\n<html>", "web page"),
            (b"<HTML lang=\"en\">", "web page"),
            (b"\xff\xfe{\0", "UTF-16"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"PK\x03\x04", "torch.save"),
            (b"\x80\x02}q", "pickle"),
            (b"\x89HDF\r\n", "TensorFlow"),
        ];
        for (bytes, says) in cases {
            let what = recognised(bytes).expect(says);
            assert!(what.contains(says), "{what}");
        }
        for bytes in [&b"{}"[..], b"", b"\xef\xbb\xbf{}", b"v"] {
            assert_eq!(recognised(bytes), None);
        }
    }
}
