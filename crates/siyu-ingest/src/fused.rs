//! The row steps of a segment, compiled and applied to a batch in one pass.
//!
//! DataFusion's optimizer may evaluate a function once per use of its column, which for a mask or a tokenizer is as
//! dear as running the step twice; so row steps are one node of the plan and not a stack of projections.

use crate::operator::{Kernel, Verdict};
use crate::rows::{self, ALIVE, DETAIL, ID, IDENTITY, NOTES, OUTCOME, PART};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, UInt32Array, new_null_array};
use arrow::compute::{FilterBuilder, is_null, not, or, take};
use arrow::datatypes::{Field, SchemaRef, UInt16Type, UInt32Type};
use arrow::error::ArrowError;
use std::sync::Arc;

/// A row step ready to run.
pub(crate) struct Compiled {
    /// Index of the step in the pipeline.
    pub(crate) index: usize,
    /// Slots of the columns it reads.
    pub(crate) reads: Vec<usize>,
    /// Slots of the columns it writes; one past the end appends.
    pub(crate) writes: Vec<usize>,
    /// What it does.
    pub(crate) kernel: Kernel,
    /// Columns of the rows behind it.
    pub(crate) after: SchemaRef,
}

/// The row steps between two exchanges.
pub(crate) struct Fused {
    /// Columns of the rows that go out.
    pub(crate) output: SchemaRef,
    /// The steps in order.
    pub(crate) steps: Vec<Compiled>,
}

impl std::fmt::Debug for Fused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.steps.iter().map(|step| step.index).collect::<Vec<_>>())
    }
}

impl Fused {
    /// Steps after which rows have these columns of their own.
    pub(crate) fn new(output: &[Field], steps: Vec<Compiled>) -> Self {
        Self { output: rows::schema(output), steps }
    }

    /// Applies the steps: the living rows first, then the dropped ones step by step. Batches are alive or dead as a whole.
    ///
    /// # Errors
    /// Arrow's own; no document causes one.
    pub(crate) fn apply(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, ArrowError> {
        if is_dead(batch) {
            return Ok(vec![self.pad(batch)?]);
        }
        let mut columns = batch.columns().to_vec();
        let mut dead = Vec::new();
        for step in &self.steps {
            if columns[ID].is_empty() {
                break;
            }
            let inputs: Vec<ArrayRef> = step.reads.iter().map(|&slot| Arc::clone(&columns[slot])).collect();
            let verdict = (step.kernel)(&inputs)?;
            self.settle(step, verdict, &mut columns, &mut dead)?;
        }
        if columns[ID].is_empty() {
            return Ok(dead);
        }
        let mut batches = vec![RecordBatch::try_new(Arc::clone(&self.output), columns)?];
        batches.append(&mut dead);
        Ok(batches)
    }

    /// Puts a step's results into the columns and its refused rows among the dead.
    fn settle(
        &self,
        step: &Compiled,
        verdict: Verdict,
        columns: &mut Vec<ArrayRef>,
        dead: &mut Vec<RecordBatch>,
    ) -> Result<(), ArrowError> {
        if let Some(notes) = &verdict.notes {
            columns[NOTES] = joined(columns[NOTES].as_string(), notes);
        }
        let refused = verdict.keep.as_ref().map(|keep| or(&not(keep)?, &is_null(keep)?)).transpose()?;
        // `not(null)` is null, `or` with true is true in Kleene logic only: fold nulls by hand.
        let refused = refused.map(|mask| mask.iter().map(|bit| Some(bit.unwrap_or(true))).collect::<BooleanArray>());
        let refused = refused.filter(|mask| mask.true_count() > 0);
        if let Some(mask) = &refused {
            let outcome = u16::try_from(step.index + 1).expect("a pipeline has fewer than 65,534 steps");
            let reasons = verdict.reasons.as_ref().map(|reasons| Arc::new(reasons.clone()) as ArrayRef);
            dead.push(rows::bury(columns, mask, reasons, outcome, &self.output)?);
        }
        if let Some(origin) = &verdict.origin {
            multiply(step.index, origin, columns)?;
            place(step, verdict.columns, columns);
            return Ok(());
        }
        place(step, verdict.columns, columns);
        if let Some(mask) = refused {
            let filter = FilterBuilder::new(&not(&mask)?).optimize().build();
            *columns = columns.iter().map(|column| filter.filter(column)).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// Gives dead rows the columns that later steps would have made.
    fn pad(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut columns = batch.columns()[..IDENTITY].to_vec();
        let own = &self.output.fields()[IDENTITY..];
        columns.extend(own.iter().map(|field| new_null_array(field.data_type(), batch.num_rows())));
        RecordBatch::try_new(Arc::clone(&self.output), columns)
    }
}

/// Whether the rows of a batch have ended.
pub(crate) fn is_dead(batch: &RecordBatch) -> bool {
    batch.num_rows() > 0 && batch.column(OUTCOME).as_primitive::<UInt16Type>().value(0) != ALIVE
}

fn place(step: &Compiled, written: Vec<ArrayRef>, columns: &mut Vec<ArrayRef>) {
    for (&slot, column) in step.writes.iter().zip(written) {
        if slot < columns.len() {
            columns[slot] = column;
        } else {
            columns.push(column);
        }
    }
}

/// Repeats rows by `origin` and numbers the pieces; a note on each further piece keeps the sums right.
fn multiply(step: usize, origin: &UInt32Array, columns: &mut Vec<ArrayRef>) -> Result<(), ArrowError> {
    *columns = columns.iter().map(|column| take(column, origin, None)).collect::<Result<_, _>>()?;
    let (mut parts, mut ids, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let (old_parts, old_ids) = (columns[PART].as_primitive::<UInt32Type>(), columns[ID].as_string::<i32>());
    let mut piece = 0u32;
    for row in 0..origin.len() {
        piece = if row > 0 && origin.value(row) == origin.value(row - 1) { piece + 1 } else { 0 };
        parts.push(old_parts.value(row).wrapping_mul(1 << 16).wrapping_add(piece));
        let id = old_ids.is_valid(row).then(|| old_ids.value(row));
        ids.push(id.map(|id| if piece == 0 { id.to_owned() } else { format!("{id}#{piece}") }));
        notes.push((piece > 0).then(|| format!("created:{step}=1;")));
    }
    // Tallies of earlier steps belong to the document once, not to each of its pieces.
    let first_only = columns[NOTES].as_string::<i32>();
    let merged = (0..notes.len())
        .map(|row| notes[row].clone().or_else(|| first_only.is_valid(row).then(|| first_only.value(row).to_owned())));
    let merged: StringArray = merged.collect();
    columns[PART] = Arc::new(UInt32Array::from(parts));
    columns[ID] = Arc::new(StringArray::from(ids));
    columns[NOTES] = Arc::new(merged);
    debug_assert_eq!(columns[DETAIL].len(), columns[PART].len());
    Ok(())
}

fn joined(earlier: &StringArray, later: &StringArray) -> ArrayRef {
    let pairs = earlier.iter().zip(later.iter());
    Arc::new(
        pairs
            .map(|pair| match pair {
                (Some(before), Some(after)) => Some(format!("{before}{after}")),
                (one, other) => one.or(other).map(str::to_owned),
            })
            .collect::<StringArray>(),
    )
}
