//! The node at which rows that have met, in the order of their keys, go on or end.

use super::settled::{Settled, Walk};
use super::{Node, external, rows};
use crate::exchange::KEY_COLUMNS;
use crate::operator::Action;
use crate::rows as row;
use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, StringBuilder, UInt64Array};
use arrow::compute::{FilterBuilder, not};
use arrow::datatypes::{SchemaRef, UInt64Type};
use arrow::error::ArrowError;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::{StreamExt, stream};
use std::ops::Range;
use std::sync::Arc;

/// Applies what table operators do to rows sorted by key, and takes the key columns off.
#[derive(Debug)]
pub(crate) struct Resolve {
    pub(crate) acts: Vec<Settled>,
    /// Columns behind the key columns, with those that the acts make.
    pub(crate) schema: SchemaRef,
    pub(crate) partitions: usize,
}

impl Node for Resolve {
    const NAME: &'static str = "Resolve";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn partitions(&self) -> usize {
        self.partitions
    }

    fn stream(&self, partition: usize, input: Option<SendableRecordBatchStream>) -> Result<SendableRecordBatchStream> {
        let input = input.ok_or_else(|| DataFusionError::Internal("an exchange needs an input".to_owned()))?;
        let acts = self.acts.iter().map(|act| (act.clone(), act.walk(partition))).collect();
        let mut state = State { acts, unit: partition as u64, schema: Arc::clone(&self.schema) };
        let resolved = input.flat_map(move |batch| {
            let batches = match batch.and_then(|batch| state.resolve(&batch)) {
                Ok(batches) => batches.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            stream::iter(batches)
        });
        Ok(rows(self.schema(), resolved))
    }
}

struct State {
    acts: Vec<(Settled, Walk)>,
    /// Behind an exchange a bucket is the unit of work, whatever unit a row was read in.
    unit: u64,
    schema: SchemaRef,
}

/// Rows on their way through the acts.
struct Rows {
    keys: Vec<u128>,
    columns: Vec<ArrayRef>,
}

impl State {
    /// The rows that go on, then those that end here.
    fn resolve(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let mut living = Rows { keys: keys(batch), columns: batch.columns()[KEY_COLUMNS..].to_vec() };
        living.columns[row::UNIT] = Arc::new(UInt64Array::from(vec![self.unit; batch.num_rows()]));
        let mut dead = Vec::new();
        for (act, walk) in &mut self.acts {
            dead.extend(living.take(act, walk, &self.schema)?);
        }
        if living.keys.is_empty() {
            return Ok(dead);
        }
        dead.insert(0, RecordBatch::try_new(Arc::clone(&self.schema), living.columns)?);
        Ok(dead)
    }
}

impl Rows {
    /// Does what an act does; returns the rows that end by it.
    fn take(&mut self, act: &Settled, walk: &mut Walk, schema: &SchemaRef) -> Result<Option<RecordBatch>> {
        let numbers = walk.position..walk.position + self.keys.len() as u64;
        let keep: BooleanArray = self.keys.iter().map(|key| Some(act.keeps(walk, *key))).collect();
        if let Some(slot) = act.act.writes {
            let told = match &act.decisions {
                Some(decisions) if !decisions.drops() => {
                    Arc::new(numbers.clone().map(|number| Some(decisions.side(number))).collect::<StringArray>())
                }
                _ => Arc::clone(&self.columns[row::ID]),
            };
            if slot < self.columns.len() {
                self.columns[slot] = told;
            } else {
                self.columns.push(told);
            }
        }
        if keep.true_count() == keep.len() {
            return Ok(None);
        }
        let outcome = act.act.step.map_or(row::ALIVE, |step| u16::try_from(step + 1).expect("few steps"));
        let detail = self.details(act, numbers)?;
        let dead = row::bury(&self.columns, &not(&keep)?, detail, outcome, schema)?;
        let filter = FilterBuilder::new(&keep).optimize().build();
        self.columns = self.columns.iter().map(|column| filter.filter(column)).collect::<Result<_, _>>()?;
        let mut kept = keep.values().iter();
        self.keys.retain(|_| kept.next() == Some(true));
        Ok(Some(dead))
    }

    /// Why each row ends, where the act says so.
    fn details(&self, act: &Settled, mut numbers: Range<u64>) -> Result<Option<ArrayRef>> {
        Ok(match (act.act.action, &act.decisions) {
            (Action::KeepFirst, _) => Some(duplicate_of(&self.keys)),
            (Action::Decide, Some(decisions)) => {
                let told = numbers.try_fold(StringBuilder::new(), |mut told, number| {
                    told.append_option(decisions.dropped(number)?);
                    Ok(told)
                });
                Some(Arc::new(told.map_err(external)?.finish()))
            }
            _ => None,
        })
    }
}

/// The 128-bit keys of rows that come from an exchange.
pub(crate) fn keys(batch: &RecordBatch) -> Vec<u128> {
    let (high, low) = (batch.column(0).as_primitive::<UInt64Type>(), batch.column(1).as_primitive::<UInt64Type>());
    high.values().iter().zip(low.values()).map(|(&high, &low)| u128::from(high) << 64 | u128::from(low)).collect()
}

/// What a dropped copy's detail says: the content it shares with the one that stayed.
pub(crate) fn duplicate_of(keys: &[u128]) -> ArrayRef {
    Arc::new(keys.iter().map(|key| Some(format!("content {key:032x}"))).collect::<StringArray>())
}

/// Buries copies found before the exchange, just as this node would after it.
pub(crate) fn resolve_duplicate(
    identity: &RecordBatch,
    keys: &[u128],
    step: Option<usize>,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let outcome = step.map_or(row::ALIVE, |step| u16::try_from(step + 1).expect("few steps"));
    let all = BooleanArray::from(vec![true; identity.num_rows()]);
    row::bury(identity.columns(), &all, Some(duplicate_of(keys)), outcome, schema)
}
