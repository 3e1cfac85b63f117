//! The submission of an order's tasks, and the watchdog over them.
//!
//! What is true lies in the shared folder: [`Watch`] sees which tasks are done, which are at hand, and which attempts
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
use course::Course;
use jobs::{Jobs, State};
use siyu_ingest::remote::{Beat, Seen, Watch};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// Tasks that are with the scheduler at once: its memory stays small however long an order is.
const AT_ONCE: usize = 1000;
/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often the scheduler is asked for the states of jobs.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often jobs may fail without a reason that an attempt tells.
const FAILURES: u32 = 4;

/// A cluster that does the tasks of orders.
pub struct Cluster {
    jobs: Jobs,
    patience: Duration,
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
        Ok(Self { jobs: Jobs::find(url).await?, patience })
    }

    /// Has all tasks of an order done; tells `moved` how many are, and what that was in sum.
    ///
    /// # Errors
    /// When a task cannot be done, when the scheduler is lost, when no executor does anything, or when `stop` says so.
    pub async fn perform(&mut self, order: &Path, tasks: usize, stop: Stop<'_>, moved: Moved<'_>) -> Result<()> {
        let mut course = Course::new(tasks);
        let mut watch = Watch::new(order, self.patience);
        let ended = self.watch(order, tasks, (stop, moved), &mut course, &mut watch).await;
        for job in course.jobs.keys() {
            self.jobs.cancel(job).await;
        }
        ended
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
            let seen = watch.look()?;
            moved(seen.done.len(), &seen.sum);
            if seen.done.len() == tasks {
                return Ok(());
            }
            course.note(&seen)?;
            if course.asked.elapsed() >= ASK_EVERY {
                self.ask(course, &seen).await?;
                course.asked = Instant::now();
            }
            course.rouse(&seen, tasks, self.patience)?;
            self.give_out(order, course).await?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Asks for the states of jobs; the tasks of those that ended wait again, unless they are done or somebody is at them.
    async fn ask(&mut self, course: &mut Course, seen: &Seen) -> Result<()> {
        for (job, tasks) in course.jobs.clone() {
            match self.jobs.state(&job).await {
                Ok(State::Running) => course.silent_since = None,
                Ok(state) => {
                    course.silent_since = None;
                    course.jobs.remove(&job);
                    let left = tasks.into_iter().filter(|task| !seen.done.contains(task) && !seen.alive.contains(task));
                    course.waiting.extend(left);
                    if let State::Failed(problem) = state {
                        course.failures += 1;
                        if course.failures >= FAILURES {
                            return Err(Error::JobFailed { problem });
                        }
                    }
                }
                Err(problem) => return self.silent(course, problem),
            }
        }
        Ok(())
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
        match self.jobs.submit(order, &chunk).await? {
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
