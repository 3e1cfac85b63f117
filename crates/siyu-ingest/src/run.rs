//! Running a pipeline: stage after stage, each continued where an earlier run was stopped, then the dataset at once.

mod budget;
mod change;
pub(crate) mod finish;
mod install;
mod memory;
pub mod progress;
mod recheck;
pub(crate) mod stages;
pub(crate) mod state;

use crate::error::{Error, OutputError, Result};
use crate::input::{self, Source};
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::remote::Crew;
pub use budget::{bytes, half_the_machine};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
pub(crate) use install::is_reserved;
use progress::Progress;
use siyu_dataset::Manifest;
use stages::Engine;
use state::{Identity, Scratch};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How a run uses the machine.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Worker threads.
    pub threads: usize,
    /// Bytes of memory to keep within, about.
    pub memory: u64,
    /// Forget an unfinished or finished run in the output folder.
    pub fresh: bool,
    /// Rows in a batch; the result does not depend on it.
    pub batch_rows: usize,
}

/// What became of a run.
#[derive(Debug)]
pub enum Outcome {
    /// The dataset was written.
    Written(Box<Manifest>),
    /// The folder already held just this dataset; nothing was done.
    Unchanged(Box<Manifest>),
}

/// Runs a pipeline and writes its dataset.
///
/// # Errors
/// Whatever stops the run; it can be started again and goes on from the last finished unit of work.
pub fn run(pipeline: &Pipeline, options: &RunOptions, progress: &Arc<Progress>) -> Result<Outcome> {
    lead(pipeline, options, progress, None)
}

/// Like [`run`], with a crew that does most of the work; the dataset is the same, byte for byte, and each of the two
/// continues what the other began.
///
/// # Errors
/// Those of [`run`], and [`Error::OnExecutor`] or [`Error::Crew`] where the crew cannot go on.
pub fn run_with(
    pipeline: &Pipeline,
    options: &RunOptions,
    progress: &Arc<Progress>,
    crew: &dyn Crew,
) -> Result<Outcome> {
    lead(pipeline, options, progress, Some(crew))
}

fn lead(
    pipeline: &Pipeline,
    options: &RunOptions,
    progress: &Arc<Progress>,
    crew: Option<&dyn Crew>,
) -> Result<Outcome> {
    let plan = Plan::new(pipeline)?;
    let output = &pipeline.output.directory;
    let sources = input::discover_with(&pipeline.input, crew.and_then(Crew::mirror))?;
    let sources: Arc<[Source]> = input::without_outputs(&pipeline.input, sources, output)?.into();
    plan.check_input(pipeline, &sources)?;
    let identity = Identity::new(pipeline, &sources)?;
    let standing = install::standing(output)?;
    install::Owned::of(output, &Scratch::place(output), standing.as_ref())?;
    if let Some(manifest) = standing
        && !options.fresh
        && !Scratch::holds(output, &identity)?
    {
        return unchanged(manifest, pipeline, &sources, &identity);
    }
    let scratch = Scratch::open(output, &identity, options.fresh)?;
    let written = write(pipeline, &plan, sources, (options, crew), progress, &scratch, &identity);
    let manifest = match written {
        Ok(manifest) => manifest,
        // Nothing was wanted of such a split, and no other one goes on from here.
        Err(error @ Error::StrictShares { .. }) => {
            scratch.remove()?;
            return Err(error);
        }
        Err(error) => return Err(scratch.explain(error)),
    };
    scratch.remove()?;
    Ok(Outcome::Written(Box::new(manifest)))
}

/// Runs the stages and puts the dataset in its place.
fn write(
    pipeline: &Pipeline,
    plan: &Plan,
    sources: Arc<[Source]>,
    (options, crew): (&RunOptions, Option<&dyn Crew>),
    progress: &Arc<Progress>,
    scratch: &Scratch,
    identity: &Identity,
) -> Result<Manifest> {
    let total: u64 = sources.iter().map(|source| source.bytes).sum();
    progress.bytes_total.store(total, Ordering::Relaxed);
    progress.failed.store(false, Ordering::Relaxed);
    let threads = options.threads;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|source| Error::Threads { threads, source })?;
    let session = session(options, scratch.empty_folder("spill")?)?;
    let buckets = buckets(&sources);
    let engine = Engine { pipeline, plan, sources, options, progress, scratch, identity, session, buckets, crew };
    let stages = runtime.block_on(engine.run())?;
    stages::catch(progress, || finish::finish(&engine, &stages, &runtime))
}

/// The dataset that stands in the output folder, if this run would write the same.
fn unchanged(manifest: Manifest, pipeline: &Pipeline, sources: &[Source], identity: &Identity) -> Result<Outcome> {
    match change::since(&manifest, pipeline, sources, identity)? {
        None => Ok(Outcome::Unchanged(Box::new(manifest))),
        Some(change) => Err(OutputError::Finished { output: pipeline.output.directory.clone(), change }.into()),
    }
}

/// Buckets of an exchange: a function of the input alone, for the shards must not depend on the machine.
fn buckets(sources: &[Source]) -> u32 {
    const BUCKET_BYTES: u64 = 4 << 20;
    // Compressed text grows about fivefold when read.
    let bytes: u64 = sources
        .iter()
        .map(|source| if source.compression == input::Compression::None { source.bytes } else { source.bytes * 5 })
        .sum();
    u32::try_from(bytes.div_ceil(BUCKET_BYTES).clamp(1, 4096).next_power_of_two()).expect("at most 4096")
}

pub(crate) fn session(options: &RunOptions, spill: PathBuf) -> Result<SessionContext> {
    // Half for sorting; the rest is for rows on their way and for the tokenizer.
    let pool = usize::try_from(options.memory / 2).unwrap_or(usize::MAX);
    let runtime: RuntimeEnv = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(memory::SortPool::new(pool)))
        .with_temp_file_path(spill)
        .build()
        .map_err(Error::engine("cannot set up the engine"))?;
    let mut config = SessionConfig::new().with_batch_size(options.batch_rows).with_target_partitions(options.threads);
    config.options_mut().execution.sort_in_place_threshold_bytes = 64 << 20;
    Ok(SessionContext::new_with_config_rt(config, Arc::new(runtime)))
}
