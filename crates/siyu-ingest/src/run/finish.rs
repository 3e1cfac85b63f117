//! From parts to a dataset: shards joined, sums made and checked, everything moved into place, the manifest last.

use super::install::install;
use super::recheck::recheck;
use super::stages::{Engine, Stages, unwrap_external};
use crate::audit;
use crate::error::{Error, Result};
use crate::exchange::{Run, Tally};
use crate::exec::{Node, ScratchScan, sorted};
use crate::near;
use crate::report::{ReportFacts, write_card, write_report};
use crate::rows::{FILE, PART, SOURCE_ROW, schema as row_schema};
use crate::shards::{AuditList, Dead, DeadLists, Part, join_shards, packing, written_columns};
use crate::statistics::Statistics;
use crate::step::Step;
use crate::steps::load_tokenizer;
use arrow::datatypes::{Field, SchemaRef};
use futures::StreamExt;
use siyu_dataset::{
    ColumnRecord, Dataset, FORMAT_VERSION, InputRecord, LeakProof, Manifest, PackingRecord, PartRecord, PipelineRecord,
    RowTotals, ShardRecord, SplitRecord, StepRecord, TokenizerRecord, packed_schema,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Writes the dataset of a finished run.
pub(crate) fn finish(engine: &Engine<'_>, stages: &Stages, runtime: &Runtime) -> Result<Manifest> {
    let staging = engine.scratch.empty_folder("staging")?;
    let last = engine.plan.segments.last().expect("a plan has at least two segments");
    let (_, schema) = written_columns(&last.steps.output, engine.pipeline.output.columns.as_deref());
    let shards = shard_count(engine);
    let threads = engine.options.threads;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Error::Threads { threads, source: std::io::Error::other(error) })?;
    let parts = engine.parts_folder()?;
    let go_on = || engine.progress.go_on();
    let pack = packing(engine.pipeline);
    let shards = pool.install(|| join_shards(&parts, &stages.parts, shards, (&schema, pack), &staging, go_on))?;
    let personal_data_check = pool.install(|| recheck(engine, &shards, &schema, &staging))?;
    go_on()?;
    let dead = runtime.block_on(dead_lists(engine, stages, &staging))?;
    let audit = runtime.block_on(audit_list(engine, stages, &staging))?;
    let tally = tally(stages);
    let read: u64 = tally.files.values().map(|(rows, _)| rows).sum();
    if read != stages.rows_read {
        return Err(Error::ScratchGone { path: engine.exchange_folder(1)? });
    }
    let mut manifest = Manifest {
        format_version: FORMAT_VERSION,
        siyu_version: env!("CARGO_PKG_VERSION").to_owned(),
        pipeline: PipelineRecord {
            files: engine.identity.files.clone(),
            keys: engine.identity.keys.clone(),
            ..PipelineRecord::of(&engine.pipeline.text)
        },
        tokenizer: tokenizer(engine)?,
        seed: engine.pipeline.seed,
        inputs: inputs(engine, stages, &tally),
        steps: steps(engine, &tally)?,
        rows: RowTotals::default(),
        personal_data: personal_data(&tally),
        personal_data_check,
        audit,
        split: None,
        packing: pack.map(|max_tokens| packed_rows(max_tokens, &shards)),
        columns: if pack.is_some() { columns(&packed_schema(&schema)) } else { columns(&schema) },
        shards,
        dropped: dead.dropped,
        quarantine: dead.quarantine,
    };
    manifest.rows = totals(&manifest, &tally);
    manifest.split = split(engine, stages, &manifest, &staging)?;
    check_sum(&manifest)?;
    pool.install(|| apart(&manifest, &staging))?;
    let mut statistics = Statistics::default();
    for part in &stages.parts {
        statistics.merge(part.statistics.clone());
    }
    let title = engine.pipeline.path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let Dead { drop_reasons, quarantine_reasons, .. } = dead;
    let near = stages.decisions.iter().map(|decisions| decisions.report.clone()).collect();
    let facts = ReportFacts { title, manifest: manifest.clone(), statistics, drop_reasons, quarantine_reasons, near };
    write_report(&staging, &facts).and_then(|()| write_card(&staging, &facts)).map_err(Error::write(&staging))?;
    go_on()?;
    install(&staging, &engine.scratch.path, &engine.pipeline.output.directory, &manifest)?;
    Ok(manifest)
}

/// How documents share the rows of the shards.
fn packed_rows(max_tokens: u32, shards: &[ShardRecord]) -> PackingRecord {
    PackingRecord {
        max_tokens: u64::from(max_tokens),
        rows: shards.iter().map(|shard| shard.rows).sum(),
        documents: shards.iter().map(ShardRecord::document_count).sum(),
        tokens: shards.iter().filter_map(|shard| shard.tokens).sum(),
    }
}

