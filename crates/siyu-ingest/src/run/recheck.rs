//! The last gate before a dataset is published: masked columns, and what was made of them, are searched once more.
//!
//! A step after masking can make a telephone number of two halves, and a mask can name columns that a later step does
//! not use. What the shards say is what a model learns, so the shards themselves are read.

use super::stages::Engine;
use crate::error::{Error, Result};
use crate::files;
use crate::shards::{packing, parquet_error};
use crate::step::Step;
use crate::steps::load_tokenizer;
use crate::steps::mask_pii::MaskPii;
use arrow::array::{Array, AsArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, SchemaRef, UInt32Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use rayon::prelude::*;
use siyu_dataset::{Documents, PersonalDataCheck, SEQ_LENGTHS, ShardRecord};
use siyu_text::pii::{Detector, Kind};
use siyu_text::tokenizer::Tokenizer;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Kinds to look for, by column.
type Wanted = BTreeMap<String, BTreeSet<Kind>>;

/// What is looked for, and where.
struct Gate {
    detectors: BTreeMap<String, Detector>,
    /// Texts that masking itself leaves behind.
    tokens: Vec<String>,
    /// Decodes `input_ids`, where the shards hold no text.
    tokenizer: Option<(Arc<Tokenizer>, Detector)>,
    /// Whether rows hold several documents.
    packed: bool,
}

/// A row group of a shard, and how many rows of the shard lie before it.
struct Job<'a> {
    shard: &'a ShardRecord,
    metadata: ArrowReaderMetadata,
    group: usize,
    rows_before: u64,
}

/// Searches the staged shards for the kinds that were masked; the first survivor ends the run.
///
/// # Errors
/// [`Error::Survivor`] with the kind, the shard, the row and its id; never the value.
pub(super) fn recheck(
    engine: &Engine<'_>,
    shards: &[ShardRecord],
    schema: &SchemaRef,
    staging: &Path,
) -> Result<Option<PersonalDataCheck>> {
    let wanted = wanted(engine);
    if wanted.is_empty() {
        return Ok(None);
    }
    let gate = Gate::new(engine, &wanted, schema)?;
    let mut jobs = Vec::new();
    for shard in shards {
        jobs.extend(row_groups(shard, staging)?);
    }
    let search = |job: &Job<'_>| {
        engine.progress.go_on()?;
        gate.search(job, staging)
    };
    let survivors: Vec<Option<Error>> = jobs.par_iter().map(search).collect::<Result<_>>()?;
    if let Some(first) = survivors.into_iter().flatten().next() {
        return Err(first);
    }
    let kinds: BTreeSet<Kind> = wanted.values().flatten().copied().collect();
    let columns =
        if gate.tokenizer.is_some() { vec!["input_ids".to_owned()] } else { gate.detectors.keys().cloned().collect() };
    let rows = if columns.is_empty() { 0 } else { shards.iter().map(ShardRecord::document_count).sum() };
    let kinds = kinds.iter().map(|kind| kind.name().to_owned()).collect();
    Ok(Some(PersonalDataCheck { kinds, columns, rows, found: 0 }))
}

/// The columns that were masked, and those that steps made of them afterwards, with the kinds of their masks.
fn wanted(engine: &Engine<'_>) -> Wanted {
    let mut by_slot: BTreeMap<usize, BTreeSet<Kind>> = BTreeMap::new();
    for step in engine.plan.segments.iter().flat_map(|segment| &segment.steps.steps) {
        let mut kinds: BTreeSet<Kind> =
            step.reads.iter().filter_map(|slot| by_slot.get(slot)).flatten().copied().collect();
        if let Step::MaskPii(mask) = &engine.pipeline.steps[step.index]
            && mask.recheck
        {
            kinds.extend(&mask.kinds);
        }
        if !kinds.is_empty() {
            for &slot in &step.writes {
                by_slot.entry(slot).or_default().extend(&kinds);
            }
        }
    }
    let last = engine.plan.segments.last().expect("a plan has at least two segments");
    by_slot.into_iter().map(|(slot, kinds)| (last.steps.output.field(slot).name().clone(), kinds)).collect()
}

fn row_groups<'a>(shard: &'a ShardRecord, staging: &Path) -> Result<Vec<Job<'a>>> {
    let path = staging.join(&shard.path);
    let file = File::open(&path).map_err(Error::read(&path))?;
    let metadata =
        ArrowReaderMetadata::load(&file, ArrowReaderOptions::default()).map_err(|error| parquet_error(&path, error))?;
    let mut rows_before = 0;
    let mut jobs = Vec::new();
    for group in 0..metadata.metadata().num_row_groups() {
        jobs.push(Job { shard, metadata: metadata.clone(), group, rows_before });
        rows_before += u64::try_from(metadata.metadata().row_group(group).num_rows()).unwrap_or(0);
    }
    Ok(jobs)
}

