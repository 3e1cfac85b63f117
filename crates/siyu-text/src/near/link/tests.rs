#![expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "small numbers, computed in the same way on both sides"
)]

use super::*;
use crate::near::{Crossing, Signatures, Sketcher, jaccard, mix};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::convert::Infallible;

struct Memory {
    sets: Vec<Vec<u64>>,
    signatures: Signatures,
}

impl Documents for Memory {
    type Error = Infallible;

    fn load(&self, document: u32, set: &mut Vec<u64>) -> Result<(), Infallible> {
        set.clone_from(&self.sets[document as usize]);
        Ok(())
    }

    fn signature(&self, document: u32) -> &Signature {
        self.signatures.get(document as usize)
    }

    fn size(&self, document: u32) -> u32 {
        self.sets[document as usize].len() as u32
    }
}

fn memory(sets: &[BTreeSet<u64>]) -> Memory {
    let mut signatures = Signatures::default();
    let mut sketch = Vec::new();
    let hashed: Vec<Vec<u64>> = sets
        .iter()
        .map(|set| {
            let mut hashes: Vec<u64> = set.iter().map(|&element| mix(element)).collect();
            hashes.sort_unstable();
            hashes
        })
        .collect();
    for set in &hashed {
        Sketcher::new(128).sketch(set, &mut sketch);
        signatures.push(Signatures::of(&sketch));
    }
    Memory { sets: hashed, signatures }
}

/// Documents that differ from a few models in a few elements.
fn corpus() -> impl Strategy<Value = Vec<BTreeSet<u64>>> {
    let changes = vec((0u64..4, btree_set(0u64..40, 0..9)), 0..60);
    changes.prop_map(|documents| {
        let changed =
            |(model, gone): (u64, BTreeSet<u64>)| -> BTreeSet<u64> {
                (0..40)
                    .map(|element| {
                        if gone.contains(&element) { 1000 * (model + 1) + element } else { element + 100 * (model / 2) }
                    })
                    .collect()
            };
        documents.into_iter().map(changed).collect()
    })
}

fn candidates(count: u32, grouped: bool) -> (Groups, Vec<u64>) {
    let mut groups = Groups::default();
    let mut records = Vec::new();
    if grouped {
        let group = groups.add(count as usize);
        records.extend((0..count).map(|document| group_record(document, group)));
    } else {
        records.extend((0..count).flat_map(|later| (0..later).map(move |earlier| pair_record(later, earlier))));
    }
    (groups, records)
}

fn linked(memory: &Memory, similarity: f64, link: Link, grouped: bool) -> Links {
    let count = memory.sets.len() as u32;
    let (groups, records) = candidates(count, grouped);
    let mut linker = Linker::new(memory, count, similarity, link, groups);
    linker.settle(&records, |_| Ok(())).unwrap();
    linker.finish()
}

proptest! {
    #[test]
    fn representatives_are_those_of_one_document_after_another(sets in corpus(), grouped: bool) {
        let memory = memory(&sets);
        let links = linked(&memory, 0.8, Link::Representative, grouped);
        let mut kept: Vec<usize> = Vec::new();
        for (number, set) in memory.sets.iter().enumerate() {
            let best = kept.iter().map(|&other| (jaccard(set, &memory.sets[other]), other)).filter(|(similarity, _)| *similarity >= 0.8);
            let best = best.max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
            match best {
                None => {
                    kept.push(number);
                    prop_assert_eq!(links.mates[number], NONE);
                }
                Some((similarity, mate)) => {
                    prop_assert_eq!(links.mates[number] as usize, mate);
                    prop_assert_eq!(links.similarities[number], similarity as f32);
                }
            }
        }
    }

    #[test]
    fn pairs_that_cross_sides_are_all_pairs_that_do(sides in vec(0u8..3, 0..700), grouped: bool) {
        let (groups, records) = candidates(sides.len() as u32, grouped);
        let (mut crossing, mut done) = (Crossing::new(groups, &sides), 0);
        crossing.add(&records, |documents| { done += documents; Ok::<_, Infallible>(()) }).unwrap();
        let pairs = (0..sides.len()).flat_map(|later| (0..later).map(move |earlier| (later, earlier)));
        prop_assert_eq!(crossing.count(), pairs.filter(|&(one, other)| sides[one] != sides[other]).count() as u64);
        prop_assert!(done as usize >= sides.len().saturating_sub(1));
    }

    #[test]
    fn components_are_those_of_all_pairs(sets in corpus(), grouped: bool) {
        let memory = memory(&sets);
        let mut links = linked(&memory, 0.7, Link::Single, grouped);
        let mut expected = Components::new(sets.len() as u32);
        for later in 0..sets.len() {
            for earlier in 0..later {
                if jaccard(&memory.sets[later], &memory.sets[earlier]) >= 0.7 {
                    expected.union(later as u32, earlier as u32);
                }
            }
        }
        links.name_mates(&memory).unwrap();
        for number in 0..sets.len() as u32 {
            let root = expected.find(number);
            prop_assert_eq!(links.components.root(number), root);
            prop_assert_eq!(links.mates[number as usize], if root == number { NONE } else { root });
        }
    }
}

#[test]
fn a_chain_is_one_component_but_only_neighbours_of_the_kept_are_dropped() {
    let sets: Vec<BTreeSet<u64>> = (0..600).map(|start| (start..start + 20).collect()).collect();
    let memory = memory(&sets);
    let links = linked(&memory, 0.8, Link::Representative, true);
    let kept: Vec<usize> = (0..600).filter(|&number| links.mates[number] == NONE).collect();
    assert_eq!(kept, (0..600).step_by(3).collect::<Vec<_>>());
    let links = linked(&memory, 0.8, Link::Single, true);
    assert!((0..600).all(|number| links.components.root(number) == 0));
    assert_eq!(links.examples.len(), 5);
    assert!(links.histogram[..80].iter().all(|&count| count == 0));
}
