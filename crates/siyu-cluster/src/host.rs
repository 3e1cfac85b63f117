//! The process that does tasks: it knows its name, its memory, and the runs it has opened.

use crate::relay::{Stages, Twin, Twins};
use datafusion::error::{DataFusionError, Result as PlanResult};
use siyu_ingest::Error;
use siyu_ingest::remote::{Here, Order, Worker};
use siyu_ingest::run::RunOptions;
use siyu_ingest::run::progress::Progress;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// An executor's own side of its tasks.
pub struct Host {
    name: String,
    options: RunOptions,
    spill: PathBuf,
    /// Scratch folders that this host does not see.
    twins: Twins,
    /// The run that was opened last, with what tells it from others.
    opened: Mutex<Option<(String, Arc<Worker>)>>,
    /// Tasks at hand, so that all can be stopped.
    running: Mutex<Vec<Weak<Progress>>>,
    stopping: AtomicBool,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Host({})", self.name)
    }
}

/// Stops a task when its stream is dropped: Ballista cancels so.
struct StopOnDrop(Arc<Progress>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

impl Host {
    /// A host that messages call `name`, with its memory and threads, and folders of its own: for what does not fit into
    /// the memory, and for copies of scratch folders.
    pub fn new(name: String, options: RunOptions, (spill, twins): (PathBuf, PathBuf)) -> Self {
        let (opened, running) = (Mutex::default(), Mutex::default());
        let twins = Twins::new(twins);
        Self { name, options, spill, twins, opened, running, stopping: AtomicBool::new(false) }
    }

    /// Stops all tasks after the block or bucket at hand, and does no more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        for task in self.running.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
            task.stop.store(true, Ordering::Relaxed);
        }
    }

    /// Does a task of an order, on a thread that may block; the order lies in a folder that is shared, or in `stages`.
    /// Stops when the future is dropped.
    ///
    /// # Errors
    /// When the order's folder cannot be written to from here, or when the task was stopped; what is wrong with the task
    /// itself is told in the order's folder.
    pub async fn perform(
        self: Arc<Self>,
        order: PathBuf,
        stages: Option<Stages>,
        version: String,
        task: usize,
    ) -> PlanResult<()> {
        let progress = Arc::new(Progress::default());
        let _stop = StopOnDrop(Arc::clone(&progress));
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.retain(|task| task.strong_count() > 0);
            running.push(Arc::downgrade(&progress));
        }
        if self.stopping.load(Ordering::Relaxed) {
            return Err(self.failed(&Error::Interrupted));
        }
        let Some(stages) = stages else { return self.blocking(order, None, version, task, progress).await };
        let copying = |error: crate::Error| self.failed(&error.into());
        let twin = self.twins.of(&stages).map_err(copying)?;
        let own = twin.order(&order).map_err(copying)?;
        let source = Some((Arc::clone(&twin), order.clone()));
        let work = self.blocking(own, source, version, task, progress);
        let done = twin.showing(&order, task, work).await;
        twin.hand_in(&order, task).await.map_err(copying)?;
        done
    }

    /// Does a task, whose order is to be fetched first where it has a source.
    async fn blocking(
        self: &Arc<Self>,
        order: PathBuf,
        source: Option<(Arc<Twin>, PathBuf)>,
        version: String,
        task: usize,
        progress: Arc<Progress>,
    ) -> PlanResult<()> {
        let host = Arc::clone(self);
        let work = move || {
            let here = Here { executor: &host.name, options: &host.options, spill: &host.spill };
            Worker::perform(&order, task, &here, &progress, || {
                // Another version's files may be of another form: they are not even opened.
                Order::same_version(&version)?;
                if let Some((twin, order)) = source {
                    let runtime = tokio::runtime::Handle::current();
                    runtime.block_on(twin.fetch(&order, task))?;
                }
                host.worker(&order, &here)
            })
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done.map_err(|error| self.failed(&error)),
            Err(_) => Err(self.failed(&Error::Panicked { doing: "opening a run".to_owned() })),
        }
    }

    /// The run of an order, opened once: its steps load dictionaries and tokenizers.
    fn worker(&self, order: &Path, here: &Here<'_>) -> siyu_ingest::Result<Arc<Worker>> {
        let run = Worker::run_of(order)?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, worker)) = opened.as_ref()
            && *known == run
        {
            return Ok(Arc::clone(worker));
        }
        let worker = Arc::new(Worker::open(order, here)?);
        *opened = Some((run, Arc::clone(&worker)));
        Ok(worker)
    }

    fn failed(&self, error: &Error) -> DataFusionError {
        DataFusionError::Execution(format!("executor `{}`: {}", self.name, siyu_ingest::chain(error)))
    }
}
