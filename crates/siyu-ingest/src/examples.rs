//! Row steps on a few rows in memory, through the same code as a run: for `siyu try` and for a pipeline's own tests.

use crate::error::{Error, Result};
use crate::fused::is_dead;
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::rows::{self, ID, IDENTITY, OUTCOME, PART, SOURCE_ROW};
use crate::step::{Operator, Step};
use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array, new_null_array,
};
use arrow::datatypes::{DataType, UInt16Type, UInt32Type, UInt64Type};
use serde_json::{Map, Value};
use siyu_dataset::json_value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A row as JSON.
pub type Row = Map<String, Value>;

/// Row steps ready to be tried.
pub struct Trial {
    plan: Plan,
}

impl Trial {
    /// Compiles row steps.
    ///
    /// # Errors
    /// Those of the steps' settings; table steps are refused, for they need a whole table.
    pub fn new(steps: &[Step]) -> Result<Self> {
        if let Some(table) = steps.iter().find(|step| matches!(step.operator(), Operator::Table(_))) {
            return Err(Error::NeedsTable { step: table.name() });
        }
        let pipeline = Pipeline::of_steps(steps.to_vec());
        Ok(Self { plan: Plan::new(&pipeline)? })
    }

    /// Applies the steps: each row as it becomes, dropped ones with `dropped_by` and, where there is one, `reason`.
    ///
    /// # Errors
    /// Arrow's own; no row causes one.
    ///
    /// # Panics
    /// Never: every result comes from one of the given rows.
    pub fn apply(&self, given: &[Row]) -> Result<Vec<Row>> {
        let first = &self.plan.segments[0];
        let batch = batch(given, &first.fields);
        let batches =
            first.steps.apply(&batch).map_err(|error| Error::engine("cannot apply the steps")(error.into()))?;
        let mut made: BTreeMap<u64, Vec<Row>> = BTreeMap::new();
        for batch in &batches {
            let numbers = batch.column(SOURCE_ROW).as_primitive::<UInt64Type>();
            for row in 0..batch.num_rows() {
                let number = numbers.value(row);
                let mut result = given[usize::try_from(number - 1).expect("rows in memory")].clone();
                if is_dead(batch) {
                    let outcome = batch.column(OUTCOME).as_primitive::<UInt16Type>().value(row);
                    result.insert("dropped_by".into(), self.plan.labels[usize::from(outcome) - 1].clone().into());
                    if batch.column(rows::DETAIL).is_valid(row) {
                        result.insert("reason".into(), json_value(batch.column(rows::DETAIL), row));
                    }
                } else {
                    Self::fill(&mut result, batch, row);
                }
                made.entry(number).or_default().push(result);
            }
        }
        Ok(made.into_values().flatten().collect())
    }
}

impl Trial {
    /// Puts what the steps made into the row that was given; what they left as it was keeps its kind.
    fn fill(result: &mut Row, batch: &RecordBatch, row: usize) {
        for slot in IDENTITY + 1..batch.num_columns() {
            let (name, new) = (batch.schema().field(slot).name().clone(), json_value(batch.column(slot), row));
            let old = result.get(&name).map_or(Value::Null, |old| text(old).map_or(Value::Null, Value::String));
            if old != new {
                result.insert(name, new);
            }
        }
        if batch.column(PART).as_primitive::<UInt32Type>().value(row) > 0 {
            result.insert("id".into(), json_value(batch.column(ID), row));
        }
    }
}

/// A value as input gives it to the steps: texts as they are, anything else as JSON.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A test of a pipeline whose row steps made something else than it expects.
#[derive(Debug)]
pub struct Failure {
    /// Number of the test, from 1.
    pub number: usize,
    /// The step that dropped the document unexpectedly, and why where it says so.
    pub dropped: Option<(String, Option<String>)>,
    /// Columns with another value: name, expected and found. Empty where the document should have been dropped.
    pub wrong: Vec<(String, Value, Value)>,
}

/// Runs a pipeline's own tests on its row steps; returns the failures. Table steps are passed over.
///
/// # Errors
/// When the steps cannot be compiled.
pub fn run_tests(pipeline: &Pipeline) -> Result<Vec<Failure>> {
    if pipeline.tests.is_empty() {
        return Ok(Vec::new());
    }
    let row_steps: Vec<Step> =
        pipeline.steps.iter().filter(|step| matches!(step.operator(), Operator::Row(_))).cloned().collect();
    let trial = Trial::new(&row_steps)?;
    let mut failures = Vec::new();
    for (number, test) in (1..).zip(&pipeline.tests) {
        let given = match &test.given {
            Value::Object(row) => row.clone(),
            text => Row::from_iter([("text".to_owned(), text.clone())]),
        };
        let rows = trial.apply(&[given])?;
        failures.extend(judge(number, &test.expect, &rows.first().cloned().unwrap_or_default()));
    }
    Ok(failures)
}

/// What is wrong with the row that a test's document became.
fn judge(number: usize, expect: &Value, row: &Row) -> Option<Failure> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    match (expect, text("dropped_by")) {
        (Value::Null, Some(_)) => None,
        (Value::Null, None) => Some(Failure { number, dropped: None, wrong: Vec::new() }),
        (_, Some(step)) => Some(Failure { number, dropped: Some((step, text("reason"))), wrong: Vec::new() }),
        (expect, None) => {
            let wanted = match expect {
                Value::Object(fields) => fields.clone(),
                text => Row::from_iter([("text".to_owned(), text.clone())]),
            };
            let found = |name: &String| row.get(name).cloned().unwrap_or(Value::Null);
            let compared = wanted.into_iter().map(|(name, expected)| (found(&name), name, expected));
            let wrong: Vec<_> = compared.filter(|(found, _, expected)| found != expected).collect();
            let wrong: Vec<_> = wrong.into_iter().map(|(found, name, expected)| (name, expected, found)).collect();
            (!wrong.is_empty()).then_some(Failure { number, dropped: None, wrong })
        }
    }
}

fn batch(given: &[Row], fields: &[arrow::datatypes::Field]) -> RecordBatch {
    let count = given.len();
    let text = |name: &str| -> ArrayRef {
        Arc::new(given.iter().map(|row| row.get(name).and_then(text)).collect::<StringArray>())
    };
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::from(vec![0; count])),
        Arc::new(UInt32Array::from(vec![0; count])),
        Arc::new(UInt64Array::from_iter_values(1..=count as u64)),
        Arc::new(UInt32Array::from(vec![0; count])),
        Arc::new(UInt16Array::from(vec![rows::ALIVE; count])),
        new_null_array(&DataType::Utf8, count),
        new_null_array(&DataType::Utf8, count),
        text("id"),
    ];
    columns.push(Arc::new(StringArray::from(vec![""; count])));
    columns.extend(fields[1..].iter().map(|field| text(field.name())));
    RecordBatch::try_new(rows::schema(fields), columns).expect("one entry a row in every column")
}
