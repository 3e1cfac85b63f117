//! The row groups of a shard: rows from many places encoded together, or row groups of a part taken over.

use super::part::parquet_error;
use super::properties;
use crate::error::{Error, Result};
use crate::files;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of waiting rows that make a row group.
const ROW_GROUP_BYTES: u64 = 4 << 20;

/// Writes one shard.
pub(super) struct RowGroups {
    path: PathBuf,
    schema: SchemaRef,
    writer: SerializedFileWriter<File>,
    factory: ArrowRowGroupWriterFactory,
    waiting: Vec<RecordBatch>,
    waiting_bytes: u64,
}

impl RowGroups {
    /// Starts a file.
    pub(super) fn create(path: &Path, schema: &SchemaRef) -> Result<Self> {
        let file = files::create_private(path).map_err(Error::write(path))?;
        let writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties()));
        let writer = writer.and_then(ArrowWriter::into_serialized_writer);
        let (writer, factory) = writer.map_err(|error| parquet_error(path, error))?;
        let (path, schema) = (path.to_owned(), Arc::clone(schema));
        Ok(Self { path, schema, writer, factory, waiting: Vec::new(), waiting_bytes: 0 })
    }

    /// Takes rows of this size, which are encoded together with those before and behind them.
    pub(super) fn push(&mut self, rows: impl IntoIterator<Item = RecordBatch>, bytes: u64) -> Result<()> {
        self.waiting.extend(rows);
        self.waiting_bytes += bytes;
        if self.waiting_bytes >= ROW_GROUP_BYTES { self.flush() } else { Ok(()) }
    }

    /// Takes over the row groups of a part byte for byte.
    pub(super) fn append(&mut self, part: &Path, reader: &SerializedFileReader<File>) -> Result<()> {
        self.flush()?;
        append(&mut self.writer, part, reader).map_err(|error| parquet_error(&self.path, error))
    }

    /// Encodes the waiting rows as one row group.
    fn flush(&mut self) -> Result<()> {
        self.waiting_bytes = 0;
        let written = write_merged(&mut self.writer, &self.factory, &self.schema, &mut self.waiting);
        written.map_err(|error| parquet_error(&self.path, error))
    }

    /// Ends the file.
    pub(super) fn close(mut self) -> Result<()> {
        self.flush()?;
        self.writer.close().map(drop).map_err(|error| parquet_error(&self.path, error))
    }
}

fn append(
    writer: &mut SerializedFileWriter<File>,
    part: &Path,
    reader: &SerializedFileReader<File>,
) -> parquet::errors::Result<()> {
    let bytes = File::open(part)?;
    for group in reader.metadata().row_groups() {
        let mut target = writer.next_row_group()?;
        for column in group.columns() {
            let close = ColumnCloseResult {
                bytes_written: u64::try_from(column.compressed_size()).unwrap_or(0),
                rows_written: u64::try_from(group.num_rows()).unwrap_or(0),
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            target.append_column(&bytes, close)?;
        }
        target.close()?;
    }
    Ok(())
}

fn write_merged(
    writer: &mut SerializedFileWriter<File>,
    factory: &ArrowRowGroupWriterFactory,
    schema: &SchemaRef,
    waiting: &mut Vec<RecordBatch>,
) -> parquet::errors::Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    let rows = concat_batches(schema, waiting.iter())?;
    waiting.clear();
    let index = writer.flushed_row_groups().len();
    let mut columns = factory.create_column_writers(index)?.into_iter();
    let mut target = writer.next_row_group()?;
    for (field, array) in schema.fields().iter().zip(rows.columns()) {
        for leaf in compute_leaves(field, array)? {
            let mut column = columns.next().expect("one writer per leaf column");
            column.write(&leaf)?;
            column.close()?.append_to_row_group(&mut target)?;
        }
    }
    target.close()?;
    Ok(())
}
