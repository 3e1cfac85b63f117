//! Why there can be no gate.

use std::path::PathBuf;

use crate::watched::Unreadable;

/// Why the keys cannot be used. No message holds any part of a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file of keys cannot be read.
    #[error(transparent)]
    Read(#[from] Unreadable),
    /// The file of keys says something that no verifier can use.
    #[error("`{path}` cannot be used as a file of keys: {problem}")]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A token cannot be issued.
    #[error("a token cannot be issued: {problem}")]
    Issue {
        /// Why, and what to do.
        problem: String,
    },
}
