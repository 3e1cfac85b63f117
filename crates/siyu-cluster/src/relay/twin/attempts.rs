//! Attempts at tasks, from a twin to the store.

use super::{INPUTS, Twin, inputs_of, names};
use crate::error::Result;
use crate::relay::here;
use crate::s3::{all, put, put_bytes};
use siyu_ingest::remote::Beat;
use siyu_ingest::remote::copies::{BEAT, ENDS, Needs};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the store is told that an attempt goes on.
const SHOW_EVERY: Duration = Duration::from_secs(1);

impl Twin {
    /// Tells the store that attempts at a task go on while some work is done.
    pub(crate) async fn showing<T>(&self, order: &Path, task: usize, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        for more in 0.. {
            tokio::select! {
                ended = &mut work => return ended,
                () = tokio::time::sleep(SHOW_EVERY) => {
                    // A beat that is not seen is no reason to stop working.
                    let _ = self.show(order, task, more).await;
                }
            }
        }
        unreachable!("the numbers do not end")
    }

    /// Copies the beats of attempts, counted on: what is being copied has none of its own any more.
    async fn show(&self, order: &Path, task: usize, more: u64) -> Result<()> {
        for (name, folder) in self.attempts(order, task)? {
            let Ok(bytes) = fs::read(folder.join(BEAT)) else { continue };
            let Ok(mut beat) = serde_json::from_slice::<Beat>(&bytes) else { continue };
            beat.number += more;
            let bytes = serde_json::to_vec(&beat).unwrap_or_default();
            put_bytes(&self.place, &format!("{name}/{BEAT}"), bytes).await?;
        }
        Ok(())
    }

    /// Copies the attempts at a task to the store, the records of their ends last, and removes them and the task's
    /// inputs here.
    pub(crate) async fn hand_in(&self, order: &Path, task: usize) -> Result<()> {
        self.showing(order, task, self.copy_back(order, task)).await?;
        for (_, folder) in self.attempts(order, task)? {
            fs::remove_dir_all(&folder).map_err(here(&folder))?;
        }
        if let Ok(needs) = Needs::of(&self.order(order)?, task) {
            for (_, path, _) in inputs_of(&needs, &self.folder.join(INPUTS)) {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    async fn copy_back(&self, order: &Path, task: usize) -> Result<()> {
        for (name, folder) in self.attempts(order, task)? {
            let mut files = names(&folder)?;
            files.retain(|file| !file.starts_with("beat."));
            let (ends, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| ENDS.contains(&file.as_str()));
            // One that was stopped has no end: nobody waits for it.
            if ends.is_empty() {
                continue;
            }
            for files in [others, ends] {
                let copies = files.iter().map(|file| {
                    let (key, path) = (format!("{name}/{file}"), folder.join(file));
                    async move { put(&self.place, &key, &path).await }
                });
                all(copies).await?;
            }
        }
        Ok(())
    }

    /// The attempts at a task here: their names in the store and their folders.
    fn attempts(&self, order: &Path, task: usize) -> Result<Vec<(String, PathBuf)>> {
        let (own, all) = (format!("task-{task:06}-"), self.order(order)?.with_file_name("attempts"));
        let inside = order.with_file_name("attempts").to_string_lossy().into_owned();
        let found = names(&all)?.into_iter().filter(|name| name.starts_with(&own));
        Ok(found.map(|name| (format!("{inside}/{name}"), all.join(name))).collect())
    }
}
