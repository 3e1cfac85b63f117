//! The look from outside on all attempts of an order: what is done, who goes on, who has fallen silent.

use super::attempt::{BEAT, Beat, DONE, Done, FAILED, Failure, folders, task_of};
use super::order;
use crate::error::{Error, Result};
use crate::files;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Looks at the attempts of an order again and again.
pub struct Watch {
    attempts: PathBuf,
    patience: Duration,
    done: BTreeMap<usize, Beat>,
    /// Attempts that go on, with their last beat and when it was first seen.
    alive: BTreeMap<String, (Beat, Instant)>,
    lost: BTreeSet<String>,
    /// Whether an attempt failed, and why.
    failed: Option<Failure>,
    changed: Instant,
}

/// What a look at the attempts of an order found.
#[derive(Debug)]
pub struct Seen {
    /// Tasks that are done.
    pub done: BTreeSet<usize>,
    /// Tasks that someone is at.
    pub alive: BTreeSet<usize>,
    /// Attempts that have not shown for the watch's patience that they go on, found since the last look: the task, and
    /// who was at it.
    pub lost: Vec<(usize, String)>,
    /// The sum of what was done.
    pub sum: Beat,
    /// How long ago anything was last seen to change.
    pub still: Duration,
}

impl Watch {
    /// Watches the order in this file; an attempt that shows nothing for `patience` is lost.
    pub fn new(order: &Path, patience: Duration) -> Self {
        Self {
            attempts: order::attempts(order),
            patience,
            done: BTreeMap::new(),
            alive: BTreeMap::new(),
            lost: BTreeSet::new(),
            failed: None,
            changed: Instant::now(),
        }
    }

    /// Looks once more.
    ///
    /// # Errors
    /// [`Error::OnExecutor`] when an attempt failed for a reason that another would fail for as well; or when the folder
    /// cannot be read.
    pub fn look(&mut self) -> Result<Seen> {
        let now = Instant::now();
        let mut lost = Vec::new();
        for folder in folders(&self.attempts)? {
            let Some(task) = task_of(&folder) else { continue };
            if self.done.contains_key(&task) {
                continue;
            }
            let path = self.attempts.join(&folder);
            if let Some(done) = files::read_record::<Done>(&path.join(DONE))? {
                self.done.insert(task, done.beat);
                self.changed = now;
                continue;
            }
            // One that was given up may still come to an end, but what it complains of counts no more.
            if self.lost.contains(&folder) {
                continue;
            }
            if let Some(failure) = files::read_record::<Failure>(&path.join(FAILED))? {
                self.failed.get_or_insert(failure);
                continue;
            }
            let beat = files::read_record::<Beat>(&path.join(BEAT)).ok().flatten();
            let beat = beat.unwrap_or_default();
            let (last, since) = self.alive.entry(folder.clone()).or_insert_with(|| {
                self.changed = now;
                (beat.clone(), now)
            });
            if *last != beat {
                (*last, *since) = (beat, now);
                self.changed = now;
            } else if now.duration_since(*since) >= self.patience {
                lost.push((task, last.executor.clone()));
                self.lost.insert(folder);
            }
        }
        if let Some(Failure { executor, message, refusal }) = self.failed.clone() {
            return Err(Error::OnExecutor { executor, message, refusal });
        }
        let done = &self.done;
        let lost_now = &self.lost;
        self.alive.retain(|folder, _| {
            !lost_now.contains(folder) && task_of(folder).is_some_and(|task| !done.contains_key(&task))
        });
        Ok(Seen {
            done: self.done.keys().copied().collect(),
            alive: self.alive.keys().filter_map(|folder| task_of(folder)).collect(),
            lost,
            sum: self.sum(),
            still: now.duration_since(self.changed),
        })
    }

    fn sum(&self) -> Beat {
        let mut furthest: BTreeMap<usize, &Beat> = self.done.iter().map(|(task, beat)| (*task, beat)).collect();
        for (folder, (beat, _)) in &self.alive {
            let Some(task) = task_of(folder) else { continue };
            let known = furthest.entry(task).or_insert(beat);
            if known.bytes < beat.bytes {
                *known = beat;
            }
        }
        furthest.values().fold(Beat::default(), |sum, beat| Beat {
            rows: sum.rows + beat.rows,
            bad: sum.bad + beat.bad,
            bytes: sum.bytes + beat.bytes,
            ..sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::attempt::Attempt;
    use super::Watch;
    use crate::error::Error;
    use std::fs;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn what_is_done_failed_or_silent_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let order = folder.path().join("order.json");
        let attempts = folder.path().join("attempts");
        fs::create_dir(&attempts).unwrap();
        let mut watch = Watch::new(&order, Duration::from_nanos(1));
        let attempt = |task| Attempt::start(&attempts, task, "here").unwrap();
        let silent = attempt(0);
        attempt(1)
            .run(&Arc::default(), |out| Ok(fs::write(out.join("x"), "y").map(|()| vec!["x".into()]).unwrap()))
            .unwrap();
        let seen = watch.look().unwrap();
        assert_eq!((seen.done.len(), seen.alive.len(), seen.lost.len()), (1, 1, 0));
        let seen = watch.look().unwrap();
        assert_eq!((seen.alive.len(), seen.lost.len()), (0, 1), "it showed nothing since the last look");
        // What was given up may complain or come to an end: only the latter counts.
        silent.run(&Arc::default(), |_| Err(Error::Crew("stale".into()))).unwrap();
        assert_eq!(watch.look().unwrap().done.len(), 1);
        silent.run(&Arc::default(), |_| Ok(Vec::new())).unwrap();
        assert_eq!(watch.look().unwrap().done.len(), 2);
        attempt(2).run(&Arc::default(), |_| Err(Error::Refused("no tokenizer".into()))).unwrap();
        let failed = watch.look().unwrap_err();
        assert!(failed.is_refusal() && failed.to_string() == "on executor `here`: no tokenizer");
    }
}
