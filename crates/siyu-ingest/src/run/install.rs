//! From staging to the output folder. Only files that siyu wrote are ever replaced, and at no moment does a manifest
//! describe other files than those that lie there.

use crate::error::{Error, OutputError, Result};
use crate::files;
use serde::{Deserialize, Serialize};
use siyu_dataset::{LEDGER, MANIFEST, Manifest};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of a dataset.
const FOLDERS: [&str; 4] = ["data", "dropped", "quarantine", "audit"];
/// Its pages.
const PAGES: [&str; 3] = ["README.md", "report.html", "report.json"];
/// The record in the scratch folder of what an installation may have put into the output folder.
pub(super) const JOURNAL: &str = "install.json";

/// Whether a dataset may have a file at this path inside its folder.
pub(crate) fn is_reserved(inside: &Path) -> bool {
    let first = inside.iter().next().unwrap_or_default();
    FOLDERS.iter().chain(&PAGES).chain(&[LEDGER, MANIFEST]).any(|name| first == *name)
}

/// Files in an output folder that siyu wrote, by their paths inside it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Owned(BTreeSet<String>);

impl Owned {
    /// Those of the dataset in `output`, and those of an installation that was cut short.
    pub(super) fn of(output: &Path, scratch: &Path, manifest: Option<&Manifest>) -> Result<Self> {
        let mut owned: Self = files::read_record(&scratch.join(JOURNAL))?.unwrap_or_default();
        if let Some(manifest) = manifest {
            owned.add(manifest);
        }
        owned.refuse_others(output)?;
        Ok(owned)
    }

    fn add(&mut self, manifest: &Manifest) {
        let shards = manifest.shards.iter().map(|shard| shard.path.clone());
        let parts = manifest.lists().map(|part| part.path.clone());
        self.0.extend(shards.chain(parts));
        self.0.extend(PAGES.map(str::to_owned));
        if manifest.split.is_some() {
            self.0.insert(LEDGER.to_owned());
        }
    }

    /// Refuses a folder where something that is not ours lies in the place of a dataset's file.
    fn refuse_others(&self, output: &Path) -> Result<()> {
        for name in PAGES.into_iter().chain([LEDGER]) {
            let path = output.join(name);
            if fs::symlink_metadata(&path).is_ok() && !self.0.contains(name) {
                return Err(OutputError::InTheWay { path }.into());
            }
        }
        for folder in FOLDERS {
            let path = output.join(folder);
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            if !metadata.is_dir() {
                return Err(OutputError::InTheWay { path }.into());
            }
            for entry in fs::read_dir(&path).map_err(Error::read(&path))? {
                let name = entry.map_err(Error::read(&path))?.file_name();
                let ours = name.to_str().is_some_and(|name| self.0.contains(&format!("{folder}/{name}")));
                if !ours {
                    return Err(OutputError::InTheWay { path: path.join(name) }.into());
                }
            }
        }
        Ok(())
    }
}

/// The dataset in an output folder, if there is one.
pub(super) fn standing(output: &Path) -> Result<Option<Manifest>> {
    match Manifest::open(output) {
        Ok(manifest) => Ok(Some(manifest)),
        Err(siyu_dataset::Error::NoManifest { .. }) => Ok(None),
        Err(siyu_dataset::Error::Read { path, source }) if source.kind() == std::io::ErrorKind::NotADirectory => {
            Err(OutputError::NotAFolder { path: path.parent().unwrap_or(&path).to_owned() }.into())
        }
        Err(source) => Err(OutputError::UnknownManifest { path: output.join(MANIFEST), source }.into()),
    }
}

/// One change of the output folder; each is done wholly or not at all.
#[derive(Debug)]
enum Move {
    /// Takes a file or an empty folder away.
    Remove(PathBuf),
    /// Makes a folder.
    Folder(PathBuf),
    /// Moves a file from staging to its place.
    Place(PathBuf, PathBuf),
    /// Puts the new names of a folder on the disk.
    Sync(PathBuf),
}

impl Move {
    fn apply(&self) -> Result<()> {
        match self {
            Self::Remove(path) => match fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_dir() => fs::remove_dir(path).map_err(Error::write(path)),
                Ok(_) => fs::remove_file(path).map_err(Error::write(path)),
                Err(_) => Ok(()),
            },
            Self::Folder(path) => files::create_folder(path),
            Self::Place(from, to) => fs::rename(from, to).map_err(Error::write(to)),
            Self::Sync(path) => fs::File::open(path).and_then(|file| file.sync_all()).map_err(Error::write(path)),
        }
    }
}

/// Moves a staged dataset into the output folder: the old manifest goes first and the new one comes last.
///
/// A kill in between leaves no manifest, and a journal by which the next run knows its own files.
pub(super) fn install(staging: &Path, scratch: &Path, output: &Path, manifest: &Manifest) -> Result<()> {
    for step in moves(staging, scratch, output, manifest)? {
        step.apply()?;
    }
    manifest.write(output).map_err(|error| match error {
        siyu_dataset::Error::Write { path, source } => Error::Write { path, source },
        other => Error::write(output)(std::io::Error::other(other)),
    })
}

/// All moves in their order; the journal is written before any of them.
fn moves(staging: &Path, scratch: &Path, output: &Path, manifest: &Manifest) -> Result<Vec<Move>> {
    let mut owned = Owned::of(output, scratch, standing(output)?.as_ref())?;
    let mut moves = vec![Move::Remove(output.join(MANIFEST)), Move::Sync(output.to_owned())];
    moves.extend(owned.0.iter().map(|name| Move::Remove(output.join(name))));
    moves.extend(FOLDERS.iter().map(|folder| Move::Remove(output.join(folder))));
    for folder in FOLDERS {
        let staged = staging.join(folder);
        let Ok(entries) = fs::read_dir(&staged) else { continue };
        moves.push(Move::Folder(output.join(folder)));
        for entry in entries {
            let name = entry.map_err(Error::read(&staged))?.file_name();
            moves.push(Move::Place(staged.join(&name), output.join(folder).join(name)));
        }
        moves.push(Move::Sync(output.join(folder)));
    }
    moves.extend(PAGES.iter().map(|page| Move::Place(staging.join(page), output.join(page))));
    let ledger = staging.join(LEDGER);
    if ledger.exists() {
        moves.push(Move::Place(ledger, output.join(LEDGER)));
    }
    owned.add(manifest);
    files::write_record(&scratch.join(JOURNAL), &owned)?;
    Ok(moves)
}

#[cfg(test)]
mod tests;