impl Gate {
    fn new(engine: &Engine<'_>, wanted: &Wanted, schema: &SchemaRef) -> Result<Self> {
        let detector = |kinds: &BTreeSet<Kind>| Detector::new(&kinds.iter().copied().collect::<Vec<_>>());
        let text = |name: &String| schema.field_with_name(name).is_ok_and(|field| holds_text(field.data_type()));
        let detectors: BTreeMap<String, Detector> =
            wanted.iter().filter(|(name, _)| text(name)).map(|(name, kinds)| (name.clone(), detector(kinds))).collect();
        let masks = engine.pipeline.steps.iter().filter_map(|step| match step {
            Step::MaskPii(mask) => Some(mask),
            _ => None,
        });
        let tokens = masks.flat_map(MaskPii::tokens).collect();
        let tokenize = engine.pipeline.steps.iter().find_map(|step| match step {
            Step::Tokenize(step) => Some(step),
            _ => None,
        });
        let tokenizer = match (tokenize, wanted.get("input_ids")) {
            (Some(step), Some(kinds)) if detectors.is_empty() && schema.index_of("input_ids").is_ok() => {
                Some((load_tokenizer("tokenize", &step.tokenizer)?, detector(kinds)))
            }
            _ => None,
        };
        Ok(Self { detectors, tokens, tokenizer, packed: packing(engine.pipeline).is_some() })
    }

    /// The first survivor of a row group.
    fn search(&self, job: &Job<'_>, staging: &Path) -> Result<Option<Error>> {
        let path = staging.join(&job.shard.path);
        let file = File::open(&path).map_err(Error::read(&path))?;
        let failed = |error| parquet_error(&path, error);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, job.metadata.clone());
        let names = self.detectors.keys().map(String::as_str).chain(["id"]);
        let tokens = self.tokenizer.is_some().then_some(["input_ids", SEQ_LENGTHS]);
        let names: Vec<&str> = names.chain(tokens.into_iter().flatten()).collect();
        let roots = builder.schema().fields().iter().enumerate();
        let roots: Vec<usize> =
            roots.filter(|(_, field)| names.contains(&field.name().as_str())).map(|(root, _)| root).collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let batches = builder.with_row_groups(vec![job.group]).with_projection(mask).build().map_err(failed)?;
        let mut row = job.rows_before;
        for batch in batches {
            let rows = batch.map_err(|error| files::arrow_error(&path, error))?;
            let before = row;
            row += rows.num_rows() as u64;
            // Of two documents in one row no value is made that neither holds.
            let apart =
                if self.packed { Documents::of_packed(&rows, before) } else { Ok(Documents::of_rows(rows, before)) };
            let Documents { batch, places } = apart.map_err(|error| files::arrow_error(&path, error))?;
            if let Some((index, kind, column)) = self.survivor(&batch) {
                let id = batch.column_by_name("id").map(AsArray::as_string::<i32>);
                let id = id.filter(|ids| ids.is_valid(index)).map(|ids| ids.value(index).to_owned());
                let shard = job.shard.path.clone();
                let row = places[index].0 + 1;
                return Ok(Some(Error::Survivor { kind: kind.name(), column, shard, row, id: id.unwrap_or_default() }));
            }
        }
        Ok(None)
    }

    fn survivor(&self, batch: &RecordBatch) -> Option<(usize, Kind, String)> {
        let mut first: Option<(usize, Kind, String)> = None;
        let mut note = |row: usize, kind: Kind, name: &str| {
            if first.as_ref().is_none_or(|(earlier, ..)| row < *earlier) {
                first = Some((row, kind, name.to_owned()));
            }
        };
        for (name, detector) in &self.detectors {
            let Some(column) = batch.column_by_name(name) else { continue };
            for row in (0..batch.num_rows()).filter(|&row| column.is_valid(row)) {
                if let Some(kind) = self.in_texts(detector, &texts(column.as_ref(), row)) {
                    note(row, kind, name);
                    break;
                }
            }
        }
        if let Some((tokenizer, detector)) = &self.tokenizer
            && let Some(column) = batch.column_by_name("input_ids")
        {
            let lists = column.as_list::<i32>();
            for row in (0..batch.num_rows()).filter(|&row| lists.is_valid(row)) {
                let ids = lists.value(row).as_primitive::<UInt32Type>().values().to_vec();
                if let Some(kind) = self.in_texts(detector, &[tokenizer.decode(&ids).as_str()]) {
                    note(row, kind, "input_ids");
                    break;
                }
            }
        }
        first
    }

    fn in_texts(&self, detector: &Detector, texts: &[&str]) -> Option<Kind> {
        let value = |text: &str, from: usize, to: usize| {
            text.get(from..to).is_some_and(|value| self.tokens.iter().any(|token| token.contains(value)))
        };
        texts.iter().find_map(|text| {
            detector.find(text).into_iter().find(|one| !value(text, one.start, one.end)).map(|one| one.kind)
        })
    }
}

/// Text, or a conversation of messages.
fn holds_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 => true,
        DataType::List(item) => matches!(item.data_type(), DataType::Struct(_)),
        _ => false,
    }
}

fn texts(column: &dyn Array, row: usize) -> Vec<&str> {
    if let Some(texts) = column.as_string_opt::<i32>() {
        return vec![texts.value(row)];
    }
    let Some(lists) = column.as_list_opt::<i32>() else { return Vec::new() };
    let Some(messages) = lists.values().as_any().downcast_ref::<StructArray>() else { return Vec::new() };
    let offsets = lists.value_offsets();
    let range = usize::try_from(offsets[row]).unwrap_or(0)..usize::try_from(offsets[row + 1]).unwrap_or(0);
    let fields = messages.columns().iter().filter_map(|field| field.as_string_opt::<i32>());
    fields.flat_map(|field| range.clone().filter(|&at| field.is_valid(at)).map(|at| field.value(at))).collect()
}
