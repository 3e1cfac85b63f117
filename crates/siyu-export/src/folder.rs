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
        if path.exists() && fs::read_dir(path).map_or(true, |mut content| content.next().is_some()) {
            return Err(Error::Exists { path: path.to_owned() });
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
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
        if self.path.exists() {
            fs::remove_dir(&self.path).map_err(Error::write(&self.path))?;
        }
        fs::rename(&self.partial, &self.path).map_err(Error::write(&self.path))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already where it was finished; what cannot be removed is removed by the next try.
        let _ = fs::remove_dir_all(&self.partial);
    }
}
