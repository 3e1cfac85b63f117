//! `siyu run`.

mod cluster;
mod show;
mod store;

use cluster::Submission;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use show::show_while;
use siyu_dataset::Manifest;
use siyu_ingest::Pipeline;
use siyu_ingest::run::progress::Progress;
use siyu_ingest::run::{Outcome, RunOptions, bytes, half_the_machine, run, run_with};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;
use store::Store;
use tokio::signal::unix::{SignalKind, signal};

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
  siyu run pipelines/legal.yaml --cluster df://10.0.0.1:50050
  siyu run legal-s3.yaml --cluster df://10.0.0.1:50050 --stages s3://bucket/stages --work-dir /var/lib/siyu
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
    /// Has the work done by the executors of a cluster: `df://HOST:50050` of its scheduler. Input and output must lie on
    /// a folder that all hosts share, or see `--stages`; the dataset is the same, and each way continues what the other began.
    #[arg(long, value_name = "URL")]
    cluster: Option<String>,
    /// With `--cluster`: a folder that all hosts share, for the copies of inputs that `s3://` names, and for a dataset
    /// before it is written there. Where hosts share no folder, `s3://BUCKET/FOLDER`, which all work then goes through.
    #[arg(long, value_name = "PLACE", requires = "cluster")]
    stages: Option<String>,
    /// With `--stages s3://...`: a folder of this host alone, for its copies.
    #[arg(long, value_name = "FOLDER", requires = "stages")]
    work_dir: Option<PathBuf>,
    /// With `--cluster`: seconds without a sign of life after which a task is given to another executor.
    #[arg(long, default_value_t = 30, requires = "cluster", value_parser = clap::value_parser!(u64).range(1..))]
    patience_seconds: u64,
    /// Starts over, whatever an earlier run left in the output folder.
    #[arg(long)]
    fresh: bool,
    /// Rows in a batch; the dataset does not depend on it.
    #[arg(long, default_value_t = 1024, hide = true)]
    batch_rows: usize,
}

impl Run {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let mut pipeline = Pipeline::from_path(&self.pipeline, &self.settings)?;
        let store = Store::of(&mut pipeline, self.stages, self.work_dir)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let options = RunOptions {
            threads: self.threads.unwrap_or(cores).max(1),
            memory: self.memory.unwrap_or_else(half_the_machine),
            fresh: self.fresh,
            batch_rows: self.batch_rows.max(1),
        };
        allow_many_files();
        keep_freed_memory();
        // Scratch and dataset hold a company's documents: whatever a library creates is for their owner alone, too.
        umask(Mode::from_raw_mode(0o077));
        let progress = Arc::new(Progress::default());
        stop_on_interrupt(&progress)?;
        let started = Instant::now();
        let mirror = store.fetch(&pipeline)?;
        let start = |url: &str| Submission::start(url, self.patience_seconds, store.stages(), mirror);
        let cluster = self.cluster.as_deref().map(start).transpose()?;
        let outcome = show_while(&progress, || match &cluster {
            Some(crew) => run_with(&pipeline, &options, &progress, crew),
            None => run(&pipeline, &options, &progress),
        })?;
        store.publish(&pipeline)?;
        let directory = store.shown(&pipeline);
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
        step.notes.iter().try_for_each(|note| writeln!(out, "  note: {note}"))?;
    }
    for (kind, count) in &manifest.personal_data {
        writeln!(out, "{:<28} {count:>10} masked", format!("  {kind}"))?;
    }
    let mut sides: Vec<(&str, u64, u64, u64)> = Vec::new();
    for shard in &manifest.shards {
        match sides.iter_mut().find(|side| side.0 == shard.split) {
            Some(side) => {
                *side =
                    (side.0, side.1 + shard.document_count(), side.2 + shard.tokens.unwrap_or(0), side.3 + shard.bytes);
            }
            None => sides.push((&shard.split, shard.document_count(), shard.tokens.unwrap_or(0), shard.bytes)),
        }
    }
    for (side, rows, tokens, bytes) in sides {
        writeln!(out, "{side:<28} {rows:>10} rows  {tokens} tokens  {:.1} MB", bytes as f64 / 1e6)?;
    }
    if let Some(packing) = &manifest.packing {
        let (fill, most) = (packing.fill() * 100.0, packing.max_tokens);
        writeln!(out, "{:<28} {:>10} rows of {most} tokens, {fill:.2} % full", "packed into", packing.rows)?;
    }
    for warning in manifest.split.iter().flat_map(|split| &split.warnings) {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(())
}

/// The first Ctrl-C, or a request to terminate, ends the run after the unit at hand, the second at once.
fn stop_on_interrupt(progress: &Arc<Progress>) -> anyhow::Result<()> {
    let progress = Arc::clone(progress);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if progress.stop.swap(true, Relaxed) {
                    let _ = writeln!(std::io::stderr(), "ended at once; run the same command again to continue");
                    std::process::exit(130);
                }
                let _ = writeln!(std::io::stderr(), "stopping after the work at hand; once more ends at once");
            }
        });
    })?;
    Ok(())
}

/// Keeps freed memory for a few seconds before it goes back to the system: batches come and go, and fetching their pages
/// anew costs a run a twentieth of its time.
#[expect(unsafe_code, reason = "the allocator has no safe setter for its options")]
fn keep_freed_memory() {
    /// `mi_option_purge_delay` of mimalloc 2 and 3, in milliseconds.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: stores one number, which the allocator reads when it next looks for memory to give back.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 5_000) };
}

/// Raises the number of files that may be open to what the system allows: a big run has some hundred pieces in scratch.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
