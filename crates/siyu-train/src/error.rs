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
    /// The training file and the model or machine do not go together.
    #[error("{0}; nothing was written")]
    Refused(String),
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
    /// A file of a run is not what this program writes.
    #[error("`{path}` is damaged: {problem}; remove the run's folder and start again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The folder of the run holds another run.
    #[error(
        "`{path}` holds a run that differs in {difference}; choose another `output`, or remove the folder to start over"
    )]
    OtherRun {
        /// The folder.
        path: PathBuf,
        /// What is not the same, such as `the dataset`.
        difference: String,
    },
    /// The loss of a batch is no number.
    #[error(
        "the loss of step {step} is no number; {layer}; the rows were {rows}; what it takes to see it again is in `{bundle}`; \
         lower `learning_rate`, or set `precision: bf16` or `non_finite: skip`"
    )]
    NonFinite {
        /// The step, from 1.
        step: u64,
        /// Where numbers went wrong first.
        layer: String,
        /// Ids of the batch's documents.
        rows: String,
        /// The folder with the batch.
        bundle: PathBuf,
    },
    /// Memory does not suffice for a single row.
    #[error(
        "not even one row of {tokens} tokens fits in the memory of the device; \
         set `recompute_layers` to the count of layers, lower `max_tokens`, or train fewer matrices"
    )]
    OutOfMemory {
        /// Tokens of the row.
        tokens: u64,
    },
    /// The dataset cannot be used.
    #[error(transparent)]
    Dataset(#[from] siyu_dataset::Error),
    /// The files of the model or adapter cannot be used.
    #[error(transparent)]
    Files(#[from] siyu_checkpoint::Error),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] siyu_model::Error),
    /// libtorch failed.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
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

    /// A file of a run that is not what this program writes.
    pub(crate) fn damaged(path: impl AsRef<Path>, problem: &dyn ToString) -> Self {
        Self::Damaged { path: path.as_ref().to_owned(), problem: problem.to_string() }
    }

    /// Whether the command or its file is wrong: nothing was written.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Settings(_) | Self::Refused(_) | Self::OtherRun { .. })
    }
}
