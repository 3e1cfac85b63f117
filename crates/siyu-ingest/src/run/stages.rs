//! The stages of a run: input to the first exchange, exchange to exchange, the last exchange to parts.

mod caught;

pub(crate) use caught::{catch, unwrap_external};

use super::RunOptions;
use super::progress::Progress;
use super::state::{Identity, Scratch};
use crate::error::{Error, Result};
use crate::exchange::{Exchange, ExchangeWriter, KeySpec};
use crate::exec::{self, BlockQueue, BucketScan, Node, Resolve, Settled, Source as SourceNode, Steps};
use crate::files;
use crate::input::{Cutter, FileFacts, Source};
use crate::near::{self, Decisions};
use crate::pipeline::Pipeline;
use crate::plan::{Plan, Segment};
use crate::remote::{self, Crew, Work};
use crate::rows::{FILE, PART, SOURCE_ROW, schema};
use crate::shards::{Part, PartWriter};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// Everything a run needs.
pub(crate) struct Engine<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) plan: &'a Plan,
    pub(crate) sources: Arc<[Source]>,
    pub(crate) options: &'a RunOptions,
    pub(crate) progress: &'a Arc<Progress>,
    pub(crate) scratch: &'a Scratch,
    pub(crate) identity: &'a Identity,
    pub(crate) session: SessionContext,
    pub(crate) buckets: u32,
    /// Who does the work in the place of this process's threads, where somebody does.
    pub(crate) crew: Option<&'a dyn Crew>,
}

/// What is known of a file once it is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) file: u32,
    pub(crate) blake3: String,
    pub(crate) encoding: String,
}

impl FileRecord {
    pub(crate) fn of(facts: &FileFacts) -> Self {
        Self { file: facts.file, blake3: facts.blake3.clone(), encoding: facts.encoding.to_owned() }
    }
}

/// What is known once all input is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ReadRecord {
    files: Vec<FileRecord>,
    rows: u64,
}

/// What the stages left behind.
pub(crate) struct Stages {
    pub(crate) files: Vec<FileRecord>,
    /// Rows of the input, the unreadable ones included.
    pub(crate) rows_read: u64,
    pub(crate) exchanges: Vec<Arc<Exchange>>,
    /// What was decided about the rows of exchanges, in the order of the steps that asked.
    pub(crate) decisions: Vec<Arc<Decisions>>,
    pub(crate) parts: Vec<Part>,
}

