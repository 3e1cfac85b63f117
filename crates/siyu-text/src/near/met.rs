//! Whom a document is compared with.

use super::Groups;
use super::link::{GROUP, low};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Collects the candidates of one document after another, each once, with a bit for every document there is.
///
/// Documents that share most of their keys name each other dozens of times: a bit costs less than sorting them.
pub(super) struct Met {
    bits: Vec<u64>,
    found: Vec<u32>,
}

impl Met {
    /// For documents 0..`count`.
    pub(super) fn new(count: u32) -> Self {
        Self { bits: vec![0; count as usize / 64 + 1], found: Vec::new() }
    }

    /// The candidates that a document's records name, ascending: with `inside` those from `first` on, else those before
    /// it; and only `wanted` ones.
    pub(super) fn of(
        &mut self,
        records: &[u64],
        groups: &Groups,
        (first, inside): (u32, bool),
        wanted: impl Fn(u32) -> bool,
    ) -> &[u32] {
        let Self { bits, found } = self;
        found.clear();
        let mut add = |candidate: u32| {
            let (word, bit) = (candidate as usize / 64, 1 << (candidate % 64));
            if bits[word] & bit == 0 && wanted(candidate) {
                bits[word] |= bit;
                found.push(candidate);
            }
        };
        for record in records {
            if record & GROUP == 0 {
                if (low(*record) >= first) == inside {
                    add(low(*record));
                }
                continue;
            }
            let list = groups.list(low(*record));
            let border = list.partition_point(|&member| member < first);
            let list = if inside { &list[border..] } else { &list[..border] };
            for &member in list {
                add(member);
            }
        }
        for &candidate in found.iter() {
            bits[candidate as usize / 64] = 0;
        }
        found.sort_unstable();
        found
    }
}

/// One for each thread.
pub(super) struct Mets(Vec<Mutex<Met>>);

impl Mets {
    /// For documents 0..`count`.
    pub(super) fn new(count: u32) -> Self {
        Self((0..rayon::current_num_threads().max(1)).map(|_| Mutex::new(Met::new(count))).collect())
    }

    /// This thread's, which nobody else waits for.
    pub(super) fn own(&self) -> MutexGuard<'_, Met> {
        let thread = rayon::current_thread_index().unwrap_or(0) % self.0.len();
        self.0[thread].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
