//! How far a number of tokens reaches into a text.

use super::{Boundary, border};
use crate::tokenizer::{Tokenizer, TokenizerError};
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// Bytes first encoded, to learn how long this text's tokens are.
const PROBE: usize = 256;

/// Encodings spent on a cut before it is taken as it is; two or three are usual.
const TRIALS: usize = 48;

/// Bytes that a cut may leave out only after the whole text was seen not to fit.
const EDGE: usize = 32;

/// From this budget on, a text far larger than the guess is known not to fit without being encoded.
const CERTAIN: usize = 64;

/// From which end a piece is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Head,
    Tail,
}

/// A text and what measures it.
pub(super) struct Reach<'a> {
    pub(super) text: &'a str,
    pub(super) tokenizer: &'a Tokenizer,
    pub(super) boundary: Boundary,
}

/// What is known of the cut: pieces of `fits` bytes fit, those of `over` bytes do not.
struct Bracket {
    fits: usize,
    over: usize,
}

impl Reach<'_> {
    pub(super) fn count(&self, range: Range<usize>) -> Result<usize, TokenizerError> {
        self.tokenizer.count(self.text.get(range).expect("pieces lie between characters"))
    }

    /// Whether the whole text has at most `budget` tokens.
    pub(super) fn fits(&self, budget: usize) -> Result<bool, TokenizerError> {
        let (text, tokenizer) = (self.text, self.tokenizer);
        let piece = Piece { text, tokenizer, side: Side::Head, budget, graphemes: true };
        let guess = piece.guess()?;
        if budget >= CERTAIN && guess.size + guess.size / 8 + PROBE * 8 < text.len() {
            return Ok(false);
        }
        Ok(tokenizer.count(text)? <= budget)
    }

    /// The border in `range` to which a piece from the range's start (or back from its end) reaches within `budget`.
    pub(super) fn cut(&self, range: Range<usize>, side: Side, budget: usize) -> Result<usize, TokenizerError> {
        let (text, base) = (self.text.get(range.clone()).expect("pieces lie between characters"), range.start);
        let piece = Piece { text, tokenizer: self.tokenizer, side, budget, graphemes: true };
        let longest = piece.longest()?;
        if longest < text.len() && self.boundary == Boundary::Sentence {
            for sentences in piece.sentences(longest) {
                if piece.count(sentences)? <= budget {
                    return Ok(base + piece.border(sentences));
                }
            }
        }
        Ok(base + piece.border(longest))
    }

    /// The end of the characters from the range's start that fit: for graphemes that do not.
    pub(super) fn characters(&self, range: Range<usize>, budget: usize) -> Result<usize, TokenizerError> {
        let text = self.text.get(range.clone()).expect("pieces lie between characters");
        let piece = Piece { text, tokenizer: self.tokenizer, side: Side::Head, budget, graphemes: false };
        Ok(range.start + piece.longest()?)
    }

    /// The end of the grapheme at `start`.
    pub(super) fn grapheme(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.graphemes(true).next().map_or(0, str::len)
    }
}

/// A piece of a text, known by its size in bytes from one side.
struct Piece<'a> {
    text: &'a str,
    tokenizer: &'a Tokenizer,
    side: Side,
    budget: usize,
    /// Whether it may be cut only between graphemes, not between any characters.
    graphemes: bool,
}

/// A size that has about the budget's tokens.
struct Guess {
    size: usize,
    tokens: usize,
    /// Whether the size was encoded as a whole.
    exact: bool,
}

