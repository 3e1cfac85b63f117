//! The first documents of a pipeline's input, before and after each row step.
//!
//! The rows are read and changed by the same code as in a run, one at a time, so that each can be told what became of
//! it. Table steps need all rows and are passed over. Nothing is written.

use crate::error::{Error, Result};
use crate::examples::Row;
use crate::exec::living;
use crate::fused::{Fused, is_dead};
use crate::input::{self, BadRow, Cutter, Source, Wanted};
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::rows::{self, DETAIL, ID, IDENTITY};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::datatypes::{SchemaRef, UInt32Type, UInt64Type};
use serde_json::Value;
use siyu_dataset::json_value;
use std::sync::Arc;

/// A pipeline ready to show what its steps do.
pub struct Preview {
    sources: Arc<[Source]>,
    wanted: Wanted,
    schema: SchemaRef,
    steps: Vec<Watched>,
}

/// A step by itself.
struct Watched {
    label: String,
    /// The columns in front of it.
    before: SchemaRef,
    /// What it does; none for a table step.
    does: Option<Fused>,
}

/// A row of the input.
#[derive(Debug)]
pub enum Seen {
    /// A document and what became of it.
    Document(Document),
    /// A row that cannot be read; a run puts it into quarantine.
    Unreadable {
        /// Its file.
        source: String,
        /// Its number in the file, from 1.
        source_row: u64,
        /// What is wrong with it; never any of its text.
        reason: String,
    },
}

/// A document on its way through the steps.
#[derive(Debug)]
pub struct Document {
    /// Its id.
    pub id: String,
    /// Its file.
    pub source: String,
    /// Its number in the file, from 1.
    pub source_row: u64,
    /// Its columns as they were read.
    pub given: Row,
    /// What happened, step by step; a step that saw several pieces of the document happens once for each.
    pub events: Vec<Event>,
}

/// What a step did to a document or to one piece of it.
#[derive(Debug)]
pub struct Event {
    /// The step as reports name it, such as `3 mask_pii`.
    pub step: String,
    /// Id of the piece; the document's own for the first.
    pub id: String,
    /// What it did.
    pub effect: Effect,
}

/// What a step does to a row.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Nothing.
    Unchanged,
    /// These columns are others now: name, value before (null where it is new) and after.
    Changed(Vec<(String, Value, Value)>),
    /// The row ends here.
    Dropped(Option<String>),
    /// The row becomes this many pieces, whose first keeps its id.
    Divided(usize),
    /// The step needs many rows and was passed over.
    PassedOver,
}

impl Preview {
    /// Compiles the steps and finds the input.
    ///
    /// # Errors
    /// Those of the pipeline's settings, and an input that is not there.
    ///
    /// # Panics
    /// Never: nobody else holds the plan.
    pub fn new(pipeline: &Pipeline) -> Result<Self> {
        let plan = Plan::new(pipeline)?;
        let sources: Arc<[Source]> = input::discover(&pipeline.input)?.into();
        plan.check_input(pipeline, &sources)?;
        let schema = rows::schema(&plan.segments[0].fields);
        let mut steps = Vec::new();
        for segment in plan.segments {
            let mut before = rows::schema(&segment.fields);
            for step in segment.acting() {
                let label = plan.labels[step].clone();
                steps.push(Watched { label, before: Arc::clone(&before), does: None });
            }
            let fused = Arc::into_inner(segment.steps).expect("the plan is not shared yet");
            for step in fused.steps {
                let (label, after) = (plan.labels[step.index].clone(), Arc::clone(&step.after));
                let does = Some(Fused { output: Arc::clone(&after), steps: vec![step] });
                steps.push(Watched { label, before: std::mem::replace(&mut before, after), does });
            }
        }
        Ok(Self { sources, wanted: plan.wanted, schema, steps })
    }

