//! The memory that sorting may use.

use datafusion::error::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Bytes that a merge of spilled rows may use, however small the budget is.
const MERGE_BYTES: usize = 32 << 20;

/// Shares a budget among sorts, but never so that one of them cannot go on.
///
/// What can spill is refused only when it holds something that it could spill; a merge of what was spilled may hold two
/// rows side by side. So a document larger than the budget is sorted like any other, and a small budget makes a run slow
/// instead of ending it.
#[derive(Debug)]
pub(super) struct SortPool {
    within: FairSpillPool,
    /// Grants beyond the budget to each consumer since it last held nothing.
    beyond: Mutex<BTreeMap<usize, u32>>,
}

impl SortPool {
    /// A budget of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { within: FairSpillPool::new(bytes), beyond: Mutex::default() }
    }

    /// Whether a consumer that does not fit the budget must be given more to go on.
    fn must_grant(&self, reservation: &MemoryReservation, additional: usize) -> bool {
        let held = reservation.size();
        if reservation.consumer().can_spill() {
            return held == 0;
        }
        let mut beyond = self.beyond.lock().unwrap_or_else(PoisonError::into_inner);
        let grants = beyond.entry(reservation.consumer().id()).or_default();
        if held + additional <= MERGE_BYTES {
            return true;
        }
        *grants += 1;
        *grants <= 2
    }
}

impl std::fmt::Display for SortPool {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.within.fmt(out)
    }
}

impl MemoryPool for SortPool {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.within.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.beyond.lock().unwrap_or_else(PoisonError::into_inner).remove(&consumer.id());
        self.within.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.within.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.within.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if reservation.size() == 0 {
            self.beyond.lock().unwrap_or_else(PoisonError::into_inner).remove(&reservation.consumer().id());
        }
        let Err(refused) = self.within.try_grow(reservation, additional) else { return Ok(()) };
        if !self.must_grant(reservation, additional) {
            return Err(refused);
        }
        self.within.grow(reservation, additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.within.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.within.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_sort_is_refused_only_when_it_holds_something_to_spill() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SortPool::new(100));
        let sort = MemoryConsumer::new("sort").with_can_spill(true).register(&pool);
        assert!(sort.try_grow(1000).is_ok(), "a document larger than the budget");
        assert!(sort.try_grow(1).is_err());
        sort.free();
        assert!(sort.try_grow(60).is_ok() && sort.try_grow(60).is_err());
    }

    #[test]
    fn a_merge_may_hold_two_rows_of_any_size() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SortPool::new(100));
        let merge = MemoryConsumer::new("merge").register(&pool);
        assert!(merge.try_grow(1 << 30).is_ok() && merge.try_grow(1).is_ok(), "a long row and a short one");
        assert!(merge.try_grow(1).is_err());
        merge.free();
        assert!(
            merge.try_grow(MERGE_BYTES).is_ok() && merge.try_grow(1 << 30).is_ok(),
            "once more, the other way round"
        );
    }
}
