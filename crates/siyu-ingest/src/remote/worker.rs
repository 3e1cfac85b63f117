//! The side of those who do tasks.

use super::attempt::{Attempt, is_done};
use super::facts::{self, RUN, RunFacts};
use super::order::{self, Order, Work};
use super::pieces::is_record;
use super::read::read_piece;
use crate::error::{Error, Result};
use crate::exchange::Exchange;
use crate::exec::Settled;
use crate::files;
use crate::input::Source;
use crate::near::{self, Remote};
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::run::progress::Progress;
use crate::run::stages::{Engine, catch};
use crate::run::state::{Identity, Scratch};
use crate::run::{RunOptions, session};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The process that does tasks.
pub struct Here<'a> {
    /// How messages call it.
    pub executor: &'a str,
    /// Tasks that it does at once, each on one thread, and the memory for all of them.
    pub options: &'a RunOptions,
    /// A folder of its own for what does not fit into the memory.
    pub spill: &'a Path,
}

/// A run of which this process does tasks: the steps are built once for all of them.
pub struct Worker {
    pipeline: Pipeline,
    plan: Plan,
    sources: Arc<[Source]>,
    identity: Identity,
    buckets: u32,
    options: RunOptions,
    scratch: Scratch,
    session: SessionContext,
    /// What was opened for an order, by its label: kept, for its tasks are many.
    opened: Mutex<BTreeMap<String, Arc<Opened>>>,
}

/// What all tasks of an order need.
struct Opened {
    plan: Option<Arc<dyn ExecutionPlan>>,
    near: Option<Remote>,
}

impl Worker {
    /// What tells the run of an order from other runs.
    ///
    /// # Errors
    /// When its facts cannot be read from here.
    pub fn run_of(order: &Path) -> Result<String> {
        let scratch = scratch_of(order)?;
        Ok(format!("{} {}", files::hash(&scratch.join(RUN))?, scratch.display()))
    }

    /// The run that an order belongs to.
    ///
    /// # Errors
    /// When another version leads it, or when a file or secret that a step needs is missing here or another one.
    pub fn open(order: &Path, here: &Here<'_>) -> Result<Self> {
        let scratch = scratch_of(order)?;
        let place = scratch.join(RUN);
        let facts = RunFacts::read(&place)?;
        Order::same_version(&facts.version)?;
        facts.check()?;
        let pipeline = facts::pipeline(&facts.pipeline, &place)?;
        let plan = Plan::new(&pipeline)?;
        let sources: Arc<[Source]> = facts.sources.into();
        let identity = Identity::new(&pipeline, &sources)?;
        let options = RunOptions { batch_rows: facts.batch_rows, ..here.options.clone() };
        let session = session(&options, here.spill.to_owned())?;
        Ok(Self {
            pipeline,
            plan,
            sources,
            identity,
            buckets: facts.buckets,
            options,
            scratch: Scratch::visit(&scratch)?,
            session,
            opened: Mutex::new(BTreeMap::new()),
        })
    }

    /// Does a task of an order, unless it is done, with the worker that `open` gives. Runs to its end on this thread,
    /// which must be one that may block inside a tokio runtime; ends early where `stop` of the progress is set.
    ///
    /// A failure of the task itself, or of `open`, is put beside its files, where the leader sees it.
    ///
    /// # Errors
    /// When nothing can be written there; or [`Error::Interrupted`].
    pub fn perform(
        order: &Path,
        task: usize,
        here: &Here<'_>,
        progress: &Arc<Progress>,
        open: impl FnOnce() -> Result<Arc<Self>>,
    ) -> Result<()> {
        let attempts = order::attempts(order);
        if is_done(&attempts, task) {
            return Ok(());
        }
        let attempt = Attempt::start(&attempts, task, here.executor)?;
        attempt.run(progress, |out| {
            let worker = open()?;
            let order = Order::open(order)?;
            Order::same_version(&order.version)?;
            let units = order.tasks.get(task).ok_or_else(|| Error::scratch(out, format!("there is no task {task}")))?;
            catch(progress, || worker.work(&order.work, units, out, progress))
        })
    }