impl Engine<'_> {
    /// Folder of exchange `number`, from 1.
    pub(crate) fn exchange_folder(&self, number: usize) -> Result<PathBuf> {
        self.scratch.folder(&format!("exchange-{number}"))
    }

    /// Folder of the parts.
    pub(crate) fn parts_folder(&self) -> Result<PathBuf> {
        self.scratch.folder("parts")
    }

    /// Runs all stages.
    pub(crate) async fn run(&self) -> Result<Stages> {
        let segments = &self.plan.segments;
        self.progress.stages.1.store(segments.len() as u64 + 1, Ordering::Relaxed);
        self.stage(1, "reading and cleaning");
        let read = self.read_input().await?;
        let (mut exchanges, mut decisions) = (Vec::new(), Vec::new());
        for (number, segment) in segments.iter().enumerate().skip(1) {
            let folder = self.exchange_folder(number)?;
            let exchange = Arc::new(Exchange::open(&folder, &segment.fields, self.buckets)?);
            let names: Vec<&str> = segment.acting().map(|step| self.pipeline.steps[step].name()).collect();
            let name = if names.is_empty() { "ordering".to_owned() } else { names.join(", ") };
            self.stage(number + 1, &name);
            self.progress.units_total.store(u64::from(self.buckets), Ordering::Relaxed);
            let acts = self.settle(segment, &exchange, number, usize::MAX)?;
            decisions.extend(acts.iter().filter_map(|act| act.decisions.clone()));
            self.resolve(segment, &exchange, acts, number).await?;
            exchanges.push(exchange);
        }
        let parts = files::read_records(&self.parts_folder()?, "part-")?;
        Ok(Stages { files: read.files, rows_read: read.rows, exchanges, decisions, parts })
    }

    /// Finds out what the first acts on an exchange, so many of them, must know of all its rows.
    pub(crate) fn settle(
        &self,
        segment: &Segment,
        exchange: &Exchange,
        number: usize,
        acts: usize,
    ) -> Result<Vec<Settled>> {
        let arrival = segment.arrival.as_ref().expect("later segments have an arrival");
        let mut settled = Vec::new();
        for act in arrival.acts.iter().take(acts) {
            let decided = act.near.as_deref().map(|job| near::decide(self, segment, number, (act, job), &settled));
            let decisions = decided.transpose()?.map(Arc::new);
            let before = decisions.as_ref().map_or_else(|| exchange.rows_before(), |decisions| decisions.rows_before());
            settled.push(Settled { act: act.clone(), decisions, before });
        }
        Ok(settled)
    }

    fn stage(&self, number: usize, name: &str) {
        name.clone_into(&mut self.progress.stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        self.progress.stages.0.store(number as u64, Ordering::Relaxed);
        self.progress.units.store(0, Ordering::Relaxed);
        self.progress.units_total.store(0, Ordering::Relaxed);
    }

    fn writer(&self, number: usize) -> Result<ExchangeWriter> {
        Ok(self.writer_to(self.exchange_folder(number)?, number))
    }

    /// Writes runs of exchange `number` into a folder.
    pub(crate) fn writer_to(&self, directory: PathBuf, number: usize) -> ExchangeWriter {
        let Segment { arrival, fields, .. } = &self.plan.segments[number];
        let arrival = arrival.as_ref().expect("later segments have an arrival");
        let share = self.options.memory / (6 * self.options.threads as u64);
        let bytes: u64 = self.sources.iter().map(|source| source.bytes).sum();
        ExchangeWriter {
            directory,
            schema: schema(fields),
            key: KeySpec::new(arrival, self.sources.iter().map(|source| &source.name)),
            action: arrival.acts[0].action,
            step: arrival.acts[0].step,
            buckets: self.buckets,
            run_bytes: usize::try_from(share.clamp(4 << 20, 128 << 20)).expect("at most 128 MiB"),
            // What stays in the page cache is not worth compressing. Sources may be compressed themselves: tenfold.
            compress: bytes > self.options.memory / 16,
            reads_input: number == 1,
            living: Vec::new(),
            dead: Vec::new(),
            units: BTreeSet::new(),
            bytes: 0,
        }
    }

    async fn read_input(&self) -> Result<ReadRecord> {
        let folder = self.exchange_folder(1)?;
        let record = folder.join("files.json");
        if let Some(read) = files::read_record::<ReadRecord>(&record)? {
            self.check_touched(&read.files)?;
            self.check_bad_rows(&self.exchange(1)?)?;
            self.progress.bytes.store(self.progress.bytes_total.load(Ordering::Relaxed), Ordering::Relaxed);
            return Ok(read);
        }
        let files = match self.crew {
            Some(crew) => self.read_remotely(crew)?,
            None => self.read_here(&folder).await?,
        };
        let rows = self.check_bad_rows(&self.exchange(1)?)?;
        let read = ReadRecord { files, rows };
        files::write_record(&record, &read)?;
        Ok(read)
    }

    /// Reads the input block by block on the threads of this process.
    async fn read_here(&self, folder: &Path) -> Result<Vec<FileRecord>> {
        remote::forget_pieces(folder)?;
        files::sweep(folder)?;
        let first = &self.plan.segments[0];
        let done = self.exchange(1)?;
        let queue = Arc::new(BlockQueue {
            cutter: Mutex::new(Cutter::new(Arc::clone(&self.sources))),
            done: done.runs.iter().flat_map(|run| run.units.iter().map(|unit| (unit >> 32, *unit))).collect(),
            sources: Arc::clone(&self.sources),
            wanted: self.plan.wanted.clone(),
            progress: Arc::clone(self.progress),
        });
        let partitions = self.options.threads;
        let source = SourceNode { queue: Arc::clone(&queue), schema: schema(&first.fields), partitions };
        let plan = Steps { fused: Arc::clone(&first.steps), partitions }.plan(Some(source.plan(None)));
        let mut workers = Vec::new();
        for partition in 0..partitions {
            let writer = self.writer(1)?;
            workers.push(self.on_own_thread(self.exchange_worker(&plan, vec![partition], writer)));
        }
        self.join(workers).await?;
        let cutter = queue.cutter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(cutter.files().iter().map(FileRecord::of).collect())
    }

    /// Opens what is written of exchange `number`.
    pub(crate) fn exchange(&self, number: usize) -> Result<Exchange> {
        Exchange::open(&self.exchange_folder(number)?, &self.plan.segments[number].fields, self.buckets)
    }

    /// Inputs with a new time must still hold what was read.
    fn check_touched(&self, records: &[FileRecord]) -> Result<()> {
        for &index in &self.scratch.touched {
            let path = &self.sources[index].path;
            let read = records.iter().find(|record| record.file as usize == index);
            if read.is_none_or(|read| files::hash(path).is_ok_and(|hash| hash != read.blake3)) {
                return Err(Error::InputRewritten { path: path.clone() });
            }
        }
        Ok(())
    }

    /// The work of one worker that writes to an exchange: some partitions one after another.
    pub(crate) fn exchange_worker(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        partitions: Vec<usize>,
        mut writer: ExchangeWriter,
    ) -> impl Future<Output = Result<()>> + Send + use<> {
        let (plan, context) = (Arc::clone(plan), self.session.task_ctx());
        let progress = Arc::clone(self.progress);
        let max_bad = self.pipeline.max_bad_rows;
        async move {
            for partition in partitions {
                if progress.is_ending() {
                    break;
                }
                let mut rows = plan.execute(partition, Arc::clone(&context)).map_err(unwrap_external)?;
                while let Some(batch) = rows.next().await {
                    writer.push(batch.map_err(unwrap_external)?)?;
                    if let Some(most) = max_bad
                        && progress.bad.load(Ordering::Relaxed) > most
                    {
                        return Err(Error::TooManyBadRows { most });
                    }
                }
                progress.units.fetch_add(1, Ordering::Relaxed);
            }
            // Whole units were collected: what is done so far is kept.
            writer.flush()?;
            progress.go_on()
        }
    }

    /// Takes the rows of an exchange bucket by bucket through its action and the steps behind it.
    async fn resolve(
        &self,
        segment: &Segment,
        exchange: &Arc<Exchange>,
        acts: Vec<Settled>,
        number: usize,
    ) -> Result<()> {
        let is_last = number + 1 == self.plan.segments.len();
        let folder = if is_last { self.parts_folder()? } else { self.exchange_folder(number + 1)? };
        let work = if is_last { Work::Parts { number } } else { Work::Exchange { number } };
        self.adopt_left(&work, &folder)?;
        files::sweep(&folder)?;
        let done: BTreeSet<u64> = if is_last {
            let parts = files::read_records::<Part>(&folder, "part-")?;
            parts.iter().map(|part| u64::from(part.bucket)).collect()
        } else {
            let after = self.exchange(number + 1)?;
            after.runs.iter().flat_map(|run| run.units.iter().copied()).collect()
        };
        let waiting: VecDeque<usize> =
            (0..self.buckets as usize).filter(|bucket| !done.contains(&(*bucket as u64))).collect();
        self.progress.units.store(done.len() as u64, Ordering::Relaxed);
        if let Some(crew) = self.crew {
            let waiting: Vec<u32> =
                waiting.iter().map(|&bucket| u32::try_from(bucket).expect("at most 4096")).collect();
            return self.delegate_buckets(crew, work, &waiting, &folder);
        }
        let plan = self.bucket_plan(segment, exchange, acts);
        let mut workers = Vec::new();
        if is_last {
            let waiting = Arc::new(Mutex::new(waiting));
            for _ in 0..self.options.threads {
                let work = self.part_worker(&plan, number, folder.clone(), Arc::clone(&waiting));
                workers.push(self.on_own_thread(work));
            }
        } else {
            let waiting: Vec<usize> = waiting.into();
            for chunk in waiting.chunks(waiting.len().div_ceil(self.options.threads).max(1)) {
                let writer = self.writer(number + 1)?;
                workers.push(self.on_own_thread(self.exchange_worker(&plan, chunk.to_vec(), writer)));
            }
        }
        self.join(workers).await
    }

    pub(crate) fn bucket_plan(
        &self,
        segment: &Segment,
        exchange: &Arc<Exchange>,
        acts: Vec<Settled>,
    ) -> Arc<dyn ExecutionPlan> {
        let scan = BucketScan { exchange: Arc::clone(exchange) }.plan(None);
        let keys = crate::exchange::KEY_COLUMNS;
        let sorted = exec::sorted(scan, &[0, 1, keys + FILE, keys + SOURCE_ROW, keys + PART]);
        let resolve = Resolve { acts, schema: schema(&segment.resolved), partitions: self.buckets as usize };
        let resolved = resolve.plan(Some(sorted));
        Steps { fused: Arc::clone(&segment.steps), partitions: self.buckets as usize }.plan(Some(resolved))
    }

    /// The work of one worker that writes parts behind exchange `number`: buckets as long as there are any.
    pub(crate) fn part_worker(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        number: usize,
        folder: PathBuf,
        waiting: Arc<Mutex<VecDeque<usize>>>,
    ) -> impl Future<Output = Result<()>> + Send + use<> {
        let (plan, context) = (Arc::clone(plan), self.session.task_ctx());
        let progress = Arc::clone(self.progress);
        let columns = Arc::clone(&self.plan.segments[number].steps.output);
        let chosen = self.pipeline.output.columns.clone();
        async move {
            loop {
                progress.go_on()?;
                let bucket = waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop_front();
                let Some(bucket) = bucket else { return Ok(()) };
                let number = u32::try_from(bucket).expect("buckets are counted in 32 bits");
                let mut writer = PartWriter::new(folder.clone(), number, &columns, chosen.as_deref());
                let mut rows = plan.execute(bucket, Arc::clone(&context)).map_err(unwrap_external)?;
                while let Some(batch) = rows.next().await {
                    writer.push(&batch.map_err(unwrap_external)?)?;
                }
                writer.finish()?;
                progress.units.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The rows that were read, if not too many of them are bad.
    fn check_bad_rows(&self, exchange: &Exchange) -> Result<u64> {
        let counts = exchange.runs.iter().flat_map(|run| run.tally.files.values());
        let (rows, bad) = counts.fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
        let most = self.pipeline.max_bad_ratio;
        if rows > 0 && bad as f64 / rows as f64 > most {
            return Err(Error::TooLargeBadRatio { bad, rows, most });
        }
        match self.pipeline.max_bad_rows {
            Some(most) if bad > most => Err(Error::TooManyBadRows { most }),
            _ => Ok(rows),
        }
    }

    /// Runs a worker on a thread of its own: it computes without a pause, and two on one thread would wait for each
    /// other. Where it fails, the others end too.
    fn on_own_thread(&self, work: impl Future<Output = Result<()>> + Send + 'static) -> Worker {
        let runtime = tokio::runtime::Handle::current();
        let progress = Arc::clone(self.progress);
        tokio::task::spawn_blocking(move || {
            let ended = catch(&progress, || runtime.block_on(work));
            if ended.is_err() {
                progress.failed.store(true, Ordering::Relaxed);
            }
            ended
        })
    }

    /// Waits for all workers; an interruption is reported only where nothing worse happened.
    async fn join(&self, workers: Vec<Worker>) -> Result<()> {
        let mut worst = Ok(());
        for worker in workers {
            let ended = worker.await.unwrap_or_else(|_| Err(Error::Panicked { doing: self.progress.doing() }));
            if worst.is_ok() || matches!((&worst, &ended), (Err(Error::Interrupted), Err(_))) {
                worst = ended;
            }
        }
        worst
    }
}

/// A worker's thread.
type Worker = tokio::task::JoinHandle<Result<()>>;

#[cfg(test)]
mod tests;
