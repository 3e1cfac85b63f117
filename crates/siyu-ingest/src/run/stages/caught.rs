//! Failures on their way out of a worker: panics, and errors of this crate inside those of `DataFusion`.

use crate::error::{Error, Result};
use crate::run::progress::Progress;

/// Does some work; a panic becomes an error that says what was being done and none of the panic's text, which may hold
/// a document's.
pub(crate) fn catch<T>(progress: &Progress, work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Error::Panicked { doing: progress.doing() }))
}

/// An error of this crate that travelled through DataFusion comes out as itself.
pub(crate) fn unwrap_external(error: datafusion::error::DataFusionError) -> Error {
    match error {
        datafusion::error::DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(own) => *own,
            Err(other) => Error::engine("the run failed")(datafusion::error::DataFusionError::External(other)),
        },
        other => Error::engine("the run failed")(other),
    }
}
