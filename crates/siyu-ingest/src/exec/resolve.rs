//! The node that decides, among rows in the order of their keys, which go on.

use super::{Node, external, rows};
use crate::exchange::KEY_COLUMNS;
use crate::near::Decisions;
use crate::operator::Action;
use crate::rows as row;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, UInt64Array};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::{SchemaRef, UInt64Type};
use arrow::error::ArrowError;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::{StreamExt, stream};
use std::sync::Arc;

/// Applies a table operator's action to rows sorted by key, and takes the key columns off.
#[derive(Debug)]
pub(crate) struct Resolve {
    pub(crate) action: Action,
    /// Index of the step whose action it is.
    pub(crate) step: Option<usize>,
    /// What was decided about each row, by its number in the whole order.
    pub(crate) decisions: Option<Arc<Decisions>>,
    /// Slot of the column that the action makes or replaces.
    pub(crate) writes: Option<usize>,
    /// Rows in all buckets before each one, for a limit over the whole order.
    pub(crate) rows_before: Arc<[u64]>,
    /// Columns behind the key columns.
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
        let mut state = State {
            action: self.action,
            outcome: self.step.map_or(row::ALIVE, |step| u16::try_from(step + 1).expect("few steps")),
            decisions: self.decisions.clone(),
            writes: self.writes,
            previous: None,
            position: self.rows_before[partition],
            unit: partition as u64,
            schema: Arc::clone(&self.schema),
        };
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
    action: Action,
    outcome: u16,
    decisions: Option<Arc<Decisions>>,
    writes: Option<usize>,
    previous: Option<u128>,
    position: u64,
    /// Behind an exchange a bucket is the unit of work, whatever unit a row was read in.
    unit: u64,
    schema: SchemaRef,
}

impl State {
    fn resolve(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        if let Some(decisions) = self.decisions.clone() {
            return self.decided(&decisions, batch);
        }
        let keys = keys(batch);
        let keep: BooleanArray = keys
            .iter()
            .map(|key| {
                let first = self.previous != Some(*key);
                self.previous = Some(*key);
                self.position += 1;
                Some(match self.action {
                    Action::Order => true,
                    Action::KeepFirst => first,
                    Action::Limit { rows } => self.position <= rows,
                    Action::Decide => unreachable!("decided above"),
                })
            })
            .collect();
        let columns = self.columns(batch);
        let detail = matches!(self.action, Action::KeepFirst).then(|| duplicate_of(&keys));
        Ok(self.part(columns, &keep, detail)?)
    }

    /// Does what was decided, and writes the column that tells it.
    fn decided(&mut self, decisions: &Decisions, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let numbers = self.position..self.position + batch.num_rows() as u64;
        self.position = numbers.end;
        let mut columns = self.columns(batch);
        let (mut details, mut told): (Option<ArrayRef>, ArrayRef) = (None, Arc::clone(&columns[row::ID]));
        if decisions.drops() {
            let dropped = numbers.map(|number| decisions.dropped(number)).collect::<Result<Vec<_>, _>>();
            details = Some(Arc::new(dropped.map_err(external)?.into_iter().collect::<StringArray>()));
        } else {
            told = Arc::new(numbers.map(|number| Some(decisions.side(number))).collect::<StringArray>());
        }
        if let Some(slot) = self.writes {
            if slot < columns.len() {
                columns[slot] = told;
            } else {
                columns.push(told);
            }
        }
        let dropped = |row| details.as_ref().is_some_and(|details| details.is_valid(row));
        let keep: BooleanArray = (0..batch.num_rows()).map(|row| Some(!dropped(row))).collect();
        Ok(self.part(columns, &keep, details)?)
    }

    /// The columns behind the keys, of this unit.
    fn columns(&self, batch: &RecordBatch) -> Vec<ArrayRef> {
        let mut columns = batch.columns()[KEY_COLUMNS..].to_vec();
        columns[row::UNIT] = Arc::new(UInt64Array::from(vec![self.unit; batch.num_rows()]));
        columns
    }

    /// The rows to keep, and those that die.
    fn part(
        &self,
        columns: Vec<ArrayRef>,
        keep: &BooleanArray,
        detail: Option<ArrayRef>,
    ) -> Result<Vec<RecordBatch>, ArrowError> {
        let living = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        if keep.true_count() == keep.len() {
            return Ok(vec![living]);
        }
        let dead = row::bury(living.columns(), &not(keep)?, detail, self.outcome, &self.schema)?;
        let living = filter_record_batch(&living, keep)?;
        Ok(if living.num_rows() > 0 { vec![living, dead] } else { vec![dead] })
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
