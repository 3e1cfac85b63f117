//! Files of a run: readable by the owner only, and never half there under their final name.

use crate::error::{Error, Result};
use arrow::error::ArrowError;
use serde::Serialize;
use serde::de::DeserializeOwned;
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
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::Resume(format!(
                "scratch record `{}` cannot be read: {error}; run again with `--fresh`",
                path.display()
            ))
        }),
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
