//! How often words occur: jieba's counts and those of a user's dictionary.

use super::SegmentError;
use super::cutter::Cutter;
use super::lexicon::Lexicon;
use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;

/// Words with their counts, as a user's dictionary changes them line by line.
pub(super) struct Counts<'a> {
    /// jieba's words, ascending.
    known: Vec<(&'a str, u64)>,
    /// The user's, which replace them.
    added: BTreeMap<&'a str, u64>,
    total: u64,
}

impl<'a> Counts<'a> {
    /// Reads jieba's table: the total, then a word and its count a line.
    pub(super) fn new(table: &'a str) -> Self {
        let mut lines = table.lines();
        let total = lines.next().and_then(|line| line.parse().ok()).unwrap_or(1);
        let word = |line: &'a str| {
            let (word, count) = line.split_once(' ')?;
            Some((word, count.parse().ok()?))
        };
        Self { known: lines.filter_map(word).collect(), added: BTreeMap::new(), total }
    }

    /// Adds the words of a user's dictionary, in the order of its lines.
    pub(super) fn add(&mut self, dictionary: &'a str) -> Result<(), SegmentError> {
        for (line, entry) in (1..).zip(dictionary.trim_start_matches('\u{feff}').lines()) {
            let (word, count) = fields(entry);
            if word.is_empty() {
                continue;
            }
            let count = count.map(str::parse).transpose().map_err(|_| SegmentError::Frequency { line })?;
            let count = count.unwrap_or_else(|| self.suggest(word));
            self.total = self.total.checked_add(count).ok_or(SegmentError::Frequency { line })?;
            self.added.insert(word, count);
        }
        Ok(())
    }

    /// All words as a lexicon, and those with the count 0: they are cut apart wherever they are found.
    pub(super) fn finish(mut self) -> (Lexicon, HashSet<String>) {
        let split = self.added.iter().filter(|word| *word.1 == 0).map(|word| (*word.0).to_owned()).collect();
        if !self.added.is_empty() {
            self.known.extend(self.added);
            self.known.sort_by_key(|word| word.0);
            // Of two equal words the user's comes later.
            self.known.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    earlier.1 = later.1;
                }
                same
            });
        }
        (Lexicon::new(&self.known, self.total), split)
    }

    /// The count of a word; 0 for what is only a beginning of words, `None` for what is not even that.
    fn get(&self, word: &str) -> Option<u64> {
        if let Some(count) = self.added.get(word) {
            return Some(*count);
        }
        let at = self.known.partition_point(|known| known.0 < word);
        match self.known.get(at) {
            Some(known) if known.0 == word => Some(known.1),
            Some(known) if known.0.starts_with(word) => Some(0),
            _ => {
                let mut after = self.added.range::<str, _>((Bound::Included(word), Bound::Unbounded));
                after.next().is_some_and(|next| next.0.starts_with(word)).then_some(0)
            }
        }
    }

    /// A count that keeps `word` whole: one more than its pieces are worth together.
    fn suggest(&self, word: &str) -> u64 {
        let total = self.total as f64;
        let share = |piece: &str| self.get(piece).unwrap_or(1) as f64 / total;
        let mut all = 1.0;
        Cutter::default().words(&self.pieces_of(word), &HashSet::new(), word, false, |piece| all *= share(piece));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the total, rounded down"
        )]
        let worth = (all * total) as u64;
        self.get(word).unwrap_or(1).max(worth.saturating_add(1))
    }

    /// A lexicon of the words inside `text`.
    fn pieces_of(&self, text: &str) -> Lexicon {
        let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let longest = self.longest();
        let mut pieces = BTreeMap::new();
        for (place, start) in borders.iter().enumerate() {
            for end in borders.iter().skip(place + 1).take(longest) {
                let piece = text.get(*start..*end).unwrap_or_default();
                if let Some(count) = self.get(piece) {
                    pieces.insert(piece, count);
                }
            }
        }
        Lexicon::new(&pieces.into_iter().collect::<Vec<_>>(), self.total)
    }

    /// Characters of the longest word, at least as many as in any of jieba's.
    fn longest(&self) -> usize {
        self.added.keys().map(|word| word.chars().count()).max().unwrap_or(0).max(16)
    }
}

/// The word of a line and its frequency: `word`, `word 5`, `word n` or `word 5 n`.
fn fields(line: &str) -> (&str, Option<&str>) {
    let strip = |line: &'_ str, kind: fn(&u8) -> bool| {
        let at = line.trim_end().rfind([' ', '\t'])?;
        let (head, field) = line.split_at(at);
        let field = field.trim();
        (!field.is_empty() && !head.trim().is_empty() && field.bytes().all(|byte| kind(&byte)))
            .then_some((head.len(), at))
    };
    let line = line.trim();
    let line = strip(line, u8::is_ascii_lowercase).and_then(|(end, _)| line.get(..end)).unwrap_or(line).trim_end();
    match strip(line, u8::is_ascii_digit) {
        Some((end, at)) => (line.get(..end).unwrap_or(line).trim_end(), line.get(at..).map(str::trim)),
        None => (line, None),
    }
}
