//! The stages of a run: input to the first exchange, exchange to exchange, the last exchange to parts.

mod caught;
mod read;
mod workers;

pub(crate) use caught::{catch, unwrap_external};
pub(crate) use read::FileRecord;

use super::RunOptions;
use super::progress::Progress;
use super::state::{Identity, Scratch};
use crate::error::Result;
use crate::exchange::{Exchange, ExchangeWriter, KeySpec};
use crate::exec::{self, BucketScan, Node, Resolve, Settled, Steps};
use crate::files;
use crate::input::Source;
use crate::near::{self, Decisions};
use crate::pipeline::Pipeline;
use crate::plan::{Plan, Segment};
use crate::remote::copies::exchange_name;
use crate::remote::{Crew, Work};
use crate::rows::{FILE, PART, SOURCE_ROW, schema};
use crate::shards::Part;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
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
        self.scratch.folder(&exchange_name(number))
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

    /// Opens what is written of exchange `number`.
    pub(crate) fn exchange(&self, number: usize) -> Result<Exchange> {
        Exchange::open(&self.exchange_folder(number)?, &self.plan.segments[number].fields, self.buckets)
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
}

#[cfg(test)]
mod tests;
