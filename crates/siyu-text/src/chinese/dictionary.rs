//! A table of words and what they become, searched by the longest prefix.

/// Words with their replacements.
pub(super) struct Dictionary {
    /// Sorted by key.
    entries: Vec<Entry>,
    /// For each character of the basic plane, the first entry whose key starts with it or a later one.
    starts: Box<[u32]>,
    /// For the first two characters of a key, the entries whose keys start with them; a hash table, at most half full.
    pairs: Box<[Option<Pair>]>,
}

struct Entry {
    key: &'static str,
    value: &'static str,
    /// The longest other key that this one starts with.
    shorter: Option<u32>,
}

/// So many entries are searched as they are.
const FEW: u32 = 8;

/// Two characters and a range of entries.
#[derive(Clone, Copy)]
struct Pair {
    characters: (char, char),
    from: u32,
    to: u32,
}

impl Dictionary {
    /// The union of tables in OpenCC's format: `key`, a tab, values separated by spaces, of which the first counts;
    /// of equal keys that of the earlier table counts.
    pub(super) fn new(tables: &[&'static str]) -> Self {
        let lines = tables.iter().flat_map(|table| table.lines()).filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once('\t'));
        let mut entries: Vec<Entry> = pairs
            .map(|(key, values)| Entry { key, value: values.split(' ').next().unwrap_or(key), shorter: None })
            .collect();
        entries.sort_by_key(|entry| entry.key);
        entries.dedup_by_key(|entry| entry.key);
        let mut open: Vec<u32> = Vec::new();
        for at in 0..entries.len() {
            let key = entries[at].key;
            while open.last().is_some_and(|&last| !key.starts_with(entries[last as usize].key)) {
                open.pop();
            }
            entries[at].shorter = open.last().copied();
            open.push(index(at));
        }
        let mut starts = vec![0; 0x1_0001].into_boxed_slice();
        for entry in &entries {
            let first = entry.key.chars().next().map_or(0, |first| u32::from(first).min(0xFFFF));
            starts[first as usize + 1] += 1;
        }
        for code in 0..0x1_0000 {
            starts[code + 1] += starts[code];
        }
        let mut dictionary = Self { pairs: [].into(), entries, starts };
        dictionary.index_pairs();
        dictionary
    }

    fn index_pairs(&mut self) {
        let of = |at: usize| self.entries.get(at).and_then(|entry: &Entry| first_two(entry.key));
        let changes = (0..self.entries.len()).filter(|&at| of(at).is_some() && of(at) != of(at + 1)).count();
        self.pairs = vec![None; (changes * 2).next_power_of_two()].into();
        for at in 0..self.entries.len() {
            let Some(characters) = first_two(self.entries[at].key) else { continue };
            let slot = self.slot(characters);
            let from = self.pairs[slot].map_or(index(at), |known| known.from);
            self.pairs[slot] = Some(Pair { characters, from, to: index(at + 1) });
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|entry| entry.key)
    }

    /// The longest key that `text` starts with, and its value.
    pub(super) fn longest(&self, text: &str) -> Option<(&'static str, &'static str)> {
        let code = text.chars().next().map_or(0, |first| u32::from(first).min(0xFFFF)) as usize;
        let (mut from, mut to) = (self.starts[code], self.starts[code + 1]);
        if from == to {
            return None;
        }
        if to - from > FEW && code < 0xFFFF {
            (from, to) = match first_two(text).and_then(|characters| self.pairs[self.slot(characters)]) {
                Some(pair) => (pair.from, pair.to),
                // Without a key of more characters, the one sought can only be the character itself: the first.
                None => (from, from + 1),
            };
        }
        let range = self.entries.get(from as usize..to as usize)?;
        let upto = from + index(range.partition_point(|entry| entry.key <= text));
        // Every key between the one sought and the text starts with the one sought.
        let mut at = upto.checked_sub(1)?;
        loop {
            let entry = &self.entries[at as usize];
            if text.starts_with(entry.key) {
                return Some((entry.key, entry.value));
            }
            at = entry.shorter?;
        }
    }

    /// Where a pair stands, or would.
    fn slot(&self, characters: (char, char)) -> usize {
        let mixed = (u64::from(characters.0) << 32 | u64::from(characters.1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mask = self.pairs.len() - 1;
        let mut slot = usize::try_from(mixed >> 40).unwrap_or(0) & mask;
        while self.pairs[slot].is_some_and(|pair| pair.characters != characters) {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

fn first_two(text: &str) -> Option<(char, char)> {
    let mut characters = text.chars();
    Some((characters.next()?, characters.next()?))
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("the tables have fewer than 2^32 entries")
}

#[cfg(test)]
mod tests {
    use super::Dictionary;

    #[test]
    fn the_longest_key_wins_and_gaps_are_no_obstacle() {
        let words =
            Dictionary::new(&["# words\n\n甲\t1\n甲乙\t2 9\n甲乙丙丁\t4\n甲乙丁\t3\n", "甲\t0\n𠀀\t5\n𠀀甲\t6\n"]);
        let found = |text| words.longest(text).map(|(key, value)| (key.chars().count(), value));
        assert_eq!(found("甲乙丙戊"), Some((2, "2")));
        assert_eq!(found("甲乙丙丁戊"), Some((4, "4")));
        assert_eq!((found("甲"), found("乙"), found("")), (Some((1, "1")), None, None));
        assert_eq!((found("𠀀甲"), found("𠀁")), (Some((2, "6")), None));
    }
}
