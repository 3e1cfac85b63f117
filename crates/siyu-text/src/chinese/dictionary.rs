//! A table of words and what they become, searched by the longest prefix.

/// Words with their replacements.
pub(super) struct Dictionary {
    /// Sorted by key.
    entries: Vec<Entry>,
    /// For each character of the basic plane, the first entry whose key starts with it or a later one.
    starts: Box<[u32]>,
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
        Self { entries, starts }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|entry| entry.key)
    }

    /// The longest key that `text` starts with, and its value.
    pub(super) fn longest(&self, text: &str) -> Option<(&'static str, &'static str)> {
        let code = text.chars().next().map_or(0, |first| u32::from(first).min(0xFFFF)) as usize;
        let (from, to) = (self.starts[code], self.starts[code + 1]);
        let range = self.entries.get(from as usize..to as usize)?;
        // Every key between the one sought and the text starts with the one sought.
        let mut at = (from + index(range.partition_point(|entry| entry.key <= text))).checked_sub(1)?;
        loop {
            let entry = &self.entries[at as usize];
            if text.starts_with(entry.key) {
                return Some((entry.key, entry.value));
            }
            at = entry.shorter?;
        }
    }
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