impl Piece<'_> {
    /// Where a piece of this size is cut.
    fn border(&self, size: usize) -> usize {
        match self.side {
            Side::Head => size,
            Side::Tail => self.text.len() - size,
        }
    }

    fn of(&self, size: usize) -> &str {
        let piece = match self.side {
            Side::Head => self.text.get(..size),
            Side::Tail => self.text.get(self.text.len() - size..),
        };
        piece.expect("pieces lie between characters")
    }

    fn count(&self, size: usize) -> Result<usize, TokenizerError> {
        self.tokenizer.count(self.of(size))
    }

    /// The largest size up to `size` that ends between graphemes.
    fn down(&self, size: usize) -> usize {
        match self.side {
            Side::Head if !self.graphemes => self.text.floor_char_boundary(size),
            Side::Head => border::before(self.text, size),
            Side::Tail => self.text.len() - border::after(self.text, self.text.len() - size),
        }
    }

    /// The least size above `size` that ends between graphemes.
    fn up(&self, size: usize) -> usize {
        let size = (size + 1).min(self.text.len());
        match self.side {
            Side::Head if !self.graphemes => self.text.ceil_char_boundary(size),
            Side::Head => border::after(self.text, size),
            Side::Tail => self.text.len() - border::before(self.text, self.text.len() - size),
        }
    }

    /// The size that ends between characters, at or above `size`.
    fn whole(&self, size: usize) -> usize {
        let size = size.min(self.text.len());
        match self.side {
            Side::Head => self.text.ceil_char_boundary(size),
            Side::Tail => self.text.len() - self.text.floor_char_boundary(self.text.len() - size),
        }
    }

    /// The size of the longest piece within the budget, short of which at most one more grapheme fits.
    fn longest(&self) -> Result<usize, TokenizerError> {
        let guess = self.guess()?;
        if guess.exact && guess.size == self.text.len() {
            return Ok(guess.size);
        }
        let mut bracket = Bracket { fits: 0, over: self.text.len() + 1 };
        let per_token = (guess.size / guess.tokens.max(1)).max(1);
        let mut size = self.down(guess.size);
        let mut ends = Vec::new();
        for trial in 0..TRIALS {
            if size <= bracket.fits || size >= bracket.over {
                size = self.down(bracket.fits.midpoint(bracket.over));
                if size <= bracket.fits {
                    size = self.up(bracket.fits);
                }
                if size >= bracket.over || size <= bracket.fits {
                    break;
                }
            }
            let tokens = self.measure(size, &mut ends)?;
            if tokens <= self.budget {
                bracket.fits = size;
                if tokens == self.budget || size == self.text.len() {
                    break;
                }
                let ahead = (self.budget - tokens).saturating_mul(per_token);
                size = self.down(size.saturating_add(ahead).min(self.text.len())).max(self.up(size));
            } else {
                bracket.over = size;
                let back = (tokens - self.budget).saturating_mul(per_token);
                size = self.down(self.nth(&ends, size).unwrap_or(size.saturating_sub(back)).min(size - 1));
            }
            if trial % 6 == 5 {
                // Estimates that crawl give way to halving.
                size = bracket.fits;
            }
        }
        // A whole text may have no more tokens than what is left of it without its edge.
        let missing = self.text.len() - bracket.fits;
        if missing > 0 && missing <= EDGE && self.count(self.text.len())? <= self.budget {
            return Ok(self.text.len());
        }
        Ok(bracket.fits)
    }

    /// The size whose stretches, each encoded by itself, together have the budget's tokens; all if there are fewer.
    fn guess(&self) -> Result<Guess, TokenizerError> {
        let (mut size, mut tokens, mut exact, mut ends) = (0, 0, true, Vec::new());
        let mut next = PROBE.min(self.budget.saturating_mul(2).saturating_add(16));
        while size < self.text.len() {
            let end = self.whole(size.saturating_add(next)).max(self.whole(size + 1));
            let stretch = match self.side {
                Side::Head => self.text.get(size..end),
                Side::Tail => self.text.get(self.text.len() - end..self.text.len() - size),
            };
            let stretch = stretch.expect("stretches lie between characters");
            let found = self.tokenizer.ends_into(stretch, &mut ends)?;
            if tokens + found > self.budget {
                let inner = self.nth_of(&ends, stretch.len(), found, self.budget - tokens);
                let inner = inner.unwrap_or(stretch.len() * (self.budget - tokens) / found);
                return Ok(Guess { size: size + inner, tokens: self.budget, exact: false });
            }
            exact = size == 0;
            (size, tokens) = (end, tokens + found);
            // Somewhat more than the rest of the budget takes, as the last stretch should be the last.
            let rest = (self.budget - tokens).saturating_add(1);
            next = (rest.saturating_mul(size) / tokens.max(1)).saturating_add(rest / 16 * size / tokens.max(1) + 24);
            next = next.min(size.saturating_mul(32));
        }
        Ok(Guess { size, tokens, exact })
    }

    /// The tokens of a piece; fills in where they end.
    fn measure(&self, size: usize, ends: &mut Vec<usize>) -> Result<usize, TokenizerError> {
        self.tokenizer.ends_into(self.of(size), ends)
    }

    /// The size of the budget's tokens in a piece of `size` bytes whose tokens end at `ends`.
    fn nth(&self, ends: &[usize], size: usize) -> Option<usize> {
        self.nth_of(ends, size, ends.len(), self.budget)
    }

    /// The size of the `wanted` tokens nearest to the side that is kept.
    fn nth_of(&self, ends: &[usize], size: usize, tokens: usize, wanted: usize) -> Option<usize> {
        if ends.is_empty() {
            return None;
        }
        let end = |token: usize| if token == 0 { Some(0) } else { ends.get(token - 1).copied() };
        match self.side {
            Side::Head => end(wanted),
            Side::Tail => end(tokens - wanted).map(|at| size - at),
        }
    }

    /// Sizes up to `size` that end between sentences, the largest first.
    fn sentences(&self, size: usize) -> Vec<usize> {
        match self.side {
            Side::Head => border::sentence_ends(self.text, size).into_iter().rev().collect(),
            Side::Tail => {
                let piece = self.of(size);
                let starts = piece.split_sentence_bound_indices().map(|(at, _)| piece.len() - at);
                // The first start is a sentence's only if the text before it says so.
                let whole = self.whole(size.saturating_add(256));
                let before = self.of(whole).split_sentence_bound_indices().any(|(at, _)| whole - at == size);
                starts.skip(usize::from(!before)).filter(|size| *size > 0).collect()
            }
        }
    }
}
