//! A histogram with two bins per doubling.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts of values in bins that grow with them: from 0, 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// The smallest value of each bin that has any, and how many values it has.
    pub bins: BTreeMap<u64, u64>,
    /// Values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// The largest value.
    pub max: u64,
}

impl Histogram {
    /// Counts a value.
    pub fn add(&mut self, value: u64) {
        *self.bins.entry(floor(value)).or_default() += 1;
        self.count += 1;
        self.sum += value;
        self.max = self.max.max(value);
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (&bin, count) in &other.bins {
            *self.bins.entry(bin).or_default() += count;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bins from the first to the last that has any, the empty ones between them included.
    pub(crate) fn range(&self) -> Vec<(u64, u64)> {
        let Some((&first, _)) = self.bins.first_key_value() else { return Vec::new() };
        let last = self.bins.last_key_value().map_or(first, |(&last, _)| last);
        let starts = std::iter::successors(Some(first), |&bin| next(bin)).take_while(|&bin| bin <= last);
        starts.map(|bin| (bin, self.bins.get(&bin).copied().unwrap_or(0))).collect()
    }
}

/// The smallest value of the bin that `value` is in.
fn floor(value: u64) -> u64 {
    let Some(bits) = value.checked_ilog2() else { return 0 };
    let power = 1 << bits;
    let half = power + power / 2;
    if value >= half { half } else { power }
}

/// The bin after `bin`; `None` after the last.
fn next(bin: u64) -> Option<u64> {
    match bin {
        0 | 1 => Some(bin + 1),
        power if power.is_power_of_two() => Some(power + power / 2),
        half => (half / 3).checked_mul(4),
    }
}

/// The largest value of the bin that starts with `bin`.
pub(crate) fn bin_end(bin: u64) -> u64 {
    next(bin).map_or(u64::MAX, |after| after - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_in_the_bin_that_starts_at_or_below_it_and_ends_above() {
        for value in (0..5000).chain([1 << 40, u64::MAX]) {
            let bin = floor(value);
            assert!(bin <= value && next(bin).is_none_or(|end| value < end), "{value}");
        }
    }

    #[test]
    fn empty_bins_lie_between_full_ones() {
        let mut histogram = Histogram::default();
        for value in [5, 16, 17] {
            histogram.add(value);
        }
        assert_eq!(histogram.range(), [(4, 1), (6, 0), (8, 0), (12, 0), (16, 2)]);
    }
}
