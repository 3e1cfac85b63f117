//! A part: the rows of one bucket as Parquet, one file per side of the split.

use super::side::SideWriter;
use crate::audit;
use crate::error::{Error, Result};
use crate::exchange::{Tally, tally_notes, write_dead};
use crate::files;
use crate::fused::is_dead;
use crate::rows::{ID, IDENTITY, OUTCOME, SOURCE_ROW};
use crate::statistics::Statistics;
use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef, UInt16Type, UInt32Type};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of one side in one part.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PartRow {
    pub(crate) rows: u64,
    pub(crate) tokens: u64,
    /// Whether they are few and wait, not yet encoded, for those of other parts.
    pub(crate) waiting: bool,
}

/// A finished part.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) bucket: u32,
    pub(crate) sides: BTreeMap<String, PartRow>,
    pub(crate) dead_rows: u64,
    pub(crate) audit_rows: u64,
    pub(crate) tally: Tally,
    pub(crate) statistics: Statistics,
}

/// Writes the part of one bucket.
pub(crate) struct PartWriter {
    directory: PathBuf,
    bucket: u32,
    columns: Vec<usize>,
    schema: SchemaRef,
    split: Option<usize>,
    tokens: Option<usize>,
    writers: BTreeMap<String, SideWriter>,
    dead: Vec<RecordBatch>,
    masked: Vec<RecordBatch>,
    part: Part,
}

impl PartWriter {
    /// Starts the part of `bucket`; `rows` are the columns of the rows, `chosen` those to write.
    pub(crate) fn new(directory: PathBuf, bucket: u32, rows: &SchemaRef, chosen: Option<&[String]>) -> Self {
        let (columns, schema) = written_columns(rows, chosen);
        let find = |name: &str| rows.index_of(name).ok();
        Self {
            directory,
            bucket,
            columns,
            schema,
            split: find("split"),
            tokens: find("token_count"),
            writers: BTreeMap::new(),
            dead: Vec::new(),
            masked: Vec::new(),
            part: Part { bucket, ..Part::default() },
        }
    }

    /// Takes a batch, alive or dead.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        tally_notes(batch, &mut self.part.tally);
        self.masked.extend(audit::places(batch));
        if is_dead(batch) {
            let outcome = batch.column(OUTCOME).as_primitive::<UInt16Type>().value(0);
            *self.part.tally.dead.entry(outcome).or_default() += batch.num_rows() as u64;
            self.dead.push(batch.project(&(0..IDENTITY).collect::<Vec<_>>()).expect("identity comes first"));
            return Ok(());
        }
        let Some(split) = self.split else { return self.write("train", batch) };
        for side in ["train", "validation", "test"] {
            let sides = batch.column(split).as_string::<i32>();
            let here: BooleanArray = sides.iter().map(|row| Some(row == Some(side))).collect();
            if here.true_count() > 0 {
                let rows = filter_record_batch(batch, &here).expect("the mask has the batch's length");
                self.write(side, &rows)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, side: &str, rows: &RecordBatch) -> Result<()> {
        let columns: Vec<ArrayRef> = self.columns.iter().map(|&slot| Arc::clone(rows.column(slot))).collect();
        let batch =
            RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("the columns were chosen from these");
        self.part.statistics.observe(side, &batch);
        if !self.writers.contains_key(side) {
            let stem = part_stem(&self.directory, self.bucket, side);
            self.writers.insert(side.to_owned(), SideWriter::new(stem, &self.schema));
        }
        self.writers.get_mut(side).expect("inserted above").push(batch)?;
        let counts = self.part.sides.entry(side.to_owned()).or_default();
        counts.rows += rows.num_rows() as u64;
        self.part.tally.rows += rows.num_rows() as u64;
        if let Some(tokens) = self.tokens {
            let tokens = rows.column(tokens).as_primitive::<UInt32Type>();
            counts.tokens += tokens.iter().flatten().map(u64::from).sum::<u64>();
        }
        Ok(())
    }

    /// Closes the files and writes the part's record.
    pub(crate) fn finish(mut self) -> Result<()> {
        for (side, writer) in std::mem::take(&mut self.writers) {
            let waiting = writer.finish()?;
            self.part.sides.get_mut(&side).expect("counted as they were written").waiting = waiting;
        }
        let dead = self.directory.join(format!("part-{:08}.dead.arrow", self.bucket));
        self.part.dead_rows = write_dead(&dead, &self.dead).map_err(|error| files::arrow_error(&dead, error))?;
        let audit = self.directory.join(format!("part-{:08}.audit.arrow", self.bucket));
        self.part.audit_rows = audit::write(&audit, &self.masked).map_err(|error| files::arrow_error(&audit, error))?;
        files::write_record(&self.directory.join(format!("part-{:08}.json", self.bucket)), &self.part)
    }
}

/// Where a part's file of one side lies, without the ending.
pub(super) fn part_stem(directory: &Path, bucket: u32, side: &str) -> PathBuf {
    directory.join(format!("part-{bucket:08}-{side}"))
}

/// A Parquet error while writing `path`, with the system's own error where there is one.
pub(crate) fn parquet_error(path: &Path, error: parquet::errors::ParquetError) -> Error {
    let source = match error {
        parquet::errors::ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(io) => *io,
            Err(other) => std::io::Error::other(other),
        },
        other => std::io::Error::other(other.to_string()),
    };
    Error::write(path)(source)
}

/// The columns of a shard, in order: id, the pipeline's own, source and row.
pub(crate) fn written_columns(rows: &SchemaRef, chosen: Option<&[String]>) -> (Vec<usize>, SchemaRef) {
    let own = (IDENTITY..rows.fields().len())
        .filter(|&slot| !["source", "split"].contains(&rows.field(slot).name().as_str()));
    let mut columns: Vec<usize> = std::iter::once(ID).chain(own).collect();
    columns.extend(rows.index_of("source").ok());
    columns.push(SOURCE_ROW);
    if let Some(chosen) = chosen {
        columns.retain(|&slot| chosen.iter().any(|name| name == rows.field(slot).name()));
    }
    let fields: Vec<Field> = columns.iter().map(|&slot| rows.field(slot).clone()).collect();
    (columns, Arc::new(Schema::new(fields)))
}
