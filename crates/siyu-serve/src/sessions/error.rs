//! What went wrong with what is kept.

use std::io;
use std::path::PathBuf;

/// What went wrong with what is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such conversation of this subject.
    #[error("there is no such session")]
    Unknown,
    /// The conversation ended.
    #[error("the session has ended")]
    Expired,
    /// All conversations together are as large as they may be.
    #[error("there are too many sessions; try again later")]
    Full,
    /// A note is empty, too long, or one too many.
    #[error("a note has 1 to {characters} characters, and there are at most {notes}; delete one first")]
    Note {
        /// Characters of one.
        characters: usize,
        /// How many.
        notes: usize,
    },
    /// A user's file cannot be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no random bytes.
    #[error("cannot read random bytes from /dev/urandom")]
    Random {
        /// What the system said.
        source: io::Error,
    },
}
