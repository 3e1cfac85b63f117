//! The record beside an adapter: what it belongs to.

use crate::error::{Error, Result};
use crate::json::read_json;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// The file beside an adapter that says what it belongs to.
pub const ORIGIN: &str = "siyu.json";

/// What an adapter belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The blake3 hash of the base's `config.json` and weights, by [`base_hash`](crate::base_hash).
    pub model_hash: String,
    /// The blake3 hash of its `tokenizer.json`.
    pub tokenizer_hash: String,
    /// The blake3 hash of the manifest of the dataset it was trained on.
    pub manifest_hash: String,
    /// The version of this program.
    pub siyu_version: String,
}

impl Origin {
    /// What an adapter's folder says that it belongs to, where it says so.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Json`] where the file is not what this program writes.
    pub fn open(folder: impl AsRef<Path>) -> Result<Option<Self>> {
        match read_json(folder.as_ref().join(ORIGIN)) {
            Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }
}
