//! Running a pipeline: stage after stage, each continued where an earlier run was stopped, then the dataset at once.

pub(crate) mod finish;
pub mod progress;
pub(crate) mod stages;
pub(crate) mod state;

use crate::error::{Error, Result};
use crate::input::{self, Source};
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use progress::Progress;
use siyu_dataset::{MANIFEST, Manifest};
use stages::Engine;
use state::{Identity, Scratch};
use std::path::PathBuf;
use std::sync::Arc;

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
    let plan = Plan::new(pipeline)?;
    let sources: Arc<[Source]> = input::discover(&pipeline.input)?.into();
    let identity = Identity::new(pipeline, &sources)?;
    let output = &pipeline.output.directory;
    if !options.fresh
        && let Some(outcome) = finished(pipeline, &sources)?
    {
        return Ok(outcome);
    }
    let scratch = Scratch::open(output, &identity, options.fresh)?;
    let total: u64 = sources.iter().map(|source| source.bytes).sum();
    progress.bytes_total.store(total, std::sync::atomic::Ordering::Relaxed);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads)
        .enable_all()
        .build()
        .map_err(Error::read("the thread pool"))?;
    let session = session(options, scratch.folder("spill")?)?;
    let buckets = buckets(&sources);
    let engine = Engine { pipeline, plan: &plan, sources, options, progress, scratch: &scratch, session, buckets };
    let stages = runtime.block_on(engine.run())?;
    let manifest = finish::finish(&engine, &stages, &runtime)?;
    drop(engine);
    scratch.remove()?;
    Ok(Outcome::Written(Box::new(manifest)))
}

/// A dataset that stands in the output folder: unchanged, or in the way.
fn finished(pipeline: &Pipeline, sources: &[Source]) -> Result<Option<Outcome>> {
    let output = &pipeline.output.directory;
    if !output.join(MANIFEST).exists() {
        return Ok(None);
    }
    let manifest = Manifest::open(output).map_err(|error| Error::Resume(error.to_string()))?;
    let same_inputs = manifest.inputs.len() == sources.len()
        && manifest
            .inputs
            .iter()
            .zip(sources)
            .all(|(input, source)| input.source == source.name && input.bytes == source.bytes);
    let changed = if manifest.pipeline.text != pipeline.text {
        "its pipeline was another one"
    } else if manifest.siyu_version != env!("CARGO_PKG_VERSION") {
        "another version wrote it"
    } else if !same_inputs {
        "its inputs were others"
    } else {
        return Ok(Some(Outcome::Unchanged(Box::new(manifest))));
    };
    Err(Error::Resume(format!(
        "`{}` holds a finished dataset and {changed}; write it anew with `--fresh`, or choose another `output.directory`",
        output.display()
    )))
}

/// Buckets of an exchange: a function of the input alone, for the shards must not depend on the machine.
fn buckets(sources: &[Source]) -> u32 {
    const BUCKET_BYTES: u64 = 8 << 20;
    // Compressed text grows about fivefold when read.
    let bytes: u64 = sources
        .iter()
        .map(|source| if source.compression == input::Compression::None { source.bytes } else { source.bytes * 5 })
        .sum();
    u32::try_from(bytes.div_ceil(BUCKET_BYTES).clamp(1, 4096).next_power_of_two()).expect("at most 4096")
}

fn session(options: &RunOptions, spill: PathBuf) -> Result<SessionContext> {
    // Half for sorting; the rest is for rows on their way and for the tokenizer.
    let pool = usize::try_from(options.memory / 2).unwrap_or(usize::MAX);
    let runtime: RuntimeEnv = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(pool)))
        .with_temp_file_path(spill)
        .build()
        .map_err(Error::engine("cannot set up the engine"))?;
    let mut config = SessionConfig::new().with_batch_size(options.batch_rows).with_target_partitions(options.threads);
    config.options_mut().execution.sort_in_place_threshold_bytes = 64 << 20;
    Ok(SessionContext::new_with_config_rt(config, Arc::new(runtime)))
}
