//! Cutting a text to a token budget.
//!
//! Pieces are ranges of the source text: nothing is decoded from ids, so no character is ever cut in half.

use crate::tokenizer::{Tokenizer, TokenizerError};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Which part of a long text stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The beginning.
    Head,
    /// The end.
    Tail,
    /// Half of the budget from the beginning, the rest from the end.
    HeadTail,
    /// All of it, in pieces.
    Windows,
}

/// Where a text may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Between grapheme clusters: what a reader sees as characters.
    Character,
    /// Between sentences; between characters where no sentence fits.
    Sentence,
}

/// How to cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// Most tokens a piece may have; for [`Keep::HeadTail`] both pieces together.
    pub max_tokens: usize,
    /// Which part stays.
    pub keep: Keep,
    /// Where cuts may lie.
    pub boundary: Boundary,
    /// Tokens that a window repeats from the one before it.
    pub overlap_tokens: usize,
}

/// The pieces of `text` that stay, as byte ranges: one, but two for [`Keep::HeadTail`] and any number for
/// [`Keep::Windows`]. A piece is empty if not even one character fits.
pub fn truncate(text: &str, tokenizer: &Tokenizer, how: &Truncation) -> Result<Vec<Range<usize>>, TokenizerError> {
    let cutter = Cutter { text, tokenizer, how };
    let end = text.len();
    let head = cutter.head(0, how.max_tokens)?;
    if head == end {
        return Ok(std::iter::once(0..end).collect());
    }
    Ok(match how.keep {
        Keep::Head => std::iter::once(0..head).collect(),
        Keep::Tail => std::iter::once(cutter.tail(0, how.max_tokens)?..end).collect(),
        Keep::HeadTail => {
            let head = cutter.head(0, how.max_tokens.div_ceil(2))?;
            let used = cutter.count(0..head)?;
            vec![0..head, cutter.tail(head, how.max_tokens.saturating_sub(used))?..end]
        }
        Keep::Windows => cutter.windows(head)?,
    })
}

struct Cutter<'a> {
    text: &'a str,
    tokenizer: &'a Tokenizer,
    how: &'a Truncation,
}

impl Cutter<'_> {
    fn piece(&self, range: Range<usize>) -> &str {
        self.text.get(range).expect("ranges lie on grapheme borders")
    }

    fn count(&self, range: Range<usize>) -> Result<usize, TokenizerError> {
        self.tokenizer.count(self.piece(range))
    }

    /// Cut points of a piece, in order, without its start.
    fn borders(piece: &str, boundary: Boundary) -> Vec<usize> {
        match boundary {
            Boundary::Character => piece.grapheme_indices(true).map(|(at, cluster)| at + cluster.len()).collect(),
            Boundary::Sentence => {
                piece.unicode_sentences().map(|s| s.as_ptr() as usize - piece.as_ptr() as usize + s.len()).collect()
            }
        }
    }

    /// End of the longest piece from `start` within `budget`.
    fn head(&self, start: usize, budget: usize) -> Result<usize, TokenizerError> {
        let piece = self.window(start, budget)?;
        let fits = |end: usize| Ok::<_, TokenizerError>(self.count(start..start + end)? <= budget);
        if self.how.boundary == Boundary::Sentence {
            let borders = Self::borders(piece, Boundary::Sentence);
            if let Some(end) = last_that(&borders, &fits)? {
                return Ok(start + end);
            }
        }
        let borders = Self::borders(piece, Boundary::Character);
        Ok(start + last_that(&borders, &fits)?.unwrap_or(0))
    }

    /// A prefix of the rest of the text that exceeds `budget`, or all of the rest.
    fn window(&self, start: usize, budget: usize) -> Result<&str, TokenizerError> {
        let mut length = budget.saturating_mul(4).saturating_add(64);
        loop {
            let end = self.text.ceil_char_boundary(start.saturating_add(length).min(self.text.len()));
            if end == self.text.len() || self.count(start..end)? > budget.saturating_add(1) {
                return Ok(self.piece(start..end));
            }
            length = length.saturating_mul(2);
        }
    }

    /// Start of the longest piece up to the end of the text within `budget`, not before `first`.
    fn tail(&self, first: usize, budget: usize) -> Result<usize, TokenizerError> {
        let (rest, end) = (self.piece(first..self.text.len()), self.text.len());
        let fits = |back: usize| Ok::<_, TokenizerError>(self.count(end - back..end)? <= budget);
        for boundary in [self.how.boundary, Boundary::Character] {
            let mut backs: Vec<usize> = Self::borders(rest, boundary).iter().map(|at| rest.len() - at).collect();
            backs.reverse();
            backs.retain(|back| *back > 0);
            backs.push(rest.len());
            if let Some(back) = last_that(&backs, &fits)? {
                return Ok(end - back);
            }
        }
        Ok(end)
    }

    fn windows(&self, mut end: usize) -> Result<Vec<Range<usize>>, TokenizerError> {
        let (mut start, mut pieces) = (0, Vec::new());
        while start < self.text.len() {
            if end == start {
                // Not even one character fits: it is left out.
                end = start + self.piece(start..self.text.len()).graphemes(true).next().map_or(1, str::len);
                start = end;
            } else {
                pieces.push(start..end);
                let back = Cutter { text: self.piece(0..end), ..*self }.tail(start, self.how.overlap_tokens)?;
                start = if end == self.text.len() || back <= start { end } else { back };
            }
            end = self.head(start, self.how.max_tokens)?;
        }
        Ok(pieces)
    }
}

/// The last of `borders` that `fits`, which holds for a beginning of them.
fn last_that(
    borders: &[usize],
    fits: &impl Fn(usize) -> Result<bool, TokenizerError>,
) -> Result<Option<usize>, TokenizerError> {
    let (mut low, mut high) = (0, borders.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(border) = borders.get(middle) else { break };
        if fits(*border)? { low = middle + 1 } else { high = middle }
    }
    Ok(low.checked_sub(1).and_then(|last| borders.get(last)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
        Tokenizer::from_json(include_str!("../../../sample-data/models/tiny-zh/tokenizer.json")).unwrap()
    });

    proptest! {
        #[test]
        fn pieces_fit_their_budget(text in r"([一-龥]{1,6}|[a-z ]{1,6}|👨‍👩‍👧|[。！\n]){0,40}", max_tokens in 1usize..40, keep in 0usize..4, sentence: bool) {
            let keep = [Keep::Head, Keep::Tail, Keep::HeadTail, Keep::Windows][keep];
            let boundary = if sentence { Boundary::Sentence } else { Boundary::Character };
            let how = Truncation { max_tokens, keep, boundary, overlap_tokens: 2 };
            for piece in truncate(&text, &TOKENIZER, &how).unwrap() {
                prop_assert!(TOKENIZER.count(text.get(piece).unwrap()).unwrap() <= max_tokens);
            }
        }
    }
}
