//! The scratch folder: whose it is, and whether an earlier run in it can be continued.

use crate::error::{Error, Result};
use crate::files;
use crate::input::Source;
use crate::pipeline::Pipeline;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What must be the same for a run to be continued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    version: String,
    pipeline: String,
    inputs: Vec<(String, u64, u128)>,
    files: Vec<(PathBuf, String)>,
}

impl Identity {
    /// Of a pipeline and the files it reads.
    pub(crate) fn new(pipeline: &Pipeline, sources: &[Source]) -> Result<Self> {
        let mut named = Vec::new();
        for path in pipeline.steps.iter().flat_map(crate::step::Step::files) {
            let bytes = fs::read(&path).map_err(Error::read(&path))?;
            named.push((path, blake3::hash(&bytes).to_hex().to_string()));
        }
        let inputs = sources.iter().map(|source| (source.name.clone(), source.bytes, source.modified_nanos)).collect();
        let pipeline = serde_json::to_string(pipeline).expect("a pipeline is plain data");
        Ok(Self { version: env!("CARGO_PKG_VERSION").to_owned(), pipeline, inputs, files: named })
    }

    /// What differs from an earlier run, in words.
    fn difference(&self, earlier: &Self) -> Option<String> {
        if self.version != earlier.version {
            return Some(format!("the version was {} and is {}", earlier.version, self.version));
        }
        if self.pipeline != earlier.pipeline {
            return Some("the pipeline".to_owned());
        }
        for file in &self.files {
            if !earlier.files.contains(file) {
                return Some(format!("`{}`", file.0.display()));
            }
        }
        let known = |name: &str, of: &Self| of.inputs.iter().find(|input| input.0 == name).cloned();
        for input in &self.inputs {
            match known(&input.0, earlier) {
                None => return Some(format!("the input `{}` is new", input.0)),
                Some(before) if before != *input => return Some(format!("the input `{}`", input.0)),
                Some(_) => {}
            }
        }
        let gone = earlier.inputs.iter().find(|input| known(&input.0, self).is_none());
        gone.map(|input| format!("the input `{}` is gone", input.0))
    }
}

/// The scratch folder of an output folder, locked while it lives.
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
    _lock: File,
}

impl Scratch {
    /// Opens or makes the scratch folder and takes its lock.
    ///
    /// # Errors
    /// When another run works in it, or when an earlier run there was another one and `fresh` is not set.
    pub(crate) fn open(output: &Path, identity: &Identity, fresh: bool) -> Result<Self> {
        files::create_folder(output)?;
        let lock_path = output.join(".siyu-lock");
        let lock = files::create_private(&lock_path).map_err(Error::write(&lock_path))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            Error::Resume(format!(
                "another run is writing to `{}`; wait for it, or choose another `output.directory`",
                output.display()
            ))
        })?;
        let path = output.join(".siyu-scratch");
        if fresh && path.exists() {
            fs::remove_dir_all(&path).map_err(Error::write(&path))?;
        }
        files::create_folder(&path)?;
        let record = path.join("identity.json");
        if let Some(earlier) = files::read_record::<Identity>(&record)? {
            if let Some(difference) = identity.difference(&earlier) {
                return Err(Error::Resume(format!(
                    "an unfinished run in `{}` cannot be continued, for something changed since: {difference}; \
                     undo the change, or start over with `--fresh`",
                    output.display()
                )));
            }
        } else {
            files::write_record(&record, identity)?;
        }
        Ok(Self { path, _lock: lock })
    }

    /// A folder inside, made if need be.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        files::create_folder(&path)?;
        Ok(path)
    }

    /// Removes everything: the dataset is complete.
    pub(crate) fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.path).map_err(Error::write(&self.path))?;
        let lock = self.path.with_file_name(".siyu-lock");
        fs::remove_file(&lock).map_err(Error::write(&lock))
    }
}
