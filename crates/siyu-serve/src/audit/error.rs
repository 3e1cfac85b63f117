//! Why a record cannot be kept, or does not hold.

use std::io;
use std::path::PathBuf;

use crate::watched::Unreadable;

/// Why a record cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The record or its key cannot be read.
    #[error(transparent)]
    Read(#[from] Unreadable),
    /// The key is short.
    #[error("the key in `{path}` has fewer than 32 bytes; make one with `head -c 32 /dev/urandom`")]
    Key {
        /// The key's file.
        path: PathBuf,
    },
    /// The record cannot be written.
    #[error("cannot write the record `{path}`")]
    Write {
        /// The record.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("the record `{path}` is written by another process; give each service its own")]
    Busy {
        /// The record.
        path: PathBuf,
    },
    /// The record that is there does not hold.
    #[error("the record `{path}` does not hold; keep it as it is, and let the service write another file")]
    Broken {
        /// The record.
        path: PathBuf,
        /// Where and why.
        source: Broken,
    },
}

/// Where a record does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A line is not what was written.
    #[error("line {line} was changed")]
    Changed {
        /// The line, from 1.
        line: usize,
    },
    /// A line does not follow the one before it.
    #[error("line {line} does not follow the line before it: lines were taken out, put in or moved")]
    Order {
        /// The line, from 1.
        line: usize,
    },
    /// The last lines are gone.
    #[error("the record ends at line {lines}, and more were written: lines were taken from its end")]
    Short {
        /// Lines that are there.
        lines: usize,
    },
    /// The file that says which line is the last is gone or changed, or the key is another.
    #[error("the file with `.head` behind the record's name is missing, was changed, or was written with another key")]
    Head,
}
