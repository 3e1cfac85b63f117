//! The record of requests: lines of JSON, each with the hash of the one before.
//!
//! A line is hashed up to its last member, `"hash"`, and holds the hash of the line before as `"prev"`, so that a line
//! that is changed, taken out or moved is found. A second file, with `.head` behind its name, says which line is the
//! last, so that lines taken from the end are missed. With a key the hashes are HMACs, which nobody makes without it.
//! No text of prompts and answers is written unless that is asked for.

mod chain;
mod check;
mod error;
mod record;
mod writer;

use std::path::PathBuf;

use serde::Deserialize;

pub use check::{Checked, check};
pub use error::{Broken, Error};
pub use record::{Event, Record};
pub use writer::{Log, Losses};

/// Where and how the record is kept.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file; lines are added to the one that is there.
    pub path: PathBuf,
    /// File with a secret key of 32 bytes or more. Keep it where those who can write the record cannot read it.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// Whether the text of prompts and answers is recorded as well.
    #[serde(default)]
    pub texts: bool,
}
