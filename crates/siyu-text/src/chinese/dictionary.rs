//! A table of words and what they become, searched by the longest prefix.

/// Words with their replacements.
pub(super) struct Dictionary {
    /// Sorted by key.
    entries: Vec<Entry>,
    /// For each character of the basic plane, the first entry whose key starts with it or a later one.
    starts: Box<[u32]>,
    /// One bit for the hash of the first two characters of each key that has two.
    pairs: Box<[u64]>,
}

struct Entry {
    key: &'static str,
    value: &'static str,
    /// The longest other key that this one starts with.
    shorter: Option<u32>,
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
        let mut dictionary = Self { pairs: vec![0; (entries.len() / 4).next_power_of_two()].into(), entries, starts };
        for at in 0..dictionary.entries.len() {
            if let (Some(first), Some(second)) = first_two(dictionary.entries[at].key) {
                let (word, bit) = dictionary.pair(first, second);
                dictionary.pairs[word] |= bit;
            }
        }
        dictionary
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|entry| entry.key)
    }

    /// The longest key that `text` starts with, and its value.
    pub(super) fn longest(&self, text: &str) -> Option<(&'static str, &'static str)> {
        let (first, second) = first_two(text);
        let code = first.map_or(0, |first| u32::from(first).min(0xFFFF)) as usize;
        let (from, to) = (self.starts[code], self.starts[code + 1]);
        let range = self.entries.get(from as usize..to as usize).filter(|range| !range.is_empty())?;
        let (word, bit) = self.pair(first?, second.unwrap_or('\0'));
        // Without a key of more characters, the one sought can only be the character itself: that is the first.
        let is_alone = self.pairs[word] & bit == 0 && code < 0xFFFF;
        let upto = if is_alone { 1 } else { index(range.partition_point(|entry| entry.key <= text)) };
        // Every key between the one sought and the text starts with the one sought.
        let mut at = (from + upto).checked_sub(1)?;
        loop {
            let entry = &self.entries[at as usize];
            if text.starts_with(entry.key) {
                return Some((entry.key, entry.value));
            }
            at = entry.shorter?;
        }
    }

    /// The place of a pair's bit.
    fn pair(&self, first: char, second: char) -> (usize, u64) {
        let mixed = (u64::from(first) << 32 | u64::from(second)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let word = usize::try_from(mixed >> 40).unwrap_or(0) & (self.pairs.len() - 1);
        (word, 1 << (mixed >> 34 & 63))
    }
}

fn first_two(text: &str) -> (Option<char>, Option<char>) {
    let mut characters = text.chars();
    (characters.next(), characters.next())
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
