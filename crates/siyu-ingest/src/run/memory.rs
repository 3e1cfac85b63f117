//! The memory that sorting may use.

use datafusion::error::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that a merge of spilled rows may use, however small the budget is.
const MERGE_BYTES: usize = 32 << 20;

/// Shares a budget among sorts, but never so that one of them cannot go on.
///
/// What can spill is refused only when it holds something that it could spill. So a document larger than the budget is
/// sorted like any other, and a small budget makes a run slow instead of ending it.
#[derive(Debug)]
pub(super) struct SortPool {
    budget: FairSpillPool,
    /// The most that was ever asked for at once: about the largest document.
    largest: AtomicUsize,
}

impl SortPool {
    /// A budget of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { budget: FairSpillPool::new(bytes), largest: AtomicUsize::new(0) }
    }
}

impl std::fmt::Display for SortPool {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.budget.fmt(out)
    }
}

impl MemoryPool for SortPool {
    fn name(&self) -> &'static str {
        "sort"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.budget.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.budget.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.budget.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.budget.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let largest = self.largest.fetch_max(additional, Ordering::Relaxed).max(additional);
        let Err(refused) = self.budget.try_grow(reservation, additional) else { return Ok(()) };
        let held = reservation.size();
        // A merge needs two documents side by side, and has nothing to spill.
        let merges = !reservation.consumer().can_spill() && held + additional <= MERGE_BYTES + 2 * largest;
        if held > 0 && !merges {
            return Err(refused);
        }
        self.budget.grow(reservation, additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.budget.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.budget.memory_limit()
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
        let large = 2 * MERGE_BYTES;
        assert!(merge.try_grow(large).is_ok() && merge.try_grow(large).is_ok() && merge.try_grow(10).is_ok());
        assert!(merge.try_grow(large).is_err());
    }
}
