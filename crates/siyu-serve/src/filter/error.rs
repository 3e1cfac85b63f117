//! Why a filter cannot be made.

use std::path::PathBuf;

use crate::watched::Unreadable;

/// Why a filter or a classifier cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A list or model cannot be read.
    #[error(transparent)]
    Read(#[from] Unreadable),
    /// A list is not UTF-8.
    #[error("`{path}` is not in UTF-8; convert it, for instance with iconv")]
    Encoding {
        /// The list.
        path: PathBuf,
    },
    /// A word of a list cannot be looked for.
    #[error("`{path}` line {line}: the word {reason}; take it out or write more of it")]
    Word {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The lists are too long.
    #[error("the word lists are too long to be compiled")]
    TooManyWords {
        /// What the automaton's builder said.
        source: aho_corasick::BuildError,
    },
    /// The classifier's file is none.
    #[error("`{path}` is no classifier of this program: {problem}; train one with `siyu risk train`")]
    RiskModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A threshold is for a label that the classifier does not have.
    #[error("`risk.thresholds` names `{label}`, which `{path}` does not know; it knows {known}")]
    Label {
        /// The label.
        label: String,
        /// The classifier.
        path: PathBuf,
        /// Its labels.
        known: String,
    },
    /// A classifier cannot be fitted.
    #[error("the classifier cannot be fitted: {problem}")]
    RiskTraining {
        /// Why, and what to do.
        problem: String,
    },
}
