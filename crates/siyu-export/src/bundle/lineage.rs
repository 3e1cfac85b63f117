//! Where an adapter comes from.

use crate::error::{Error, Result};
use serde_json::Value;
use siyu_checkpoint::{Origin, file_hash, read_json};
use std::path::{Path, PathBuf};

/// The record of a run, in its folder.
const RUN: &str = "run.json";
/// The manifest of a dataset, in its folder.
const MANIFEST: &str = "manifest.json";

/// The record of the run that an adapter comes from, from the adapter's folder or the one above; and the manifest of
/// the dataset that the adapter was trained on: from `dataset`, else from where the run read it, if it is still that
/// one.
///
/// # Errors
/// [`Error::Mixed`] where `dataset` is not the one that the adapter was trained on.
pub fn lineage(adapter: &Path, dataset: Option<&Path>) -> Result<Vec<PathBuf>> {
    let folders = [Some(adapter), adapter.parent()];
    let run = folders.into_iter().flatten().map(|folder| folder.join(RUN)).find(|path| path.is_file());
    let mut found: Vec<PathBuf> = run.iter().cloned().collect();
    let Some(origin) = Origin::open(adapter)? else { return Ok(found) };
    let manifest = match dataset {
        Some(folder) => Some(folder.join(MANIFEST)),
        None => run.as_deref().map(read_from).transpose()?.flatten().map(|folder| folder.join(MANIFEST)),
    };
    let Some(manifest) = manifest.filter(|path| dataset.is_some() || path.is_file()) else { return Ok(found) };
    if file_hash(&manifest)? == origin.manifest_hash {
        found.push(manifest);
    } else if let Some(folder) = dataset {
        let problem = format!(
            "the adapter in `{}` was trained on another dataset than the one in `{}`",
            adapter.display(),
            folder.display()
        );
        return Err(Error::Mixed { problem });
    }
    Ok(found)
}

/// The dataset's folder, as a run's record has it.
fn read_from(run: &Path) -> Result<Option<PathBuf>> {
    let record: Value = read_json(run)?;
    Ok(record["settings"]["dataset"].as_str().map(PathBuf::from))
}
