//! The words a text is about.

use super::{Segmenter, tables};
use std::collections::HashMap;
use std::sync::LazyLock;

/// English words that are about nothing.
const STOP_WORDS: [&str; 30] = [
    "the", "of", "is", "and", "to", "in", "that", "we", "for", "an", "are", "by", "be", "as", "on", "with", "can",
    "if", "from", "which", "you", "it", "this", "then", "at", "have", "all", "not", "one", "has",
];

struct Rarity {
    words: HashMap<&'static str, f64>,
    /// Taken for words that are not in the list.
    median: f64,
}

static RARITY: LazyLock<Rarity> = LazyLock::new(|| {
    let lines = tables::document_frequencies().lines();
    let words: HashMap<&str, f64> = lines
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(word, value)| Some((word, value.parse().ok()?)))
        .collect();
    let mut values: Vec<f64> = words.values().copied().collect();
    let middle = values.len() / 2;
    let median = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
    Rarity { words, median }
});

impl Segmenter {
    /// The `most` words of `text` with the highest share of its words times their rarity elsewhere (TF-IDF), best
    /// first; of equal ones the earlier first. Words of one character do not count.
    ///
    /// ```
    /// let segmenter = siyu_text::segment::Segmenter::new(None)?;
    /// assert_eq!(segmenter.keywords("合同无效，依照合同法返还价款。", 1), ["合同法"]);
    /// # Ok::<(), siyu_text::segment::SegmentError>(())
    /// ```
    pub fn keywords<'a>(&self, text: &'a str, most: usize) -> Vec<&'a str> {
        let mut tally: HashMap<&str, usize> = HashMap::new();
        let mut counted: Vec<(&str, f64)> = Vec::new();
        let mut total = 0.0;
        self.for_each(text, true, |word| {
            let is_stop = || STOP_WORDS.iter().any(|stop| stop.eq_ignore_ascii_case(word));
            if word.trim().chars().nth(1).is_none() || is_stop() {
                return;
            }
            let place = *tally.entry(word).or_insert(counted.len());
            match counted.get_mut(place) {
                Some(known) => known.1 += 1.0,
                None => counted.push((word, 1.0)),
            }
            total += 1.0;
        });
        for (word, weight) in &mut counted {
            *weight *= RARITY.words.get(word).copied().unwrap_or(RARITY.median) / total;
        }
        counted.sort_by(|left, right| right.1.total_cmp(&left.1));
        counted.into_iter().take(most).map(|keyword| keyword.0).collect()
    }
}
