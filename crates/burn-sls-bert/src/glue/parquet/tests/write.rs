//! Writing Parquet files.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

/// The cells of a column. Every column is nullable, as in the hub's files.
pub enum Cells<'a> {
    Text(&'a [Option<&'a [u8]>]),
    Long(&'a [i64]),
    Int(&'a [i32]),
    Float(&'a [f32]),
    Double(&'a [f64]),
}

impl Cells<'_> {
    fn declared(&self, name: &str) -> String {
        match self {
            Cells::Text(_) => format!("optional binary {name} (UTF8);"),
            Cells::Long(_) => format!("optional int64 {name};"),
            Cells::Int(_) => format!("optional int32 {name};"),
            Cells::Float(_) => format!("optional float {name};"),
            Cells::Double(_) => format!("optional double {name};"),
        }
    }
}

/// The bytes of a Parquet file with this number of equal row groups.
pub fn file(groups: usize, columns: &[(&str, Cells)]) -> Vec<u8> {
    compressed(Compression::SNAPPY, groups, columns)
}

/// The same with another compression.
pub fn compressed(compression: Compression, groups: usize, columns: &[(&str, Cells)]) -> Vec<u8> {
    let properties = WriterProperties::builder().set_compression(compression);
    with_properties(properties.build(), groups, columns)
}

/// The same without dictionaries, in this version, with the texts of the first column in this
/// encoding.
pub fn encoded(encoding: Encoding, version: WriterVersion, columns: &[(&str, Cells)]) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_column_encoding(ColumnPath::from(columns[0].0), encoding)
        .set_writer_version(version);
    with_properties(properties.build(), 1, columns)
}

fn with_properties(
    properties: WriterProperties,
    groups: usize,
    columns: &[(&str, Cells)],
) -> Vec<u8> {
    let declared: String = columns.iter().map(|(name, c)| c.declared(name)).collect();
    let schema = Arc::new(parse_message_type(&format!("message schema {{ {declared} }}")).unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
    for _ in 0..groups {
        let mut group = writer.next_row_group().unwrap();
        for (_, cells) in columns {
            let mut column = group.next_column().unwrap().unwrap();
            let all = |count| Some(vec![1; count]);
            let written = match cells {
                Cells::Text(cells) => {
                    let there = cells.iter().flatten().map(|text| text.to_vec().into());
                    let levels = cells.iter().map(|cell| i16::from(cell.is_some()));
                    let (there, levels): (Vec<ByteArray>, Vec<i16>) =
                        (there.collect(), levels.collect());
                    let column = column.typed::<ByteArrayType>();
                    column.write_batch(&there, Some(&levels), None)
                }
                Cells::Long(cells) => column.typed::<Int64Type>().write_batch(
                    cells,
                    all(cells.len()).as_deref(),
                    None,
                ),
                Cells::Int(cells) => column.typed::<Int32Type>().write_batch(
                    cells,
                    all(cells.len()).as_deref(),
                    None,
                ),
                Cells::Float(cells) => column.typed::<FloatType>().write_batch(
                    cells,
                    all(cells.len()).as_deref(),
                    None,
                ),
                Cells::Double(cells) => column.typed::<DoubleType>().write_batch(
                    cells,
                    all(cells.len()).as_deref(),
                    None,
                ),
            };
            written.unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// The texts of a column.
pub fn texts<'a>(texts: &[&'a str]) -> Vec<Option<&'a [u8]>> {
    texts.iter().map(|text| Some(text.as_bytes())).collect()
}
