//! A list of rows beside the shards: one Parquet file in a folder of its own.

use super::join::seal;
use super::part::parquet_error;
use super::properties;
use crate::error::{Error, Result};
use crate::files;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use siyu_dataset::PartRecord;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows in a row group of a list: some megabytes.
const LIST_ROWS: usize = 1 << 16;

/// One list, whose file is made with its first row.
pub(super) struct List {
    name: &'static str,
    path: PathBuf,
    schema: SchemaRef,
    /// Pages end where batches do: batches of one size make the same file whatever size rows arrive in.
    batches: BatchCoalescer,
    writer: Option<ArrowWriter<File>>,
    rows: u64,
}

impl List {
    /// The list `name` under `staging`.
    pub(super) fn new(name: &'static str, staging: &Path, fields: Vec<Field>) -> Self {
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let batches = BatchCoalescer::new(Arc::clone(&schema), 1024);
        Self { name, path: staging.join(name).join("part-00000.parquet"), schema, batches, writer: None, rows: 0 }
    }

    /// Takes rows as the columns of the list.
    pub(super) fn push(&mut self, columns: Vec<ArrayRef>) -> Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("one entry a row in each column");
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows() as u64;
        self.batches.push_batch(batch).map_err(|error| files::arrow_error(&self.path, error))?;
        self.write_completed()
    }

    fn write_completed(&mut self) -> Result<()> {
        while let Some(batch) = self.batches.next_completed_batch() {
            if self.writer.is_none() {
                files::create_folder(self.path.parent().expect("a list lies in its folder"))?;
                let file = files::create_private(&self.path).map_err(Error::write(&self.path))?;
                let properties = properties().into_builder().set_max_row_group_row_count(Some(LIST_ROWS)).build();
                let writer = ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(properties));
                self.writer = Some(writer.map_err(|error| parquet_error(&self.path, error))?);
            }
            let writer = self.writer.as_mut().expect("made above");
            writer.write(&batch).map_err(|error| parquet_error(&self.path, error))?;
        }
        Ok(())
    }

    /// Closes the list; one without rows leaves no file.
    pub(super) fn finish(mut self) -> Result<Vec<PartRecord>> {
        self.batches.finish_buffered_batch().map_err(|error| files::arrow_error(&self.path, error))?;
        self.write_completed()?;
        let Some(writer) = self.writer else { return Ok(Vec::new()) };
        writer.close().map_err(|error| parquet_error(&self.path, error))?;
        let (bytes, blake3) = seal(&self.path)?;
        Ok(vec![PartRecord { path: format!("{}/part-00000.parquet", self.name), rows: self.rows, bytes, blake3 }])
    }
}