    /// The steps as reports name them.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.label.as_str())
    }

    /// Calls `show` for each of the first `count` rows in the order of the input; reads little more than these.
    ///
    /// # Errors
    /// A file that cannot be read, and whatever `show` returns.
    pub fn each<E: From<Error>>(&self, count: usize, mut show: impl FnMut(Seen) -> Result<(), E>) -> Result<(), E> {
        let mut cutter = Cutter::glance(Arc::clone(&self.sources));
        let mut left = count;
        while left > 0 {
            let Some(block) = cutter.next()? else { return Ok(()) };
            for parsed in input::parse(&block, &self.sources, &self.wanted) {
                let parsed = parsed?;
                let read = living(block.sequence, &parsed.rows, &self.sources, &self.schema);
                for place in in_order(&read, &parsed.bad) {
                    if left == 0 {
                        return Ok(());
                    }
                    left -= 1;
                    show(match place {
                        Ok(row) => Seen::Document(self.document(&read.slice(row, 1))?),
                        Err(bad) => Seen::Unreadable {
                            source: self.sources[bad.file as usize].name.clone(),
                            source_row: bad.row,
                            reason: bad.reason.to_string(),
                        },
                    })?;
                }
            }
        }
        Ok(())
    }

    fn document(&self, row: &RecordBatch) -> Result<Document> {
        let file = row.column(rows::FILE).as_primitive::<UInt32Type>().value(0);
        let mut document = Document {
            id: id(row),
            source: self.sources[file as usize].name.clone(),
            source_row: row.column(rows::SOURCE_ROW).as_primitive::<UInt64Type>().value(0),
            given: own(row),
            events: Vec::new(),
        };
        let mut pieces = vec![row.clone()];
        for step in &self.steps {
            let mut next = Vec::new();
            for piece in pieces {
                step.watch(&piece, &mut next, &mut document.events)?;
            }
            pieces = next;
        }
        Ok(document)
    }
}

impl Watched {
    /// Applies the step to one row; what lives on goes to `next`.
    fn watch(&self, row: &RecordBatch, next: &mut Vec<RecordBatch>, events: &mut Vec<Event>) -> Result<()> {
        let row = self.fitted(row);
        let mut happened = |id: String, effect| events.push(Event { step: self.label.clone(), id, effect });
        let Some(does) = &self.does else {
            happened(id(&row), Effect::PassedOver);
            next.push(row);
            return Ok(());
        };
        let made = does.apply(&row).map_err(|error| Error::engine("cannot apply the steps")(error.into()))?;
        let (ended, alive): (Vec<RecordBatch>, Vec<RecordBatch>) = made.into_iter().partition(is_dead);
        for batch in ended {
            let reason = batch.column(DETAIL).as_string::<i32>();
            happened(id(&batch), Effect::Dropped(reason.is_valid(0).then(|| reason.value(0).to_owned())));
        }
        let pieces: usize = alive.iter().map(RecordBatch::num_rows).sum();
        if pieces > 1 {
            happened(id(&row), Effect::Divided(pieces));
        }
        for batch in alive {
            for piece in (0..batch.num_rows()).map(|place| batch.slice(place, 1)) {
                let changes = changes(&own(&row), own(&piece));
                happened(id(&piece), if changes.is_empty() { Effect::Unchanged } else { Effect::Changed(changes) });
                next.push(piece);
            }
        }
        Ok(())
    }

    /// The row with the columns that the step expects: those that a passed-over step would have made are null.
    fn fitted(&self, row: &RecordBatch) -> RecordBatch {
        let column = |field: &Arc<arrow::datatypes::Field>| -> ArrayRef {
            let known = row.column_by_name(field.name()).filter(|column| column.data_type() == field.data_type());
            known.cloned().unwrap_or_else(|| new_null_array(field.data_type(), 1))
        };
        let columns = self.before.fields().iter().map(column).collect();
        RecordBatch::try_new(Arc::clone(&self.before), columns).expect("every column has the type of its field")
    }
}

/// Rows and bad rows as they stand in the input.
fn in_order<'a>(read: &RecordBatch, bad: &'a [BadRow]) -> Vec<Result<usize, &'a BadRow>> {
    let files = read.column(rows::FILE).as_primitive::<UInt32Type>();
    let numbers = read.column(rows::SOURCE_ROW).as_primitive::<UInt64Type>();
    let good = (0..read.num_rows()).map(|row| ((files.value(row), numbers.value(row)), Ok(row)));
    let mut all: Vec<_> = good.chain(bad.iter().map(|bad| ((bad.file, bad.row), Err(bad)))).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, row)| row).collect()
}

fn id(row: &RecordBatch) -> String {
    let ids = row.column(ID).as_string::<i32>();
    if ids.is_valid(0) { ids.value(0).to_owned() } else { String::new() }
}

/// The columns behind the identity and the source.
fn own(row: &RecordBatch) -> Row {
    let columns = IDENTITY + 1..row.num_columns();
    columns.map(|slot| (row.schema().field(slot).name().clone(), json_value(row.column(slot), 0))).collect()
}

fn changes(before: &Row, after: Row) -> Vec<(String, Value, Value)> {
    let old = |name: &str| before.get(name).cloned().unwrap_or(Value::Null);
    let compared = after.into_iter().map(|(name, value)| (old(&name), name, value));
    compared.filter(|(old, _, new)| old != new).map(|(old, name, new)| (name, old, new)).collect()
}

#[cfg(test)]
mod tests;
