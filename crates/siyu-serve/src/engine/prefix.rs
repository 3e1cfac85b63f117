//! Beginnings of prompts that need not be computed again.
//!
//! A prompt is cut into blocks of equal length. A block's key is a hash of its tokens and of all before them, so equal
//! keys mean equal beginnings. Only what was computed while reading a prompt is kept, block by block on one grid: a
//! text then has the same numbers, to the last bit, whether its beginning was found here or computed.

use std::collections::{BTreeMap, HashMap};

/// What a block and everything before it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// The key of an empty beginning. Texts of different scopes share nothing.
    pub(super) fn root(scope: &[u8]) -> Self {
        Self(*blake3::hash(scope).as_bytes())
    }

    /// The key of this beginning and a block behind it.
    pub(super) fn then(self, tokens: &[u32]) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for token in tokens {
            hasher.update(&token.to_le_bytes());
        }
        Self(*hasher.finalize().as_bytes())
    }
}

struct Block {
    bytes: Vec<u8>,
    age: Age,
}

/// When a block was last used; of blocks used by one text, the later ones go first, for they are nothing without the
/// earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age {
    text: u64,
    from_end: u64,
}

/// Blocks within a budget of memory; the ones go first that were not used for longest.
#[derive(Default)]
pub(super) struct PrefixCache {
    blocks: HashMap<Key, Block>,
    ages: BTreeMap<Age, Key>,
    bytes: usize,
    budget: usize,
}

impl PrefixCache {
    pub(super) fn new(budget: usize) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Bytes in use and in all.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.bytes, self.budget)
    }

    /// Whether a block of so many bytes could be kept at all.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        bytes <= self.budget
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.blocks.contains_key(key)
    }

    /// The block, which counts as used by the text numbered `text` as its `index`th.
    pub(super) fn get(&mut self, key: &Key, text: u64, index: usize) -> Option<&[u8]> {
        let block = self.blocks.get_mut(key)?;
        self.ages.remove(&block.age);
        block.age = age(text, index);
        self.ages.insert(block.age, *key);
        Some(&block.bytes)
    }

    /// Keeps a block of the text numbered `text`, if there is room for it beside that text's own earlier ones.
    pub(super) fn insert(&mut self, key: Key, text: u64, index: usize, bytes: Vec<u8>) {
        if !self.takes(bytes.len()) || self.blocks.contains_key(&key) {
            return;
        }
        while self.bytes + bytes.len() > self.budget {
            let Some((&oldest, &victim)) = self.ages.first_key_value() else { return };
            if oldest.text == text {
                return;
            }
            self.ages.remove(&oldest);
            self.bytes -= self.blocks.remove(&victim).map_or(0, |block| block.bytes.len());
        }
        self.bytes += bytes.len();
        let age = age(text, index);
        self.ages.insert(age, key);
        self.blocks.insert(key, Block { bytes, age });
    }
}

fn age(text: u64, index: usize) -> Age {
    Age { text, from_end: u64::MAX - index as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_beginnings_and_scopes_apart() {
        let root = Key::root(b"");
        assert_eq!(root.then(&[1, 2]).then(&[3]), root.then(&[1, 2]).then(&[3]));
        assert_ne!(root.then(&[1, 2]).then(&[3]), root.then(&[2, 1]).then(&[3]));
        assert_ne!(root.then(&[1]), Key::root(b"another").then(&[1]));
    }

    #[test]
    fn the_end_of_the_text_unused_for_longest_goes_first() {
        let mut cache = PrefixCache::new(3);
        let [a, b, c, d] = [1, 2, 3, 4].map(|token| Key::root(b"").then(&[token]));
        cache.insert(a, 0, 0, vec![1]);
        cache.insert(b, 0, 1, vec![2]);
        cache.insert(c, 1, 0, vec![3]);
        cache.insert(d, 2, 0, vec![4]);
        assert!(cache.contains(&a) && !cache.contains(&b) && cache.contains(&d));
        assert_eq!(cache.get(&a, 3, 0), Some([1].as_slice()));
        cache.insert(b, 4, 0, vec![2]);
        assert!(cache.contains(&a) && !cache.contains(&c));
        assert_eq!(cache.load(), (3, 3));
    }

    #[test]
    fn a_text_does_not_push_out_its_own_beginning() {
        let mut cache = PrefixCache::new(1);
        let [a, b] = [1, 2].map(|token| Key::root(b"").then(&[token]));
        cache.insert(a, 0, 0, vec![1]);
        cache.insert(b, 0, 1, vec![2]);
        assert!(cache.contains(&a) && !cache.contains(&b));
    }
}
