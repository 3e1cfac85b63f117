//! Packing: documents of one shard share rows, so that a trainer pads nothing.
//!
//! Documents come in the order of their buckets and keys, and the choice of rows looks at their lengths alone: neither
//! threads, nor batches, nor memory change a byte. A window of documents is packed at once, row by row, each with the
//! documents that fill it best. Rows that stay too empty are taken apart again, and their documents wait for
//! those of the next window, so that a border between windows costs no room.

mod fit;

use super::join::PartFile;
use super::part::parquet_error;
use super::row_groups::RowGroups;
use super::side::read_waiting;
use crate::error::{Error, Result};
use crate::files;
use crate::pipeline::Pipeline;
use crate::step::Step;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use fit::{Row, best_fit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use siyu_dataset::{packed, packed_schema};
use std::fs::File;
use std::path::Path;

/// Bytes of documents that are packed at once.
const WINDOW_BYTES: usize = 16 << 20;
/// Documents that are read at once: some megabytes.
const READ_ROWS: usize = 128;
/// Bytes of documents that are put together at once.
const PIECE_BYTES: usize = 1 << 20;

/// The most tokens of a row, where documents share rows.
pub(crate) fn packing(pipeline: &Pipeline) -> Option<u32> {
    let mut steps = pipeline.steps.iter().rev();
    let last = steps.find_map(|step| if let Step::Tokenize(step) = step { Some(step) } else { None })?;
    last.pack.then(|| u32::try_from(last.max_tokens).unwrap_or(u32::MAX))
}

/// Writes the documents of some parts as the packed rows of one shard; returns how many rows.
pub(super) fn pack_shard(inputs: &[PartFile], documents: &SchemaRef, max_tokens: u32, path: &Path) -> Result<u64> {
    let mut shard = RowGroups::create(path, &packed_schema(documents))?;
    let mut packer = Packer::new(max_tokens, WINDOW_BYTES);
    let mut rows = 0;
    let mut write = |made: std::result::Result<Vec<RecordBatch>, ArrowError>| -> Result<()> {
        for batch in made.map_err(|error| files::arrow_error(path, error))? {
            rows += batch.num_rows() as u64;
            let bytes = size(&batch).map_err(|error| files::arrow_error(path, error))?;
            shard.push([batch], bytes as u64)?;
        }
        Ok(())
    };
    for input in inputs {
        let path = &input.path;
        if input.waiting {
            for batch in read_waiting(path)? {
                write(packer.push(batch))?;
            }
            continue;
        }
        let read = |error| parquet_error(path, error);
        let file = File::open(path).map_err(Error::read(path))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(read)?;
        for batch in reader.with_batch_size(READ_ROWS).build().map_err(read)? {
            write(packer.push(batch.map_err(|error| files::arrow_error(path, error))?))?;
        }
    }
    write(packer.finish())?;
    shard.close()?;
    Ok(rows)
}

/// Where a document of the window is, and its tokens.
#[derive(Clone, Copy)]
struct Place {
    batch: usize,
    row: usize,
    tokens: u32,
}

/// Makes packed rows of a stream of documents.
struct Packer {
    max_tokens: u32,
    window_bytes: usize,
    window: Vec<RecordBatch>,
    places: Vec<Place>,
    bytes: usize,
}

impl Packer {
    fn new(max_tokens: u32, window_bytes: usize) -> Self {
        Self { max_tokens, window_bytes, window: Vec::new(), places: Vec::new(), bytes: 0 }
    }

    /// Takes documents; returns the rows that a full window makes.
    fn push(&mut self, documents: RecordBatch) -> std::result::Result<Vec<RecordBatch>, ArrowError> {
        let ids = documents.column_by_name("input_ids").and_then(|column| column.as_list_opt::<i32>());
        let ids = ids.ok_or_else(|| ArrowError::SchemaError("packing needs the column `input_ids`".to_owned()))?;
        let batch = self.window.len();
        let lengths = ids.offsets().lengths().enumerate();
        self.places.extend(lengths.map(|(row, tokens)| Place {
            batch,
            row,
            tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
        }));
        self.bytes += size(&documents)?;
        self.window.push(documents);
        if self.bytes < self.window_bytes {
            return Ok(Vec::new());
        }
        let rows = best_fit(&self.tokens(), self.max_tokens);
        let (full, waiting) = fit::divide(rows, self.max_tokens);
        let made = self.rows(&full)?;
        self.keep(&waiting)?;
        Ok(made)
    }

    /// The rows of the last window.
    fn finish(&mut self) -> std::result::Result<Vec<RecordBatch>, ArrowError> {
        let mut rows = best_fit(&self.tokens(), self.max_tokens);
        rows.sort_unstable_by_key(Row::first);
        self.rows(&rows)
    }

    fn tokens(&self) -> Vec<u32> {
        self.places.iter().map(|place| place.tokens).collect()
    }

    /// Puts the documents of these rows together, some rows at a time.
    fn rows(&self, rows: &[Row]) -> std::result::Result<Vec<RecordBatch>, ArrowError> {
        let per_token = self.bytes / self.places.iter().map(|place| place.tokens as usize).sum::<usize>().max(1);
        let per_row = (self.max_tokens as usize).saturating_mul(per_token.max(1));
        let mut made = Vec::new();
        for rows in rows.chunks((PIECE_BYTES / per_row).max(1)) {
            let documents: Vec<usize> = rows.iter().flat_map(|row| row.documents.iter().copied()).collect();
            let counts: Vec<usize> = rows.iter().map(|row| row.documents.len()).collect();
            made.push(packed(&self.picked(&documents)?, &counts)?);
        }
        Ok(made)
    }

    /// Makes a new window of some documents of this one, in their order.
    fn keep(&mut self, documents: &[usize]) -> std::result::Result<(), ArrowError> {
        let kept = (!documents.is_empty()).then(|| self.picked(documents)).transpose()?;
        let tokens: Vec<u32> = documents.iter().map(|&document| self.places[document].tokens).collect();
        self.places = tokens.into_iter().enumerate().map(|(row, tokens)| Place { batch: 0, row, tokens }).collect();
        self.window = kept.into_iter().collect();
        self.bytes = self.window.iter().map(size).sum::<std::result::Result<_, _>>()?;
        Ok(())
    }

    fn picked(&self, documents: &[usize]) -> std::result::Result<RecordBatch, ArrowError> {
        let batches: Vec<&RecordBatch> = self.window.iter().collect();
        let places = documents.iter().map(|&document| (self.places[document].batch, self.places[document].row));
        interleave_record_batch(&batches, &places.collect::<Vec<_>>())
    }
}

/// Bytes of the values of a batch, whatever room their buffers have.
pub(super) fn size(batch: &RecordBatch) -> std::result::Result<usize, ArrowError> {
    batch.columns().iter().map(|column| column.to_data().get_slice_memory_size()).sum()
}

#[cfg(test)]
mod tests;
