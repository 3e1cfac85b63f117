//! The scratch folder: whose it is, and whether an earlier run in it can be continued.
//!
//! A run is continued where version, decisive settings, files that steps name, secrets and inputs are the same. An
//! input counts as the same by name, size and time; where only the time is another, by what it holds: its hash once all
//! input is read, the hashes of the blocks that were done before that.

use super::change::{INPUT, KEY, decisive, differences};
use super::install::JOURNAL;
use crate::error::{Error, OutputError, Result};
use crate::files;
use crate::input::Source;
use crate::pipeline::Pipeline;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What must be the same for a run to be continued.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Identity {
    version: String,
    pipeline: Value,
    /// Name, bytes and time of the last change of each input.
    inputs: Vec<(String, u64, u128)>,
    /// blake3 of each file that a step names.
    pub(crate) files: BTreeMap<String, String>,
    /// What tells one secret of a step from another, by the environment variable that holds it.
    pub(crate) keys: BTreeMap<String, String>,
}

impl Identity {
    /// Of a pipeline and the files it reads.
    pub(crate) fn new(pipeline: &Pipeline, sources: &[Source]) -> Result<Self> {
        let mut named = BTreeMap::new();
        for path in pipeline.steps.iter().flat_map(crate::step::Step::files) {
            named.insert(path.display().to_string(), files::hash(&path)?);
        }
        let keys = pipeline.steps.iter().filter_map(crate::step::Step::key_from);
        let keys = keys.map(|name| (name.to_owned(), fingerprint(&std::env::var(name).unwrap_or_default())));
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pipeline: decisive(pipeline),
            inputs: sources.iter().map(|one| (one.name.clone(), one.bytes, one.modified_nanos)).collect(),
            files: named,
            keys: keys.collect(),
        })
    }

    /// What differs from an earlier run, in words; a new time alone is no difference, see [`Self::touched`].
    fn difference(&self, earlier: &Self) -> Option<String> {
        let inputs = |of: &Self| of.inputs.iter().map(|input| (input.0.clone(), input.1)).collect();
        version(&earlier.version)
            .or_else(|| first(&differences(&earlier.pipeline, &self.pipeline)))
            .or_else(|| named("`", &earlier.files, &self.files))
            .or_else(|| named(KEY, &earlier.keys, &self.keys))
            .or_else(|| named(INPUT, &inputs(earlier), &inputs(self)))
    }

    /// Indexes of the inputs that were written to since, though their size is the same.
    fn touched(&self, earlier: &Self) -> Vec<usize> {
        let pairs = self.inputs.iter().zip(&earlier.inputs).enumerate();
        pairs.filter(|(_, (now, before))| now.2 != before.2).map(|(index, _)| index).collect()
    }
}

/// What differs when another version wrote something.
pub(super) fn version(earlier: &str) -> Option<String> {
    let own = env!("CARGO_PKG_VERSION");
    (earlier != own).then(|| format!("siyu {earlier} began it and this is siyu {own}"))
}

/// The first few of many changes.
pub(super) fn first(changes: &[String]) -> Option<String> {
    let shown = changes.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    match changes.len() {
        0 => None,
        1..=3 => Some(shown),
        count => Some(format!("{shown}; and {} more", count - 3)),
    }
}

/// The first name whose value is another one, or that came or went.
pub(super) fn named<T: PartialEq>(
    what: &str,
    before: &BTreeMap<String, T>,
    now: &BTreeMap<String, T>,
) -> Option<String> {
    let changed = |(name, value): (&String, &T)| match before.get(name) {
        None => Some(format!("{what}{name}` is new")),
        Some(earlier) => (earlier != value).then(|| format!("{what}{name}` changed")),
    };
    let gone = || before.keys().find(|name| !now.contains_key(*name)).map(|name| format!("{what}{name}` is gone"));
    now.iter().find_map(changed).or_else(gone)
}

/// Tells secrets apart as a pseudonym does: by a fixed word that the secret is the key of.
pub(crate) fn fingerprint(secret: &str) -> String {
    let key = blake3::hash(secret.as_bytes());
    blake3::keyed_hash(key.as_bytes(), b"which key is this").to_hex().chars().take(12).collect()
}

/// The scratch folder of an output folder, locked while it lives.
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
    /// Inputs that were written to since the run began, by index.
    pub(crate) touched: Vec<usize>,
    folder: File,
    /// None where another process leads the run.
    _lock: Option<File>,
}

impl Scratch {
    /// Where the scratch of an output folder is.
    pub(super) fn place(output: &Path) -> PathBuf {
        output.join(".siyu-scratch")
    }

