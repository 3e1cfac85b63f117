//! Words by their beginnings: a double array, in which a step costs one look at memory.

use super::alphabet::Alphabet;

/// Of a node without continuations.
const LEAF: u32 = 1 << 31;

/// The score of a beginning that is no word itself.
const NO_WORD: f64 = f64::NEG_INFINITY;

/// A node lies where its parent's `base` and its own character's code add up to, and knows its parent.
#[derive(Clone, Copy)]
struct Slot {
    parent: u32,
    base: u32,
    score: f64,
}

const FREE: Slot = Slot { parent: u32::MAX, base: LEAF, score: NO_WORD };

/// A place in the trie.
#[derive(Clone, Copy)]
pub(super) struct Node {
    at: u32,
    base: u32,
}

/// A set of words with a score each.
pub(super) struct Trie {
    slots: Vec<Slot>,
}

impl Trie {
    /// The words' spellings in `alphabet`, ascending and distinct, with their scores.
    pub(super) fn new(words: &Spellings, alphabet: &Alphabet) -> Self {
        let mut builder = Builder { slots: Vec::new(), used: Vec::new(), low: 0, search: [0; 8] };
        builder.take(0);
        // Codes of the first characters are their places: the root's base is 0.
        builder.reserve(alphabet.size());
        let mut queue = std::collections::VecDeque::from([Family { at: 0, first: 0, last: words.len(), depth: 0 }]);
        let mut children = Vec::new();
        while let Some(family) = queue.pop_front() {
            children.clear();
            words.children(&family, &mut children);
            let base = if family.at == 0 { 0 } else { builder.base(&children) };
            builder.slots[family.at as usize].base = base;
            for child in &children {
                let at = base.wrapping_add(u32::from(child.code));
                builder.place(at, family.at, child.score);
                if child.first < child.last {
                    let depth = family.depth + 1;
                    queue.push_back(Family { at, first: child.first, last: child.last, depth });
                }
            }
        }
        Self { slots: builder.slots }
    }

    /// The place before the first character.
    pub(super) const ROOT: Node = Node { at: 0, base: 0 };

    /// The place one character on, and the score of the word that ends there. `None` if no word goes on so.
    #[inline]
    pub(super) fn step(&self, from: Node, code: u16) -> Option<(Node, Option<f64>)> {
        if from.base == LEAF {
            return None;
        }
        let at = from.base.wrapping_add(u32::from(code));
        let slot = self.slots.get(at as usize)?;
        (slot.parent == from.at).then_some((Node { at, base: slot.base }, (slot.score > NO_WORD).then_some(slot.score)))
    }

    /// The score of the word that `codes` spell.
    pub(super) fn score(&self, codes: &[u16]) -> Option<f64> {
        let mut place = (Self::ROOT, None);
        for code in codes {
            place = self.step(place.0, *code)?;
        }
        place.1
    }
}

/// Words as codes, in ascending order of spelling.
#[derive(Default)]
pub(super) struct Spellings {
    codes: Vec<u16>,
    /// Where each word's codes end, and its score.
    words: Vec<(u32, f64)>,
}

/// The words that begin as the node at `at` does.
struct Family {
    at: u32,
    first: usize,
    last: usize,
    depth: usize,
}

struct Child {
    code: u16,
    score: f64,
    /// The words that go on.
    first: usize,
    last: usize,
}

impl Spellings {
    pub(super) fn push(&mut self, codes: impl Iterator<Item = u16>, score: f64) {
        self.codes.extend(codes);
        self.words.push((u32::try_from(self.codes.len()).expect("a dictionary has far below 2^32 characters"), score));
    }

    fn len(&self) -> usize {
        self.words.len()
    }

    fn spelling(&self, word: usize) -> &[u16] {
        let start = if word == 0 { 0 } else { self.words[word - 1].0 as usize };
        &self.codes[start..self.words[word].0 as usize]
    }

    fn children(&self, family: &Family, children: &mut Vec<Child>) {
        for word in family.first..family.last {
            let spelling = self.spelling(word);
            let Some(&code) = spelling.get(family.depth) else { continue };
            if children.last().is_none_or(|child: &Child| child.code != code) {
                children.push(Child { code, score: NO_WORD, first: word, last: word });
            }
            let Some(child) = children.last_mut() else { continue };
            if spelling.len() == family.depth + 1 {
                // The word itself comes before those that go on.
                child.score = self.words[word].1;
                child.first = word + 1;
            }
            child.last = word + 1;
        }
    }
}

struct Builder {
    slots: Vec<Slot>,
    /// One bit per slot.
    used: Vec<u64>,
    /// No slot below this block of 64 is free.
    low: usize,
    /// By the number of children, the block where the last search ended.
    search: [usize; 8],
}

impl Builder {
    fn reserve(&mut self, slots: usize) {
        if self.slots.len() < slots {
            self.slots.resize(slots, FREE);
            self.used.resize(slots.div_ceil(64), 0);
        }
    }

    fn take(&mut self, at: usize) {
        self.reserve(at + 1);
        self.used[at / 64] |= 1 << (at % 64);
    }

    fn place(&mut self, at: u32, parent: u32, score: f64) {
        self.take(at as usize);
        self.slots[at as usize] = Slot { parent, base: LEAF, score };
    }

    /// Which of the 64 slots from `at` on are used.
    fn bits(&self, at: usize) -> u64 {
        let (block, shift) = (at / 64, at % 64);
        let word = |block: usize| self.used.get(block).copied().unwrap_or(0);
        if shift == 0 { word(block) } else { word(block) >> shift | word(block + 1) << (64 - shift) }
    }

    /// A base from which all of `children` fall on free slots.
    fn base(&mut self, children: &[Child]) -> u32 {
        let offset = |child: &Child| usize::from(child.code);
        let least = children.iter().map(offset).min().unwrap_or(0);
        while self.used.get(self.low) == Some(&u64::MAX) {
            self.low += 1;
        }
        let kind = children.len().min(self.search.len()) - 1;
        let mut block = if kind == 0 { self.low } else { self.search[kind].max(self.low) };
        loop {
            // The first child's candidates are the slots of this block.
            let mut taken = self.bits(block * 64);
            for child in children {
                taken |= self.bits(block * 64 + offset(child) - least);
            }
            if taken != u64::MAX {
                self.search[kind] = block;
                let first = block * 64 + taken.trailing_ones() as usize;
                let first = u32::try_from(first).expect("a dictionary has far below 2^32 beginnings");
                return first.wrapping_sub(u32::try_from(least).unwrap_or(0));
            }
            block += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn every_word_is_found_and_no_other(words in prop::collection::btree_map("[a-e]{1,5}|[一-丏]{1,3}", -9.0..0.0, 1..60), other in "[a-f一-丑]{1,5}") {
            let words: BTreeMap<String, f64> = words;
            let alphabet = Alphabet::new(words.keys().map(String::as_str));
            let mut spellings = Spellings::default();
            for (word, score) in &words {
                spellings.push(word.chars().map(|c| alphabet.code(c)), *score);
            }
            let trie = Trie::new(&spellings, &alphabet);
            let find = |word: &str| trie.score(&word.chars().map(|c| alphabet.code(c)).collect::<Vec<_>>());
            for (word, score) in &words {
                prop_assert_eq!(find(word), Some(*score));
            }
            prop_assert_eq!(find(&other), words.get(&other).copied());
        }
    }
}
