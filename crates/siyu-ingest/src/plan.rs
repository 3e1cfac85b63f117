//! From a pipeline to segments: row steps fused between exchanges. Planning reads no documents.

use crate::error::{Error, Result};
use crate::fused::{Compiled, Fused};
use crate::input::{self, Source, Wanted, WantedColumn};
use crate::operator::Kernel;
use crate::pipeline::Pipeline;
use crate::rows::{self, IDENTITY};
use crate::shards::{packing, written_columns};
use crate::step::{Operator, Step};
use arrow::datatypes::{DataType, Field, SchemaRef};
use siyu_dataset::packed_schema;
use std::sync::Arc;
use std::thread::{Scope, ScopedJoinHandle};

mod arrival;
mod divided;
mod order;
mod packed;
mod wanted;

pub(crate) use arrival::{Act, Arrival};

/// A pipeline as it will run.
#[derive(Debug)]
pub struct Plan {
    pub(crate) wanted: Wanted,
    /// Columns that steps read from the input though no entry maps them, and the first step that does.
    asked: Vec<wanted::Asked>,
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
    /// Columns of the rows that the exchange's acts let through.
    pub(crate) resolved: Vec<Field>,
    /// What is done to each row.
    pub(crate) steps: Arc<Fused>,
}

impl Segment {
    /// Indices of the table steps in front of the row steps.
    pub(crate) fn acting(&self) -> impl Iterator<Item = usize> {
        self.arrival.iter().flat_map(|arrival| &arrival.acts).filter_map(|act| act.step)
    }
}

impl Plan {
    /// Lays out the columns and compiles every step, reading the files that steps name.
    ///
    /// # Errors
    /// [`Error::Pipeline`] at the step that cannot work.
    pub fn new(pipeline: &Pipeline) -> Result<Self> {
        std::thread::scope(|scope| Self::drafted(pipeline, scope))
    }

    /// Steps are built on threads of their own: dictionaries and tokenizers take a while to load.
    fn drafted<'a>(pipeline: &'a Pipeline, scope: &'a Scope<'a, '_>) -> Result<Self> {
        let (wanted, asked) = wanted::of(pipeline)?;
        let mut layout: Vec<Field> = vec![Field::new("source", DataType::Utf8, false)];
        layout.extend(wanted.iter().map(|name| Field::new(name, DataType::Utf8, true)));
        let mut segments = Vec::new();
        let (mut arrival, mut before, mut resolved, mut compiled) =
            (None::<Arrival>, layout.clone(), layout.clone(), Vec::new());
        divided::check(pipeline)?;
        packed::check(pipeline)?;
        for index in order::of(pipeline, &wanted)? {
            let step = &pipeline.steps[index];
            let columns = layout.clone();
            match step.operator() {
                Operator::Row(_) => {
                    let step =
                        draft(index, step, &mut layout, scope).map_err(|error| pipeline.at_step(index, &error))?;
                    compiled.push(step);
                }
                Operator::Table(table) => {
                    let act = Act::new(index, table, &mut layout).map_err(|error| pipeline.at_step(index, &error))?;
                    match &mut arrival {
                        Some(arrival) if compiled.is_empty() && arrival.takes(&act, &before) => arrival.acts.push(act),
                        _ => {
                            let next = Arrival { key: table.key(), acts: vec![act] };
                            let compiled = built(pipeline, std::mem::take(&mut compiled))?;
                            segments.push(segment(arrival.replace(next), [&before, &resolved, &columns], compiled));
                            before = columns;
                        }
                    }
                    resolved.clone_from(&layout);
                }
            }
        }
        segments.push(segment(arrival, [&before, &resolved, &layout], built(pipeline, compiled)?));
        if segments.len() == 1 {
            let arrival = Some(Arrival::ordering(pipeline.seed));
            segments.push(segment(arrival, [&layout, &layout, &layout], Vec::new()));
        }
        let labels = (1..).zip(&pipeline.steps).map(|(number, step)| format!("{number} {}", step.name())).collect();
        let columns = wanted.into_iter().map(|name| WantedColumn { required: name == "text", name }).collect();
        Ok(Self { wanted: Wanted { columns }, asked, segments, labels })
    }
}

impl Plan {
    /// Refuses a step that reads a column which no file has, such as a misspelt one.
    ///
    /// # Errors
    /// [`Error::Pipeline`] at the step, and a file that cannot be read.
    pub(crate) fn check_input(&self, pipeline: &Pipeline, sources: &[Source]) -> Result<()> {
        let names: Vec<String> = self.asked.iter().map(|(name, _)| name.clone()).collect();
        let Some((place, has)) = input::absent(sources, &names)? else { return Ok(()) };
        let (column, step) = &self.asked[place];
        let hint = input::hint(column, has.iter().map(String::as_str));
        Err(pipeline.at_step(*step, &Error::NotInInput { column: column.clone(), has, hint }))
    }
}

/// What a run does between two places where rows meet, in words.
#[derive(Debug)]
pub struct Stage {
    /// The steps that bring the rows together; none for the input, and for a stage that only orders.
    pub arrives_by: Vec<String>,
    /// Names of the rows' columns in front of the steps.
    pub columns_before: Vec<String>,
    /// What is done to each row, as reports name it.
    pub steps: Vec<String>,
}

impl Plan {
    /// The stages of a run in their order.
    pub fn stages(&self) -> Vec<Stage> {
        let stage = |segment: &Segment| Stage {
            arrives_by: segment.acting().map(|step| self.labels[step].clone()).collect(),
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

/// A row step whose kernel is being built.
struct Draft<'a> {
    index: usize,
    reads: Vec<usize>,
    writes: Vec<usize>,
    kernel: ScopedJoinHandle<'a, Result<Kernel>>,
    after: SchemaRef,
}

/// Fits a row step to the columns so far, adds those it makes, and begins to build it.
fn draft<'a>(index: usize, step: &'a Step, layout: &mut Vec<Field>, scope: &'a Scope<'a, '_>) -> Result<Draft<'a>> {
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
    let kernel = scope.spawn(move || row.build(&inputs));
    Ok(Draft { index, reads, writes, kernel, after: rows::schema(layout) })
}

/// The steps once they are built; the first that cannot be is named.
fn built(pipeline: &Pipeline, drafts: Vec<Draft<'_>>) -> Result<Vec<Compiled>> {
    let built = drafts.into_iter().map(|draft| {
        let Draft { index, reads, writes, kernel, after } = draft;
        let kernel = kernel.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let kernel = kernel.map_err(|error| pipeline.at_step(index, &error))?;
        Ok(Compiled { index, reads, writes, kernel, after })
    });
    built.collect()
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
