//! Whether model, adapter and tokenizer belong together.

use super::{BUNDLE_FILE, Bundle};
use crate::error::{Error, Result};
use crate::merge::{MERGE_RECORD, MergeRecord, expect_fit};
use siyu_checkpoint::{ADAPTER_WEIGHTS, Origin, base_hash, file_hash, read_json};
use std::fs;
use std::path::{Path, PathBuf};

/// Refuses a model and an adapter that were not made for each other, or a tokenizer that neither was trained with, as
/// far as their records tell; an adapter without one must have the shapes of the model.
///
/// # Errors
/// [`Error::Mixed`] names the parts, [`Error::Checkpoint`] the tensor that does not fit.
pub fn check_set(model: &Path, adapter: Option<&Path>) -> Result<()> {
    let tokenizer = model.join("tokenizer.json");
    let tokenizer = if tokenizer.is_file() { Some(file_hash(&tokenizer)?) } else { None };
    let expect_tokenizer = |wanted: &str, by: &str| match &tokenizer {
        Some(found) if found == wanted => Ok(()),
        Some(_) => {
            Err(mixed(format!("the tokenizer in `{}` is not the one that {by} was trained with", model.display())))
        }
        None => Err(mixed(format!("`{}` lacks the `tokenizer.json` that {by} was trained with", model.display()))),
    };
    let merged = merge_record(model)?;
    if let Some(wanted) = merged.as_ref().and_then(|record| record.tokenizer_hash.as_ref()) {
        expect_tokenizer(wanted, "the adapter in it")?;
    }
    let Some(adapter) = adapter else { return Ok(()) };
    if let Some(record) = &merged
        && record.adapter_hash == file_hash(adapter.join(ADAPTER_WEIGHTS))?
    {
        return Err(mixed(format!(
            "the adapter in `{}` is part of the model in `{}` already",
            adapter.display(),
            model.display()
        )));
    }
    let Some(origin) = Origin::open(adapter)? else { return expect_fit(model, adapter) };
    expect_tokenizer(&origin.tokenizer_hash, &format!("the adapter in `{}`", adapter.display()))?;
    if !has_weights(model)? {
        return Err(mixed(format!(
            "`{}` holds no weights to tell whether the adapter in `{}` belongs to them; merge it before the export",
            model.display(),
            adapter.display()
        )));
    }
    if base_hash(model)? != origin.model_hash {
        return Err(Error::OtherBase { adapter: adapter.to_owned(), base: model.to_owned() });
    }
    Ok(())
}

/// A model that may be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its folder.
    pub model: PathBuf,
    /// The folder of an adapter for it.
    pub adapter: Option<PathBuf>,
    /// The bundle's hash and tags, where it is one.
    pub bundle: Option<(String, Vec<String>)>,
}

/// Opens a bundle, or a model folder with an adapter for it, and refuses a mixed set. All files of a bundle are read
/// and compared with its manifest; an adapter that is given beside a bundle takes the place of its own.
///
/// # Errors
/// [`Error::Bundle`] and [`Error::Mixed`] name what does not fit.
pub fn served(path: &Path, adapter: Option<&Path>) -> Result<Served> {
    if !path.join(BUNDLE_FILE).is_file() {
        check_set(path, adapter)?;
        return Ok(Served { model: path.to_owned(), adapter: adapter.map(Path::to_owned), bundle: None });
    }
    let bundle = Bundle::open(path)?;
    bundle.verify()?;
    if adapter.is_some() {
        check_set(&bundle.model(), adapter)?;
    }
    Ok(Served {
        model: bundle.model(),
        adapter: adapter.map(Path::to_owned).or_else(|| bundle.adapter()),
        bundle: Some((bundle.manifest().content_hash.clone(), bundle.manifest().tags.clone())),
    })
}

fn mixed(problem: String) -> Error {
    Error::Mixed { problem }
}

fn merge_record(model: &Path) -> Result<Option<MergeRecord>> {
    let path = model.join(MERGE_RECORD);
    if path.is_file() { Ok(Some(read_json(&path)?)) } else { Ok(None) }
}

fn has_weights(model: &Path) -> Result<bool> {
    for entry in fs::read_dir(model).map_err(Error::read(model))? {
        let path = entry.map_err(Error::read(model))?.path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            return Ok(true);
        }
    }
    Ok(false)
}
