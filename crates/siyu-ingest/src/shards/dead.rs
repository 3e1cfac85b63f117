//! The lists of rows that ended elsewhere than in a shard: `dropped/` and `quarantine/`.

use super::list::List;
use crate::error::Result;
use crate::rows::{DETAIL, FILE, ID, OUTCOME, QUARANTINED, SOURCE_ROW};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, UInt16Type, UInt32Type, UInt64Type};
use siyu_dataset::PartRecord;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Per step, why it dropped rows and how many.
pub(crate) type DropReasons = BTreeMap<String, BTreeMap<String, u64>>;

/// Writes both lists from the dead rows of a run, which come in the order of the input.
pub(crate) struct DeadLists {
    names: Vec<String>,
    labels: Vec<String>,
    dropped: List,
    quarantine: List,
    drop_reasons: DropReasons,
    quarantine_reasons: BTreeMap<String, u64>,
}

/// The lists once they are written.
pub(crate) struct Dead {
    pub(crate) dropped: Vec<PartRecord>,
    pub(crate) drop_reasons: DropReasons,
    pub(crate) quarantine: Vec<PartRecord>,
    pub(crate) quarantine_reasons: BTreeMap<String, u64>,
}

impl DeadLists {
    /// Lists under `staging`; `names` are the sources, `labels` the steps.
    pub(crate) fn new(names: Vec<String>, labels: Vec<String>, staging: &Path) -> Self {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let count = |name: &str| Field::new(name, DataType::UInt64, false);
        let dropped = [text("id"), text("source"), count("source_row"), text("dropped_by"), text("detail")];
        let quarantine = [text("source"), count("source_row"), count("start"), count("end"), text("reason")];
        Self {
            names,
            labels,
            dropped: List::new("dropped", staging, Vec::from(dropped)),
            quarantine: List::new("quarantine", staging, Vec::from(quarantine)),
            drop_reasons: DropReasons::new(),
            quarantine_reasons: BTreeMap::new(),
        }
    }

    /// Takes dead rows of both kinds.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let outcomes = batch.column(OUTCOME).as_primitive::<UInt16Type>();
        let (quarantined, dropped): (Vec<usize>, Vec<usize>) =
            (0..batch.num_rows()).partition(|&row| outcomes.value(row) == QUARANTINED);
        self.push_dropped(batch, &dropped)?;
        self.push_quarantined(batch, &quarantined)
    }

    fn push_dropped(&mut self, batch: &RecordBatch, rows: &[usize]) -> Result<()> {
        let outcomes = batch.column(OUTCOME).as_primitive::<UInt16Type>();
        let step = |row: usize| self.labels[usize::from(outcomes.value(row)) - 1].as_str();
        for &row in rows {
            let detail = text(batch, DETAIL, row).unwrap_or_default();
            // `too long: 4711 tokens` is one reason, whatever the number; so is being a copy of something.
            let copy = detail.starts_with("content ");
            let reason = if copy { "copy" } else { detail.split(':').next().unwrap_or_default() };
            let by_step = self.drop_reasons.entry(step(row).to_owned()).or_default();
            *by_step.entry(reason.to_owned()).or_default() += 1;
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(rows.iter().map(|&row| text(batch, ID, row)).collect::<StringArray>()),
            self.sources(batch, rows),
            numbers(batch, rows),
            Arc::new(rows.iter().map(|&row| Some(step(row))).collect::<StringArray>()),
            Arc::new(rows.iter().map(|&row| text(batch, DETAIL, row)).collect::<StringArray>()),
        ];
        self.dropped.push(columns)
    }

    fn push_quarantined(&mut self, batch: &RecordBatch, rows: &[usize]) -> Result<()> {
        let (mut starts, mut ends, mut reasons) = (vec![], vec![], vec![]);
        for &row in rows {
            let detail = text(batch, DETAIL, row).unwrap_or_default();
            let (range, reason) = detail.split_once(' ').unwrap_or((detail, ""));
            let (start, end) = range.split_once('-').unwrap_or((range, range));
            let kind = reason.split(" at ").next().unwrap_or_default();
            *self.quarantine_reasons.entry(kind.to_owned()).or_default() += 1;
            starts.push(start.parse::<u64>().unwrap_or(0));
            ends.push(end.parse::<u64>().unwrap_or(0));
            reasons.push(reason);
        }
        let columns: Vec<ArrayRef> = vec![
            self.sources(batch, rows),
            numbers(batch, rows),
            Arc::new(UInt64Array::from(starts)),
            Arc::new(UInt64Array::from(ends)),
            Arc::new(StringArray::from(reasons)),
        ];
        self.quarantine.push(columns)
    }

    fn sources(&self, batch: &RecordBatch, rows: &[usize]) -> ArrayRef {
        let files = batch.column(FILE).as_primitive::<UInt32Type>();
        Arc::new(rows.iter().map(|&row| Some(&self.names[files.value(row) as usize])).collect::<StringArray>())
    }

    /// Closes the lists; one without rows leaves no file.
    pub(crate) fn finish(self) -> Result<Dead> {
        Ok(Dead {
            dropped: self.dropped.finish()?,
            drop_reasons: self.drop_reasons,
            quarantine: self.quarantine.finish()?,
            quarantine_reasons: self.quarantine_reasons,
        })
    }
}

fn text(batch: &RecordBatch, slot: usize, row: usize) -> Option<&str> {
    let column = batch.column(slot).as_string::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

fn numbers(batch: &RecordBatch, rows: &[usize]) -> ArrayRef {
    let numbers = batch.column(SOURCE_ROW).as_primitive::<UInt64Type>();
    Arc::new(rows.iter().map(|&row| numbers.value(row)).collect::<UInt64Array>())
}
