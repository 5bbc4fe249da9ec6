//! Files of GLUE.

use std::path::Path;

use burn_sls_bert::BertError;
use burn_sls_bert::glue::{self, Rows, Split, Task};

use super::{Answer, Target, folder, refused, write};

/// The texts of SST-2, MRPC and STS-B. What a file is taken for depends on its words.
pub fn tsv(scratch: &Path) -> Target {
    let scratch = folder(scratch, "tsv");
    let tasks = [Task::Sst2, Task::Mrpc, Task::Stsb];
    for task in tasks {
        folder(&scratch, task.folder());
    }
    let read = move |bytes: &[u8]| {
        let has = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
        let task = match (has(b"ID"), has(b"score")) {
            (true, _) => Task::Mrpc,
            (_, true) => Task::Stsb,
            _ => Task::Sst2,
        };
        write(&scratch.join(task.folder()).join("dev.tsv"), bytes);
        let rows = glue::read_split(&scratch, task, Split::Validation);
        checked(rows, task, &scratch, &["dev.tsv"])
    };
    Target {
        name: "tsv",
        seeds: [
            "sentence\tlabel\nit 's a charming film\t1\nno \" sense\t0\n\t1\n",
            "\u{feff}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t1\t2\ta b\tb a\r\n\
             0\t3\t4\té\t\u{1f600}\r\n",
            "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\t\
             score\n0\tmain\tMSR\t2012\t1\tnone\tnone\tA man.\tA woman.\t3.800\n",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec(),
        words: &[
            "\t", "\r\n", "\r", "\n", "\"", "sentence", "label", "score", "#1 ID", "Quality",
            "\u{feff}", "-1", "2", "nan", "inf",
        ],
        // A row of three bytes becomes an example with two texts and a label.
        per_byte: 80,
        read: Box::new(read),
    }
}

/// The hub's files of SST-2 and STS-B.
#[cfg(feature = "parquet")]
pub fn parquet(scratch: &Path) -> Option<Target> {
    let scratch = folder(scratch, "parquet");
    folder(&scratch, "sst2");
    let file = "sst2/validation-00000-of-00001.parquet";
    let read = move |bytes: &[u8]| {
        write(&scratch.join(file), bytes);
        let rows = glue::read_hub_split(&scratch, Task::Sst2, Split::Validation);
        checked(rows, Task::Sst2, &scratch, &[file])
    };
    Some(Target {
        name: "parquet",
        seeds: seeds::all(),
        words: &["PAR1", "sentence", "label", "idx", "schema"],
        per_byte: 10,
        read: Box::new(read),
    })
}

/// Without the feature there is no reader.
#[cfg(not(feature = "parquet"))]
pub fn parquet(_scratch: &Path) -> Option<Target> {
    None
}

/// What is read has examples, with labels of the task.
fn checked(rows: Result<Rows, BertError>, task: Task, folder: &Path, files: &[&str]) -> Answer {
    match rows {
        Err(error) => refused(&error, folder, files),
        Ok(rows) => {
            assert!(!rows.examples.is_empty(), "no examples, and no error");
            for example in &rows.examples {
                match task {
                    Task::Stsb => assert!((0.0..=5.0).contains(&example.label.score())),
                    _ => assert!(example.label.class() < task.class_names().len()),
                }
            }
            let many = rows.examples.len().ilog2();
            Answer::Taken(format!("{task}, 2^{many} rows"))
        }
    }
}

#[cfg(feature = "parquet")]
mod seeds {
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    /// Small files, with every compression that is read, and with a dictionary and without.
    pub fn all() -> Vec<Vec<u8>> {
        let codecs = [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(Default::default()),
        ];
        let all = codecs
            .into_iter()
            .flat_map(|codec| [file(codec, true), file(codec, false)]);
        all.collect()
    }

    fn file(codec: Compression, dictionary: bool) -> Vec<u8> {
        let schema = "message rows { optional binary sentence (UTF8); required int64 label; }";
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_dictionary_enabled(dictionary)
            .build();
        let mut bytes = Vec::new();
        let writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties));
        let mut writer = writer.expect("a writer");
        let mut group = writer.next_row_group().expect("a row group");

        let texts: Vec<ByteArray> = vec!["a charming film".into(), "no sense".into()];
        let mut column = group.next_column().expect("begun").expect("a column");
        let written = column.typed::<ByteArrayType>();
        written
            .write_batch(&texts, Some(&[1, 1]), None)
            .expect("written");
        column.close().expect("closed");

        let mut column = group.next_column().expect("begun").expect("a column");
        let written = column.typed::<Int64Type>();
        written.write_batch(&[1, 0], None, None).expect("written");
        column.close().expect("closed");

        group.close().expect("closed");
        writer.close().expect("closed");
        bytes
    }
}
