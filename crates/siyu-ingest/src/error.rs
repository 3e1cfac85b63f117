//! Why a pipeline cannot be read, planned or run.

use crate::pipeline::Diagnostic;
use std::io;
use std::path::PathBuf;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a pipeline cannot be read, planned or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pipeline file says something that no pipeline can say.
    #[error("{0}")]
    Pipeline(Box<Diagnostic>),
    /// A file that a step needs cannot be read.
    #[error("step `{step}` cannot read `{path}`, named by its setting `{setting}`")]
    StepFile {
        /// Name of the step.
        step: &'static str,
        /// Its setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A setting holds a value that cannot be used.
    #[error("step `{step}`: setting `{setting}`: {problem}")]
    Setting {
        /// Name of the step.
        step: &'static str,
        /// Its setting.
        setting: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write `{path}`{}", full(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The engine failed.
    #[error("{context}")]
    Engine {
        /// What was being done.
        context: String,
        /// What DataFusion said.
        source: datafusion::error::DataFusionError,
    },
    /// A run that was started in this folder before cannot be continued.
    #[error("{0}")]
    Resume(String),
    /// The run was stopped.
    #[error("interrupted; run the same command again to continue")]
    Interrupted,
    /// Too many rows could not be read.
    #[error("{0}")]
    BadRows(String),
}

impl Error {
    /// A setting of `step` holds a value that cannot be used.
    pub(crate) fn setting(step: &'static str, setting: &'static str, problem: impl Into<String>) -> Self {
        Self::Setting { step, setting, problem: problem.into() }
    }

    /// An I/O error while writing `path`.
    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }

    /// An I/O error while reading `path`.
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    /// DataFusion failed while doing `context`.
    pub(crate) fn engine(context: impl Into<String>) -> impl FnOnce(datafusion::error::DataFusionError) -> Self {
        let context = context.into();
        move |source| Self::Engine { context, source }
    }
}

/// Says what to do where there is something to do.
fn full(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, then run the same command again to continue"
        }
        io::ErrorKind::PermissionDenied => "; choose a folder that you may write, with `output.directory`",
        _ => "",
    }
}
