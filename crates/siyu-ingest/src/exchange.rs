//! An exchange: rows leave their workers sorted by key into buckets, and meet again bucket by bucket.
//!
//! What is written is a *run*: one Arrow IPC file with a record batch per bucket, the dead rows beside it, and a record
//! that is renamed into place last. A killed run left no record and is written again; nothing is counted twice. How
//! many runs there are depends on threads and memory; what a bucket holds does not.

mod keys;
mod text;
mod writer;

pub(crate) use keys::KeySpec;
pub(crate) use writer::{ExchangeWriter, tally_notes, write_dead};

use crate::error::{Error, Result};
use crate::files;
use crate::rows;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::FileReader;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Columns in front of an exchanged row's own: the high and the low half of its key.
pub(crate) const KEY_COLUMNS: usize = 2;

/// What a worker did, written when it is done with a few units of work.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Rows per outcome among the dead.
    pub(crate) dead: BTreeMap<u16, u64>,
    /// Sums of the rows' notes.
    pub(crate) notes: BTreeMap<String, u64>,
    /// Rows read and rows quarantined per file; only where input is read.
    pub(crate) files: BTreeMap<u32, (u64, u64)>,
    /// Living rows handed on.
    pub(crate) rows: u64,
}

impl Tally {
    /// Adds another worker's tally.
    pub(crate) fn add(&mut self, other: &Self) {
        for (outcome, rows) in &other.dead {
            *self.dead.entry(*outcome).or_default() += rows;
        }
        for (name, count) in &other.notes {
            *self.notes.entry(name.clone()).or_default() += count;
        }
        for (file, (rows, bad)) in &other.files {
            let sum = self.files.entry(*file).or_default();
            *sum = (sum.0 + rows, sum.1 + bad);
        }
        self.rows += other.rows;
    }
}

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Name of its files without ending.
    pub(crate) name: String,
    /// Units of work that it covers.
    pub(crate) units: Vec<u64>,
    /// Bucket and rows of each record batch of its file, in order.
    pub(crate) buckets: Vec<(u32, u64)>,
    /// Rows in the file of the dead.
    pub(crate) dead_rows: u64,
    /// Rows in the file of what was masked, where there are any.
    pub(crate) audit_rows: u64,
    /// What happened to the rows.
    pub(crate) tally: Tally,
}

/// All finished runs of an exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) buckets: u32,
    pub(crate) runs: Vec<Run>,
    directory: PathBuf,
    schema: SchemaRef,
    /// The columns that are read; all where absent.
    columns: Option<Vec<usize>>,
    read_schema: SchemaRef,
    /// Opened on first use and kept: a run's footer is read once for all buckets.
    readers: Vec<Mutex<Option<FileReader<BufReader<File>>>>>,
}

impl Exchange {
    /// Opens the runs in `directory`, whose rows have `own` columns.
    pub(crate) fn open(directory: &Path, own: &[Field], buckets: u32) -> Result<Self> {
        let runs: Vec<Run> = files::read_records(directory, "run-")?;
        let readers = runs.iter().map(|_| Mutex::new(None)).collect();
        let schema = exchanged(&rows::schema(own));
        Ok(Self {
            buckets,
            runs,
            directory: directory.to_owned(),
            read_schema: Arc::clone(&schema),
            schema,
            columns: None,
            readers,
        })
    }

    /// Reads these columns only, in ascending order.
    pub(crate) fn with_columns(mut self, columns: Vec<usize>) -> Self {
        self.read_schema = Arc::new(self.schema.project(&columns).expect("the columns are the exchange's"));
        self.columns = Some(columns);
        self
    }

    /// Columns of exchanged rows, the keys first.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Number of runs.
    pub(crate) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Rows in all buckets before each bucket.
    pub(crate) fn rows_before(&self) -> Arc<[u64]> {
        let mut rows = vec![0; self.buckets as usize + 1];
        for (bucket, count) in self.runs.iter().flat_map(|run| &run.buckets) {
            rows[*bucket as usize + 1] += count;
        }
        let mut sum = 0;
        rows.iter()
            .map(|count| {
                sum += count;
                sum
            })
            .collect()
    }

    /// The rows of `bucket` in a run, if it has any.
    pub(crate) fn read(&self, run: usize, bucket: u32) -> Result<Option<RecordBatch>> {
        let record = &self.runs[run];
        let Ok(position) = record.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) else { return Ok(None) };
        let path = self.directory.join(format!("{}.arrow", record.name));
        let mut slot = self.readers[run].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let broken = |error: arrow::error::ArrowError| Error::scratch(&path, error.to_string());
        if slot.is_none() {
            let file = File::open(&path).map_err(Error::read(&path))?;
            *slot = Some(FileReader::try_new(BufReader::new(file), self.columns.clone()).map_err(broken)?);
        }
        let reader = slot.as_mut().expect("opened above");
        reader.set_index(position).map_err(broken)?;
        let rows = reader.next().transpose().map_err(broken)?;
        drop(slot);
        rows.map(|rows| text::from_stored(&rows, &self.read_schema).map_err(broken)).transpose()
    }
}

/// The schema of rows with their keys in front.
pub(crate) fn exchanged(schema: &SchemaRef) -> SchemaRef {
    let mut fields =
        vec![Field::new("__key_high", DataType::UInt64, false), Field::new("__key_low", DataType::UInt64, false)];
    fields.extend(schema.fields().iter().map(|field| field.as_ref().clone()));
    Arc::new(Schema::new(fields))
}
