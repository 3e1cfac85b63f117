//! The node that reads input: workers take blocks from one queue, cut in order by whoever comes next.

use super::{Node, external, rows};
use crate::error::{Error, Result};
use crate::input::{self, BadRow, Block, Cutter, Parsed, Wanted};
use crate::rows::{self as row, IDENTITY, QUARANTINED};
use crate::run::progress::Progress;
use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array, new_null_array,
};
use arrow::datatypes::{DataType, Field, SchemaRef, UInt32Type};
use datafusion::execution::SendableRecordBatchStream;
use futures::{StreamExt, stream};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// Blocks still to be read, handed out one at a time.
pub(crate) struct BlockQueue {
    pub(crate) cutter: Mutex<Cutter>,
    /// Blocks that an earlier run has finished: their numbers, and their units, which tell their bytes.
    pub(crate) done: BTreeMap<u64, u64>,
    pub(crate) sources: Arc<[input::Source]>,
    pub(crate) wanted: Wanted,
    pub(crate) progress: Arc<Progress>,
}

impl BlockQueue {
    fn next(&self) -> Result<Option<Block>> {
        let mut cutter = self.cutter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        loop {
            if self.progress.is_ending() {
                return Ok(None);
            }
            let Some(block) = cutter.next()? else { return Ok(None) };
            self.progress.bytes.store(cutter.bytes_read(), Ordering::Relaxed);
            match self.done.get(&block.sequence) {
                None => return Ok(Some(block)),
                Some(done) if *done == unit(&block) => {}
                Some(_) => {
                    let path = self.sources[block.file() as usize].path.clone();
                    return Err(Error::InputRewritten { path });
                }
            }
        }
    }
}

/// Reads the input as rows; a row that cannot be read comes as a dead one with its reason.
pub(crate) struct Source {
    pub(crate) queue: Arc<BlockQueue>,
    pub(crate) schema: SchemaRef,
    pub(crate) partitions: usize,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} files", self.queue.sources.len())
    }
}

impl Node for Source {
    const NAME: &'static str = "Source";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn partitions(&self) -> usize {
        self.partitions
    }

    fn stream(
        &self,
        _: usize,
        _: Option<SendableRecordBatchStream>,
    ) -> datafusion::error::Result<SendableRecordBatchStream> {
        let queue = Arc::clone(&self.queue);
        let schema = Arc::clone(&self.schema);
        let blocks = std::iter::from_fn(move || queue.next().transpose());
        let queue = Arc::clone(&self.queue);
        let batches = blocks.flat_map(move |block| {
            let (queue, schema) = (Arc::clone(&queue), Arc::clone(&schema));
            // Parsed batch by batch: a block of many rows must not stand in memory twice.
            let parsed: Box<dyn Iterator<Item = Result<RecordBatch>> + Send> = match block {
                Err(error) => Box::new(std::iter::once(Err(error))),
                Ok(block) => Box::new(BlockRows::new(&block, queue, schema)),
            };
            parsed
        });
        let batches = stream::iter(batches).map(|batch| batch.map_err(external));
        Ok(rows(self.schema(), batches))
    }
}

/// A block as a unit of work: its number, then 32 bits of its hash, by which a later run sees that it is the same.
fn unit(block: &Block) -> u64 {
    block.sequence << 32 | block.hash & u64::from(u32::MAX)
}

/// The rows of one block, living batches and dead ones.
struct BlockRows {
    unit: u64,
    parsed: std::vec::IntoIter<Result<Parsed>>,
    waiting: Option<RecordBatch>,
    queue: Arc<BlockQueue>,
    schema: SchemaRef,
}

impl BlockRows {
    fn new(block: &Block, queue: Arc<BlockQueue>, schema: SchemaRef) -> Self {
        let unit = unit(block);
        let parsed: Vec<_> = input::parse(block, &queue.sources, &queue.wanted).collect();
        let parsed = parsed.into_iter();
        Self { unit, parsed, waiting: None, queue, schema }
    }

    fn living(&self, rows: &RecordBatch) -> RecordBatch {
        self.queue.progress.rows.fetch_add(rows.num_rows() as u64, Ordering::Relaxed);
        living(self.unit, rows, &self.queue.sources, &self.schema)
    }

    fn dead(&self, bad: &[BadRow]) -> RecordBatch {
        self.queue.progress.bad.fetch_add(bad.len() as u64, Ordering::Relaxed);
        dead(self.unit, bad, &self.schema)
    }
}

/// Rows that were read, as rows of a run.
pub(crate) fn living(unit: u64, rows: &RecordBatch, sources: &[input::Source], schema: &SchemaRef) -> RecordBatch {
    let files = rows.column(0).as_primitive::<UInt32Type>();
    let names: StringArray = files.values().iter().map(|&file| Some(sources[file as usize].name.as_str())).collect();
    let mut columns = identity(unit, rows.column(0), rows.column(1), rows.column(2), row::ALIVE);
    columns.push(Arc::new(names));
    columns.extend(rows.columns()[3..].iter().cloned());
    RecordBatch::try_new(Arc::clone(schema), columns).expect("the reader gives the columns it was asked for")
}

fn dead(unit: u64, bad: &[BadRow], schema: &SchemaRef) -> RecordBatch {
    let files: ArrayRef = Arc::new(bad.iter().map(|row| row.file).collect::<UInt32Array>());
    let numbers: ArrayRef = Arc::new(bad.iter().map(|row| row.row).collect::<UInt64Array>());
    let ids = new_null_array(&DataType::Utf8, bad.len());
    let mut columns = identity(unit, &files, &numbers, &ids, QUARANTINED);
    let details = bad.iter().map(|row| Some(format!("{}-{} {}", row.start, row.end, row.reason)));
    columns[row::DETAIL] = Arc::new(details.collect::<StringArray>());
    columns.push(Arc::new(StringArray::from(vec![""; bad.len()])));
    let own: &[Arc<Field>] = &schema.fields()[IDENTITY + 1..];
    columns.extend(own.iter().map(|field| new_null_array(field.data_type(), bad.len())));
    RecordBatch::try_new(Arc::clone(schema), columns).expect("dead rows have the schema's columns")
}

impl Iterator for BlockRows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(batch) = self.waiting.take() {
            return Some(Ok(batch));
        }
        loop {
            let parsed = match self.parsed.next()? {
                Ok(parsed) => parsed,
                Err(error) => return Some(Err(error)),
            };
            let dead = (!parsed.bad.is_empty()).then(|| self.dead(&parsed.bad));
            if parsed.rows.num_rows() > 0 {
                self.waiting = dead;
                return Some(Ok(self.living(&parsed.rows)));
            }
            if let Some(dead) = dead {
                return Some(Ok(dead));
            }
        }
    }
}

fn identity(unit: u64, files: &ArrayRef, numbers: &ArrayRef, ids: &ArrayRef, outcome: u16) -> Vec<ArrayRef> {
    let count = files.len();
    vec![
        Arc::new(UInt64Array::from(vec![unit; count])),
        Arc::clone(files),
        Arc::clone(numbers),
        Arc::new(UInt32Array::from(vec![0; count])),
        Arc::new(UInt16Array::from(vec![outcome; count])),
        new_null_array(&DataType::Utf8, count),
        new_null_array(&DataType::Utf8, count),
        Arc::clone(ids),
    ]
}
