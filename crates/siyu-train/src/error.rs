//! Why a run cannot begin or go on.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The training file says something that no run can do.
    #[error("{0}")]
    Settings(Box<siyu_yaml::Diagnostic>),
    /// A file or folder cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write `{path}`; is the disk full or the folder read-only?")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The dataset cannot be used.
    #[error(transparent)]
    Dataset(#[from] siyu_dataset::Error),
}

impl Error {
    /// An I/O error while reading `path`.
    pub(crate) fn read(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Read { path, source }
    }

    /// An I/O error while writing `path`.
    pub(crate) fn write(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Write { path, source }
    }
}
