//! What is wrong with the output folder.

use std::path::PathBuf;

/// Why the output folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// It is something else.
    #[error("`{path}` is not a folder; choose another `output.directory`")]
    NotAFolder {
        /// What `output.directory` names.
        path: PathBuf,
    },
    /// A dataset would take the place of something that is not ours.
    #[error(
        "`{path}` is in the way and no part of a dataset that siyu wrote; move it away, or choose another `output.directory`"
    )]
    InTheWay {
        /// The file or folder.
        path: PathBuf,
    },
    /// Its manifest cannot be read.
    #[error(
        "`{path}` is in the way: it cannot be read as a dataset's manifest; move the folder away, or choose another `output.directory`"
    )]
    UnknownManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        source: siyu_dataset::Error,
    },
    /// Another run works in it.
    #[error("another run is writing to `{output}`; wait for it, or choose another `output.directory`")]
    Locked {
        /// The output folder.
        output: PathBuf,
    },
    /// A run that was started in it before cannot be continued.
    #[error(
        "an unfinished run in `{output}` cannot be continued, for something changed since: {change}; undo the change, or start over with `--fresh`"
    )]
    Unfinished {
        /// The output folder.
        output: PathBuf,
        /// What changed.
        change: String,
    },
    /// It holds a dataset that this run would not have written.
    #[error(
        "`{output}` holds a finished dataset and something changed since: {change}; write it anew with `--fresh`, or choose another `output.directory`"
    )]
    Finished {
        /// The output folder.
        output: PathBuf,
        /// What changed.
        change: String,
    },
}
