//! JSON files.

use crate::error::{Error, Result};
use crate::write::whole;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::Path;

/// Reads a JSON file.
///
/// # Errors
/// [`Error::Read`], and [`Error::Json`] where it holds something else than is wanted.
pub fn read_json<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(Error::read(path))?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Json { path: path.to_owned(), source })
}

/// Writes JSON with two spaces of indent, under its name only when all of it is on the disk.
///
/// # Errors
/// [`Error::Write`] and [`Error::Unspeakable`] name the file.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text =
        serde_json::to_string_pretty(value).map_err(|source| Error::Unspeakable { path: path.to_owned(), source })?;
    text.push('\n');
    whole(path, |partial| fs::write(partial, &text))
}
