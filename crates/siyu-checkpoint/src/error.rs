//! Why a model folder cannot be read or written.

use std::{io, path::PathBuf};

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a model folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    /// A JSON file has another form than the one expected.
    #[error("`{path}` is not the JSON that a model folder holds under this name")]
    Json {
        /// The file.
        path: PathBuf,
        /// What was expected, with its line and column.
        source: serde_json::Error,
    },
    /// A JSON file could not be made.
    #[error("cannot express `{path}` as JSON")]
    Unspeakable {
        /// The file that was to be written.
        path: PathBuf,
        /// What stood in the way.
        source: serde_json::Error,
    },
    /// The folder is no model folder, or not a whole one.
    #[error("`{path}` holds neither `model.safetensors` nor `model.safetensors.index.json`; is this a model folder?")]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },
    /// The architecture is not among those that can be run.
    #[error("`{found}` is not an architecture that can be run; supported are {supported}")]
    Architecture {
        /// What `config.json` names.
        found: String,
        /// All that can be run.
        supported: String,
    },
    /// A setting of `config.json` is missing or cannot be honoured.
    #[error("`config.json`: {problem}")]
    Config {
        /// Setting, value and what is possible instead.
        problem: String,
    },
    /// A safetensors file is damaged.
    #[error("`{path}` is not a whole safetensors file; fetch it again")]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What its header says.
        source: safetensors::SafeTensorError,
    },
    /// A weight is missing.
    #[error("`{path}` holds no tensor `{name}`, which the configuration calls for")]
    Missing {
        /// The folder or file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// The files of a model do not belong together.
    #[error("the weights in `{path}` are not of one piece: {problem}")]
    Shards {
        /// The folder or file.
        path: PathBuf,
        /// What lies where.
        problem: String,
    },
    /// There is a weight too many.
    #[error("`{path}` holds a tensor `{name}` that a model of its configuration does not have")]
    Unknown {
        /// The folder or file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A weight has another shape than the configuration says.
    #[error("tensor `{name}` has shape {} but the configuration calls for {}", shape(.found), shape(.expected))]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<i64>,
        /// The shape that fits the configuration.
        expected: Vec<i64>,
    },
    /// A weight is stored in numbers of a kind that is not read.
    #[error(
        "tensor `{name}` is stored as {found}, which is not read; supported are F32, F16, BF16 and bitsandbytes' NF4"
    )]
    Dtype {
        /// The tensor.
        name: String,
        /// Its kind of number.
        found: String,
    },
    /// A setting of the adapter is wrong.
    #[error("adapter: {problem}")]
    Adapter {
        /// Setting, value and what is possible instead.
        problem: String,
    },
    /// A setting of generation makes no sense.
    #[error("generation: {problem}")]
    Generate {
        /// Setting, value and what is possible instead.
        problem: String,
    },
}

impl Error {
    /// Makes [`Error::Read`] of what the operating system said about `path`.
    pub fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    /// Makes [`Error::Write`] of what the operating system said about `path`.
    pub fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source }
    }
}

/// A shape as people write it.
fn shape(sizes: &[i64]) -> String {
    let sizes: Vec<String> = sizes.iter().map(i64::to_string).collect();
    format!("[{}]", sizes.join(", "))
}
