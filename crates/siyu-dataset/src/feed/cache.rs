//! The row groups that were read last.

use std::sync::{Arc, Mutex, PoisonError};

use super::scan::Tokens;
use crate::Result;

/// Keeps the row groups that were used last.
#[derive(Debug)]
pub(super) struct Cache {
    most: usize,
    /// The one used last at the end.
    kept: Mutex<Vec<(usize, Arc<Tokens>)>>,
}

impl Cache {
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::new(Vec::new()) }
    }

    /// The tokens of a row group, decoded where they are not there.
    ///
    /// Two threads that miss the same group at once both decode it.
    pub(super) fn get(&self, group: usize, decode: impl FnOnce() -> Result<Tokens>) -> Result<Arc<Tokens>> {
        if let Some(tokens) = self.kept(group) {
            return Ok(tokens);
        }
        let tokens = Arc::new(decode()?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.most {
            kept.remove(0);
        }
        kept.push((group, Arc::clone(&tokens)));
        Ok(tokens)
    }

    fn kept(&self, group: usize) -> Option<Arc<Tokens>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(other, _)| *other == group)?;
        let entry = kept.remove(place);
        let tokens = Arc::clone(&entry.1);
        kept.push(entry);
        Some(tokens)
    }
}
