//! What a table step does to each row, once what it had to find out is known.

use crate::near::Decisions;
use crate::operator::Action;
use crate::plan::Act;
use std::sync::Arc;

/// An act that can be done to rows in the order of their keys.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) act: Act,
    /// What was decided about each row, by its number among those that reach the act.
    pub(crate) decisions: Option<Arc<Decisions>>,
    /// Rows that reach the act in the buckets before each.
    pub(crate) before: Arc<[u64]>,
}

/// How far the rows of a bucket have come.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// Number of the next row.
    pub(crate) position: u64,
    previous: Option<u128>,
}

impl Settled {
    /// In front of the first row of a bucket.
    pub(crate) fn walk(&self, bucket: usize) -> Walk {
        Walk { position: self.before[bucket], previous: None }
    }

    /// Whether the next row, which has this key, goes on.
    pub(crate) fn keeps(&self, walk: &mut Walk, key: u128) -> bool {
        let number = walk.position;
        walk.position += 1;
        match (self.act.action, &self.decisions) {
            (Action::KeepFirst, _) => walk.previous.replace(key) != Some(key),
            (Action::Limit { rows }, _) => number < rows,
            (Action::Decide, Some(decisions)) => !decisions.is_dropped(number),
            (Action::Order | Action::Decide, _) => true,
        }
    }
}
