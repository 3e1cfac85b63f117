//! Folders of models that appear whole or not at all.

use crate::error::{Error, Result};
use std::fs;
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

/// A folder in the making; gone unless it is finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    partial: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    /// Begins a folder under a name beside its own.
    ///
    /// # Errors
    /// [`Error::Exists`] where something is there already.
    pub(crate) fn begin(path: &Path) -> Result<Self> {
        if is_taken(path) {
            return Err(Error::Exists { path: path.to_owned() });
        }
        Self::start(path)
    }

    /// The same, but a folder that holds a file named `record` stays until the new one is finished, and then gives way:
    /// nothing is removed that this program did not make.
    ///
    /// # Errors
    /// [`Error::Foreign`] where something else is there; [`Error::Inside`] where one of `sources` is in it.
    pub(crate) fn begin_over(path: &Path, record: &str, sources: &[&Path]) -> Result<Self> {
        if is_taken(path) {
            if !path.join(record).is_file() {
                return Err(Error::Foreign { path: path.to_owned() });
            }
            let whole = |path: &Path| fs::canonicalize(path).map_err(Error::read(path));
            let place = whole(path)?;
            for source in sources {
                if whole(source)?.starts_with(&place) {
                    return Err(Error::Inside { path: path.to_owned(), source_path: (*source).to_owned() });
                }
            }
        }
        Self::start(path)
    }

    fn start(path: &Path) -> Result<Self> {
        let partial = beside(path, ".partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(Error::write(&partial))?;
        }
        fs::create_dir_all(&partial).map_err(Error::write(&partial))?;
        Ok(Self { partial, path: path.to_owned() })
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
                fs::copy(&from, self.partial.join(name)).map_err(Error::write(self.partial.join(name)))?;
            }
        }
        Ok(())
    }

    /// Gives the folder its name.
    pub(crate) fn finish(self) -> Result<()> {
        let write = || Error::write(&self.path);
        if fs::remove_dir(&self.path).is_ok() || !self.path.exists() {
            return fs::rename(&self.partial, &self.path).map_err(write());
        }
        let replaced = beside(&self.path, ".replaced");
        if replaced.exists() {
            fs::remove_dir_all(&replaced).map_err(Error::write(&replaced))?;
        }
        fs::rename(&self.path, &replaced).map_err(write())?;
        fs::rename(&self.partial, &self.path).map_err(write())?;
        fs::remove_dir_all(&replaced).map_err(Error::write(&replaced))
    }
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
        // Gone already where it was finished; what cannot be removed is removed by the next try.
        let _ = fs::remove_dir_all(&self.partial);
    }
}
