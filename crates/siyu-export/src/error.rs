//! Why a model cannot be merged, exported, quantized or run.

use std::{io, path::PathBuf};

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a model cannot be merged, exported, quantized or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model or adapter folder cannot be used, or a file cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] siyu_checkpoint::Error),
    /// The place for the result holds something else.
    #[error("`{path}` is there already; remove it or name another place")]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// The place for the result holds what this program did not make.
    #[error("`{path}` is there already and was not written by this command; remove it or name another place")]
    Foreign {
        /// The place.
        path: PathBuf,
    },
    /// Another run is writing there.
    #[error("another run is writing `{path}`; wait for it, or name another place")]
    Busy {
        /// The place.
        path: PathBuf,
    },
    /// The result would take the place of what it is made of.
    #[error("`{source_path}` lies in `{path}`, which would be written over; name another place")]
    Inside {
        /// The place.
        path: PathBuf,
        /// What it holds.
        source_path: PathBuf,
    },
    /// A weight is stored in numbers that are not exported.
    #[error("tensor `{name}` is stored as {found}, which is not exported; supported are F32, F16 and BF16")]
    Dtype {
        /// The tensor.
        name: String,
        /// Its kind of number.
        found: String,
    },
    /// The adapter was trained on another base.
    #[error("the adapter in `{adapter}` was trained on another model than the one in `{base}`; name that one")]
    OtherBase {
        /// Folder of the adapter.
        adapter: PathBuf,
        /// Folder of the base.
        base: PathBuf,
    },
    /// A model holds its matrices in 4-bit numbers.
    #[error("`{path}` holds its matrices in few bits already; take the model that it was made from")]
    Quantized {
        /// Folder of the model.
        path: PathBuf,
    },
    /// Parts do not belong together.
    #[error("a mixed set: {problem}")]
    Mixed {
        /// The parts.
        problem: String,
    },
    /// A folder is no bundle, or not the one that was made.
    #[error("the bundle in `{path}` cannot be used: {problem}")]
    Bundle {
        /// Its folder.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A setting makes no sense for this model.
    #[error("{problem}")]
    Setting {
        /// Setting, value and what is possible instead.
        problem: String,
    },
    /// The library of onnxruntime could not be loaded.
    #[error(
        "cannot load onnxruntime from `{path}`: {problem}; `cargo xtask onnxruntime` fetches it, or `ORT_DYLIB_PATH` \
         names the library of another installation"
    )]
    Library {
        /// The library.
        path: PathBuf,
        /// What the loader said.
        problem: String,
    },
    /// onnxruntime refused a model or a run.
    #[error("onnxruntime: {0}")]
    Runtime(String),
}

impl Error {
    /// Whether the command is wrong: nothing was written.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Exists { .. }
                | Self::Foreign { .. }
                | Self::Busy { .. }
                | Self::Inside { .. }
                | Self::Checkpoint(siyu_checkpoint::Error::Adapter { .. })
                | Self::OtherBase { .. }
                | Self::Quantized { .. }
                | Self::Mixed { .. }
                | Self::Setting { .. }
        )
    }

    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let error = siyu_checkpoint::Error::read(path);
        move |source| error(source).into()
    }

    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let error = siyu_checkpoint::Error::write(path);
        move |source| error(source).into()
    }

    /// An adapter does not fit its base or cannot be run beside it.
    pub(crate) fn adapter(problem: impl Into<String>) -> Self {
        siyu_checkpoint::Error::Adapter { problem: problem.into() }.into()
    }
}

impl<T> From<ort::Error<T>> for Error {
    fn from(error: ort::Error<T>) -> Self {
        Self::Runtime(error.to_string())
    }
}