fn columns(schema: &SchemaRef) -> Vec<ColumnRecord> {
    let record = |field: &Arc<Field>| ColumnRecord { name: field.name().clone(), kind: field.data_type().to_string() };
    schema.fields().iter().map(record).collect()
}

/// Shards per side: a function of the input's size and the setting alone.
fn shard_count(engine: &Engine<'_>) -> u32 {
    let bytes: u64 = engine.sources.iter().map(|source| source.bytes).sum();
    let wanted = bytes.div_ceil(engine.pipeline.output.shard_megabytes << 20).max(1);
    u32::try_from(wanted.next_power_of_two()).unwrap_or(u32::MAX).min(engine.buckets)
}

/// Lists the rows that ended on the way, in the order of the input and however many they are.
async fn dead_lists(engine: &Engine<'_>, stages: &Stages, staging: &Path) -> Result<Dead> {
    let names = engine.sources.iter().map(|source| source.name.clone()).collect();
    let mut lists = DeadLists::new(names, engine.plan.labels.clone(), staging);
    let paths = scratch_files(engine, stages, "dead", |run| run.dead_rows > 0, |part| part.dead_rows > 0)?;
    let scan = ScratchScan { paths, schema: row_schema(&[]) }.plan(None);
    let plan = sorted(scan, &[FILE, SOURCE_ROW, PART]);
    let mut rows = plan.execute(0, engine.session.task_ctx()).map_err(unwrap_external)?;
    while let Some(batch) = rows.next().await {
        lists.push(&batch.map_err(unwrap_external)?)?;
    }
    lists.finish()
}

/// Lists what was masked, where a step asks for it, in the order of the input and however much it is.
async fn audit_list(engine: &Engine<'_>, stages: &Stages, staging: &Path) -> Result<Option<Vec<PartRecord>>> {
    let asks = |step: &Step| matches!(step, Step::MaskPii(mask) if mask.audit);
    if !engine.pipeline.steps.iter().any(asks) {
        return Ok(None);
    }
    let names = engine.sources.iter().map(|source| source.name.clone()).collect();
    let mut list = AuditList::new(names, staging);
    let paths = scratch_files(engine, stages, "audit", |run| run.audit_rows > 0, |part| part.audit_rows > 0)?;
    let plan = sorted(ScratchScan { paths, schema: audit::schema() }.plan(None), &audit::SORTED);
    let mut rows = plan.execute(0, engine.session.task_ctx()).map_err(unwrap_external)?;
    while let Some(batch) = rows.next().await {
        list.push(&batch.map_err(unwrap_external)?)?;
    }
    list.finish().map(Some)
}

/// The files that runs and parts put aside under a name, of those that have any.
fn scratch_files(
    engine: &Engine<'_>,
    stages: &Stages,
    name: &str,
    of_run: fn(&Run) -> bool,
    of_part: fn(&Part) -> bool,
) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for (number, exchange) in (1..).zip(&stages.exchanges) {
        let folder = engine.exchange_folder(number)?;
        let runs = exchange.runs.iter().filter(|run| of_run(run));
        paths.extend(runs.map(|run| folder.join(format!("{}.{name}.arrow", run.name))));
    }
    let folder = engine.parts_folder()?;
    let parts = stages.parts.iter().filter(|part| of_part(part));
    paths.extend(parts.map(|part| folder.join(format!("part-{:08}.{name}.arrow", part.bucket))));
    Ok(paths)
}

fn tally(stages: &Stages) -> Tally {
    let mut sum = Tally::default();
    for run in stages.exchanges.iter().flat_map(|exchange| &exchange.runs) {
        sum.add(&run.tally);
    }
    sum.rows = 0;
    for part in &stages.parts {
        sum.add(&part.tally);
    }
    sum
}

fn inputs(engine: &Engine<'_>, stages: &Stages, tally: &Tally) -> Vec<InputRecord> {
    let record = |(number, source): (u32, &crate::input::Source)| {
        let (rows, quarantined) = tally.files.get(&number).copied().unwrap_or_default();
        let facts = stages.files.iter().find(|facts| facts.file == number);
        InputRecord {
            source: source.name.clone(),
            format: serde_json::to_value(source.format)
                .ok()
                .and_then(|name| name.as_str().map(str::to_owned))
                .unwrap_or_default(),
            encoding: facts.map(|facts| facts.encoding.clone()),
            bytes: source.bytes,
            blake3: facts.map(|facts| facts.blake3.clone()).unwrap_or_default(),
            rows,
            quarantined,
        }
    };
    (0..).zip(engine.sources.iter()).map(record).collect()
}

