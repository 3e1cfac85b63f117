//! Files that are read again when they change.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Makes a value of the contents of files, in their order.
type Load<T, E> = Box<dyn Fn(&[(PathBuf, Vec<u8>)]) -> Result<T, E> + Send + Sync>;

/// A value made of files. A change that cannot be read leaves the value that was there.
pub(crate) struct Watched<T, E> {
    paths: Vec<PathBuf>,
    load: Load<T, E>,
    current: RwLock<Arc<T>>,
    seen: Mutex<Vec<Stamp>>,
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp(Option<(u64, u64, i64, i64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        let facts = |file: fs::Metadata| (file.ino(), file.len(), file.mtime(), file.mtime_nsec());
        Self(fs::metadata(path).ok().map(facts))
    }
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`", path.display())]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl<T, E: From<Unreadable>> Watched<T, E> {
    /// Reads the files for the first time.
    pub(crate) fn new(
        paths: Vec<PathBuf>,
        load: impl Fn(&[(PathBuf, Vec<u8>)]) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        let seen = stamps(&paths);
        let value = load(&read(&paths)?)?;
        Ok(Self { paths, load: Box::new(load), current: RwLock::new(Arc::new(value)), seen: Mutex::new(seen) })
    }

    pub(crate) fn get(&self) -> Arc<T> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again if one of them changed; whether there is another value.
    ///
    /// # Errors
    /// Where the changed files cannot be read. They are not tried again before they change once more.
    pub(crate) fn refresh(&self) -> Result<bool, E> {
        let now = stamps(&self.paths);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == now {
                return Ok(false);
            }
            *seen = now;
        }
        let value = Arc::new((self.load)(&read(&self.paths)?)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = value;
        Ok(true)
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Stamp> {
    paths.iter().map(|path| Stamp::of(path)).collect()
}

fn read(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Vec<u8>)>, Unreadable> {
    paths
        .iter()
        .map(|path| match fs::read(path) {
            Ok(bytes) => Ok((path.clone(), bytes)),
            Err(source) => Err(Unreadable { path: path.clone(), source }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_and_a_broken_one_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        fs::write(&path, "1").unwrap();
        let parse = |files: &[(PathBuf, Vec<u8>)]| {
            let text = String::from_utf8_lossy(&files[0].1).into_owned();
            text.parse::<i32>()
                .map_err(|_| Unreadable { path: files[0].0.clone(), source: io::ErrorKind::InvalidData.into() })
        };
        let watched = Watched::new(vec![path.clone()], parse).unwrap();
        assert!(!watched.refresh().unwrap());
        fs::write(&path, "no number").unwrap();
        assert!(watched.refresh().is_err());
        assert!(!watched.refresh().unwrap(), "the same broken file is not read again");
        assert_eq!(*watched.get(), 1);
        fs::write(&path, "42").unwrap();
        assert!(watched.refresh().unwrap());
        assert_eq!(*watched.get(), 42);
    }
}
