//! The rows of one bucket in their order, read without copying a text.

use super::Pass;
use crate::error::Result;
use crate::exchange::KEY_COLUMNS;
use crate::exec::keys;
use crate::rows::{FILE, ID, PART, SOURCE_ROW};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{UInt32Type, UInt64Type};

/// The columns of an exchange that are read for these slots, ascending.
pub(super) fn columns(slots: &[usize]) -> Vec<usize> {
    let mut columns = vec![0, 1];
    columns.extend([FILE, SOURCE_ROW, PART, ID].iter().chain(slots).map(|slot| KEY_COLUMNS + slot));
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// The rows of a bucket.
pub(super) struct Bucket {
    batches: Vec<RecordBatch>,
    columns: Vec<usize>,
    order: Vec<(u32, u32)>,
    keys: Vec<u128>,
}

/// Key, file, row and piece: the order of the rows.
type Entry = (u128, u32, u64, u32, u32, u32);

impl Bucket {
    /// Reads those that reach the act.
    pub(super) fn read(pass: &Pass<'_>, bucket: u32) -> Result<Self> {
        let mut batches = Vec::new();
        for run in 0..pass.exchange.runs() {
            batches.extend(pass.exchange.read(run, bucket)?);
        }
        let mut rows = Self { batches, columns: columns(&pass.act.slots), order: Vec::new(), keys: Vec::new() };
        let mut entries: Vec<Entry> = Vec::new();
        for (number, batch) in (0..).zip(&rows.batches) {
            let files = rows.column(batch, FILE).as_primitive::<UInt32Type>().clone();
            let numbers = rows.column(batch, SOURCE_ROW).as_primitive::<UInt64Type>().clone();
            let parts = rows.column(batch, PART).as_primitive::<UInt32Type>().clone();
            for (row, key) in (0u32..).zip(keys(batch)) {
                let index = row as usize;
                entries.push((key, files.value(index), numbers.value(index), parts.value(index), number, row));
            }
        }
        entries.sort_unstable();
        for act in pass.earlier {
            let mut walk = act.walk(bucket as usize);
            entries.retain(|entry| act.keeps(&mut walk, entry.0));
        }
        (rows.order, rows.keys) = entries.into_iter().map(|entry| ((entry.4, entry.5), entry.0)).unzip();
        Ok(rows)
    }

    /// The batch and row of each document.
    pub(super) fn order(&self) -> &[(u32, u32)] {
        &self.order
    }

    /// The exchange's key of a document.
    pub(super) fn key(&self, place: usize) -> u128 {
        self.keys[place]
    }

    pub(super) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// A column by its slot.
    pub(super) fn column<'a>(&self, batch: &'a RecordBatch, slot: usize) -> &'a ArrayRef {
        let position = self.columns.binary_search(&(KEY_COLUMNS + slot)).expect("the column was asked for");
        batch.column(position)
    }

    /// The texts of these columns as one, each on a line of its own; missing ones are empty.
    pub(super) fn text(&self, place: usize, slots: &[usize], text: &mut String) {
        text.clear();
        let (batch, row) = self.order[place];
        for (number, &slot) in slots.iter().enumerate() {
            let column = self.column(&self.batches[batch as usize], slot).as_string::<i32>();
            if number > 0 {
                text.push('\n');
            }
            if column.is_valid(row as usize) {
                text.push_str(column.value(row as usize));
            }
        }
    }

    pub(super) fn id(&self, place: usize) -> &str {
        let (batch, row) = self.order[place];
        let ids = self.column(&self.batches[batch as usize], ID).as_string::<i32>();
        if ids.is_valid(row as usize) { ids.value(row as usize) } else { "" }
    }

    /// File, row and piece of a document.
    pub(super) fn position(&self, place: usize) -> (u32, u64, u32) {
        let (batch, row) = self.order[place];
        let (batch, row) = (&self.batches[batch as usize], row as usize);
        (
            self.column(batch, FILE).as_primitive::<UInt32Type>().value(row),
            self.column(batch, SOURCE_ROW).as_primitive::<UInt64Type>().value(row),
            self.column(batch, PART).as_primitive::<UInt32Type>().value(row),
        )
    }
}
