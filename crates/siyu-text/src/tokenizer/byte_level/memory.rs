//! The ids of short pieces that were seen before.

/// Longest piece remembered, in bytes.
pub(super) const LONGEST: usize = 15;

/// Most ids of a piece that is remembered.
const IDS: usize = 4;

/// Pairs of entries; a power of two. Together they take two megabytes.
const PAIRS: usize = 1 << 15;

/// A piece of at most [`LONGEST`] bytes as one number: its bytes, and its length in the uppermost.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Key(u128);

impl Key {
    /// The piece of `text` from `start` to `end`, which are at most [`LONGEST`] bytes.
    #[inline]
    pub(super) fn new(text: &[u8], start: usize, end: usize) -> Self {
        let length = end - start;
        let bytes = if let Some(bytes) = text[start..].first_chunk() {
            u128::from_le_bytes(*bytes) & ((1_u128 << (8 * length)) - 1)
        } else {
            let mut bytes = [0; 16];
            bytes[..length].copy_from_slice(&text[start..end]);
            u128::from_le_bytes(bytes)
        };
        Self(bytes | (length as u128) << 120)
    }

    /// The same bytes as a word by itself, which a vocabulary may list as it is.
    pub(super) fn as_word(self) -> Self {
        Self(self.0 | 1 << 127)
    }

    #[allow(clippy::cast_possible_truncation, reason = "both halves are taken, and as many bits as there are entries")]
    #[inline]
    fn pair(self) -> usize {
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        let product = u128::from(low ^ 0x9E37_79B9_7F4A_7C15) * u128::from(high ^ 0xD1B5_4A32_D192_ED03);
        ((product >> 64) as u64 ^ product as u64) as usize & (PAIRS - 1)
    }
}

#[derive(Clone, Copy, Default)]
struct Entry {
    key: Key,
    /// How many ids there are is in the first one's uppermost byte.
    ids: [u32; IDS],
}

/// A table of pieces; each has two places, and a later one takes that of an earlier.
pub(super) struct Memory(Vec<[Entry; 2]>);

impl Default for Memory {
    fn default() -> Self {
        Self(vec![Default::default(); PAIRS])
    }
}

impl Memory {
    /// Appends the ids of a piece, if it is remembered.
    #[inline]
    pub(super) fn recall(&self, key: Key, ids: &mut Vec<u32>) -> bool {
        let [first, second] = &self.0[key.pair()];
        let entry = if first.key == key {
            first
        } else if second.key == key {
            second
        } else {
            return false;
        };
        let count = (entry.ids[0] >> 24) as usize;
        ids.push(entry.ids[0] & 0xFF_FFFF);
        if count > 1 {
            ids.extend_from_slice(&entry.ids[1..count]);
        }
        true
    }

    /// Remembers the ids of a piece, unless there are too many.
    pub(super) fn store(&mut self, key: Key, found: &[u32]) {
        if (1..=IDS).contains(&found.len()) {
            let mut entry = Entry { key, ..Entry::default() };
            entry.ids[..found.len()].copy_from_slice(found);
            entry.ids[0] |= u32::try_from(found.len()).unwrap_or(0) << 24;
            let [first, second] = &mut self.0[key.pair()];
            *second = std::mem::replace(first, entry);
        }
    }
}
