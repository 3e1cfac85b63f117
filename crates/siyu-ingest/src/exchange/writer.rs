//! Writing runs.

use super::{KeySpec, Run, Tally, exchanged, text};
use crate::audit;
use crate::error::Result;
use crate::exec::resolve_duplicate;
use crate::files;
use crate::fused::is_dead;
use crate::operator::Action;
use crate::rows::{self, FILE, IDENTITY, NOTES, OUTCOME, PART, QUARANTINED, SOURCE_ROW, UNIT};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array, new_null_array};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Schema, SchemaRef, UInt16Type, UInt32Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Collects a worker's rows and writes them as runs when they outgrow their share of the memory.
pub(crate) struct ExchangeWriter {
    pub(crate) directory: PathBuf,
    pub(crate) schema: SchemaRef,
    pub(crate) key: KeySpec,
    pub(crate) action: Action,
    pub(crate) step: Option<usize>,
    pub(crate) buckets: u32,
    /// Bytes of rows to collect before a run is written.
    pub(crate) run_bytes: usize,
    /// Whether runs are so large that their bytes are worth more than the time to compress them.
    pub(crate) compress: bool,
    /// Whether rows come from the input, whose files are tallied.
    pub(crate) reads_input: bool,
    pub(crate) living: Vec<RecordBatch>,
    pub(crate) dead: Vec<RecordBatch>,
    pub(crate) units: BTreeSet<u64>,
    pub(crate) bytes: usize,
}

/// Where a row lies: key, then its place in the input, then batch and row.
type Entry = (u128, u32, u64, u32, u32, u32);

impl ExchangeWriter {
    /// Takes a batch; rows of one unit come together, so a run ends only between units.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let unit = batch.column(UNIT).as_primitive::<UInt64Type>().value(0);
        if !self.units.contains(&unit) {
            if self.bytes >= self.run_bytes {
                self.flush()?;
            }
            self.units.insert(unit);
        }
        self.bytes += batch.get_array_memory_size();
        if is_dead(&batch) {
            self.dead.push(batch);
        } else {
            self.living.push(batch);
        }
        Ok(())
    }

    /// Writes what is collected as a run; the record comes last.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let Some(&first) = self.units.first() else { return Ok(()) };
        let name = format!("run-{first:010}");
        let path = self.directory.join(format!("{name}.arrow"));
        let failed = |error: ArrowError| files::arrow_error(&path, error);
        let mut tally = Tally::default();
        self.tally(&mut tally);
        let masked: Vec<RecordBatch> = self.living.iter().chain(&self.dead).filter_map(audit::places).collect();
        let entries = self.sorted(&mut tally).map_err(failed)?;
        let buckets = self.write_living(&path, &entries).map_err(failed)?;
        let dead = self.directory.join(format!("{name}.dead.arrow"));
        let dead_rows = write_dead(&dead, &self.dead).map_err(|error| files::arrow_error(&dead, error))?;
        let audit = self.directory.join(format!("{name}.audit.arrow"));
        let audit_rows = audit::write(&audit, &masked).map_err(|error| files::arrow_error(&audit, error))?;
        tally.rows = entries.len() as u64;
        let units = self.units.iter().copied().collect();
        let run = Run { name, units, buckets, dead_rows, audit_rows, tally };
        files::write_record(&self.directory.join(format!("{}.json", run.name)), &run)?;
        self.living.clear();
        self.dead.clear();
        self.units.clear();
        self.bytes = 0;
        Ok(())
    }

    fn tally(&self, tally: &mut Tally) {
        for batch in self.living.iter().chain(&self.dead) {
            tally_notes(batch, tally);
            let outcomes = batch.column(OUTCOME).as_primitive::<UInt16Type>();
            if is_dead(batch) {
                *tally.dead.entry(outcomes.value(0)).or_default() += batch.num_rows() as u64;
            }
            if self.reads_input {
                let files = batch.column(FILE).as_primitive::<UInt32Type>();
                let parts = batch.column(PART).as_primitive::<UInt32Type>();
                for row in (0..batch.num_rows()).filter(|&row| parts.value(row) == 0) {
                    let counts = tally.files.entry(files.value(row)).or_default();
                    *counts = (counts.0 + 1, counts.1 + u64::from(outcomes.value(row) == QUARANTINED));
                }
            }
        }
    }

    /// The living rows in the order of their keys; copies of what this run already holds die here.
    fn sorted(&mut self, tally: &mut Tally) -> Result<Vec<Entry>, ArrowError> {
        let mut entries = Vec::new();
        for (number, batch) in (0u32..).zip(&self.living) {
            let files = batch.column(FILE).as_primitive::<UInt32Type>();
            let numbers = batch.column(SOURCE_ROW).as_primitive::<UInt64Type>();
            let parts = batch.column(PART).as_primitive::<UInt32Type>();
            for (row, key) in (0u32..).zip(self.key.of(batch)) {
                let index = row as usize;
                entries.push((key, files.value(index), numbers.value(index), parts.value(index), number, row));
            }
        }
        entries.sort_unstable();
        if self.action != Action::KeepFirst {
            return Ok(entries);
        }
        let mut copies: Vec<Entry> = Vec::new();
        entries.dedup_by(|later, first| {
            let copy = later.0 == first.0;
            if copy {
                copies.push(*later);
            }
            copy
        });
        if !copies.is_empty() {
            let refs: Vec<&RecordBatch> = self.living.iter().collect();
            let keys: Vec<u128> = copies.iter().map(|entry| entry.0).collect();
            let picked = interleave_identity(&refs, &copies)?;
            let buried = resolve_duplicate(&picked, &keys, self.step, &self.schema)?;
            let outcome = buried.column(OUTCOME).as_primitive::<UInt16Type>().value(0);
            *tally.dead.entry(outcome).or_default() += buried.num_rows() as u64;
            self.dead.push(buried);
        }
        Ok(entries)
    }

    fn write_living(&self, path: &Path, entries: &[Entry]) -> Result<Vec<(u32, u64)>, ArrowError> {
        let schema = text::stored(&exchanged(&self.schema));
        let file = files::create_private(path)?;
        let compression = self.compress.then_some(CompressionType::LZ4_FRAME);
        let options = IpcWriteOptions::default().try_with_compression(compression)?;
        let mut writer = FileWriter::try_new_with_options(std::io::BufWriter::new(file), &schema, options)?;
        let refs: Vec<&RecordBatch> = self.living.iter().collect();
        let mut buckets = Vec::new();
        for group in entries.chunk_by(|one, other| self.bucket(one.0) == self.bucket(other.0)) {
            let indices: Vec<(usize, usize)> = group.iter().map(|entry| (entry.4 as usize, entry.5 as usize)).collect();
            let rows = interleave_record_batch(&refs, &indices)?;
            let high = group.iter().map(|entry| u64::try_from(entry.0 >> 64).expect("half of 128 bits"));
            let low =
                group.iter().map(|entry| u64::try_from(entry.0 & u128::from(u64::MAX)).expect("half of 128 bits"));
            let mut columns: Vec<ArrayRef> =
                vec![Arc::new(UInt64Array::from_iter_values(high)), Arc::new(UInt64Array::from_iter_values(low))];
            columns.extend(rows.columns().iter().cloned());
            columns[super::KEY_COLUMNS + NOTES] = new_null_array(&DataType::Utf8, group.len());
            writer.write(&text::to_stored(columns, &schema)?)?;
            buckets.push((self.bucket(group[0].0), group.len() as u64));
        }
        writer.finish()?;
        Ok(buckets)
    }

    /// Buckets are ranges of the key: what is sorted by bucket and key is sorted by key.
    fn bucket(&self, key: u128) -> u32 {
        u32::try_from(((key >> 96) * u128::from(self.buckets)) >> 32).expect("below the number of buckets")
    }
}

