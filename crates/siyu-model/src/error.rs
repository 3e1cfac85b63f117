//! Why a model cannot be read, run or written.

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a model cannot be read, run or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the model folder cannot be read, understood or written.
    #[error(transparent)]
    Files(#[from] siyu_checkpoint::Error),
    /// A setting of the adapter is wrong.
    #[error("adapter: {problem}")]
    Adapter {
        /// Setting, value and what is possible instead.
        problem: String,
    },
    /// A batch does not fit the model.
    #[error("batch: {problem}")]
    Batch {
        /// What does not fit, with both numbers.
        problem: String,
    },
    /// libtorch failed.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
}

impl Error {
    /// Whether a device ran out of memory, so that a smaller batch may go through.
    pub fn is_out_of_memory(&self) -> bool {
        // What the allocators of GPUs, of Linux and of other systems say.
        const SAYINGS: [&str; 3] = ["out of memory", "can't allocate memory", "not enough memory"];
        let Self::Torch(error) = self else { return false };
        let said = error.to_string();
        SAYINGS.iter().any(|saying| said.contains(saying))
    }
}
