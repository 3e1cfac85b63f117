//! Counts of values in ranges.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of values in ranges whose bounds double.
#[derive(Debug)]
pub(super) struct Histogram {
    /// One for each bound, and one for what is above all.
    counts: [AtomicU64; BOUNDS + 1],
    /// In millionths.
    sum: AtomicU64,
}

const BOUNDS: usize = 20;
/// The lowest bound: an eighth of a millisecond, or of a unit's thousandth.
const LOWEST: f64 = 0.000_125;

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: std::array::from_fn(|_| AtomicU64::new(0)), sum: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Counts a value that is not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sums of seconds stay far below 2^63")]
    pub(super) fn record(&self, value: f64) {
        let place = bounds().position(|bound| value <= bound).unwrap_or(BOUNDS);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add((value * 1e6).round() as u64, Ordering::Relaxed);
    }

    /// Each bound with how many values lie at or below it, how many there are, and their sum.
    pub(super) fn read(&self) -> (Vec<(f64, u64)>, u64, f64) {
        let mut below = 0;
        let counts: Vec<u64> = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let cumulative = bounds().zip(&counts).map(|(bound, count)| {
            below += count;
            (bound, below)
        });
        (cumulative.collect(), counts.iter().sum(), self.sum.load(Ordering::Relaxed) as f64 / 1e6)
    }
}

/// From an eighth of a millisecond to a minute and more; numbers of requests fall between them as well.
fn bounds() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(LOWEST), |bound| Some(bound * 2.0)).take(BOUNDS)
}
