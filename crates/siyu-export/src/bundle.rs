//! Bundles: base, adapter, tokenizer with template, and settings as one thing under one hash.
//!
//! A bundle is a folder whose parts other tools read as they are: `model/` is a model folder, `adapter/` one of PEFT.
//! Large files lie apart from small ones, under names that stay, so that git-lfs and DVC keep them; `bundle.json` lists
//! every file, one line each, and git shows what changed. It must not look into datasets: it carries what a run's
//! record says of them.

mod create;
mod diff;
mod json;
mod lineage;
mod manifest;
mod set;

pub use create::{BundleParts, create_bundle};
pub use diff::{BundleChange, ChangeKind, diff_bundles};
pub use lineage::lineage;
pub use manifest::{BUNDLE_FILE, BundleFile, BundleManifest, Role};
pub use set::{Served, check_set, served};

use crate::error::{Error, Result};
use crate::folder::MARK;
use rayon::prelude::*;
use siyu_checkpoint::{file_hash, write_json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A bundle on the disk.
#[derive(Clone, Debug)]
pub struct Bundle {
    folder: PathBuf,
    manifest: BundleManifest,
}

impl Bundle {
    /// Reads the manifest of a bundle's folder, and nothing else.
    ///
    /// # Errors
    /// [`Error::Bundle`] for a folder without a manifest, one of another version, and one that was changed by hand.
    pub fn open(folder: &Path) -> Result<Self> {
        let manifest = BundleManifest::read(folder)?;
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// What it holds.
    pub fn manifest(&self) -> &BundleManifest {
        &self.manifest
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The model's folder.
    pub fn model(&self) -> PathBuf {
        self.folder.join("model")
    }

    /// The adapter's folder, where there is one.
    pub fn adapter(&self) -> Option<PathBuf> {
        self.manifest.files.iter().any(|file| file.role == Role::Adapter).then(|| self.folder.join("adapter"))
    }

    /// Reads every file and compares it with the manifest, then sees whether the parts go together.
    ///
    /// # Errors
    /// [`Error::Bundle`] names the file that is missing, changed or too many; [`Error::Mixed`] the parts.
    pub fn verify(&self) -> Result<()> {
        let changed: Result<Vec<Option<String>>> =
            self.manifest.files.par_iter().map(|file| self.problem(file)).collect();
        if let Some(problem) = changed?.into_iter().flatten().next() {
            return Err(self.refused(problem));
        }
        let known: BTreeSet<&str> = self.manifest.files.iter().map(|file| file.path.as_str()).collect();
        for path in files_below(&self.folder)? {
            if !known.contains(path.as_str()) && path.contains('/') && !is_pointer(&path) {
                return Err(self.refused(format!("it holds `{path}`, which is not in its manifest")));
            }
        }
        check_set(&self.model(), self.adapter().as_deref())
    }

    fn problem(&self, file: &BundleFile) -> Result<Option<String>> {
        let path = self.folder.join(&file.path);
        let Ok(found) = fs::metadata(&path) else {
            return Ok(Some(format!("`{}` is missing; fetch it with `git lfs pull` or `dvc pull`", file.path)));
        };
        if found.len() != file.bytes || file_hash(&path)? != file.blake3 {
            return Ok(Some(format!(
                "`{}` is not the file that was put in; fetch or make the bundle again",
                file.path
            )));
        }
        Ok(None)
    }

    fn refused(&self, problem: String) -> Error {
        Error::Bundle { path: self.folder.clone(), problem }
    }

    /// Gives the bundle a name by which people know it. Its hash stays.
    ///
    /// # Errors
    /// [`Error::Setting`] for a name with other characters than letters, digits, `.`, `_` and `-`; [`Error::Checkpoint`] where
    /// the manifest cannot be written.
    pub fn tag(&mut self, tag: &str) -> Result<()> {
        manifest::check_tag(tag)?;
        if self.manifest.tags.iter().all(|known| known != tag) {
            self.manifest.tags.push(tag.to_owned());
            self.manifest.tags.sort();
        }
        Ok(write_json(&self.folder.join(BUNDLE_FILE), &self.manifest)?)
    }
}

/// What DVC puts beside the files it keeps.
fn is_pointer(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    Path::new(name).extension().is_some_and(|end| end == "dvc") || name == ".gitignore" || name == ".gitattributes"
}

/// Paths of all files below a folder, with `/` between their parts, in alphabetical order.
fn files_below(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::read(&folder))? {
            let entry = entry.map_err(Error::read(&folder))?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            // The last stays, and is empty, where a run was killed behind its very last step but one.
            if [".git", ".dvc", MARK].contains(&&*path) {
                continue;
            }
            if entry.file_type().map_err(Error::read(entry.path()))?.is_dir() {
                open.push((entry.path(), format!("{path}/")));
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
