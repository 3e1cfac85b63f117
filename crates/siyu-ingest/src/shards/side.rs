//! The rows of one side of the split in one part.
//!
//! Few rows wait for those of other parts, with which they are encoded once; they lie as they are in an Arrow file. Many
//! are encoded at once as Parquet, and a shard takes their row groups over byte for byte.

use super::pack::size;
use super::part::parquet_error;
use super::properties;
use crate::error::{Error, Result};
use crate::files;
use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows with values of at least so many bytes are encoded on their own.
pub(super) const ALONE_BYTES: usize = 1 << 20;

/// Writes the rows of one side.
pub(super) struct SideWriter {
    /// Where the part lies, without the ending.
    stem: PathBuf,
    schema: SchemaRef,
    /// Pages end where batches do: batches of one size make the same pages whatever size rows arrive in.
    batches: BatchCoalescer,
    few: Vec<RecordBatch>,
    bytes: usize,
    many: Option<ArrowWriter<File>>,
}

impl SideWriter {
    pub(super) fn new(stem: PathBuf, schema: &SchemaRef) -> Self {
        let batches = BatchCoalescer::new(Arc::clone(schema), 1024);
        Self { stem, schema: Arc::clone(schema), batches, few: Vec::new(), bytes: 0, many: None }
    }

    pub(super) fn push(&mut self, rows: RecordBatch) -> Result<()> {
        self.batches.push_batch(rows).map_err(|error| files::arrow_error(&self.stem, error))?;
        self.take_completed()
    }

    /// Ends the file; returns whether its rows wait for others.
    pub(super) fn finish(mut self) -> Result<bool> {
        self.batches.finish_buffered_batch().map_err(|error| files::arrow_error(&self.stem, error))?;
        self.take_completed()?;
        let Some(writer) = self.many else {
            let path = self.stem.with_extension("arrow");
            let failed = |error: ArrowError| files::arrow_error(&path, error);
            let file = files::create_private(&path).map_err(Error::write(&path))?;
            let mut writer = FileWriter::try_new(BufWriter::new(file), &self.schema).map_err(failed)?;
            self.few.iter().try_for_each(|rows| writer.write(rows)).map_err(failed)?;
            writer.finish().map_err(failed)?;
            return Ok(true);
        };
        writer.close().map_err(|error| parquet_error(&self.stem.with_extension("parquet"), error))?;
        Ok(false)
    }

    fn take_completed(&mut self) -> Result<()> {
        while let Some(rows) = self.batches.next_completed_batch() {
            self.bytes += size(&rows).map_err(|error| files::arrow_error(&self.stem, error))?;
            self.few.push(rows);
            if self.bytes >= ALONE_BYTES {
                self.encode()?;
            }
        }
        Ok(())
    }

    fn encode(&mut self) -> Result<()> {
        let path = self.stem.with_extension("parquet");
        let failed = |error: parquet::errors::ParquetError| parquet_error(&path, error);
        let writer = match &mut self.many {
            Some(writer) => writer,
            none => {
                let file = files::create_private(&path).map_err(Error::write(&path))?;
                let writer = ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(properties()));
                none.insert(writer.map_err(failed)?)
            }
        };
        self.few.drain(..).try_for_each(|rows| writer.write(&rows)).map_err(failed)
    }
}

/// Reads rows that wait for others.
pub(super) fn read_waiting(path: &Path) -> Result<Vec<RecordBatch>> {
    let failed = |error: ArrowError| Error::scratch(path, error.to_string());
    let file = BufReader::new(File::open(path).map_err(Error::read(path))?);
    FileReader::try_new(file, None).map_err(failed)?.collect::<std::result::Result<_, _>>().map_err(failed)
}
