//! What is to be done by others: the tasks of some work, in one file.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What the tasks of an order are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// Reading pieces of the input into the first exchange.
    Read,
    /// Taking buckets of an exchange to the next one.
    Exchange {
        /// The exchange, from 1.
        number: usize,
    },
    /// Taking buckets of the last exchange to parts.
    Parts {
        /// The exchange.
        number: usize,
    },
    /// Sketching the documents of buckets, to find near-duplicates.
    Sketches {
        /// The exchange.
        number: usize,
        /// Which of the exchange's acts asks.
        act: usize,
    },
    /// Writing the shingles of those documents of buckets that are to be compared.
    Sets {
        /// The exchange.
        number: usize,
        /// Which of the exchange's acts asks.
        act: usize,
    },
}

impl Work {
    /// Its name in paths.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Read => "read".to_owned(),
            Self::Exchange { number } => format!("exchange-{number}"),
            Self::Parts { .. } => "parts".to_owned(),
            Self::Sketches { number, act } => format!("sketches-{number}-{act}"),
            Self::Sets { number, act } => format!("sets-{number}-{act}"),
        }
    }
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Version of the leader.
    pub version: String,
    /// What the tasks are.
    pub work: Work,
    /// The pieces or buckets of each task.
    pub(super) tasks: Vec<Vec<u32>>,
}

impl Order {
    /// Refuses an order of another version of siyu than this one.
    ///
    /// # Errors
    /// [`Error::Refused`] with both versions.
    pub fn same_version(leader: &str) -> Result<()> {
        let own = env!("CARGO_PKG_VERSION");
        if leader == own {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "siyu {leader} leads this run and siyu {own} is installed here; install the same version on all hosts"
        )))
    }

    /// Reads an order.
    ///
    /// # Errors
    /// When the file is not there, or made by another version.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::read(path))?;
        serde_json::from_slice(&bytes).map_err(|error| Error::scratch(path, error.to_string()))
    }
}

/// The name of an order's file in its folder.
pub(super) const ORDER: &str = "order.json";

/// Where the attempts of an order lie.
pub(super) fn attempts(order: &Path) -> PathBuf {
    order.with_file_name("attempts")
}