    fn engine<'a>(&'a self, progress: &'a Arc<Progress>) -> Engine<'a> {
        Engine {
            pipeline: &self.pipeline,
            plan: &self.plan,
            sources: Arc::clone(&self.sources),
            options: &self.options,
            progress,
            scratch: &self.scratch,
            identity: &self.identity,
            session: self.session.clone(),
            buckets: self.buckets,
            crew: None,
        }
    }

    /// Writes what comes of some pieces or buckets; returns the names of the files, records last.
    fn work(&self, work: &Work, units: &[u32], out: &Path, progress: &Arc<Progress>) -> Result<Vec<String>> {
        let engine = self.engine(progress);
        let runtime = tokio::runtime::Handle::current();
        let buckets = || units.iter().map(|&bucket| bucket as usize).collect::<Vec<_>>();
        match work {
            Work::Read => {
                for &piece in units {
                    runtime.block_on(read_piece(&engine, piece, out))?;
                }
            }
            Work::Exchange { number } => {
                let opened = self.opened(&engine, work)?;
                let plan = opened.plan.as_ref().expect("opened with a plan");
                let writer = engine.writer_to(out.to_owned(), number + 1);
                runtime.block_on(engine.exchange_worker(plan, buckets(), writer))?;
            }
            Work::Parts { number } => {
                let opened = self.opened(&engine, work)?;
                let plan = opened.plan.as_ref().expect("opened with a plan");
                let waiting = Arc::new(Mutex::new(buckets().into()));
                runtime.block_on(engine.part_worker(plan, *number, out.to_owned(), waiting))?;
            }
            Work::Sketches { .. } | Work::Sets { .. } => {
                let opened = self.opened(&engine, work)?;
                let near = opened.near.as_ref().expect("opened with what near-duplicates need");
                near.perform(&engine, units, out)?;
            }
        }
        in_order(out)
    }

    fn opened(&self, engine: &Engine<'_>, work: &Work) -> Result<Arc<Opened>> {
        let mut all = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = all.get(&work.label()) {
            return Ok(Arc::clone(opened));
        }
        let exchange = |number: usize| -> Result<Arc<Exchange>> { engine.exchange(number).map(Arc::new) };
        let opened = match *work {
            Work::Read => Opened { plan: None, near: None },
            Work::Exchange { number } | Work::Parts { number } => {
                let segment = &self.plan.segments[number];
                let exchange = exchange(number)?;
                let acts: Vec<Settled> = engine.settle(segment, &exchange, number, usize::MAX)?;
                Opened { plan: Some(engine.bucket_plan(segment, &exchange, acts)), near: None }
            }
            Work::Sketches { number, act } => {
                Opened { plan: None, near: Some(near::Remote::open(engine, number, act, false)?) }
            }
            Work::Sets { number, act } => {
                Opened { plan: None, near: Some(near::Remote::open(engine, number, act, true)?) }
            }
        };
        let opened = Arc::new(opened);
        // Only what the order at hand needs is kept: exchanges hold files open.
        all.clear();
        all.insert(work.label(), Arc::clone(&opened));
        Ok(opened)
    }
}

/// The scratch folder that an order lies in: `orders/LABEL/order.json` below it.
pub(super) fn scratch_of(order: &Path) -> Result<PathBuf> {
    let scratch = order.ancestors().nth(3).filter(|scratch| !scratch.as_os_str().is_empty());
    scratch.map(Path::to_owned).ok_or_else(|| Error::scratch(order, "it does not lie in a scratch folder"))
}

/// The files of a folder in the order in which they are taken over: data, then records, those of pieces last.
fn in_order(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::read(folder))? {
        let name = entry.map_err(Error::read(folder))?.file_name().to_string_lossy().into_owned();
        if !name.starts_with("beat.") {
            names.push(name);
        }
    }
    names.sort_by_key(|name| (is_record(name), name.starts_with("piece-"), name.clone()));
    Ok(names)
}
