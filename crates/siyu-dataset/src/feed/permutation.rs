//! A keyed permutation of `0..length`, computed place by place.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Rounds of the Feistel network; four make it a strong pseudorandom permutation with good round functions.
const ROUNDS: u64 = 6;

/// A keyed permutation of `0..length` that is computed, not stored.
///
/// # Source
/// Luby and Rackoff 1988 (Feistel networks); Black and Rogaway 2002, section 3 (walking the cycle until the value
/// lies inside a range that is no power of two).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permutation {
    length: u64,
    half_bits: u32,
    key: u64,
}

impl Permutation {
    pub(crate) fn new(length: u64, key: u64) -> Self {
        let bits = u64::BITS - length.saturating_sub(1).leading_zeros();
        Self { length, half_bits: bits.div_ceil(2).max(1), key }
    }

    /// The value at a place below `length`.
    pub(crate) fn at(&self, place: u64) -> u64 {
        debug_assert!(place < self.length, "a place lies inside the permutation");
        let mut value = place;
        // The network permutes less than four times the range, so a walk takes four rounds on average at most.
        loop {
            value = self.encrypt(value);
            if value < self.length {
                return value;
            }
        }
    }

    fn encrypt(&self, value: u64) -> u64 {
        let mask = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for round in 0..ROUNDS {
            let mixed = xxh3_64_with_seed(&right.to_le_bytes(), self.key ^ (round << 56));
            (left, right) = (right, left ^ (mixed & mask));
        }
        (left << self.half_bits) | right
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_comes_exactly_once(length in 1u64..3000, key: u64) {
            let permutation = Permutation::new(length, key);
            let mut values: Vec<u64> = (0..length).map(|place| permutation.at(place)).collect();
            values.sort_unstable();
            prop_assert!(values.into_iter().eq(0..length));
        }
    }

    #[test]
    fn neighbours_do_not_stay_neighbours_and_each_value_reaches_each_place() {
        let mut first = [0u32; 16];
        for key in 0..1600 {
            first[usize::try_from(Permutation::new(16, key).at(0)).unwrap()] += 1;
        }
        // A fair die of 16 sides thrown 1,600 times: 100 each, five standard deviations are 48.
        assert!(first.iter().all(|&count| (52..=148).contains(&count)), "{first:?}");
        let permutation = Permutation::new(1 << 20, 7);
        let near = (0..10_000).filter(|&place| permutation.at(place).abs_diff(permutation.at(place + 1)) < 100);
        assert!(near.count() < 20, "about two are expected by chance");
    }
}
