//! `siyu run`.

mod show;

use show::show_while;
use siyu_dataset::Manifest;
use siyu_ingest::Pipeline;
use siyu_ingest::run::progress::Progress;
use siyu_ingest::run::{Outcome, RunOptions, run};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Runs a pipeline and writes its dataset; started again after a kill, it continues.
///
/// Progress goes to standard error and the summary to standard output. The dataset does not depend on threads or
/// memory: the same input and pipeline give the same bytes. Ctrl-C stops after the work at hand, a second one at once.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu run pipelines/legal.yaml
  siyu run pipelines/legal.yaml --threads 8 --memory 16GB
  siyu run pipelines/legal.yaml --set output.directory=out/trial --set steps.text_length.min_chars=50
  siyu run pipelines/legal.yaml --set steps.3.with='<{kind}>'    step 3, counted from 0")]
pub(crate) struct Run {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Worker threads; all cores by default.
    #[arg(long)]
    threads: Option<usize>,
    /// Memory to keep within, such as `4GB`; half the machine by default.
    #[arg(long, value_parser = bytes)]
    memory: Option<u64>,
    /// Overrides a key of the file, such as `output.directory=out/other`; steps go by name or by number from 0.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Starts over, whatever an earlier run left in the output folder.
    #[arg(long)]
    fresh: bool,
    /// Rows in a batch; the dataset does not depend on it.
    #[arg(long, default_value_t = 1024, hide = true)]
    batch_rows: usize,
}

impl Run {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let pipeline = Pipeline::from_path(&self.pipeline, &self.settings)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let options = RunOptions {
            threads: self.threads.unwrap_or(cores).max(1),
            memory: self.memory.unwrap_or_else(half_the_machine),
            fresh: self.fresh,
            batch_rows: self.batch_rows.max(1),
        };
        let progress = Arc::new(Progress::default());
        stop_on_interrupt(&progress)?;
        let started = Instant::now();
        let outcome = show_while(&progress, || run(&pipeline, &options, &progress))?;
        let directory = pipeline.output.directory.display();
        match outcome {
            Outcome::Written(manifest) => {
                summary(&manifest, out)?;
                writeln!(out, "dataset: {directory} ({:.1} s)", started.elapsed().as_secs_f64())?;
            }
            Outcome::Unchanged(manifest) => {
                writeln!(
                    out,
                    "{directory} already holds this dataset ({} rows); `--fresh` writes it again",
                    manifest.row_count()
                )?;
            }
        }
        Ok(())
    }
}

fn summary(manifest: &Manifest, out: &mut impl Write) -> anyhow::Result<()> {
    let rows = &manifest.rows;
    writeln!(out, "{:<28} {:>10} rows", "read", rows.input)?;
    writeln!(out, "{:<28} {:>10}", "quarantined", rows.quarantined)?;
    for step in &manifest.steps {
        let created = if step.created > 0 { format!(" (+{} pieces)", step.created) } else { String::new() };
        writeln!(out, "{:<28} {:>10}  -{}{created}", step.step, step.rows_out, step.dropped)?;
    }
    for (kind, count) in &manifest.personal_data {
        writeln!(out, "{:<28} {count:>10} masked", format!("  {kind}"))?;
    }
    let mut sides: Vec<(&str, u64, u64, u64)> = Vec::new();
    for shard in &manifest.shards {
        match sides.iter_mut().find(|side| side.0 == shard.split) {
            Some(side) => {
                *side = (side.0, side.1 + shard.rows, side.2 + shard.tokens.unwrap_or(0), side.3 + shard.bytes);
            }
            None => sides.push((&shard.split, shard.rows, shard.tokens.unwrap_or(0), shard.bytes)),
        }
    }
    for (side, rows, tokens, bytes) in sides {
        writeln!(out, "{side:<28} {rows:>10} rows  {tokens} tokens  {:.1} MB", bytes as f64 / 1e6)?;
    }
    Ok(())
}

/// The first Ctrl-C ends the run after the unit at hand, the second at once.
fn stop_on_interrupt(progress: &Arc<Progress>) -> anyhow::Result<()> {
    let progress = Arc::clone(progress);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                if progress.stop.swap(true, Relaxed) {
                    std::process::exit(130);
                }
            }
        });
    })?;
    Ok(())
}

fn half_the_machine() -> u64 {
    let known = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    known.map_or(2 << 30, |kibibytes| kibibytes * 512)
}

/// `4GB`, `512MB`, `1GiB` or plain bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        other => return Err(format!("unknown unit `{other}`; write for example 4GB, 512MB or 1GiB")),
    };
    digits
        .trim()
        .parse::<u64>()
        .map(|count| count * unit)
        .map_err(|_| format!("`{text}` is no size; write for example 4GB"))
}
