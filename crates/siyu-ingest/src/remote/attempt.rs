//! The folder of one attempt at a task: what is written there, and in which order.

use crate::error::{Error, Result, chain};
use crate::files;
use crate::run::progress::Progress;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub(super) const DONE: &str = "done.json";
pub(super) const FAILED: &str = "failed.json";
/// The name of the record that an attempt goes on.
pub const BEAT: &str = "beat.json";
/// How often an attempt shows that it goes on.
const BEAT_EVERY: Duration = Duration::from_millis(500);

/// The record of a complete attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Done {
    /// The files that it wrote and their sizes, in the order in which they are taken over.
    pub(super) files: Vec<(String, u64)>,
    /// What it did in the end.
    pub(super) beat: Beat,
}

/// The record of an attempt that cannot succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) executor: String,
    pub(super) message: String,
    /// Whether the command or the pipeline is wrong.
    pub(super) refusal: bool,
}

/// What an attempt has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Who does it.
    pub executor: String,
    /// How often it has shown so.
    pub number: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be read.
    pub bad: u64,
    /// Bytes of input read.
    pub bytes: u64,
}

/// An attempt that is being made.
pub(super) struct Attempt {
    pub(super) folder: PathBuf,
    executor: String,
}

impl Attempt {
    /// Makes a folder for an attempt at a task; none is made where the order is no longer of interest.
    pub(super) fn start(attempts: &Path, task: usize, executor: &str) -> Result<Self> {
        let made = tempfile::Builder::new().prefix(&format!("{}-", name(task))).tempdir_in(attempts);
        let folder = made.map_err(Error::write(attempts))?.keep();
        Ok(Self { folder, executor: executor.to_owned() })
    }

    /// Does the work, showing meanwhile that it goes on; ends with one of the two records.
    pub(super) fn run(&self, progress: &Arc<Progress>, work: impl FnOnce(&Path) -> Result<Vec<String>>) -> Result<()> {
        let ended = Ended::default();
        let written = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 0;
                loop {
                    // A beat that is not seen is no reason to stop working.
                    let _ = write_light(&self.folder.join(BEAT), &self.beat(number, progress));
                    if ended.wait(BEAT_EVERY) {
                        break;
                    }
                    number += 1;
                }
            });
            let _end = &ended.guard();
            work(&self.folder)
        });
        match written {
            Ok(names) => {
                let size = |name: String| {
                    let path = self.folder.join(&name);
                    fs::metadata(&path).map(|metadata| (name, metadata.len())).map_err(Error::read(&path))
                };
                let files = names.into_iter().map(size).collect::<Result<_>>()?;
                files::write_record(&self.folder.join(DONE), &Done { files, beat: self.beat(0, progress) })
            }
            // Nobody waits for it, or it was told to stop: that says nothing of the task.
            Err(Error::Interrupted) => Err(Error::Interrupted),
            Err(error) => {
                let failure =
                    Failure { executor: self.executor.clone(), message: chain(&error), refusal: error.is_refusal() };
                files::write_record(&self.folder.join(FAILED), &failure)
            }
        }
    }

    fn beat(&self, number: u64, progress: &Progress) -> Beat {
        let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Beat {
            executor: self.executor.clone(),
            number,
            rows: load(&progress.rows),
            bad: load(&progress.bad),
            bytes: load(&progress.bytes),
        }
    }
}

/// Says to a thread that another has ended.
#[derive(Default)]
struct Ended {
    ended: std::sync::Mutex<bool>,
    changed: std::sync::Condvar,
}

impl Ended {
    /// Waits for the end or the time; whether it was the end.
    fn wait(&self, time: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *ended {
            return true;
        }
        *self.changed.wait_timeout(ended, time).unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    /// Ends when it is dropped, be it by a panic.
    fn guard(&self) -> impl Drop + use<'_> {
        struct Guard<'a>(&'a Ended);
        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                *self.0.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = true;
                self.0.changed.notify_all();
            }
        }
        Guard(self)
    }
}

/// Writes a record that may be lost: it is renamed into place, but nobody waits for the disk.
fn write_light(path: &Path, record: &impl Serialize) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, serde_json::to_vec(record)?)?;
    fs::rename(&partial, path)
}

fn name(task: usize) -> String {
    format!("task-{task:06}")
}

/// The task that an attempt's folder belongs to.
pub(super) fn task_of(folder: &str) -> Option<usize> {
    folder.strip_prefix("task-")?.split_once('-')?.0.parse().ok()
}

/// Complete attempts, the first by name for each task.
pub(super) fn complete(attempts: &Path) -> Result<BTreeMap<usize, (PathBuf, Done)>> {
    let mut found = BTreeMap::new();
    for folder in folders(attempts)? {
        let path = attempts.join(&folder);
        let Some(task) = task_of(&folder) else { continue };
        if found.contains_key(&task) {
            continue;
        }
        let Some(done) = files::read_record::<Done>(&path.join(DONE))? else { continue };
        let whole = |(name, size): &(String, u64)| fs::metadata(path.join(name)).is_ok_and(|file| file.len() == *size);
        // An earlier leader may have been killed while it took this attempt over.
        if done.files.iter().all(whole) {
            found.insert(task, (path, done));
        }
    }
    Ok(found)
}

/// Whether some attempt at a task is complete.
pub(super) fn is_done(attempts: &Path, task: usize) -> bool {
    let prefix = format!("{}-", name(task));
    let folders = folders(attempts).unwrap_or_default();
    folders.iter().any(|folder| folder.starts_with(&prefix) && attempts.join(folder).join(DONE).exists())
}

pub(super) fn folders(attempts: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(attempts).map_err(Error::read(attempts))?;
    entries.map(|entry| Ok(entry.map_err(Error::read(attempts))?.file_name().to_string_lossy().into_owned())).collect()
}
