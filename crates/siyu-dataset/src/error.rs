//! Why a dataset cannot be used.

use std::{io, path::PathBuf};

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a dataset cannot be used. No message holds text of a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory holds no manifest: it is no dataset, or its run did not end.
    #[error("`{path}` does not exist; is this a dataset directory, and did its run end?")]
    NoManifest {
        /// Where the manifest was looked for.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`; is the disk full or the directory read-only?")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The manifest is not what this crate writes.
    #[error("`{path}` is not a manifest; write the dataset again")]
    Malformed {
        /// The manifest.
        path: PathBuf,
        /// What was expected, with its line and column.
        source: serde_json::Error,
    },
    /// The manifest was written by another version of the format.
    #[error(
        "`{path}` has format version {found} but this siyu reads version {supported}; \
         use the siyu that wrote the dataset, or write it again"
    )]
    FormatVersion {
        /// The manifest.
        path: PathBuf,
        /// The version it names.
        found: u64,
        /// The version this crate reads.
        supported: u32,
    },
    /// Two numbers of the manifest that must be equal are not.
    #[error(
        "the manifest contradicts itself: {what} is {found} but should be {expected}; \
         write the dataset again"
    )]
    Sum {
        /// Which number.
        what: String,
        /// Its value.
        found: u64,
        /// What the other numbers make of it.
        expected: u64,
    },
    /// A file is not what the manifest says.
    #[error("`{path}` does not match its manifest; it was changed or damaged after the run, write the dataset again")]
    Changed {
        /// The file inside the dataset.
        path: String,
    },
    /// A file in `data/` that no run wrote.
    #[error("`{path}` is not in the manifest; remove it, or write the dataset again")]
    Surplus {
        /// The file inside the dataset.
        path: String,
    },
}
