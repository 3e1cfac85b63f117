//! What time it is, for those who have to know: read once for a request, and handed on as a value.

use std::time::{Duration, Instant};

/// A point in time, on the calendar and since the service began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970-01-01 UTC; may jump when the machine's clock is set.
    pub unix: u64,
    /// Since some fixed point; never goes back.
    pub steady: Duration,
}

/// A clock that is read.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    /// A clock whose steady time begins now.
    #[expect(clippy::new_without_default, reason = "two clocks differ")]
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }

    /// The time.
    #[expect(clippy::disallowed_methods, reason = "tokens and records of a service go by the calendar")]
    pub fn now(&self) -> Now {
        let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Now { unix: unix.map_or(0, |since| since.as_secs()), steady: self.began.elapsed() }
    }
}
