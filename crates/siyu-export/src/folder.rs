//! Folders of models that appear whole or not at all.

use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What lies beside the weights of a model and goes with them: configuration, tokenizer, template.
pub(crate) const COMPANIONS: [&str; 10] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
];

/// Lies in a folder in the making, locked by the run that makes it: a folder without it is none of ours.
pub(crate) const MARK: &str = ".siyu-unfinished";

/// A folder in the making; gone unless it is finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    partial: PathBuf,
    path: PathBuf,
    /// What an earlier result holds that may be written over; `None` where none may.
    record: Option<String>,
    /// Held while the folder is made.
    mark: Option<File>,
}

impl Unfinished {
    /// Begins a folder under a name beside its own.
    ///
    /// # Errors
    /// [`Error::Exists`] where something is there already; [`Error::Busy`] where another run is making it.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        Self::start(path, None)
    }

    /// The same, but a folder that holds a file named `record` stays until the new one is finished, and then gives way:
    /// nothing is removed that this program did not make.
    ///
    /// # Errors
    /// [`Error::Foreign`] where something else is there; [`Error::Inside`] where one of `sources` is in it.
    pub(crate) fn begin_over(path: &Path, record: &str, sources: &[&Path]) -> Result<Self> {
        // Left by a run that was cut off between its last two steps.
        expect_ours(&beside(path, ".replaced"), record)?;
        if is_taken(path) {
            let whole = |path: &Path| fs::canonicalize(path).map_err(Error::read(path));
            let place = whole(path)?;
            for source in sources {
                if whole(source)?.starts_with(&place) {
                    return Err(Error::Inside { path: path.to_owned(), source_path: (*source).to_owned() });
                }
            }
        }
        Self::start(path, Some(record.to_owned()))
    }

    fn start(path: &Path, record: Option<String>) -> Result<Self> {
        let (partial, path) = (beside(path, ".partial"), path.to_owned());
        let mut begun = Self { partial, path, record, mark: None };
        begun.expect_place()?;
        if is_taken(&begun.partial) {
            begun.clear()?;
        }
        fs::create_dir_all(&begun.partial).map_err(Error::write(&begun.partial))?;
        let mark = begun.partial.join(MARK);
        let file = OpenOptions::new().write(true).create_new(true).open(&mark).map_err(Error::write(&mark))?;
        // Where files cannot be locked, runs do not see each other.
        let _ = file.try_lock();
        begun.mark = Some(file);
        Ok(begun)
    }

    /// Removes what a run left that was cut off.
    fn clear(&self) -> Result<()> {
        match File::open(self.partial.join(MARK)).map(|mark| mark.try_lock()) {
            Ok(Err(TryLockError::WouldBlock)) => Err(Error::Busy { path: self.path.clone() }),
            Ok(_) => fs::remove_dir_all(&self.partial).map_err(Error::write(&self.partial)),
            Err(_) => Err(Error::Foreign { path: self.partial.clone() }),
        }
    }

    /// Refuses a place that holds what may not be written over.
    fn expect_place(&self) -> Result<()> {
        match &self.record {
            Some(record) => expect_ours(&self.path, record),
            None if is_taken(&self.path) => Err(Error::Exists { path: self.path.clone() }),
            None => Ok(()),
        }
    }

    /// Where the files go.
    pub(crate) fn folder(&self) -> &Path {
        &self.partial
    }

    /// Removes a file that was needed only on the way, where it is.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let path = self.partial.join(name);
        if path.is_file() { fs::remove_file(&path).map_err(Error::write(&path)) } else { Ok(()) }
    }

    /// Copies what goes with the weights of `model`.
    pub(crate) fn copy_companions(&self, model: &Path) -> Result<()> {
        for name in COMPANIONS {
            let from = model.join(name);
            if from.is_file() {
                copy(&from, &self.partial.join(name))?;
            }
        }
        Ok(())
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// As [`Self::begin`]: the place may have been taken meanwhile.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.put()?;
        // What lies there from now on is another run's.
        self.mark = None;
        Ok(())
    }

    fn put(&self) -> Result<()> {
        let write = || Error::write(&self.path);
        self.expect_place()?;
        let replaced = beside(&self.path, ".replaced");
        let gives_way = fs::remove_dir(&self.path).is_err() && self.path.exists();
        if gives_way {
            if replaced.exists() {
                fs::remove_dir_all(&replaced).map_err(Error::write(&replaced))?;
            }
            fs::rename(&self.path, &replaced).map_err(write())?;
        }
        if let Err(error) = fs::rename(&self.partial, &self.path) {
            if gives_way {
                fs::rename(&replaced, &self.path).map_err(write())?;
            }
            return Err(write()(error));
        }
        // Only now: a run that is cut off before leaves a folder that the next one knows for its own.
        let mark = self.path.join(MARK);
        fs::remove_file(&mark).map_err(Error::write(&mark))?;
        if gives_way { fs::remove_dir_all(&replaced).map_err(Error::write(&replaced)) } else { Ok(()) }
    }
}

