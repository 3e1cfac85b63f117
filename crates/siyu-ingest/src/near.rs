//! Near-duplicates across a whole exchange, for `near_dedup` and `split`.
//!
//! Documents are numbered in the order of the exchange, so that their numbers depend on the input alone. Four passes,
//! each with records of what is finished:
//!
//! 1. *Sketches*, bucket by bucket: band keys, fingerprints, signatures, what to prefer.
//! 2. *Candidates*, key range by key range: which documents share a key.
//! 3. *Sets*, bucket by bucket: the hashed shingles of candidates.
//! 4. *Decisions*: candidates compared on their sets, clusters made, and per document what becomes of it.
//!
//! Everything but a few numbers a document lies in the scratch folder.

mod apart;
mod bits;
mod bucket;
mod candidates;
mod decide;
mod documents;
mod examples;
mod inherit;
mod job;
mod ledger;
mod outcome;
mod raw;
mod remote;
mod sets;
mod sides;
mod sketches;

pub(crate) use decide::Decisions;
pub(crate) use job::{Job, Keep, Kind, SplitJob};
pub(crate) use ledger::write_ledger;
pub(crate) use outcome::{Example, NearReport};
pub(crate) use remote::Remote;
pub(crate) use sides::Shares;

use crate::error::{Error, Result};
use crate::exchange::Exchange;
use crate::exec::Settled;
use crate::files;
use crate::operator::Key;
use crate::plan::{Act, Segment};
use crate::remote::Work;
use crate::run::stages::Engine;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a pass finds its input and leaves its output.
pub(crate) struct Pass<'a> {
    pub(crate) engine: &'a Engine<'a>,
    pub(crate) act: &'a Act,
    pub(crate) job: &'a Job,
    /// Number of the exchange, from 1.
    pub(crate) number: usize,
    /// Whether the exchange's keys are the hashes of just what is compared.
    pub(crate) keyed_by_content: bool,
    /// What is done on the same exchange before.
    pub(crate) earlier: &'a [Settled],
    /// The exchange, of which only the columns in question are read.
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) folder: PathBuf,
    /// Documents before each bucket, and at the end all of them; known behind the first pass.
    pub(crate) before: Vec<u64>,
}

impl Pass<'_> {
    /// Number of documents.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(*self.before.last().expect("there is at least one bucket")).expect("checked at the start")
    }

    /// The bucket of a document and its place in it.
    pub(crate) fn place(&self, document: u32) -> (u32, u32) {
        let number = u64::from(document);
        let bucket = self.before.partition_point(|&before| before <= number) - 1;
        let place = u32::try_from(number - self.before[bucket]).expect("documents are counted in 32 bits");
        (u32::try_from(bucket).expect("at most 4096"), place)
    }

    pub(crate) fn path(&self, name: &str, number: u32) -> PathBuf {
        self.folder.join(format!("{name}-{number:08}.bin"))
    }
}

/// Decides about every document of exchange `number` that `earlier` acts let through.
pub(crate) fn decide(
    engine: &Engine<'_>,
    segment: &Segment,
    number: usize,
    (act, job): (&Act, &Job),
    earlier: &[Settled],
) -> Result<Decisions> {
    let exchange = open(engine, number, act)?;
    let mut pass = pass(engine, segment, number, (act, job), (earlier, exchange))?;
    let most = *pass.exchange.rows_before().last().expect("there is at least one bucket");
    if most >= 1 << 31 {
        return Err(Error::TooManyDocuments { step: job.step, documents: most });
    }
    if let Some(decisions) = Decisions::open(&pass)? {
        return Ok(decisions);
    }
    let threads = engine.options.threads;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Error::Threads { threads, source: std::io::Error::other(error) })?;
    pool.install(|| {
        pass.before = sketches::before(&sketches::write(&pass)?);
        let ranks = sketches::Ranks::read(&pass)?;
        let candidates = candidates::find(&pass, &ranks)?;
        sets::write(&pass, &candidates)?;
        decide::decide(&pass, &ranks, candidates)
    })?;
    let decisions = Decisions::open(&pass)?.expect("written above");
    clean(&pass)?;
    Ok(decisions)
}

/// Opens an exchange, of which only the columns in question are read.
fn open(engine: &Engine<'_>, number: usize, act: &Act) -> Result<Arc<Exchange>> {
    Ok(Arc::new(engine.exchange(number)?.with_columns(bucket::columns(&act.slots))))
}

/// In front of the first pass.
fn pass<'a>(
    engine: &'a Engine<'a>,
    segment: &Segment,
    number: usize,
    (act, job): (&'a Act, &'a Job),
    (earlier, exchange): (&'a [Settled], Arc<Exchange>),
) -> Result<Pass<'a>> {
    let folder = engine.scratch.folder(&format!("near-{number}-{}", earlier.len()))?;
    let arrival = segment.arrival.as_ref().expect("later segments have an arrival");
    let keyed_by_content =
        matches!(arrival.key, Key::Content { .. }) && arrival.acts[0].slots == act.slots[..job.content];
    Ok(Pass { engine, act, job, number, keyed_by_content, earlier, exchange, folder, before: Vec::new() })
}

/// Removes what the decisions were made from; a dataset that is written at last needs only them.
fn clean(pass: &Pass<'_>) -> Result<()> {
    for entry in std::fs::read_dir(&pass.folder).map_err(Error::read(&pass.folder))? {
        let path = entry.map_err(Error::read(&pass.folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if ["bands-", "equal-", "candidates-", "sets-"].iter().any(|prefix| name.starts_with(prefix)) {
            std::fs::remove_file(&path).map_err(Error::write(&path))?;
        }
    }
    Ok(())
}

/// Name of the first pass's records.
const SKETCH: &str = "sketch";
/// Name of the third pass's records.
const SET: &str = "set";

/// Runs `work` for each bucket that has no record yet, on all cores; the record comes last.
fn each_bucket<R: serde::Serialize + serde::de::DeserializeOwned + Send>(
    pass: &Pass<'_>,
    name: &str,
    work: impl Fn(u32) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    use rayon::prelude::*;
    use std::sync::atomic::Ordering;
    let progress = pass.engine.progress;
    let record = |bucket: u32| pass.folder.join(format!("{name}-{bucket:08}.json"));
    let act = pass.earlier.len();
    let remote = if name == SKETCH {
        Work::Sketches { number: pass.number, act }
    } else {
        Work::Sets { number: pass.number, act }
    };
    pass.engine.adopt_left(&remote, &pass.folder)?;
    if let Some(crew) = pass.engine.crew {
        let waiting: Vec<u32> = (0..pass.exchange.buckets).filter(|&bucket| !record(bucket).exists()).collect();
        progress.units.store(u64::from(pass.exchange.buckets) - waiting.len() as u64, Ordering::Relaxed);
        pass.engine.delegate_buckets(crew, remote, &waiting, &pass.folder)?;
    }
    progress.units.store(0, Ordering::Relaxed);
    let done = |bucket: u32| {
        let path = record(bucket);
        progress.go_on()?;
        let record = if let Some(record) = files::read_record(&path)? {
            record
        } else {
            let record = work(bucket)?;
            files::write_record(&path, &record)?;
            record
        };
        progress.units.fetch_add(1, Ordering::Relaxed);
        Ok(record)
    };
    // All are waited for, and the first error is that of the lowest bucket: the message does not depend on chance.
    (0..pass.exchange.buckets)
        .into_par_iter()
        .with_max_len(1)
        .map(done)
        .collect::<Vec<Result<R>>>()
        .into_iter()
        .collect()
}
