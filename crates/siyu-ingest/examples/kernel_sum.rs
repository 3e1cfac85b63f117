//! CPU-seconds of a pipeline's reading, steps, comparing and writing, each alone: `cargo run --release --example kernel_sum --
//! PIPELINE`. What a whole run spends beyond their sum is the engine's own cost.
//!
//! The rows are held in memory: a hundred megabytes of input are enough.

#![expect(clippy::print_stdout, reason = "the result goes to stdout")]

use std::error::Error;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use siyu_ingest::input::{Cutter, Source, Wanted, WantedColumn, discover, parse};
use siyu_ingest::operator::RowOperator;
use siyu_ingest::step::Operator;
use siyu_ingest::{Pipeline, Step, folded_hash, shard_properties};
use siyu_text::near::{Shingler, Shingles, Sketcher};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let path: PathBuf = std::env::args().nth(1).ok_or("usage: kernel_sum PIPELINE")?.into();
    let pipeline = Pipeline::from_path(&path, &[])?;
    let sources: Arc<[Source]> = discover(&pipeline.input)?.into();
    let megabytes = sources.iter().map(|source| source.bytes).sum::<u64>() as f64 / 1e6;
    let mut sum = 0.0;
    let mut report = |name: &str, spent: f64| {
        println!("{name:<24} {spent:>7.2} CPU-s  {:>7.1} ms/MB", spent * 1e3 / megabytes);
        sum += spent;
    };
    let (mut batches, spent) = read(&sources)?;
    report("read", spent);
    for step in &pipeline.steps {
        match (step, step.operator()) {
            (_, Operator::Row(operator)) => report(step.name(), apply(operator, &mut batches)?),
            (Step::ExactDedup(_), _) => report(step.name(), hash(&batches)?),
            (Step::Split(split), _) => report(step.name(), sketch(split.shingles, &batches)?),
            (Step::NearDedup(near), _) => report(step.name(), sketch(near.shingles, &batches)?),
            _ => {}
        }
    }
    report("write", write(&batches)?);
    for step in &pipeline.steps {
        // The finished shards are searched once more.
        if let (Step::MaskPii(mask), Operator::Row(operator)) = (step, step.operator())
            && mask.recheck
        {
            report("recheck", apply(operator, &mut batches)?);
        }
    }
    println!("{:<24} {sum:>7.2} CPU-s  {:>7.1} ms/MB for {megabytes:.0} MB", "sum", sum * 1e3 / megabytes);
    Ok(())
}

/// Time that this thread has spent on a processor, which other processes do not change.
fn cpu_seconds() -> Result<f64> {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(spent.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn read(sources: &Arc<[Source]>) -> Result<(Vec<RecordBatch>, f64)> {
    let column = |name: &str| WantedColumn { name: name.to_owned(), required: false };
    let wanted = Wanted { columns: vec![column("text")] };
    let start = cpu_seconds()?;
    let mut cutter = Cutter::new(Arc::clone(sources));
    let mut batches = Vec::new();
    while let Some(block) = cutter.next()? {
        for parsed in parse(&block, sources, &wanted) {
            batches.push(parsed?.rows);
        }
    }
    Ok((batches, cpu_seconds()? - start))
}

/// Takes every batch through one step.
fn apply(operator: &dyn RowOperator, batches: &mut [RecordBatch]) -> Result<f64> {
    let Some(first) = batches.first() else { return Ok(0.0) };
    let schema = first.schema();
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let reads = operator.reads(&names)?;
    let inputs: Vec<Field> =
        reads.iter().map(|name| schema.field_with_name(name).cloned()).collect::<std::result::Result<_, _>>()?;
    let writes = operator.writes(&inputs)?;
    let kernel = operator.build(&inputs)?;
    let mut spent = 0.0;
    for batch in batches {
        let columns: Vec<ArrayRef> = reads.iter().filter_map(|name| batch.column_by_name(name).cloned()).collect();
        let start = cpu_seconds()?;
        let verdict = kernel(&columns)?;
        spent += cpu_seconds()? - start;
        *batch = with_columns(batch, &writes, verdict.columns)?;
        if let Some(keep) = verdict.keep {
            *batch = filter_record_batch(batch, &keep)?;
        }
    }
    Ok(spent)
}

/// The hash by which copies are found.
fn hash(batches: &[RecordBatch]) -> Result<f64> {
    let start = cpu_seconds()?;
    for batch in batches {
        let texts = batch.column_by_name("text").ok_or("there is no text to compare")?;
        texts.as_string::<i32>().iter().for_each(|text| {
            black_box(folded_hash(&[text]));
        });
    }
    Ok(cpu_seconds()? - start)
}

/// Signature and set of shingles of each text: what a document costs that is compared with another. In the benchmark's
/// input nearly every page resembles some other.
fn sketch(shingles: Shingles, batches: &[RecordBatch]) -> Result<f64> {
    let (mut shingler, sketcher, mut sketch) = (Shingler::new(shingles), Sketcher::new(128), Vec::new());
    let start = cpu_seconds()?;
    for batch in batches {
        let texts = batch.column_by_name("text").ok_or("there is no text to compare")?;
        for text in texts.as_string::<i32>() {
            let text = text.unwrap_or_default();
            sketcher.sketch(shingler.hashes(text).0, &mut sketch);
            black_box(shingler.set(text));
        }
    }
    Ok(cpu_seconds()? - start)
}

fn with_columns(batch: &RecordBatch, fields: &[Field], columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    let mut all: Vec<(Field, ArrayRef)> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true))
        .zip(batch.columns().iter().cloned())
        .collect();
    for (field, column) in fields.iter().zip(columns) {
        let entry = (field.clone().with_nullable(true), column);
        match all.iter_mut().find(|(known, _)| known.name() == field.name()) {
            Some(known) => *known = entry,
            None => all.push(entry),
        }
    }
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = all.into_iter().unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn write(batches: &[RecordBatch]) -> Result<f64> {
    let Some(first) = batches.first() else { return Ok(0.0) };
    let start = cpu_seconds()?;
    let mut writer = ArrowWriter::try_new(std::io::sink(), first.schema(), Some(shard_properties()))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(cpu_seconds()? - start)
}
