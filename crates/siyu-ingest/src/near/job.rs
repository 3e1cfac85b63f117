//! What a step wants to know about near-duplicates.

use super::sides::Shares;
use crate::sql::Expression;
use siyu_text::near::{Bands, Link, Shingles};
use std::path::PathBuf;

/// A search for near-duplicates, as a step wants it.
///
/// The arrival's slots are the content columns first, then those that `kind` names.
pub struct Job {
    /// The step's name, for messages.
    pub(crate) step: &'static str,
    pub(crate) shingles: Shingles,
    pub(crate) similarity: f64,
    pub(crate) bands: Bands,
    pub(crate) link: Link,
    /// How many of the slots are content.
    pub(crate) content: usize,
    pub(crate) kind: Kind,
}

/// What is made of the clusters.
pub(crate) enum Kind {
    /// One document of each is kept.
    Dedup(Keep),
    /// Each goes to one side.
    Split(SplitJob),
}

/// Which document of a cluster is kept.
pub(crate) enum Keep {
    Longest,
    First,
    /// That with the largest value; the remaining slots are its columns.
    Expression(Expression),
}

/// How clusters are divided.
pub(crate) struct SplitJob {
    pub(crate) shares: Shares,
    pub(crate) strict: bool,
    pub(crate) seed: u64,
    /// How many slots behind the content tie documents with equal values.
    pub(crate) groups: usize,
    /// Whether one more slot follows, within whose values the shares hold.
    pub(crate) stratified: bool,
    /// Lists of positions among the content slots whose equal texts tie documents by themselves.
    pub(crate) tied: Vec<Vec<usize>>,
    pub(crate) previous: Option<PathBuf>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} at {} with {:?}", self.step, self.similarity, self.bands)
    }
}

impl Job {
    /// Slots of a sketch: those of the bands, and at least those of a signature.
    pub(crate) fn slots(&self) -> usize {
        self.bands.slots().max(128)
    }
}
