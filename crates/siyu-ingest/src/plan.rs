//! From a pipeline to segments: row steps fused between exchanges. Planning reads no documents.

use crate::error::{Error, Result};
use crate::fused::{Compiled, Fused};
use crate::input::{Wanted, WantedColumn};
use crate::near::Job;
use crate::operator::{Action, Key, TableOperator};
use crate::pipeline::Pipeline;
use crate::rows::{self, IDENTITY};
use crate::shards::{packing, written_columns};
use crate::step::{Operator, Step};
use arrow::datatypes::{DataType, Field};
use siyu_dataset::{SEQ_LENGTHS, packed_schema};
use std::sync::Arc;

/// The columns that `tokenize` makes.
const TOKENIZED: [&str; 3] = ["input_ids", "labels", "token_count"];

/// A pipeline as it will run.
#[derive(Debug)]
pub struct Plan {
    pub(crate) wanted: Wanted,
    pub(crate) segments: Vec<Segment>,
    /// Each step as reports name it, such as `3 mask_pii`.
    pub labels: Vec<String>,
}

/// What happens between two exchanges.
#[derive(Debug)]
pub(crate) struct Segment {
    /// How the rows arrive: from an exchange, or from the input when absent.
    pub(crate) arrival: Option<Arrival>,
    /// Columns of the arriving rows behind the identity columns.
    pub(crate) fields: Vec<Field>,
    /// Columns of the rows that the exchange's action lets through.
    pub(crate) resolved: Vec<Field>,
    /// What is done to each row.
    pub(crate) steps: Arc<Fused>,
}

/// How rows meet.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) key: Key,
    pub(crate) action: Action,
    /// Slots of the key's columns.
    pub(crate) slots: Vec<usize>,
    /// Index of the step that asked for it; none for the last, which only orders.
    pub(crate) step: Option<usize>,
    /// What to find out about the rows as a whole.
    pub(crate) near: Option<Arc<Job>>,
    /// Slot of the column that the action makes or replaces.
    pub(crate) writes: Option<usize>,
}

impl Plan {
    /// Lays out the columns and compiles every step, reading the files that steps name.
    ///
    /// # Errors
    /// [`Error::Pipeline`] at the step that cannot work.
    pub fn new(pipeline: &Pipeline) -> Result<Self> {
        let wanted = wanted(pipeline)?;
        let mut layout: Vec<Field> = vec![Field::new("source", DataType::Utf8, false)];
        layout.extend(wanted.iter().map(|name| Field::new(name, DataType::Utf8, true)));
        let mut segments = Vec::new();
        let (mut arrival, mut before, mut resolved, mut compiled) = (None, layout.clone(), layout.clone(), Vec::new());
        check_split(pipeline)?;
        check_packing(pipeline)?;
        for (index, step) in pipeline.steps.iter().enumerate() {
            match step.operator() {
                Operator::Row(_) => {
                    let step = compile(index, step, &mut layout).map_err(|error| pipeline.at_step(index, &error))?;
                    compiled.push(step);
                }
                Operator::Table(table) => {
                    segments.push(segment(arrival, [&before, &resolved, &layout], std::mem::take(&mut compiled)));
                    before.clone_from(&layout);
                    let met = meet(index, table, &mut layout).map_err(|error| pipeline.at_step(index, &error))?;
                    arrival = Some(met);
                    resolved.clone_from(&layout);
                }
            }
        }
        segments.push(segment(arrival, [&before, &resolved, &layout], compiled));
        if segments.len() == 1 {
            let key = Key::Position { seed: pipeline.seed };
            let arrival =
                Arrival { key, action: Action::Order, slots: Vec::new(), step: None, near: None, writes: None };
            segments.push(segment(Some(arrival), [&layout, &layout, &layout], Vec::new()));
        }
        let labels = (1..).zip(&pipeline.steps).map(|(number, step)| format!("{number} {}", step.name())).collect();
        let columns = wanted.into_iter().map(|name| WantedColumn { required: name == "text", name }).collect();
        Ok(Self { wanted: Wanted { columns }, segments, labels })
    }
}

/// What a run does between two places where rows meet, in words.
#[derive(Debug)]
pub struct Stage {
    /// The step that brings the rows together; none for the input, and for a stage that only orders.
    pub arrives_by: Option<String>,
    /// Names of the rows' columns in front of the steps.
    pub columns_before: Vec<String>,
    /// What is done to each row, as reports name it.
    pub steps: Vec<String>,
}

impl Plan {
    /// The stages of a run in their order.
    pub fn stages(&self) -> Vec<Stage> {
        let stage = |segment: &Segment| Stage {
            arrives_by: segment.arrival.as_ref().and_then(|arrival| arrival.step).map(|step| self.labels[step].clone()),
            columns_before: segment
                .resolved
                .iter()
                .map(|field| field.name().clone())
                .filter(|name| name != "source")
                .collect(),
            steps: segment.steps.steps.iter().map(|step| self.labels[step.index].clone()).collect(),
        };
        self.segments.iter().map(stage).collect()
    }

    /// Names and types of the columns that the dataset will have.
    ///
    /// # Panics
    /// Never: a plan has segments.
    pub fn columns(&self, pipeline: &Pipeline) -> Vec<(String, String)> {
        let last = self.segments.last().expect("a plan has at least two segments");
        let (_, documents) = written_columns(&last.steps.output, pipeline.output.columns.as_deref());
        let schema = if packing(pipeline).is_some() { packed_schema(&documents) } else { documents };
        schema.fields().iter().map(|field| (field.name().clone(), field.data_type().to_string())).collect()
    }
}

