//! Files as people had them: with another compression, in parts, of another kind.

use parquet::basic::Compression;

use super::write::compressed;
use super::*;

/// The columns of SST-2 with these sentences.
fn sst2<'a>(
    sentences: &'a [Option<&'a [u8]>],
    labels: &'a [i64],
) -> [(&'static str, Cells<'a>); 2] {
    [
        ("sentence", Cells::Text(sentences)),
        ("label", Cells::Long(labels)),
    ]
}

/// What is read from these files of the folder `sst2`.
fn read_files(files: &[(&str, &[u8])]) -> Result<Vec<String>, String> {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join("sst2").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    read_hub_split(folder.path(), Task::Sst2, Split::Train)
        .map(|rows| rows.examples.into_iter().map(|e| e.first).collect())
        .map_err(|error| error.to_string())
}

#[test]
fn snappy_gzip_and_no_compression_are_read() {
    let long = "a good film ".repeat(1000);
    let sentences = texts(&[&long, "a", &long]);
    let columns = sst2(&sentences, &[0, 1, 0]);
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
    ] {
        let bytes = compressed(compression, 2, &columns);
        let examples = read(Task::Sst2, &bytes).unwrap();
        assert_eq!(examples.len(), 6, "{compression}");
        assert_eq!(examples[5].first, long, "{compression}");
    }
}

#[test]
fn another_compression_is_named_with_what_to_do() {
    let sentences = texts(&["a", "b"]);
    let whole = file(1, &sst2(&sentences, &[0, 1]));
    // In the footer, `15 02 16` is Snappy between two fields of a column. The numbers of the
    // compressions are those of `CompressionCodec` in parquet.thrift, twice.
    for (code, name) in [
        (0x06, "LZO"),
        (0x08, "BROTLI"),
        (0x0a, "LZ4"),
        (0x0c, "ZSTD"),
        (0x0e, "LZ4_RAW"),
    ] {
        let mut bytes = whole.clone();
        let footer = whole.len() - 8;
        let length = u32::from_le_bytes(whole[footer..footer + 4].try_into().unwrap());
        for place in footer - length as usize..footer - 2 {
            if whole[place..place + 3] == [0x15, 0x02, 0x16] {
                bytes[place + 1] = code;
            }
        }
        let error = read(Task::Sst2, &bytes).unwrap_err().to_string();
        let says = format!(
            "train-00000-of-00001.parquet: is compressed by {name}, and this program reads Snappy, \
             gzip and no compression: write it again, in Python by `pyarrow"
        );
        assert!(error.contains(&says), "{error}\nlacks {says}");
    }
}

#[test]
fn the_parts_of_a_split_follow_each_other() {
    let part = |sentence: &str| file(1, &sst2(&texts(&[sentence]), &[1]));
    let (a, b) = (part("first"), part("second"));
    for names in [
        [
            "train-00000-of-00002.parquet",
            "train-00001-of-00002.parquet",
        ],
        [
            "train-00000-of-00002-0a.parquet",
            "train-00001-of-00002-0b.parquet",
        ],
        ["train/0000.parquet", "train/0001.parquet"],
    ] {
        let read = read_files(&[(names[1], &b), (names[0], &a)]).unwrap();
        assert_eq!(read, ["first", "second"]);
    }
    // An error has the name of its part.
    let wrong = file(1, &sst2(&texts(&["c", "d"]), &[1, 7]));
    let files: [(&str, &[u8]); 2] = [("train/0000.parquet", &a), ("train/0001.parquet", &wrong)];
    let error = read_files(&files).unwrap_err();
    assert!(
        error.contains("sst2/train/0001.parquet:2: the row's label is 7"),
        "{error}"
    );
    let empty = file(1, &sst2(&[], &[]));
    let files: [(&str, &[u8]); 2] = [("train/0000.parquet", &empty), ("train/0001.parquet", &a)];
    assert_eq!(read_files(&files).unwrap(), ["first"]);
}

#[test]
fn names_that_are_not_known_are_listed() {
    let error = read_files(&[("train.arrow", b""), ("part-1.parquet", b"")]).unwrap_err();
    let says = "sst2/train-00000-of-00001.parquet: this file of sst2 is missing; sst2 has \
                part-1.parquet, train.arrow";
    assert!(error.ends_with(says), "{error}\nlacks {says}");
}

#[test]
fn a_file_of_another_kind_is_named() {
    for (bytes, says) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n"[..],
            "is a Git LFS pointer, which only names the data: run `git lfs pull`",
        ),
        (b"<!doctype html><title>404</title>", "is a web page"),
        (b"PARE\0\0\0\0\0\0\0\0PARE", "is an encrypted Parquet file"),
        (b"ARROW1\0\0", "is an Arrow file"),
        (b"PAR1", "is not a whole Parquet file: "),
    ] {
        let error = read(Task::Sst2, bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{error}\nlacks {says}");
    }
}

#[test]
fn names_of_columns_are_cut() {
    let sentences = texts(&["a"]);
    let long = "name".repeat(25_000);
    let error = read(Task::Sst2, &file(1, &[(&long, Cells::Text(&sentences))])).unwrap_err();
    let error = error.to_string();
    assert!(error.len() < 800, "{} bytes", error.len());
    assert!(
        error.contains("has no column called sentence; the columns are name"),
        "{error}"
    );
}

#[test]
fn a_score_of_minus_one_is_explained() {
    let (a, b) = (texts(&["a"]), texts(&["b"]));
    let columns = [
        ("sentence1", Cells::Text(&a)),
        ("sentence2", Cells::Text(&b)),
        ("label", Cells::Float(&[-1.0])),
    ];
    let error = read(Task::Stsb, &file(1, &columns))
        .unwrap_err()
        .to_string();
    let says = "the row's score -1 is not from 0 to 5, which means no label, as in the hub's test";
    assert!(error.contains(says), "{error}\nlacks {says}");
}
