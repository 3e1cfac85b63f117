//! What the watchdog knows of an order while its tasks are done, and what it concludes.

use crate::error::{Error, Result};
use siyu_ingest::remote::Seen;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How often tasks are given out in vain before that is said.
const ROUNDS: u32 = 3;
/// How often a task may be lost before that is said.
const LOSSES: usize = 6;
/// How often jobs may fail without a reason that an attempt tells.
const FAILURES: u32 = 4;

/// What is known of an order's tasks while they are done.
pub(super) struct Course {
    /// Tasks that are with no job.
    pub(super) waiting: BTreeSet<usize>,
    /// Live jobs and their tasks.
    pub(super) jobs: BTreeMap<String, BTreeSet<usize>>,
    /// Where a task was lost.
    pub(super) losses: BTreeMap<usize, Vec<String>>,
    /// How often jobs failed since a task was done.
    pub(super) failures: u32,
    /// Tasks that were done at the last look.
    pub(super) done: usize,
    /// How often in a row all tasks were given out anew because nothing moved.
    pub(super) rounds: u32,
    pub(super) given_out: Instant,
    pub(super) asked: Instant,
    pub(super) silent_since: Option<Instant>,
}

/// A job that is over.
pub(super) struct Over {
    pub(super) tasks: BTreeSet<usize>,
    /// Why it failed, if it did.
    pub(super) problem: Option<String>,
}

/// What an executor said, without what Ballista put around it.
fn told(problem: &str) -> &str {
    let own = problem.split_once("executor `").map_or(problem, |(before, _)| problem.split_at(before.len()).1);
    own.split_once("\"))").map_or(own, |(own, _)| own).trim()
}

impl Course {
    /// The course of so many tasks, none of which was given out.
    pub(super) fn new(tasks: usize) -> Self {
        let now = Instant::now();
        Self {
            waiting: (0..tasks).collect(),
            jobs: BTreeMap::new(),
            losses: BTreeMap::new(),
            failures: 0,
            done: 0,
            rounds: 0,
            given_out: now,
            asked: now,
            silent_since: None,
        }
    }

    /// Takes in what a look at the folder found: done tasks leave their jobs, lost ones wait.
    pub(super) fn note(&mut self, seen: &Seen) -> Result<()> {
        if seen.done.len() > self.done {
            (self.done, self.failures) = (seen.done.len(), 0);
        }
        for tasks in self.jobs.values_mut() {
            tasks.retain(|task| !seen.done.contains(task));
        }
        self.waiting.retain(|task| !seen.done.contains(task));
        for (task, executor) in &seen.lost {
            let losses = self.losses.entry(*task).or_default();
            losses.push(if executor.is_empty() {
                "an executor that told no name".to_owned()
            } else {
                executor.clone()
            });
            if losses.len() >= LOSSES {
                return Err(Error::TaskLost { task: *task, times: losses.len(), executors: losses.clone() });
            }
            if !seen.done.contains(task) && !seen.alive.contains(task) {
                self.waiting.insert(*task);
            }
        }
        Ok(())
    }

    /// Takes leave of jobs: their tasks wait again, unless they are done or somebody is at them.
    pub(super) fn part(&mut self, over: Vec<Over>, seen: &Seen) -> Result<()> {
        for Over { tasks, problem } in over {
            let left = tasks.into_iter().filter(|task| !seen.done.contains(task) && !seen.alive.contains(task));
            self.waiting.extend(left);
            if let Some(problem) = problem {
                self.failures += 1;
                if self.failures >= FAILURES {
                    return Err(Error::JobFailed { problem: told(&problem).to_owned() });
                }
            }
        }
        Ok(())
    }

    /// Gives everything out anew where nothing has moved for a while.
    pub(super) fn rouse(&mut self, seen: &Seen, tasks: usize, patience: Duration) -> Result<()> {
        let still = seen.still.min(self.given_out.elapsed());
        if seen.still < patience {
            self.rounds = 0;
        }
        if still < patience || self.silent_since.is_some() {
            return Ok(());
        }
        self.rounds += 1;
        let left: BTreeSet<usize> =
            (0..tasks).filter(|task| !seen.done.contains(task) && !seen.alive.contains(task)).collect();
        if self.rounds >= ROUNDS {
            return Err(Error::NoExecutor { tasks: left.len(), waited: patience, rounds: self.rounds });
        }
        self.waiting.extend(left);
        self.given_out = Instant::now();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_failed_job_is_told_in_the_words_of_the_executor() {
        let ballista = "Job failed due to stage 1 failed: Task failed due to runtime execution error: DataFusionError(\
                        Shared(External(DataFusionError(Execution(\"executor `second`: cannot write `/shared/x`: no \
                        such file\")))))\n";
        assert_eq!(told(ballista), "executor `second`: cannot write `/shared/x`: no such file");
        assert_eq!(told("no more executors"), "no more executors");
    }
}
