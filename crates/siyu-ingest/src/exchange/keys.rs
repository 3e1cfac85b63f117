//! Keys: by what rows meet, and in which order they lie afterwards.

use crate::operator::Key;
use crate::plan::Arrival;
use crate::rows::{FILE, PART, SOURCE_ROW};
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{UInt32Type, UInt64Type};
use siyu_dataset::folded_hash;
use std::sync::Arc;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

/// A key ready to be computed.
#[derive(Clone, Debug)]
pub(crate) struct KeySpec {
    key: Key,
    slots: Vec<usize>,
    /// Hash of each source's name: a file keeps its rows' keys whatever other files are read with it.
    sources: Arc<[u64]>,
}

impl KeySpec {
    /// The key of an arrival; `sources` are the names of the files in order.
    pub(crate) fn new(arrival: &Arrival, sources: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let sources = sources.map(|name| xxh3_64(name.as_ref().as_bytes())).collect();
        Self { key: arrival.key.clone(), slots: arrival.acts[0].slots.clone(), sources }
    }

    /// The key of each row.
    pub(crate) fn of(&self, batch: &RecordBatch) -> Vec<u128> {
        match &self.key {
            Key::Position { seed } => {
                let files = batch.column(FILE).as_primitive::<UInt32Type>();
                let numbers = batch.column(SOURCE_ROW).as_primitive::<UInt64Type>();
                let parts = batch.column(PART).as_primitive::<UInt32Type>();
                let position = |row: usize| {
                    let mut bytes = [0; 20];
                    bytes[..8].copy_from_slice(&self.sources[files.value(row) as usize].to_le_bytes());
                    bytes[8..16].copy_from_slice(&numbers.value(row).to_le_bytes());
                    bytes[16..].copy_from_slice(&parts.value(row).to_le_bytes());
                    xxh3_128_with_seed(&bytes, *seed)
                };
                (0..batch.num_rows()).map(position).collect()
            }
            Key::Content { .. } => {
                let columns: Vec<&StringArray> =
                    self.slots.iter().map(|&slot| batch.column(slot).as_string()).collect();
                let content = |row: usize| {
                    let parts: Vec<Option<&str>> =
                        columns.iter().map(|column| column.is_valid(row).then(|| column.value(row))).collect();
                    folded_hash(&parts)
                };
                (0..batch.num_rows()).map(content).collect()
            }
        }
    }
}
