//! Every text of a file that is read for the sake of its texts alone, such as the questions of a benchmark.

use std::fs::{self, File};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use siyu_text::decode;
use siyu_text::html::{StripOptions, strip};

use super::borders::Verdict;
use super::discover::{kind_of, source};
use super::stream::Reader;
use super::{Compression, Format, Input, Limits, Source, delimited, document};
use crate::error::{Error, Result};

/// What can be read, in words.
const KINDS: &str = ".jsonl, .ndjson, .json, .csv, .tsv, .parquet, .txt, .md and .html can be read, and all but .parquet \
                     also behind .gz, .zst, .bz2 and .xz; convert it";

/// A text of a file.
#[derive(Clone, Copy)]
pub(crate) enum Text<'a> {
    /// A string of a record, however deep it lies in it.
    Value(&'a str),
    /// A document; its lines may be texts of their own.
    Document(&'a str),
}

/// Hands over every text of a file: strings of JSON and Parquet in lists and records of any depth, cells of tables, whole
/// documents. Numbers are none.
///
/// # Errors
/// A file that cannot be read to its end as what its name says; `problem` makes an error of what is wrong with it.
pub(crate) fn each_text(
    path: &Path,
    unreadable: impl Fn(std::io::Error) -> Error,
    problem: impl Fn(String) -> Error,
    mut each: impl FnMut(Text<'_>),
) -> Result<()> {
    let metadata = fs::metadata(path).map_err(&unreadable)?;
    let (Some(format), _) = kind_of(path) else {
        return Err(problem(format!("its name tells no kind of file that can be read: {KINDS}")));
    };
    let input = Input { path: path.display().to_string(), ..Input::default() };
    let source = source(&input, input.path.clone(), path.to_owned(), &metadata)?;
    if format == Format::Parquet {
        if source.compression != Compression::None {
            return Err(problem(format!("Parquet behind {} cannot be read; unpack it", source.compression.name())));
        }
        let file = File::open(path).map_err(unreadable)?;
        return columns(file, &mut each).map_err(|error| problem(error.to_string()));
    }
    let (bytes, encoding) = whole(&source, &problem)?;
    if matches!(format, Format::Text | Format::Markdown | Format::Html) {
        let markup = format == Format::Html;
        let encoding = decode::detect(&bytes, true, markup).encoding;
        let text = document::read(&bytes, encoding, markup).map_err(|reason| problem(reason.into_owned()))?;
        let stripped = if markup { strip(&text, &StripOptions { alt: true }) } else { text };
        each(Text::Document(&stripped));
        return Ok(());
    }
    let text = simdutf8::compat::from_utf8(&bytes).map_err(|error| {
        problem(format!("bytes that are no {encoding} characters, {} bytes from its start", error.valid_up_to()))
    })?;
    match format {
        Format::Csv => cells(text, b',', &mut each),
        Format::Tsv => cells(text, b'\t', &mut each),
        _ => {
            for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
                let value = value.map_err(|error| problem(format!("line {} is not JSON", error.line())))?;
                strings(&value, &mut each);
            }
        }
    }
    Ok(())
}

/// A file's bytes, decompressed and, where it holds records, as UTF-8; and the name of its encoding.
fn whole(source: &Source, problem: impl Fn(String) -> Error) -> Result<(Vec<u8>, &'static str)> {
    let mut reader = Reader::open(source)?;
    let mut bytes = Vec::new();
    while !reader.ended {
        reader.fill(&mut bytes)?;
    }
    match reader.broken.take() {
        Some(reason) => Err(problem(reason.into_owned())),
        None => Ok((bytes, reader.encoding().name())),
    }
}

fn strings(value: &Value, each: &mut impl FnMut(Text<'_>)) {
    match value {
        Value::String(text) => each(Text::Value(text)),
        Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        Value::Object(fields) => fields.values().for_each(|field| strings(field, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The cells of a table; a row whose quotes are wrong is one text.
fn cells(text: &str, delimiter: u8, each: &mut impl FnMut(Text<'_>)) {
    let (limits, mut rest, mut found) = (Limits::default(), text, Vec::new());
    while let Some(span) = delimited::first(rest.as_bytes(), delimiter, true, &limits).filter(|_| !rest.is_empty()) {
        let record = rest.split_at(span.end).0;
        match span.verdict {
            Verdict::Blank => {}
            Verdict::Damaged(_) => each(Text::Value(record)),
            Verdict::Record => {
                delimited::cells(record, delimiter, &mut found);
                for cell in &found {
                    each(Text::Value(cell));
                }
            }
        }
        rest = rest.split_at(span.next).1;
    }
}

fn columns(file: File, each: &mut impl FnMut(Text<'_>)) -> Result<(), ArrowError> {
    for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
        batch?.columns().iter().try_for_each(|column| column_texts(column, each))?;
    }
    Ok(())
}

/// The strings of a column, those in lists and structs among them; also bytes that are UTF-8, as which some writers
/// store strings.
fn column_texts(column: &ArrayRef, each: &mut impl FnMut(Text<'_>)) -> Result<(), ArrowError> {
    let valid = || (0..column.len()).filter(|&row| column.is_valid(row));
    match column.data_type() {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::Dictionary(..) => {
            let texts = cast(column, &DataType::Utf8)?;
            texts.as_string::<i32>().iter().flatten().for_each(|text| each(Text::Value(text)));
            Ok(())
        }
        DataType::List(_) => valid().try_for_each(|row| column_texts(&column.as_list::<i32>().value(row), each)),
        DataType::LargeList(_) => valid().try_for_each(|row| column_texts(&column.as_list::<i64>().value(row), each)),
        DataType::FixedSizeList(..) => {
            valid().try_for_each(|row| column_texts(&column.as_fixed_size_list().value(row), each))
        }
        DataType::Map(..) => valid().try_for_each(|row| {
            let entries: ArrayRef = std::sync::Arc::new(column.as_map().value(row));
            column_texts(&entries, each)
        }),
        DataType::Struct(_) => {
            let fields = column.as_struct().columns();
            if column.null_count() == 0 {
                return fields.iter().try_for_each(|field| column_texts(field, each));
            }
            valid().try_for_each(|row| fields.iter().try_for_each(|field| column_texts(&field.slice(row, 1), each)))
        }
        _ => Ok(()),
    }
}
