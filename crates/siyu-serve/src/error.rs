//! Why the service cannot begin.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the service cannot begin or go on. What a single request did wrong is an [`ApiError`](crate::api::ApiError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service file says something that no service can do.
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
    /// A file of the model is not what this program reads.
    #[error("`{path}` cannot be used: {problem}")]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A bundle was changed, or its parts do not belong together.
    #[error(transparent)]
    Set(#[from] siyu_export::Error),
    /// There is no onnxruntime.
    #[error("{problem}, of version 1.24 or later")]
    Runtime {
        /// What was looked for and not found.
        problem: String,
    },
    /// The onnxruntime that is there was built for the processor only.
    #[error(
        "this onnxruntime runs on no GPU, but `engine` says `device: cuda`; set ORT_DYLIB_PATH to the library of one that was built for CUDA, as PyPI's `onnxruntime-gpu` has it, or leave `device` out"
    )]
    NoGpu,
    /// onnxruntime failed.
    #[error("onnxruntime cannot {doing}")]
    Onnx {
        /// What it was to do.
        doing: String,
        /// What it said.
        source: ort::Error,
    },
    /// Nobody waits for the model any more that was being opened.
    #[error("the model is not opened: the service ends")]
    GivenUp,
    /// The engine's thread ended.
    #[error(
        "the model has stopped by a fault of the program and answers no more; restart the service, or send it SIGHUP to load the model again"
    )]
    Engine,
    /// Everyone could come in.
    #[error(
        "a service without a gate may only listen on a loopback address such as 127.0.0.1:8080, and {address} is none; say who may come in under `gate`"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// The address is taken, or none of this machine's.
    #[error("cannot listen on {address}; is another service running there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Certificate and key cannot be used.
    #[error("`{path}` cannot be used for TLS: {problem}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The keys of the gate cannot be used.
    #[error(transparent)]
    Gate(#[from] crate::gate::Error),
    /// The lists or the classifier of the filter cannot be used.
    #[error(transparent)]
    Filter(#[from] crate::filter::Error),
    /// The record cannot be kept.
    #[error(transparent)]
    Audit(#[from] crate::audit::Error),
    /// Conversations and notes cannot be kept.
    #[error(transparent)]
    Sessions(#[from] crate::sessions::Error),
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// Whether the settings are wrong, and nothing was begun.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Settings(_) | Self::Open { .. })
    }
}
