//! Candidates that lie on two sides.

use super::Groups;
use super::link::{BATCH, GROUP, document, low};
use super::met::Mets;
use rayon::prelude::*;

/// Counts the candidates whose two documents ended on different sides.
///
/// Where like documents lie on one side, these are just the pairs that were compared and found too unlike: a pair that
/// was passed over, for both were connected already, cannot lie on two sides. They are found a second time rather than
/// kept, for there may be thousands of them a document.
pub struct Crossing<'a> {
    groups: Groups,
    sides: &'a [u8],
    mets: Mets,
    count: u64,
}

impl<'a> Crossing<'a> {
    /// `groups` are those of the records, still empty; `sides` are by rank.
    ///
    /// # Panics
    /// Above 2³² documents.
    pub fn new(groups: Groups, sides: &'a [u8]) -> Self {
        let count = u32::try_from(sides.len()).expect("documents are counted in 32 bits");
        Self { groups, sides, mets: Mets::new(count), count: 0 }
    }

    /// Takes records in the order in which documents were settled; `went` is told how many documents are done.
    ///
    /// # Errors
    /// Those of `went`.
    pub fn add<E>(&mut self, records: &[u64], mut went: impl FnMut(u64) -> Result<(), E>) -> Result<(), E> {
        let documents: Vec<&[u64]> = records.chunk_by(|one, other| one >> 32 == other >> 32).collect();
        for batch in documents.chunks(BATCH) {
            let first = document(batch[0][0]);
            let before: u64 = batch.par_iter().map(|records| self.across(records, (first, false))).sum();
            self.count += before;
            for records in batch {
                self.count += self.across(records, (first, true));
                for record in records.iter().filter(|record| *record & GROUP != 0) {
                    self.groups.put(low(*record), document(*record));
                }
            }
            went(batch.len() as u64)?;
        }
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    fn across(&self, records: &[u64], part: (u32, bool)) -> u64 {
        let own = self.sides[document(records[0]) as usize];
        let other = |candidate: u32| self.sides[candidate as usize] != own;
        self.mets.own().of(records, &self.groups, part, other).len() as u64
    }
}
