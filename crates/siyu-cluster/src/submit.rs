//! The submission of an order's tasks, and the watchdog over them.
//!
//! What is true lies in the leader's folder: [`Watch`] sees which tasks are done, which are at hand, and which attempts
//! have fallen silent. Jobs are only how tasks reach executors. A task is given out again, under another job, when
//!
//! - its attempt has been silent for the patience: its executor was killed or cut off,
//! - its job ended or is unknown, and nobody is at it,
//! - nothing at all has moved for the patience, whatever the scheduler believes.
//!
//! Two attempts at one task harm nobody. So a mistake of the watchdog costs time and nothing else.

mod course;
mod jobs;
mod lines;

pub use lines::serve;

use crate::error::{Error, Result};
use crate::relay::Leader;
use course::{Course, Over};
use jobs::{Jobs, State};
use siyu_ingest::remote::{Beat, Watch};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Tasks that are with the scheduler at once: its memory stays small however long an order is.
const AT_ONCE: usize = 1000;
/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often the scheduler is asked for the states of jobs.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// A cluster that does the tasks of orders.
pub struct Cluster {
    jobs: Jobs,
    patience: Duration,
    /// Where stages go through a store, and copies of inputs in one.
    store: Option<(String, Option<PathBuf>)>,
    relay: Option<Leader>,
}

/// Whether the run is to be stopped.
type Stop<'a> = &'a (dyn Fn() -> bool + Sync);
/// Hears how many tasks are done, and what that was in sum.
type Moved<'a> = &'a mut (dyn FnMut(usize, &Beat) + Send);

impl Cluster {
    /// Finds the scheduler at `df://HOST:PORT`. An attempt that shows no life for `patience` is lost.
    ///
    /// # Errors
    /// When the address is none, or nobody answers there.
    pub async fn find(url: &str, patience: Duration) -> Result<Self> {
        Ok(Self { jobs: Jobs::find(url).await?, patience, store: None, relay: None })
    }

    /// Has stages go through `s3://BUCKET/FOLDER`, for hosts that share no folder. Inputs that lie in a store have
    /// copies in `mirror` here, and executors copy theirs from there themselves.
    #[must_use]
    pub fn through(self, url: String, mirror: Option<PathBuf>) -> Self {
        Self { store: Some((url, mirror)), ..self }
    }

    /// Has all tasks of an order done; tells `moved` how many are, and what that was in sum.
    ///
    /// # Errors
    /// When a task cannot be done, when the scheduler is lost, when no executor does anything, or when `stop` says so.
    pub async fn perform(&mut self, order: &Path, tasks: usize, stop: Stop<'_>, moved: Moved<'_>) -> Result<()> {
        let given = self.given(order).await?;
        let mut course = Course::new(tasks);
        let mut watch = Watch::new(order, self.patience);
        let ended = self.watch(&given, tasks, (stop, moved), &mut course, &mut watch).await;
        for job in course.jobs.keys() {
            self.jobs.cancel(job).await;
        }
        ended?;
        match &mut self.relay {
            Some(relay) => relay.away().await,
            None => Ok(()),
        }
    }

    /// The order's file as executors find it.
    async fn given(&mut self, order: &Path) -> Result<PathBuf> {
        let Some((url, mirror)) = &self.store else { return Ok(order.to_owned()) };
        let relay = match &mut self.relay {
            Some(relay) => relay,
            none => none.insert(Leader::begin(url, order, mirror.clone()).await?),
        };
        relay.give(order).await
    }

    /// Removes from the store what was copied there.
    ///
    /// # Errors
    /// [`Error::Store`] with what the store said.
    pub async fn end(self) -> Result<()> {
        match self.relay {
            Some(relay) => relay.end().await,
            None => Ok(()),
        }
    }

    async fn watch(
        &mut self,
        order: &Path,
        tasks: usize,
        (stop, moved): (Stop<'_>, Moved<'_>),
        course: &mut Course,
        watch: &mut Watch,
    ) -> Result<()> {
        loop {
            if stop() {
                return Err(Error::Interrupted);
            }
            // Jobs first: what a job that is over has done is then seen.
            let over = if course.asked.elapsed() >= ASK_EVERY { self.over(course).await? } else { Vec::new() };
            if let Some(relay) = &mut self.relay {
                relay.take(!over.is_empty()).await?;
            }
            let seen = watch.look()?;
            moved(seen.done.len(), &seen.sum);
            if seen.done.len() == tasks {
                return Ok(());
            }
            course.note(&seen)?;
            course.part(over, &seen)?;
            course.rouse(&seen, tasks, self.patience)?;
            self.give_out(order, course).await?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Asks for the states of jobs; those that are over leave the course, with the reasons of those that failed.
    async fn over(&mut self, course: &mut Course) -> Result<Vec<Over>> {
        let mut over = Vec::new();
        let jobs: Vec<String> = course.jobs.keys().cloned().collect();
        for job in jobs {
            let problem = match self.jobs.state(&job).await {
                Ok(State::Running) => None,
                Ok(State::Over) => Some(None),
                Ok(State::Failed(problem)) => Some(Some(problem)),
                Err(problem) => {
                    self.silent(course, problem)?;
                    break;
                }
            };
            course.silent_since = None;
            if let Some(problem) = problem {
                over.push(Over { tasks: course.jobs.remove(&job).unwrap_or_default(), problem });
            }
        }
        course.asked = Instant::now();
        Ok(over)
    }

    /// Bears with a scheduler that does not answer, for a while.
    fn silent(&self, course: &mut Course, problem: String) -> Result<()> {
        let silent = course.silent_since.get_or_insert_with(Instant::now).elapsed();
        if silent < self.patience {
            return Ok(());
        }
        Err(Error::SchedulerLost { url: self.jobs.url().to_owned(), silent, problem })
    }

    /// Submits jobs for tasks that wait.
    async fn give_out(&mut self, order: &Path, course: &mut Course) -> Result<()> {
        let out: usize = course.jobs.values().map(BTreeSet::len).sum();
        if course.waiting.is_empty() || out >= AT_ONCE / 2 {
            return Ok(());
        }
        let chunk: BTreeSet<usize> = course.waiting.iter().take(AT_ONCE).copied().collect();
        let stages = self.relay.as_ref().map(|relay| relay.stages().clone());
        match self.jobs.submit(order, stages, &chunk).await? {
            Ok(job) => {
                course.waiting.retain(|task| !chunk.contains(task));
                course.jobs.insert(job, chunk);
                course.given_out = Instant::now();
                course.silent_since = None;
                Ok(())
            }
            Err(problem) => self.silent(course, problem),
        }
    }
}
