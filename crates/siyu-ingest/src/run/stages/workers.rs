//! The work of one thread of a stage, and waiting for all of them.

use super::{Engine, catch, unwrap_external};
use crate::error::{Error, Result};
use crate::exchange::ExchangeWriter;
use crate::shards::PartWriter;
use datafusion::physical_plan::ExecutionPlan;
use futures::StreamExt;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// A worker's thread.
pub(super) type Worker = tokio::task::JoinHandle<Result<()>>;

impl Engine<'_> {
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

    /// Runs a worker on a thread of its own: it computes without a pause, and two on one thread would wait for each
    /// other. Where it fails, the others end too.
    pub(super) fn on_own_thread(&self, work: impl Future<Output = Result<()>> + Send + 'static) -> Worker {
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
    pub(super) async fn join(&self, workers: Vec<Worker>) -> Result<()> {
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