/// A segment whose rows have the first of these columns when they arrive, the second once they are resolved, and the
/// last when they leave.
fn segment(arrival: Option<Arrival>, columns: [&Vec<Field>; 3], steps: Vec<Compiled>) -> Segment {
    let [fields, resolved, after] = columns;
    Segment { arrival, fields: fields.clone(), resolved: resolved.clone(), steps: Arc::new(Fused::new(after, steps)) }
}

/// How rows meet for a table step; adds the column it makes.
fn meet(index: usize, table: &dyn TableOperator, layout: &mut Vec<Field>) -> Result<Arrival> {
    let slots = slots(&table.reads(), layout)?;
    let all = rows::schema(layout);
    let inputs: Vec<Field> = slots.iter().map(|&slot| all.field(slot).clone()).collect();
    let near = table.job(&inputs)?.map(Arc::new);
    let writes = table.writes().map(|field| IDENTITY + put(field, layout));
    Ok(Arrival { key: table.key(), action: table.action(), slots, step: Some(index), near, writes })
}

/// Puts a field in the place of the one with its name, or behind all others; returns its place.
fn put(field: Field, layout: &mut Vec<Field>) -> usize {
    let place = layout.iter().position(|known| known.name() == field.name());
    if let Some(place) = place {
        layout[place] = field;
        return place;
    }
    layout.push(field);
    layout.len() - 1
}

/// Names that the input must give: those that entries map, then those that steps read before any step wrote them.
fn wanted(pipeline: &Pipeline) -> Result<Vec<String>> {
    let mut wanted: Vec<String> = Vec::new();
    for name in pipeline.input.iter().flat_map(|input| input.columns.keys()) {
        if name != "id" && !wanted.contains(name) {
            wanted.push(name.clone());
        }
    }
    let mut made: Vec<String> = vec!["id".into(), "source".into(), "source_row".into()];
    for (index, step) in pipeline.steps.iter().enumerate() {
        let available: Vec<String> = made.iter().chain(&wanted).cloned().collect();
        let at = |error: Error| pipeline.at_step(index, &error);
        let reads = match step.operator() {
            Operator::Row(row) => row.reads(&available).map_err(at)?,
            Operator::Table(table) => table.reads(),
        };
        for name in reads {
            if !made.contains(&name) && !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        made.extend(step.written_names());
    }
    if wanted.is_empty() {
        wanted.push("text".to_owned());
    }
    Ok(wanted)
}

/// Compiles a row step against the columns so far and adds those it makes.
fn compile(index: usize, step: &Step, layout: &mut Vec<Field>) -> Result<Compiled> {
    let Operator::Row(row) = step.operator() else { unreachable!("only row steps are compiled") };
    let mut available: Vec<String> = vec!["id".into(), "source_row".into()];
    available.extend(layout.iter().map(|field| field.name().clone()));
    let reads = slots(&row.reads(&available)?, layout)?;
    let all = rows::schema(layout);
    let inputs: Vec<Field> = reads.iter().map(|&slot| all.field(slot).clone()).collect();
    let mut writes = Vec::new();
    for field in row.writes(&inputs)? {
        writes.push(IDENTITY + put(field, layout));
    }
    Ok(Compiled { index, reads, writes, kernel: row.build(&inputs)?, after: rows::schema(layout) })
}

fn slots(names: &[String], layout: &[Field]) -> Result<Vec<usize>> {
    let all = rows::schema(layout);
    let slot = |name: &String| {
        all.index_of(name).map_err(|_| {
            let has = layout.iter().map(|field| field.name().clone()).collect();
            Error::NoSuchColumn { column: name.clone(), has }
        })
    };
    names.iter().map(slot).collect()
}

/// Refuses what would let one text reach two sides of a split.
fn check_split(pipeline: &Pipeline) -> Result<()> {
    let mut divided: Option<&[String]> = None;
    for (index, step) in pipeline.steps.iter().enumerate() {
        if let Some(columns) = divided
            && let Some(name) = step.written_names().into_iter().find(|name| columns.contains(name))
        {
            return Err(pipeline.at_step(index, &Error::ChangedAfterSplit { column: name }));
        }
        if let Step::Split(split) = step {
            divided = Some(&split.columns);
        }
    }
    Ok(())
}

/// Refuses what packed rows could not hold: tokens changed by a later step, none written, or a column of documents that
/// has the name of their lengths.
fn check_packing(pipeline: &Pipeline) -> Result<()> {
    let packs = |step: &Step| matches!(step, Step::Tokenize(step) if step.pack);
    let Some(index) = pipeline.steps.iter().position(packs) else { return Ok(()) };
    let refused = |problem: String| Err(pipeline.at_step(index, &Error::setting("tokenize", "pack", problem)));
    for later in &pipeline.steps[index + 1..] {
        if let Some(name) = later.written_names().iter().find(|name| TOKENIZED.contains(&name.as_str())) {
            return refused(format!("`{name}` is what rows are packed by, and a later `{}` changes it", later.name()));
        }
    }
    if pipeline.output.columns.as_ref().is_some_and(|columns| !columns.iter().any(|name| name == TOKENIZED[0])) {
        return refused("packed rows need `input_ids` among `output.columns`".to_owned());
    }
    let mapped = pipeline.input.iter().flat_map(|input| input.columns.keys().cloned());
    if mapped.chain(pipeline.steps.iter().flat_map(Step::written_names)).any(|name| name == SEQ_LENGTHS) {
        return refused(format!("it writes the column `{SEQ_LENGTHS}`, and there is one already; rename that"));
    }
    Ok(())
}
