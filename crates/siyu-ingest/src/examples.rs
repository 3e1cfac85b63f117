//! Row steps on a few rows in memory, through the same code as a run: for `siyu try` and for a pipeline's own tests.

use crate::error::{Error, Result};
use crate::fused::is_dead;
use crate::input::Input;
use crate::pipeline::{Output, Pipeline};
use crate::plan::Plan;
use crate::rows::{self, IDENTITY, OUTCOME, SOURCE_ROW};
use crate::step::{Operator, Step};
use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array, new_null_array,
};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, UInt16Type, UInt32Type, UInt64Type};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
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
        let pipeline = Pipeline {
            input: Vec::<Input>::new(),
            steps: steps.to_vec(),
            output: Output { directory: PathBuf::new(), shard_megabytes: 1, columns: None },
            seed: 0,
            max_bad_rows: None,
            max_bad_ratio: 1.0,
            tests: Vec::new(),
            text: String::new(),
            path: PathBuf::new(),
            places: Vec::new(),
        };
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
                        result.insert("reason".into(), value(batch.column(rows::DETAIL), row));
                    }
                } else {
                    for slot in IDENTITY + 1..batch.num_columns() {
                        result.insert(batch.schema().field(slot).name().clone(), value(batch.column(slot), row));
                    }
                }
                made.entry(number).or_default().push(result);
            }
        }
        Ok(made.into_values().flatten().collect())
    }
}

/// Runs a pipeline's own tests on its row steps; returns a message per failure. Table steps are passed over.
///
/// # Errors
/// When the steps cannot be compiled.
pub fn run_tests(pipeline: &Pipeline) -> Result<Vec<String>> {
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
        let row = rows.first();
        let dropped = row.and_then(|row| row.get("dropped_by"));
        let matches = match (&test.expect, dropped) {
            (Value::Null, dropped) => dropped.is_some(),
            (_, Some(_)) => false,
            (Value::Object(fields), None) => {
                fields.iter().all(|(name, value)| row.and_then(|row| row.get(name)) == Some(value))
            }
            (text, None) => row.and_then(|row| row.get("text")) == Some(text),
        };
        if !matches {
            let found = dropped.map_or_else(
                || row.cloned().map(Value::Object).unwrap_or_default(),
                |by| format!("dropped by {by}").into(),
            );
            failures.push(format!("test {number}: expected {}, found {found}", test.expect));
        }
    }
    Ok(failures)
}

fn batch(given: &[Row], fields: &[arrow::datatypes::Field]) -> RecordBatch {
    let count = given.len();
    let text = |name: &str| -> ArrayRef {
        Arc::new(
            given
                .iter()
                .map(|row| match row.get(name) {
                    None | Some(Value::Null) => None,
                    Some(Value::String(text)) => Some(text.clone()),
                    Some(other) => Some(other.to_string()),
                })
                .collect::<StringArray>(),
        )
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

/// A cell as JSON.
fn value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().value(row).into(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().value(row).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            (0..items.len()).map(|item| value(&items, item)).collect()
        }
        DataType::Struct(fields) => {
            let cells = column.as_struct();
            fields
                .iter()
                .zip(cells.columns())
                .map(|(field, cell)| (field.name().clone(), value(cell, row)))
                .collect::<Row>()
                .into()
        }
        _ => arrow::util::display::array_value_to_string(column, row).unwrap_or_default().into(),
    }
}
