//! Files of a run: readable by the owner only, and never half there under their final name.

use crate::error::{Error, Result};
use arrow::error::ArrowError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Creates a file that only its owner may read, or empties it.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Creates a folder that only its owner may enter, with its parents.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::write(path))
}

/// Creates a folder that only its owner may enter where there is none; the one around it must be there.
pub(crate) fn create_inner_folder(path: &Path) -> Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(Error::write(path)),
    }
}

/// blake3 of a file, in hexadecimal.
pub(crate) fn hash(path: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    let file = File::open(path).map_err(Error::read(path))?;
    hasher.update_reader(file).map_err(Error::read(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Removes what a killed run left in a folder of records: files that no record speaks of.
pub(crate) fn sweep(folder: &Path) -> Result<()> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
        names.insert(entry.map_err(Error::read(folder))?.file_name().to_string_lossy().into_owned());
    }
    for name in &names {
        // `run-0000000007.dead.arrow`, `part-00000007-train.parquet`: the record bears the same number.
        let stem = name.split('.').next().unwrap_or_default();
        let short = stem.rsplit_once('-').map_or(stem, |(short, _)| short);
        if [stem, short].iter().all(|stem| !names.contains(&format!("{stem}.json"))) {
            let path = folder.join(name);
            fs::remove_file(&path).map_err(Error::write(&path))?;
        }
    }
    Ok(())
}

/// Writes a record beside its place and renames it there.
pub(crate) fn write_record(path: &Path, record: &impl Serialize) -> Result<()> {
    let partial = path.with_extension("partial");
    let json = serde_json::to_vec(record).expect("records hold strings, numbers and maps with string keys");
    let write = || {
        let mut file = create_private(&partial)?;
        file.write_all(&json)?;
        file.sync_data()?;
        fs::rename(&partial, path)
    };
    write().map_err(Error::write(path))
}

/// Reads one record, or `None` where there is none.
pub(crate) fn read_record<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::read(path)(error)),
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::scratch(path, error.to_string())),
    }
}

/// Reads all records of a folder whose names start with `prefix`, in the order of their names.
pub(crate) fn read_records<T: DeserializeOwned>(folder: &Path, prefix: &str) -> Result<Vec<T>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
        let path = entry.map_err(Error::read(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(prefix) && path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().filter_map(|path| read_record(path).transpose()).collect()
}

/// An Arrow error while writing `path`.
pub(crate) fn arrow_error(path: &Path, error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, source) => Error::write(path)(source),
        other => Error::write(path)(io::Error::other(other.to_string())),
    }
}
