//! The folder in which an executor keeps what does not fit into its memory.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";

/// A folder of one process alone, removed when it is dropped; where the process was killed, by the next one.
pub(crate) struct WorkFolder {
    pub(crate) path: PathBuf,
    /// Held as long as the process lives.
    _lock: File,
}

impl WorkFolder {
    /// Makes a folder below `root`, and removes those there whose processes have ended.
    pub(crate) fn new(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        for entry in fs::read_dir(root)? {
            let path = entry?.path();
            // One without a lock is just being made, or is somebody else's.
            let Ok(lock) = File::open(path.join(LOCK)) else { continue };
            if lock.try_lock().is_ok() {
                // Another executor that starts just now may be removing it too.
                let _ = fs::remove_dir_all(&path);
            }
        }
        let path = root.join(std::process::id().to_string());
        fs::create_dir_all(path.join("spill"))?;
        // Under its own name only once it is held: an executor that starts just now must not take it for a dead one's.
        let lock = tempfile::NamedTempFile::new_in(&path)?;
        lock.as_file().lock()?;
        let lock = lock.persist(path.join(LOCK))?;
        Ok(Self { path, _lock: lock })
    }

    /// For copies of scratch folders.
    pub(crate) fn twins(&self) -> PathBuf {
        self.path.join("twins")
    }

    /// For what DataFusion spills.
    pub(crate) fn spill(&self) -> PathBuf {
        self.path.join("spill")
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // What is left is removed by the next executor here.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::{LOCK, WorkFolder};
    use std::fs;

    #[test]
    fn folders_of_dead_processes_go_and_those_of_living_ones_stay() {
        let root = tempfile::tempdir().unwrap();
        for name in ["dead", "alive", "other"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        fs::write(root.path().join("dead").join(LOCK), "").unwrap();
        fs::write(root.path().join("alive").join(LOCK), "").unwrap();
        let alive = fs::File::open(root.path().join("alive").join(LOCK)).unwrap();
        alive.lock().unwrap();
        let own = WorkFolder::new(root.path()).unwrap();
        let path = own.path.clone();
        assert!(own.spill().is_dir());
        let exists = |name: &str| root.path().join(name).exists();
        assert_eq!((exists("dead"), exists("alive"), exists("other")), (false, true, true));
        drop(own);
        assert!(!path.exists());
    }
}
