//! Cutting a text to a token budget.
//!
//! Pieces are ranges of the source text: nothing is decoded from ids, so no character is ever cut in half.

mod border;
mod piece;
mod reach;
mod tally;
#[cfg(test)]
mod tests;

use crate::tokenizer::{Tokenizer, TokenizerError};
use piece::Side;
use reach::Reach;
use std::ops::Range;

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
/// [`Keep::Windows`]. A piece is empty if not even one character fits; windows then cut graphemes between their
/// characters, and leave out only a character that alone exceeds the budget.
///
/// Little more of the text is encoded than is kept.
pub fn truncate(text: &str, tokenizer: &Tokenizer, how: &Truncation) -> Result<Vec<Range<usize>>, TokenizerError> {
    let (end, most) = (text.len(), how.max_tokens);
    let reach = Reach { text, tokenizer, boundary: how.boundary };
    let one = |range| std::iter::once(range).collect();
    Ok(match how.keep {
        Keep::Head => one(0..reach.cut(0..end, Side::Head, most)?.0),
        Keep::Tail => one(reach.cut(0..end, Side::Tail, most)?.0..end),
        Keep::HeadTail => reach.both(most)?,
        Keep::Windows => windows(&reach, how)?,
    })
}

fn windows(reach: &Reach, how: &Truncation) -> Result<Vec<Range<usize>>, TokenizerError> {
    let (mut start, mut pieces, text) = (0, Vec::<Range<usize>>::new(), reach.text);
    // Where a grapheme ends that exceeds a window: up to there, cuts lie between characters.
    let mut large = 0;
    while start < text.len() {
        let end = if start < large {
            reach.characters(start..large, how.max_tokens)?
        } else {
            reach.cut(start..text.len(), Side::Head, how.max_tokens)?.0
        };
        let covered = pieces.last().map_or(0, |piece| piece.end);
        if end <= covered.max(start) {
            if start < covered {
                // The repeated part fills the window: the next one goes without it.
                start = covered;
            } else if start < large {
                start = text.ceil_char_boundary(start + 1);
            } else {
                large = reach.grapheme(start);
            }
            continue;
        }
        pieces.push(start..end);
        let repeats = how.overlap_tokens > 0 && end < text.len() && end >= large;
        let back = if repeats { reach.cut(start..end, Side::Tail, how.overlap_tokens)?.0 } else { end };
        start = if back > start { back } else { end };
    }
    Ok(pieces)
}
