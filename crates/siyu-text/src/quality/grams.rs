//! What occurs how often, by 64-bit hash.

use xxhash_rust::xxh3::xxh3_64;

/// Numbers the different hashes it is given from 0 and counts them.
pub(super) struct Groups {
    /// Slot to group + 1; a power of two, at most half full.
    slots: Vec<u32>,
    groups: Vec<(u64, u32)>,
}

impl Groups {
    /// Room for so many hashes.
    pub(super) fn with_capacity(most: usize) -> Self {
        Self { slots: vec![0; (most.max(4) * 2).next_power_of_two()], groups: Vec::new() }
    }

    /// Counts a hash and returns its group.
    pub(super) fn add(&mut self, hash: u64) -> u32 {
        if self.groups.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(hash);
        if self.slots[slot] == 0 {
            self.groups.push((hash, 0));
            self.slots[slot] = u32::try_from(self.groups.len()).expect("texts are shorter than 4 GiB");
        }
        let group = self.slots[slot] - 1;
        self.groups[group as usize].1 += 1;
        group
    }

    /// How often a group's hash was given.
    pub(super) fn count(&self, group: u32) -> u32 {
        self.groups[group as usize].1
    }

    fn slot(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        // The upper half is the better mixed one after a multiplication.
        let mut slot = usize::try_from(hash >> 32).unwrap_or(0) & mask;
        while self.slots[slot] != 0 && self.groups[self.slots[slot] as usize - 1].0 != hash {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 4];
        for group in 0..self.groups.len() {
            let slot = self.slot(self.groups[group].0);
            self.slots[slot] = u32::try_from(group + 1).expect("texts are shorter than 4 GiB");
        }
    }
}

/// Tells hashes that were given once from most of those that were not; small enough to stay near the processor.
pub(super) struct Twice {
    /// One bit a hash, a power of two of them: given, and given again.
    bits: Vec<[u64; 2]>,
}

impl Twice {
    /// For so many hashes.
    pub(super) fn with_capacity(most: usize) -> Self {
        Self { bits: vec![[0; 2]; (most / 8).next_power_of_two()] }
    }

    /// Takes note of a hash.
    pub(super) fn add(&mut self, hash: u64) {
        let (word, bit) = self.place(hash);
        let [given, again] = &mut self.bits[word];
        *again |= *given & bit;
        *given |= bit;
    }

    /// Whether a hash may have been given more than once; surely, if it was.
    pub(super) fn may_have(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        self.bits[word][1] & bit != 0
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        let word = usize::try_from(hash >> 38).unwrap_or(0) & (self.bits.len() - 1);
        (word, 1 << (hash >> 32 & 63))
    }
}

/// The hash of a piece of text.
pub(super) fn hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// The hash of a sequence and one more member.
pub(super) fn append(sequence: u64, member: u64) -> u64 {
    let mixed = (sequence.rotate_left(23) ^ member).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ mixed >> 29
}

#[cfg(test)]
mod tests {
    use super::{Groups, Twice, append};

    #[test]
    fn what_comes_twice_is_never_missed() {
        let mut twice = Twice::with_capacity(1000);
        for number in (0..1000).chain((0..1000).step_by(2)) {
            twice.add(append(7, number));
        }
        assert!((0..1000).step_by(2).all(|number| twice.may_have(append(7, number))));
        let others = (1..1000).step_by(2).filter(|&number| twice.may_have(append(7, number))).count();
        assert!(others < 150, "{others} of 500");
    }

    #[test]
    fn equal_hashes_share_a_group_beyond_the_first_capacity() {
        let mut groups = Groups::with_capacity(0);
        for round in 0..3 {
            for number in 0..1000 {
                assert_eq!(groups.add(append(7, number)), u32::try_from(number).unwrap());
                assert_eq!(groups.count(u32::try_from(number).unwrap()), round + 1);
            }
        }
    }
}
