//! How far a number of tokens reaches into a text.

use super::{Boundary, border};
use crate::tokenizer::{Tokenizer, TokenizerError};
use crate::work;
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

/// What is known of the cut: pieces of `fits` bytes fit and have `tokens`, those of `over` bytes do not fit.
struct Bracket {
    fits: usize,
    tokens: usize,
    over: usize,
}

impl Reach<'_> {
    /// Nothing if the whole text has at most `budget` tokens; if it has more, about where the first of them end.
    pub(super) fn excess(&self, budget: usize) -> Result<Option<Vec<usize>>, TokenizerError> {
        let (text, tokenizer) = (self.text, self.tokenizer);
        let piece = Piece { text, tokenizer, side: Side::Head, budget, graphemes: true };
        let mut ends = Vec::new();
        let guess = piece.guess(&mut ends)?;
        if budget >= CERTAIN && guess.size + guess.size / 8 + PROBE * 8 < text.len() {
            return Ok(Some(ends));
        }
        work::add(text.len());
        Ok((tokenizer.count(text)? > budget).then_some(ends))
    }

    /// The border in `range` to which a piece from the range's start (or back from its end) reaches within `budget`.
    pub(super) fn cut(&self, range: Range<usize>, side: Side, budget: usize) -> Result<usize, TokenizerError> {
        let guess = self.piece(range.clone(), side, budget).guess(&mut Vec::new())?;
        Ok(self.cut_near(range, side, budget, &guess)?.0)
    }

    /// Like [`Reach::cut`] from the start of the text, of whose first tokens one knows about where they end; and the
    /// tokens of the piece.
    pub(super) fn head(&self, budget: usize, ends: &[usize]) -> Result<(usize, usize), TokenizerError> {
        let whole = 0..self.text.len();
        let guess = match budget.checked_sub(1).and_then(|last| ends.get(last)) {
            Some(&size) => Guess { size, tokens: budget, exact: false },
            None => self.piece(whole.clone(), Side::Head, budget).guess(&mut Vec::new())?,
        };
        self.cut_near(whole, Side::Head, budget, &guess)
    }

    fn piece(&self, range: Range<usize>, side: Side, budget: usize) -> Piece<'_> {
        let text = self.text.get(range).expect("pieces lie between characters");
        Piece { text, tokenizer: self.tokenizer, side, budget, graphemes: true }
    }

    /// The border, and the tokens up to it.
    fn cut_near(
        &self,
        range: Range<usize>,
        side: Side,
        budget: usize,
        guess: &Guess,
    ) -> Result<(usize, usize), TokenizerError> {
        let base = range.start;
        let piece = self.piece(range, side, budget);
        let (longest, tokens) = piece.longest(guess)?;
        if longest < piece.text.len() && self.boundary == Boundary::Sentence {
            for sentences in piece.sentences(longest) {
                let tokens = piece.count(sentences)?;
                if tokens <= budget {
                    return Ok((base + piece.border(sentences), tokens));
                }
            }
        }
        Ok((base + piece.border(longest), tokens))
    }

    /// The end of the characters from the range's start that fit: for graphemes that do not.
    pub(super) fn characters(&self, range: Range<usize>, budget: usize) -> Result<usize, TokenizerError> {
        let text = self.text.get(range.clone()).expect("pieces lie between characters");
        let piece = Piece { text, tokenizer: self.tokenizer, side: Side::Head, budget, graphemes: false };
        let guess = piece.guess(&mut Vec::new())?;
        Ok(range.start + piece.longest(&guess)?.0)
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
    fn longest(&self, guess: &Guess) -> Result<(usize, usize), TokenizerError> {
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

    /// The size whose stretches, each encoded by itself, together have the budget's tokens; all if there are fewer. Adds
    /// to `trace` where those tokens end, measured from the start of the first stretch.
    fn guess(&self, trace: &mut Vec<usize>) -> Result<Guess, TokenizerError> {
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
            trace.extend(ends.iter().map(|end| size + end));
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
