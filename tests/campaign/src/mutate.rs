//! Changes of a file.

use burn_sls_core::random::Generator;

/// The largest file that changes make, in bytes.
pub const LARGEST: usize = 1 << 16;

/// Bytes with a meaning in JSON, TOML, TSV, or a number.
const BYTES: &[u8] = b"\0\xff\x7f\x80\t\r\n\"'{}[]:,=#-+.019eE\\ ";

/// Numbers at the edge of what a reader may expect, as text.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "1e999",
    "-0.0",
    "1e-320",
    "0.1",
    "null",
    "NaN",
];

/// The same as integers of eight bytes.
const INTEGERS: &[u64] = &[
    0,
    1,
    7,
    255,
    1 << 16,
    (1 << 31) - 1,
    1 << 31,
    1 << 32,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    u64::MAX,
];

/// One to eight changes of `bytes`, mostly one or two. Pieces come from `other`, a file of the same
/// kind, and from `words`, which are the words of its format.
pub fn mutate(bytes: &[u8], other: &[u8], words: &[&str], random: &mut Generator) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..1usize << random.below(4).min(random.below(4)) {
        change(&mut changed, other, words, random);
        changed.truncate(LARGEST);
    }
    changed
}

fn change(bytes: &mut Vec<u8>, other: &[u8], words: &[&str], random: &mut Generator) {
    let at = place(bytes.len(), random);
    match random.below(12) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = *pick(BYTES, random).expect("some"),
        2 => bytes.insert(at, random.next_u64() as u8),
        3 => drop(bytes.drain(piece(bytes.len(), at, random))),
        4 => {
            let again = bytes[piece(bytes.len(), at, random)].to_vec();
            let times = 1 + random.below(3) * random.below(200);
            let most = LARGEST / again.len().max(1);
            bytes.splice(at..at, again.repeat(times.min(most)));
        }
        5 => bytes.truncate(at),
        6 => {
            let word = pick(words, random).copied().unwrap_or_default();
            bytes.splice(at..at, word.bytes());
        }
        7 => {
            let from = place(other.len(), random);
            let part = piece(other.len(), from, random);
            let over = piece(bytes.len(), at, random);
            bytes.splice(over, other[part].iter().copied());
        }
        8 => {
            let width = [1, 2, 4, 8][random.below(4)];
            let number = pick(INTEGERS, random).expect("some").to_le_bytes();
            let end = (at + width).min(bytes.len());
            bytes[at..end].copy_from_slice(&number[..end - at]);
        }
        9 => {
            // The number that begins here, or the next one.
            let digit = |byte: &u8| byte.is_ascii_digit();
            let Some(begin) = bytes[at..].iter().position(digit).map(|skip| at + skip) else {
                return;
            };
            let rest = bytes[begin..].iter();
            let end = begin + rest.take_while(|byte| digit(byte)).count();
            let number = pick(NUMBERS, random).expect("some");
            bytes.splice(begin..end, number.bytes());
        }
        10 => {
            // Two pieces change places.
            let (a, b) = (piece(bytes.len(), at, random), place(bytes.len(), random));
            let moved: Vec<u8> = bytes.drain(a).collect();
            let b = b.min(bytes.len());
            bytes.splice(b..b, moved);
        }
        _ => {
            let line = bytes[at..].iter().position(|byte| *byte == b'\n');
            let end = line.map_or(bytes.len(), |line| at + line);
            bytes.drain(at..end);
        }
    }
}

/// A place in so many bytes; half of them in the first hundred, where headers are.
fn place(len: usize, random: &mut Generator) -> usize {
    match random.below(2) {
        0 => random.below(len.min(100) + 1),
        _ => random.below(len + 1),
    }
}

/// Some bytes from a place on, mostly few.
fn piece(len: usize, from: usize, random: &mut Generator) -> std::ops::Range<usize> {
    let most = [4, 32, 256, LARGEST][random.below(4)];
    from..(from + 1 + random.below(most)).min(len).max(from)
}

fn pick<'a, T>(items: &'a [T], random: &mut Generator) -> Option<&'a T> {
    items.get(random.below(items.len()))
}
