//! Short ways to make the errors that many places need, and words in their messages.

use super::Error;
use std::io;
use std::path::PathBuf;

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

    /// A file of the scratch folder cannot be used.
    pub(crate) fn scratch(path: impl Into<PathBuf>, problem: impl Into<String>) -> Self {
        Self::Scratch { path: path.into(), problem: problem.into() }
    }

    /// DataFusion failed while doing `context`.
    pub(crate) fn engine(context: impl Into<String>) -> impl FnOnce(datafusion::error::DataFusionError) -> Self {
        let context = context.into();
        move |source| Self::Engine { context, source }
    }
}

/// Says what to do where there is something to do.
pub(super) fn full(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, then run the same command again to continue"
        }
        io::ErrorKind::FileTooLarge => "; raise the limit of file sizes (`ulimit -f`), then run the same command again",
        io::ErrorKind::PermissionDenied => "; choose a folder that you may write, with `output.directory`",
        _ => "",
    }
}

/// Names between backticks; at most twenty.
pub(super) fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => text.push_str("no columns"),
        1..=20 => {}
        count => return format!("{text} and {} more", count - 20),
    }
    text
}
