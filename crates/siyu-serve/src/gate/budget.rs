//! How many tokens of text a subject may use.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A bucket of tokens for each subject, which holds a minute's worth.
#[derive(Debug)]
pub struct Budgets {
    per_minute: u64,
    subjects: Mutex<HashMap<String, Bucket>>,
}

/// What a subject has left, in tokens times a minute's milliseconds, so that nothing is lost by rounding.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: i128,
    at: Duration,
}

const MINUTE: i128 = 60_000;
/// Subjects that are remembered before those with full buckets are forgotten.
const MANY: usize = 4_096;

impl Budgets {
    /// Budgets of so many tokens a minute.
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self { per_minute: per_minute.get().into(), subjects: Mutex::default() }
    }

    /// Sets tokens aside; a request for more than a minute's worth takes all of it.
    ///
    /// # Errors
    /// How long to wait until there are so many.
    pub fn reserve(&self, subject: &str, tokens: u64, now: Duration) -> Result<(), Duration> {
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        let full = self.full();
        if subjects.len() >= MANY {
            subjects.retain(|_, bucket| self.filled(*bucket, now).left < full);
        }
        let bucket = subjects.get(subject).map_or(Bucket { left: full, at: now }, |bucket| self.filled(*bucket, now));
        let wanted = i128::from(tokens.min(self.per_minute)) * MINUTE;
        let missing = wanted - bucket.left;
        if missing > 0 {
            let rate = i128::from(self.per_minute);
            let milliseconds = (missing + rate - 1) / rate;
            return Err(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX)));
        }
        subjects.insert(subject.to_owned(), Bucket { left: bucket.left - wanted, at: now });
        Ok(())
    }

    /// Gives back what was set aside and not used; what was used beyond it is owed.
    pub fn settle(&self, subject: &str, reserved: u64, used: u64, now: Duration) {
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = subjects.get_mut(subject) {
            let back = i128::from(reserved.min(self.per_minute)) - i128::from(used);
            *bucket = self.filled(*bucket, now);
            bucket.left = (bucket.left + back * MINUTE).min(self.full());
        }
    }

    fn full(&self) -> i128 {
        i128::from(self.per_minute) * MINUTE
    }

    fn filled(&self, bucket: Bucket, now: Duration) -> Bucket {
        let passed = i128::try_from(now.saturating_sub(bucket.at).as_millis()).unwrap_or(MINUTE);
        Bucket { left: (bucket.left + passed * i128::from(self.per_minute)).min(self.full()), at: now.max(bucket.at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn budgets() -> Budgets {
        Budgets::new(NonZeroU32::new(600).unwrap())
    }

    #[test]
    fn a_minute_has_so_many_tokens_and_they_come_back_steadily() {
        let budgets = budgets();
        assert_eq!(budgets.reserve("a", 500, at(0)), Ok(()));
        assert_eq!(budgets.reserve("a", 200, at(0)), Err(at(10)));
        assert_eq!(budgets.reserve("b", 200, at(0)), Ok(()));
        assert_eq!(budgets.reserve("a", 200, at(10)), Ok(()));
    }

    #[test]
    fn what_was_not_used_comes_back_and_what_was_used_beyond_is_owed() {
        let budgets = budgets();
        budgets.reserve("a", 600, at(0)).unwrap();
        budgets.settle("a", 600, 100, at(0));
        assert_eq!(budgets.reserve("a", 500, at(0)), Ok(()));
        budgets.settle("a", 500, 560, at(0));
        assert_eq!(budgets.reserve("a", 40, at(0)), Err(at(10)));
    }

    #[test]
    fn one_large_request_needs_a_full_minute_and_is_not_refused_forever() {
        let budgets = budgets();
        assert_eq!(budgets.reserve("a", 10_000, at(0)), Ok(()));
        assert_eq!(budgets.reserve("a", 10_000, at(0)), Err(at(60)));
        assert_eq!(budgets.reserve("a", 10_000, at(60)), Ok(()));
    }
}