fn steps(engine: &Engine<'_>, tally: &Tally) -> Result<Vec<StepRecord>> {
    let read: u64 = tally.files.values().map(|(rows, bad)| rows - bad).sum();
    let mut rows = read;
    let mut records = Vec::new();
    for (index, label) in engine.plan.labels.iter().enumerate() {
        let outcome = u16::try_from(index + 1).expect("few steps");
        let dropped = tally.dead.get(&outcome).copied().unwrap_or(0);
        let created = tally.notes.get(&format!("created:{index}")).copied().unwrap_or(0);
        let rows_out = rows + created - dropped;
        let notes = match &engine.pipeline.steps[index] {
            Step::Decontaminate(step) => step.note()?.into_iter().collect(),
            _ => Vec::new(),
        };
        records.push(StepRecord { step: label.clone(), rows_in: rows, rows_out, dropped, created, notes });
        rows = rows_out;
    }
    Ok(records)
}

fn totals(manifest: &Manifest, tally: &Tally) -> RowTotals {
    RowTotals {
        input: manifest.inputs.iter().map(|input| input.rows).sum(),
        created: manifest.steps.iter().map(|step| step.created).sum(),
        written: tally.rows,
        dropped: manifest.dropped.iter().map(|part| part.rows).sum(),
        quarantined: manifest.quarantine.iter().map(|part| part.rows).sum(),
    }
}

/// Every row ended in exactly one place, counted twice: by the lists that were written and by the steps.
fn check_sum(manifest: &Manifest) -> Result<()> {
    let rows = &manifest.rows;
    let shards = manifest.document_count();
    let last = manifest.steps.last().map_or(rows.input - rows.quarantined, |step| step.rows_out);
    if rows.input + rows.created == rows.written + rows.dropped + rows.quarantined
        && shards == rows.written
        && last == shards
    {
        return Ok(());
    }
    Err(Error::RowSum {
        sums: format!(
            "{} read and {} made, but {} written, {} dropped, {} quarantined ({shards} in shards, {last} after the last step)",
            rows.input, rows.created, rows.written, rows.dropped, rows.quarantined
        ),
    })
}

fn personal_data(tally: &Tally) -> BTreeMap<String, u64> {
    let is_kind = |name: &str| name.parse::<siyu_text::pii::Kind>().is_ok();
    tally.notes.iter().filter(|(name, _)| is_kind(name)).map(|(name, count)| (name.clone(), *count)).collect()
}

fn split(engine: &Engine<'_>, stages: &Stages, manifest: &Manifest, staging: &Path) -> Result<Option<SplitRecord>> {
    let split =
        engine.pipeline.steps.iter().find_map(|step| if let Step::Split(split) = step { Some(split) } else { None });
    let Some(split) = split else { return Ok(None) };
    let mut rows = BTreeMap::new();
    for shard in &manifest.shards {
        *rows.entry(shard.split.clone()).or_default() += shard.document_count();
    }
    let decisions = stages.decisions.iter().find(|decisions| decisions.report.divided.is_some());
    let ledger = near::write_ledger(&stages.decisions, staging)?;
    let divided = decisions.and_then(|decisions| decisions.report.divided.clone()).unwrap_or_default();
    let rule = split.rule();
    Ok(Some(SplitRecord {
        by: rule.by(),
        shares: split.asked(),
        leak: LeakProof { method: rule.method(), checked: SplitRecord::pairs(&rows), found: 0, near: Some(rule) },
        rows,
        ledger,
        warnings: divided.warnings,
        moved: divided.moved,
        moved_ids: divided.moved_ids,
    }))
}

/// Refuses rows that are equal on two sides in all that is written, the split having gone by what is not.
fn apart(manifest: &Manifest, staging: &Path) -> Result<()> {
    let Some(split) = &manifest.split else { return Ok(()) };
    let staged = Dataset::of(staging, manifest.clone()).map_err(Error::Dataset)?;
    staged.prove_apart().map_err(|error| match error {
        leak @ siyu_dataset::Error::Leak { .. } => {
            let columns = split.leak.near.iter().flat_map(|rule| &rule.columns).cloned().collect::<Vec<_>>();
            Error::EqualAfterSplit { leak: leak.to_string(), columns: columns.join("`, `") }
        }
        error => Error::Dataset(error),
    })
}

fn tokenizer(engine: &Engine<'_>) -> Result<Option<TokenizerRecord>> {
    let step =
        engine.pipeline.steps.iter().find_map(|step| if let Step::Tokenize(step) = step { Some(step) } else { None });
    let Some(step) = step else { return Ok(None) };
    let json = fs::read(&step.tokenizer).map_err(Error::read(&step.tokenizer))?;
    let hash = blake3::hash(&json).to_hex().to_string();
    let engine = format!("{:?}", load_tokenizer("tokenize", &step.tokenizer)?.engine()).to_lowercase();
    Ok(Some(TokenizerRecord { path: step.tokenizer.display().to_string(), hash, engine }))
}
