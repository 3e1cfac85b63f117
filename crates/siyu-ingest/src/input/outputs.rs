//! Datasets among the input: a run must read neither its own output nor, unasked, that of another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use siyu_dataset::MANIFEST;

use super::{Input, Source};
use crate::error::{EntryError, Result};
use crate::run::is_reserved;

/// Leaves out what the run itself has written or will write, so that a second run reads what the first one read.
///
/// # Errors
/// An entry that names files of the output folder, or that covers another dataset: its rows were probably made from
/// files beside it. A dataset's shards are read where an entry names its `data` folder.
pub(crate) fn without_outputs(inputs: &[Input], sources: Vec<Source>, output: &Path) -> Result<Vec<Source>> {
    let bases: Vec<PathBuf> = inputs.iter().map(|input| resolved(Path::new(fixed(&input.path)))).collect();
    let output = resolved(output);
    let mut folders = Folders::default();
    let mut kept = Vec::with_capacity(sources.len());
    for source in sources {
        let real = folders.real(&source.path);
        if real.strip_prefix(&output).is_ok_and(is_reserved) {
            let named = bases.iter().position(|base| base.starts_with(&output) && *base != output);
            if let Some(entry) = named {
                return Err(EntryError::InputInOutput { path: inputs[entry].path.clone(), output }.into());
            }
            tracing::warn!(path = %source.path.display(), "a file of the output is left out");
            continue;
        }
        if let Some(dataset) = folders.dataset(&real)
            && !(real.starts_with(dataset.join("data"))
                && bases.iter().any(|base| base.starts_with(dataset.join("data"))))
        {
            let entry = inputs.iter().zip(&bases).find(|(_, base)| real.starts_with(base));
            let path = entry.map_or_else(|| source.name.clone(), |(input, _)| input.path.clone());
            return Err(EntryError::DatasetInInput { path, dataset: dataset.display().to_string() }.into());
        }
        kept.push(source);
    }
    if kept.is_empty()
        && let Some(input) = inputs.first()
    {
        return Err(EntryError::InputInOutput { path: input.path.clone(), output }.into());
    }
    Ok(kept)
}

/// The part of an entry before its first wildcard.
fn fixed(path: &str) -> &str {
    if Path::new(path).exists() {
        return path;
    }
    let head = path.find(['*', '?', '[', '{']).map_or(path, |at| path.split_at(at).0);
    if head.len() == path.len() { path } else { head.rsplit_once('/').map_or("", |(folder, _)| folder) }
}

/// A path without links and dots, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}

/// What is known of folders that files lie in.
#[derive(Default)]
struct Folders {
    real: BTreeMap<PathBuf, PathBuf>,
    is_dataset: BTreeMap<PathBuf, bool>,
}

impl Folders {
    fn real(&mut self, file: &Path) -> PathBuf {
        let parent = file.parent().unwrap_or(Path::new(""));
        let real = self.real.entry(parent.to_owned()).or_insert_with(|| resolved(parent));
        real.join(file.file_name().unwrap_or_default())
    }

    /// The dataset that a file belongs to: its shards and lists lie one folder below the manifest.
    fn dataset(&mut self, file: &Path) -> Option<PathBuf> {
        let candidates = file.ancestors().skip(1).take(2);
        let found = candidates.filter(|folder| file.strip_prefix(folder).is_ok_and(is_reserved));
        for folder in found {
            let known = self.is_dataset.entry(folder.to_owned()).or_insert_with(|| is_dataset(folder));
            if *known {
                return Some(folder.to_owned());
            }
        }
        None
    }
}

/// Whether a folder holds a manifest of any version.
fn is_dataset(folder: &Path) -> bool {
    let manifest = fs::read(folder.join(MANIFEST)).ok();
    let fields = manifest.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    fields.is_some_and(|fields| fields.get("format_version").is_some() && fields.get("siyu_version").is_some())
}
