//! Groups: documents that share a band key, kept so that no group is compared each with each.

use super::Signature;

/// Members up to which a group is compared pair by pair.
pub const PAIR_LIMIT: usize = 8;

/// Members above which a group is divided by more of the sketch, where a missed pair is only a copy that stays.
pub const LARGE: usize = 4096;

/// Members that are remembered of a group that cannot be divided.
const REMEMBERED: usize = 512;

/// Times that a group is divided; what is still large then is alike, or hopeless.
const DEPTH: usize = 4;

/// What becomes of the documents with one band key.
#[derive(Debug, PartialEq, Eq)]
pub enum Group {
    /// Few enough: every pair is a candidate.
    Pairs(Vec<u32>),
    /// Each is compared with those before it that this many places hold.
    Members(Vec<u32>, usize),
}

/// Divides the documents with one band key, in ascending order; `signatures` are asked for in very large groups only.
///
/// A very large group is divided twice, by different slots, so that pairs that one division parts meet in the other: most
/// of them, not all.
///
/// # Errors
/// Those of `signatures`.
pub fn divide<E>(
    members: &[u32],
    signatures: impl FnOnce(&[u32]) -> Result<Vec<Signature>, E>,
) -> Result<Vec<Group>, E> {
    let mut groups = Vec::new();
    match members.len() {
        0 | 1 => {}
        2..=PAIR_LIMIT => groups.push(Group::Pairs(members.to_vec())),
        9..=LARGE => groups.push(Group::Members(members.to_vec(), members.len())),
        _ => {
            let signed: Vec<(u32, Signature)> = members.iter().copied().zip(signatures(members)?).collect();
            refine(signed.clone(), 0, &mut groups);
            refine(signed, DEPTH, &mut groups);
        }
    }
    Ok(groups)
}

/// Divides by sixteen more bits of the signature, and what is still large by the next sixteen.
fn refine(mut members: Vec<(u32, Signature)>, level: usize, groups: &mut Vec<Group>) {
    // Seven is prime to the 32 pieces: each level looks at slots far from the last ones.
    let piece = (level * 7 + 3) % 32;
    let bits = |signature: &Signature| (signature[piece / 4] >> (16 * (piece % 4))) & 0xFFFF;
    members.sort_by_key(|(member, signature)| (bits(signature), *member));
    for part in members.chunk_by(|one, other| bits(&one.1) == bits(&other.1)) {
        let numbers = || part.iter().map(|(member, _)| *member).collect::<Vec<_>>();
        match part.len() {
            0 | 1 => {}
            2..=PAIR_LIMIT => groups.push(Group::Pairs(numbers())),
            9..=LARGE => groups.push(Group::Members(numbers(), part.len())),
            _ if (level + 1).is_multiple_of(DEPTH) => groups.push(Group::Members(numbers(), REMEMBERED)),
            _ => refine(part.to_vec(), level + 1, groups),
        }
    }
}

/// For each group the documents that later ones are compared with.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    starts: Vec<usize>,
    filled: Vec<u32>,
    places: usize,
    members: Vec<u32>,
}

impl Groups {
    /// Adds a group with so many places; returns its number.
    ///
    /// # Panics
    /// Above 2³¹ groups, which no machine holds.
    pub fn add(&mut self, places: usize) -> u32 {
        let number = u32::try_from(self.starts.len()).ok().filter(|number| *number < 1 << 31);
        self.starts.push(self.places);
        self.filled.push(0);
        self.places += places;
        number.expect("fewer than 2^31 groups")
    }

    /// The documents in a group's places.
    pub(super) fn list(&self, group: u32) -> &[u32] {
        let (start, filled) = (self.starts[group as usize], self.filled[group as usize] as usize);
        self.members.get(start..start + filled).unwrap_or_default()
    }

    /// Puts a document into a group's next place; it is not remembered where there is none.
    pub(super) fn put(&mut self, group: u32, document: u32) {
        if self.members.len() < self.places {
            self.members.resize(self.places, 0);
        }
        let index = group as usize;
        let end = self.starts.get(index + 1).copied().unwrap_or(self.places);
        let place = self.starts[index] + self.filled[index] as usize;
        if place < end {
            self.members[place] = document;
            self.filled[index] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Group, Groups, LARGE, divide};
    use crate::near::{Signature, mix};
    use std::convert::Infallible;

    fn signature(number: u32) -> Signature {
        std::array::from_fn(|word| mix(u64::from(number) << 8 | word as u64))
    }

    fn divided(members: &[u32], signature: impl Fn(u32) -> Signature) -> Vec<Group> {
        divide(members, |members| Ok::<_, Infallible>(members.iter().map(|&member| signature(member)).collect()))
            .unwrap()
    }

    #[test]
    fn small_groups_are_pairs_and_middling_ones_lists() {
        assert_eq!(divided(&[4], signature), []);
        assert_eq!(divided(&[4, 9], signature), [Group::Pairs(vec![4, 9])]);
        let many: Vec<u32> = (0..9).collect();
        assert_eq!(divided(&many, signature), [Group::Members(many.clone(), 9)]);
    }

    #[test]
    fn equal_signatures_stay_together_in_a_million_equal_keys_and_no_list_is_long() {
        let many: Vec<u32> = (0..300_000).collect();
        let twins = |member: u32| signature(if member >= 299_990 { 7 } else { member % 150_000 });
        for group in divided(&many, twins) {
            match group {
                Group::Pairs(members) => assert!(members.len() <= 8),
                Group::Members(members, places) => assert!(places <= LARGE && members.is_sorted()),
            }
        }
        let together = divided(&many, twins).iter().any(|group| match group {
            Group::Pairs(members) | Group::Members(members, _) => {
                [7, 299_990, 299_999].iter().all(|one| members.contains(one))
            }
        });
        assert!(together);
        let same = divided(&many, |_| signature(1));
        assert_eq!(same, [Group::Members(many.clone(), 512), Group::Members(many, 512)]);
    }

    #[test]
    fn a_full_group_forgets_later_members() {
        let mut groups = Groups::default();
        let (one, other) = (groups.add(2), groups.add(1));
        for (group, document) in [(other, 5), (one, 6), (one, 7), (one, 8), (other, 9)] {
            groups.put(group, document);
        }
        assert_eq!((groups.list(one), groups.list(other)), (&[6, 7][..], &[5][..]));
    }
}