/// Refuses a place that holds something without `record` in it.
fn expect_ours(path: &Path, record: &str) -> Result<()> {
    if is_taken(path) && !path.join(record).is_file() {
        return Err(Error::Foreign { path: path.to_owned() });
    }
    Ok(())
}

/// Copies a file; the error names the side that failed. Returns its bytes.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<u64> {
    let found = fs::metadata(from).and_then(|found| {
        if found.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { File::open(from).map(drop) }
    });
    found.map_err(Error::read(from))?;
    fs::copy(from, to).map_err(Error::write(to))
}

/// Whether there is anything but an empty folder.
fn is_taken(path: &Path) -> bool {
    path.exists() && fs::read_dir(path).map_or(true, |mut content| content.next().is_some())
}

/// A path whose name goes on with `suffix`; a slash at its end is none of it.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.components().collect::<PathBuf>().into_os_string();
    name.push(suffix);
    name.into()
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already where it was finished, and another's where none was begun; what cannot be removed is removed by
        // the next try.
        if self.mark.is_some() {
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(name), "x").unwrap();
    }

    #[test]
    fn a_folder_of_the_user_is_not_taken_for_one_in_the_making() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("out");
        put(&place.path().join("out.partial"), "mine.txt");
        let error = Unfinished::begin(&out).unwrap_err();
        assert!(matches!(&error, Error::Foreign { path } if path.ends_with("out.partial")), "{error}");
        assert!(place.path().join("out.partial/mine.txt").is_file());
        put(&place.path().join("other.replaced"), "mine.txt");
        let error = Unfinished::begin_over(&place.path().join("other"), "record", &[]).unwrap_err();
        assert!(matches!(&error, Error::Foreign { path } if path.ends_with("other.replaced")), "{error}");
        assert!(place.path().join("other.replaced/mine.txt").is_file());
    }

    #[test]
    fn a_run_does_not_take_the_place_of_another_but_that_of_one_that_was_cut_off() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("out");
        let first = Unfinished::begin(&out).unwrap();
        put(first.folder(), "a");
        assert!(matches!(Unfinished::begin(&out).unwrap_err(), Error::Busy { .. }));
        first.finish().unwrap();
        let names: Vec<_> = fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, ["a"]);
        // The lock of a run that was cut off is gone.
        let next = place.path().join("next");
        put(&place.path().join("next.partial"), MARK);
        put(&place.path().join("next.partial"), "half");
        let second = Unfinished::begin(&next).unwrap();
        assert!(!second.folder().join("half").exists());
    }

    #[test]
    fn what_came_to_the_place_meanwhile_stays() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("out");
        let begun = Unfinished::begin(&out).unwrap();
        put(&out, "mine.txt");
        assert!(matches!(begun.finish().unwrap_err(), Error::Exists { .. }));
        assert!(out.join("mine.txt").is_file() && !place.path().join("out.partial").exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_not_blamed_on_what_is_copied() {
        let place = tempfile::tempdir().unwrap();
        put(place.path(), "from");
        let error = copy(&place.path().join("from"), Path::new("/dev/full")).unwrap_err().to_string();
        assert!(error.contains("cannot write `/dev/full`"), "{error}");
        let error = copy(place.path(), &place.path().join("to")).unwrap_err().to_string();
        assert!(error.contains("cannot read"), "{error}");
    }
}
