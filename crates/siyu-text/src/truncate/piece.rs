//! Looks for the longest piece within a budget by encoding it, a few times.

use super::border;
use crate::tokenizer::{Tokenizer, TokenizerError};
use crate::work;

/// Bytes first encoded, to learn how long this text's tokens are.
const PROBE: usize = 256;

/// Encodings spent on a cut before it is taken as it is; two or three are usual.
const TRIALS: usize = 48;

/// Bytes that a cut may leave out only after the whole text was seen not to fit.
const EDGE: usize = 32;

/// From which end a piece is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Head,
    Tail,
}

/// What is known of the cut: pieces of `fits` bytes fit and have `tokens`, those of `over` bytes do not fit.
struct Bracket {
    fits: usize,
    tokens: usize,
    over: usize,
}

/// A piece of a text, known by its size in bytes from one side.
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) tokenizer: &'a Tokenizer,
    pub(super) side: Side,
    pub(super) budget: usize,
    /// Whether it may be cut only between graphemes, not between any characters.
    pub(super) graphemes: bool,
}

/// A size that has about the budget's tokens.
pub(super) struct Guess {
    pub(super) size: usize,
    pub(super) tokens: usize,
    /// Whether the size was encoded as a whole.
    pub(super) exact: bool,
}

impl Piece<'_> {
    fn of(&self, size: usize) -> &str {
        let piece = match self.side {
            Side::Head => self.text.get(..size),
            Side::Tail => self.text.get(self.text.len() - size..),
        };
        piece.expect("pieces lie between characters")
    }

    fn count(&self, size: usize) -> Result<usize, TokenizerError> {
        work::add(size);
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

    /// The size of the longest piece within the budget, short of which at most one more grapheme fits; and its tokens.
    pub(super) fn longest(&self, guess: Option<&Guess>) -> Result<(usize, usize), TokenizerError> {
        if self.text.is_empty() {
            return Ok((0, 0));
        }
        let own = if guess.is_none() { Some(self.guess()?) } else { None };
        let Some(guess) = guess.or(own.as_ref()) else { return Ok((0, 0)) };
        if guess.exact && guess.size == self.text.len() {
            return Ok((guess.size, guess.tokens));
        }
        let mut bracket = Bracket { fits: 0, tokens: 0, over: self.text.len() + 1 };
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
                (bracket.fits, bracket.tokens) = (size, tokens);
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
        if missing > 0 && missing <= EDGE {
            let tokens = self.count(self.text.len())?;
            if tokens <= self.budget {
                return Ok((self.text.len(), tokens));
            }
        }
        Ok((bracket.fits, bracket.tokens))
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
            work::add(stretch.len());
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
        work::add(size);
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
}
