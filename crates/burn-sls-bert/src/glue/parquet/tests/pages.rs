//! Pages in other encodings than the hub's.

use parquet::basic::Encoding;
use parquet::file::properties::WriterVersion;

use super::write::encoded;
use super::*;

#[test]
fn texts_are_read_in_every_encoding_and_version() {
    let long: Vec<String> = (1..=300)
        .map(|n| "a fine film ".repeat(n % 7 + 1))
        .collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let labels: Vec<i64> = (0..300).map(|n| n % 2).collect();
    for encoding in [
        Encoding::PLAIN,
        Encoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::DELTA_BYTE_ARRAY,
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let columns = [
                ("sentence", Cells::Text(&texts(&long))),
                ("label", Cells::Long(&labels)),
            ];
            let rows = read(Task::Sst2, &encoded(encoding, version, &columns));
            let rows = rows.unwrap_or_else(|error| panic!("{encoding} {version:?}: {error}"));
            let read: Vec<&str> = rows.iter().map(|row| row.first.as_str()).collect();
            assert_eq!(read, long);
        }
    }
}