/// Adds up the notes of a batch.
pub(crate) fn tally_notes(batch: &RecordBatch, tally: &mut Tally) {
    let notes = batch.column(NOTES);
    if notes.null_count() == notes.len() {
        return;
    }
    for note in notes.as_string::<i32>().iter().flatten() {
        let entries = note.split(';').filter(|entry| !entry.starts_with(audit::MARK));
        for (name, count) in entries.filter_map(|entry| entry.split_once('=')) {
            *tally.notes.entry(name.to_owned()).or_default() += count.parse::<u64>().unwrap_or(0);
        }
    }
}

fn interleave_identity(batches: &[&RecordBatch], entries: &[Entry]) -> Result<RecordBatch, ArrowError> {
    let identity: Vec<usize> = (0..IDENTITY).collect();
    let narrow: Vec<RecordBatch> = batches.iter().map(|batch| batch.project(&identity)).collect::<Result<_, _>>()?;
    let indices: Vec<(usize, usize)> = entries.iter().map(|entry| (entry.4 as usize, entry.5 as usize)).collect();
    interleave_record_batch(&narrow.iter().collect::<Vec<_>>(), &indices)
}

/// Writes the identity of dead rows, if there are any; returns how many.
pub(crate) fn write_dead(path: &Path, dead: &[RecordBatch]) -> Result<u64, ArrowError> {
    if dead.is_empty() {
        return Ok(0);
    }
    let schema = Arc::new(Schema::new(rows::identity_fields()));
    let file = files::create_private(path)?;
    let mut writer = FileWriter::try_new(std::io::BufWriter::new(file), &schema)?;
    let identity: Vec<usize> = (0..IDENTITY).collect();
    let mut count = 0;
    for batch in dead {
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), batch.project(&identity)?.columns().to_vec())?)?;
        count += batch.num_rows() as u64;
    }
    writer.finish()?;
    Ok(count)
}
