//! Parquet files, read by row groups.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use encoding_rs::UTF_8;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;

use super::parse::places_in;
use super::rows::{Fields, Rows};
use super::stream::modified_nanos;
use super::{BadRow, Content, Part, Source, Stream};
use crate::error::{Error, Result};

/// What a file says about its columns and row groups.
pub(super) type Footer = ArrowReaderMetadata;

/// Text that is read at once.
const BATCH_BYTES: usize = 1 << 20;

fn failed(source: &Source) -> impl Fn(ParquetError) -> Error {
    move |error| Error::Parquet { path: source.path.clone(), source: error }
}

/// A part for each row group of a file.
pub(super) fn row_groups(source: &Source, file: u32, hash: &Arc<str>) -> Result<VecDeque<Part>> {
    if source.bytes == 0 {
        return Ok(VecDeque::new());
    }
    let open = File::open(&source.path).map_err(Error::read(&source.path))?;
    let footer = ArrowReaderMetadata::load(&open, ArrowReaderOptions::new()).map_err(failed(source))?;
    let mut first_row = 1;
    let mut parts = VecDeque::new();
    for (index, group) in footer.metadata().row_groups().iter().enumerate() {
        parts.push_back(Part {
            file,
            first_row,
            offset: 0,
            bytes: u64::try_from(group.compressed_size()).unwrap_or(0),
            content: Content::RowGroup { index, footer: footer.clone(), file: Arc::clone(hash) },
            bad: Vec::new(),
            of: Stream::File,
            encoding: UTF_8,
        });
        first_row += u64::try_from(group.num_rows()).unwrap_or(0);
    }
    Ok(parts)
}

/// A row group that is being read.
pub(super) struct RowGroup {
    reader: ParquetRecordBatchReader,
    /// Index in the batches of each field.
    places: Vec<Option<usize>>,
    row: u64,
}

impl RowGroup {
    pub(super) fn open(source: &Source, fields: &Fields, footer: &Footer, index: usize) -> Result<Self> {
        let file = File::open(&source.path).map_err(Error::read(&source.path))?;
        let metadata = file.metadata().map_err(Error::read(&source.path))?;
        if metadata.len() != source.bytes || modified_nanos(&metadata) != source.modified_nanos {
            return Err(Error::Changed { path: source.path.clone() });
        }
        let names: Vec<String> = footer.schema().fields().iter().map(|field| field.name().clone()).collect();
        let roots = places_in(&names, fields, source)?;
        let mut read: Vec<usize> = roots.iter().flatten().copied().collect();
        read.sort_unstable();
        read.dedup();
        let places = roots.iter().map(|root| root.and_then(|root| read.binary_search(&root).ok())).collect();
        let groups = footer.metadata().row_groups();
        let rows = usize::try_from(groups[index].num_rows()).unwrap_or(1).max(1);
        let bytes = usize::try_from(groups[index].total_byte_size()).unwrap_or(0);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), read);
        let reader = builder
            .with_row_groups(vec![index])
            .with_projection(mask)
            .with_batch_size((BATCH_BYTES / (bytes / rows).max(1)).clamp(1, 1024))
            .build()
            .map_err(failed(source))?;
        let before = groups[..index].iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum::<u64>();
        Ok(Self { reader, places, row: before + 1 })
    }

    /// Reads some rows; `false` behind the last.
    pub(super) fn step(&mut self, file: u32, source: &Source, fields: &Fields, rows: &mut Rows) -> Result<bool> {
        let failed = |error: ArrowError| Error::Parquet { path: source.path.clone(), source: error.into() };
        let Some(batch) = self.reader.next() else { return Ok(false) };
        let batch = batch.map_err(failed)?;
        let columns = self.columns(&batch).map_err(failed)?;
        let texts: Vec<_> = columns.iter().map(|column| column.as_ref().map(AsArray::as_string::<i32>)).collect();
        for index in 0..batch.num_rows() {
            let present = texts.iter().map(|column| column.filter(|column| column.is_valid(index)));
            let values: Vec<_> =
                present.map(|column| column.map(|column| Cow::Borrowed(column.value(index)))).collect();
            let row = self.row;
            self.row += 1;
            match fields.missing(&values) {
                None => rows.push(file, row, &source.name, &values),
                Some(reason) => rows.push_bad(BadRow { file, row, start: 0, end: 0, of: Stream::File, reason }),
            }
        }
        Ok(true)
    }

    /// The fields of a batch as text.
    fn columns(&self, batch: &RecordBatch) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
        self.places.iter().map(|place| place.map(|place| text(batch.column(place))).transpose()).collect()
    }
}

/// A column as text: nested values as JSON.
fn text(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if !column.data_type().is_nested() || matches!(column.data_type(), DataType::Dictionary(..)) {
        return cast(column, &DataType::Utf8);
    }
    let value = |index| column.is_valid(index).then(|| Ok(json(column, index)?.to_string())).transpose();
    let texts: Result<arrow::array::StringArray, ArrowError> = (0..column.len()).map(value).collect();
    Ok(std::sync::Arc::new(texts?))
}

/// A value as JSON.
fn json(column: &ArrayRef, index: usize) -> Result<serde_json::Value, ArrowError> {
    use serde_json::Value;
    if column.is_null(index) {
        return Ok(Value::Null);
    }
    let list = |items: ArrayRef| (0..items.len()).map(|item| json(&items, item)).collect::<Result<Vec<_>, _>>();
    Ok(match column.data_type() {
        DataType::List(_) => Value::Array(list(column.as_list::<i32>().value(index))?),
        DataType::LargeList(_) => Value::Array(list(column.as_list::<i64>().value(index))?),
        DataType::FixedSizeList(..) => Value::Array(list(column.as_fixed_size_list().value(index))?),
        DataType::Struct(fields) => {
            let columns = column.as_struct().columns();
            let entries =
                fields.iter().zip(columns).map(|(field, column)| Ok((field.name().clone(), json(column, index)?)));
            Value::Object(entries.collect::<Result<_, ArrowError>>()?)
        }
        kind => {
            let text = ArrayFormatter::try_new(column, &FormatOptions::default())?.value(index).try_to_string()?;
            if kind.is_numeric() || *kind == DataType::Boolean {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            } else {
                Value::String(text)
            }
        }
    })
}