    /// Whether an unfinished run in the output folder is this one.
    pub(super) fn holds(output: &Path, identity: &Identity) -> Result<bool> {
        let earlier = files::read_record::<Identity>(&Self::place(output).join(IDENTITY))?;
        Ok(earlier.is_some_and(|earlier| identity.difference(&earlier).is_none()))
    }

    /// Opens or makes the scratch folder and takes its lock.
    ///
    /// # Errors
    /// When another run works in it, or when an earlier run there was another one and `fresh` is not set.
    pub(crate) fn open(output: &Path, identity: &Identity, fresh: bool) -> Result<Self> {
        if fs::metadata(output).is_ok_and(|metadata| !metadata.is_dir()) {
            return Err(OutputError::NotAFolder { path: output.to_owned() }.into());
        }
        files::create_folder(output)?;
        let lock = lock(output)?;
        let path = Self::place(output);
        files::create_folder(&path)?;
        let record = path.join(IDENTITY);
        let earlier = if fresh { None } else { files::read_record::<Identity>(&record)? };
        let mut touched = Vec::new();
        if let Some(earlier) = earlier {
            if let Some(change) = identity.difference(&earlier) {
                return Err(OutputError::Unfinished { output: output.to_owned(), change }.into());
            }
            touched = identity.touched(&earlier);
        } else {
            clear(&path)?;
            files::write_record(&record, identity)?;
        }
        let folder = File::open(&path).map_err(Error::read(&path))?;
        Ok(Self { path, touched, folder, _lock: Some(lock) })
    }

    /// The scratch folder of a run that another process leads.
    pub(crate) fn visit(path: &Path) -> Result<Self> {
        let folder = File::open(path).map_err(Error::read(path))?;
        Ok(Self { path: path.to_owned(), touched: Vec::new(), folder, _lock: None })
    }

    /// A folder inside, made if need be; the scratch folder itself must be there.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        files::create_inner_folder(&path)?;
        Ok(path)
    }

    /// A folder inside that holds nothing, whatever a killed run left there.
    pub(crate) fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(Error::write(&path))?;
        }
        self.folder(name)
    }

    /// Whether the scratch folder is still the one that was opened.
    fn is_there(&self) -> bool {
        let (Ok(open), Ok(named)) = (self.folder.metadata(), fs::metadata(&self.path)) else { return false };
        (open.dev(), open.ino()) == (named.dev(), named.ino()) && self.path.join(IDENTITY).exists()
    }

    /// Says that the scratch folder is gone where that is why something failed.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let lost = |path: &Path, source: &std::io::Error| {
            source.kind() == std::io::ErrorKind::NotFound && path.starts_with(&self.path)
        };
        match &error {
            Error::Interrupted => error,
            Error::Write { path, source } | Error::Read { path, source } if lost(path, source) => {
                Error::ScratchGone { path: path.parent().unwrap_or(path).to_owned() }
            }
            _ if !self.is_there() => Error::ScratchGone { path: self.path.clone() },
            _ => error,
        }
    }

    /// Removes everything: the dataset is complete. The identity goes first, so that a rest is never continued.
    pub(crate) fn remove(self) -> Result<()> {
        let (record, lock) = (self.path.join(IDENTITY), self.path.with_file_name(LOCK));
        let removals = [
            (&record, fs::remove_file(&record)),
            (&self.path, fs::remove_dir_all(&self.path)),
            (&lock, fs::remove_file(&lock)),
        ];
        for (path, removed) in removals {
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::write(path)(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

const IDENTITY: &str = "identity.json";
const LOCK: &str = ".siyu-lock";

/// Takes the lock of an output folder. A run that ends removes the file, so the one that is locked must still be there.
fn lock(output: &Path) -> Result<File> {
    let path = output.join(LOCK);
    loop {
        let lock = files::create_private(&path).map_err(Error::write(&path))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(OutputError::Locked { output: output.to_owned() }.into());
        }
        let locked = lock.metadata().map_err(Error::read(&path))?.ino();
        if fs::metadata(&path).is_ok_and(|named| named.ino() == locked) {
            return Ok(lock);
        }
    }
}

/// Empties a scratch folder but for the journal, by which an installation that was cut short is known.
fn clear(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).map_err(Error::read(path))? {
        let entry = entry.map_err(Error::read(path))?;
        let inner = entry.path();
        if entry.file_name() == JOURNAL {
            continue;
        }
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if folder { fs::remove_dir_all(&inner) } else { fs::remove_file(&inner) };
        removed.map_err(Error::write(&inner))?;
    }
    Ok(())
}
