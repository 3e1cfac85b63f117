//! Sketches: a few numbers per document, equal in about as many places as its shingles are shared.

#![expect(clippy::cast_possible_truncation, reason = "slots are counted in memory")]

use super::mix;

/// Makes sketches of a fixed number of slots.
///
/// In each slot two documents agree with the probability of their Jaccard similarity, as with `MinHash`; but a shingle
/// is hashed once and not once a slot.
///
/// # Source
/// Dahlgaard, Knudsen and Thorup 2017, "Fast Similarity Sketching". Rounds of hashing: in the first rounds every
/// shingle falls into a slot by its hash and the smallest value stays; slots that stay empty are filled by further
/// rounds, the last of which send every shingle into one given slot. The hash of a round is `SplitMix64`'s finalizer
/// over the shingle and the round's number times its golden-ratio constant.
#[derive(Clone, Copy, Debug)]
pub struct Sketcher {
    slots: usize,
}

const EMPTY: u32 = u32::MAX;

impl Sketcher {
    /// Sketches of `slots` slots.
    ///
    /// # Panics
    /// If `slots` is 0 or above 65,536.
    pub fn new(slots: usize) -> Self {
        assert!((1..=1 << 16).contains(&slots), "a sketch has 1 to 65,536 slots");
        Self { slots }
    }

    /// Writes the sketch of a document with these shingles, repeated or not; without any the slots are left empty.
    pub fn sketch(&self, shingles: &[u64], sketch: &mut Vec<u32>) {
        sketch.clear();
        sketch.resize(self.slots, EMPTY);
        if shingles.is_empty() {
            return;
        }
        let slots = self.slots as u64;
        for &hash in shingles {
            let slot = (((hash & 0xffff_ffff) * slots) >> 32) as usize;
            let value = value(hash);
            if value < sketch[slot] {
                sketch[slot] = value;
            }
        }
        let mut empty: Vec<usize> = (0..self.slots).filter(|&slot| sketch[slot] == EMPTY).collect();
        for round in 1..2 * slots {
            if empty.is_empty() {
                return;
            }
            self.fill(round, shingles, sketch, &mut empty);
        }
    }

    /// One more round for the empty slots.
    fn fill(self, round: u64, shingles: &[u64], sketch: &mut [u32], empty: &mut Vec<usize>) {
        let slots = self.slots as u64;
        let key = round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut lowest = vec![EMPTY; self.slots];
        let fixed = round.checked_sub(slots);
        if fixed.is_some_and(|slot| sketch[slot as usize] != EMPTY) {
            return;
        }
        for &shingle in shingles {
            let hash = mix(shingle ^ key);
            let slot = fixed.unwrap_or(((hash & 0xffff_ffff) * slots) >> 32) as usize;
            lowest[slot] = lowest[slot].min(value(hash));
        }
        empty.retain(|&slot| {
            // Mixed with the round: equal values of different rounds are no agreement.
            if lowest[slot] != EMPTY {
                sketch[slot] = (mix(u64::from(lowest[slot]) ^ key) >> 32) as u32 % EMPTY;
            }
            sketch[slot] == EMPTY
        });
    }
}

/// The half of a hash that orders shingles in a slot; never the mark of an empty slot.
fn value(hash: u64) -> u32 {
    ((hash >> 32) as u32).min(EMPTY - 1)
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, Sketcher};
    use crate::near::mix;

    fn agreement(common: u64, each: u64, slots: usize) -> f64 {
        let sketcher = Sketcher::new(slots);
        let (mut one, mut other, mut equal) = (Vec::new(), Vec::new(), 0);
        let trials = 400;
        for trial in 0..trials {
            let shingle = |number: u64| mix(trial << 32 | number);
            let left: Vec<u64> = (0..common + each).map(shingle).collect();
            let right: Vec<u64> = (0..common).chain(common + each..common + 2 * each).map(shingle).collect();
            sketcher.sketch(&left, &mut one);
            sketcher.sketch(&right, &mut other);
            equal += one.iter().zip(&other).filter(|(left, right)| left == right).count();
        }
        equal as f64 / (trials as f64 * slots as f64)
    }

    #[test]
    fn slots_agree_as_often_as_shingles_are_shared_in_short_and_long_documents() {
        for (common, each) in [(4, 1), (8, 8), (70, 15), (400, 50), (3_000, 1_000), (0, 60)] {
            let jaccard = common as f64 / (common + 2 * each) as f64;
            let found = agreement(common, each, 128);
            assert!((found - jaccard).abs() < 0.02, "{common}+{each}: {found} for {jaccard}");
        }
    }

    #[test]
    fn a_single_shingle_fills_every_slot_and_none_fills_no_slot() {
        let mut sketch = Vec::new();
        Sketcher::new(250).sketch(&[7], &mut sketch);
        assert!(sketch.iter().all(|&slot| slot != EMPTY));
        Sketcher::new(250).sketch(&[], &mut sketch);
        assert!(sketch.iter().all(|&slot| slot == EMPTY));
    }

    #[test]
    fn repetition_and_order_do_not_count() {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        Sketcher::new(128).sketch(&[mix(1), mix(2), mix(3)], &mut one);
        Sketcher::new(128).sketch(&[mix(3), mix(1), mix(1), mix(2), mix(3)], &mut other);
        assert_eq!(one, other);
    }
}
