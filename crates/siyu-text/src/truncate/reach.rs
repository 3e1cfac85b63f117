//! How far a number of tokens reaches into a text.

use super::piece::{Piece, Side};
use super::tally::Tally;
use super::{Boundary, border};
use crate::tokenizer::{Tokenizer, TokenizerError};
use crate::work;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Bytes between two cut pieces that may still be few enough for the whole text to fit.
const GAP: usize = 1024;

/// A text and what measures it.
pub(super) struct Reach<'a> {
    pub(super) text: &'a str,
    pub(super) tokenizer: &'a Tokenizer,
    pub(super) boundary: Boundary,
}

impl Reach<'_> {
    /// The border in `range` to which a piece from the range's start (or back from its end) reaches within `budget`,
    /// and the piece's tokens.
    pub(super) fn cut(&self, range: Range<usize>, side: Side, budget: usize) -> Result<(usize, usize), TokenizerError> {
        let text = self.text.get(range.clone()).expect("pieces lie between characters");
        let border = |size: usize| if side == Side::Head { range.start + size } else { range.end - size };
        let mut tally = Tally::new(text, self.tokenizer, side);
        let rest = tally.fill(budget)?;
        // Where texts fall apart, each has a token at least.
        let is_full = rest.size > 0 && rest.tokens == budget;
        let piece = tally.piece(&rest, budget);
        let (more, tokens) = if is_full { (0, 0) } else { piece.longest(rest.guess.as_ref())? };
        let longest = rest.size + more;
        if longest < text.len() && self.boundary == Boundary::Sentence {
            for sentences in sentences(text, side, longest) {
                let tokens = tally.count(sentences)?;
                if tokens <= budget {
                    return Ok((border(sentences), tokens));
                }
            }
        }
        Ok((border(longest), rest.tokens + tokens))
    }

    /// The pieces from both ends; one if the whole text has at most `budget` tokens.
    pub(super) fn both(&self, budget: usize) -> Result<Vec<Range<usize>>, TokenizerError> {
        let end = self.text.len();
        let (head, used) = self.cut(0..end, Side::Head, budget.div_ceil(2))?;
        let (tail, _) = self.cut(head..end, Side::Tail, budget.saturating_sub(used))?;
        if tail - head <= GAP {
            work::add(end);
            if self.tokenizer.count(self.text)? <= budget {
                return Ok(std::iter::once(0..end).collect());
            }
        }
        Ok(vec![0..head, tail..end])
    }

    /// The end of the characters from the range's start that fit: for graphemes that do not.
    pub(super) fn characters(&self, range: Range<usize>, budget: usize) -> Result<usize, TokenizerError> {
        let text = self.text.get(range.clone()).expect("pieces lie between characters");
        let piece = Piece { text, tokenizer: self.tokenizer, side: Side::Head, budget, graphemes: false };
        Ok(range.start + piece.longest(None)?.0)
    }

    /// The end of the grapheme at `start`.
    pub(super) fn grapheme(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.graphemes(true).next().map_or(0, str::len)
    }
}

/// Sizes up to `size` from a side that end between sentences, the largest first.
fn sentences(text: &str, side: Side, size: usize) -> Vec<usize> {
    match side {
        Side::Head => border::sentence_ends(text, size).into_iter().rev().collect(),
        Side::Tail => {
            let starts = border::sentence_starts(text, text.len() - size).into_iter();
            starts.map(|start| text.len() - start).collect()
        }
    }
}
