//! What a leader and the program that brings its tasks to a cluster say to each other: lines of JSON through pipes.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// An order to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its file.
    pub order: PathBuf,
    /// How many tasks it has.
    pub tasks: usize,
}

/// A line of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The cluster answers.
    Found,
    /// So much is done.
    Moved {
        /// Tasks.
        done: usize,
        /// Rows read.
        rows: u64,
        /// Rows that could not be read.
        bad: u64,
        /// Bytes of input read.
        bytes: u64,
    },
    /// The end of a request, or of the search for the cluster.
    Ended(Option<Problem>),
}

/// Why a request, or the cluster itself, came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Where, if it is one of the executors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
    /// Whether the command or the pipeline is wrong.
    #[serde(default)]
    pub refusal: bool,
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let Problem { message, executor, refusal } = problem;
        match executor {
            Some(executor) => Self::OnExecutor { executor, message, refusal },
            None if refusal => Self::Refused(message),
            None => Self::Crew(message),
        }
    }
}
