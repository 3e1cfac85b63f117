//! Tokens of a text, counted part by part from one side and no further than needed.

use super::piece::{Guess, Piece, Side};
use crate::tokenizer::{Tokenizer, TokenizerError};
use crate::work;
use std::ops::Range;

/// Bytes counted at a time, at least: what a budget ends in is encoded for nothing.
const PART: usize = 256;

/// What is known of a text from one side on: so many bytes have so many tokens, whatever follows.
pub(super) struct Tally<'a> {
    text: &'a str,
    tokenizer: &'a Tokenizer,
    side: Side,
    parts: Vec<(usize, usize)>,
    ends: Vec<usize>,
}

/// Where the counting stopped.
pub(super) struct Rest {
    /// Bytes of the text from its side on that are counted, and their tokens.
    pub(super) size: usize,
    pub(super) tokens: usize,
    /// Bytes from the same side that surely exceed the budget; all if it is not known.
    pub(super) reach: usize,
    /// About where the budget ends behind the counted bytes.
    pub(super) guess: Option<Guess>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(text: &'a str, tokenizer: &'a Tokenizer, side: Side) -> Self {
        Self { text, tokenizer, side, parts: vec![(0, 0)], ends: Vec::new() }
    }

    /// The last part's end.
    fn last(&self) -> (usize, usize) {
        self.parts.last().copied().unwrap_or_default()
    }

    /// Counts until the budget is exceeded, the text is over, or no place is known where it falls apart.
    pub(super) fn fill(&mut self, budget: usize) -> Result<Rest, TokenizerError> {
        loop {
            let (size, tokens) = self.last();
            let Some(next) = self.next(size).filter(|_| size < self.text.len()) else {
                return Ok(Rest { size, tokens, reach: self.text.len(), guess: None });
            };
            let stretch = self.range(size, next);
            work::add(stretch.len());
            let part = self.text.get(stretch.clone()).expect("texts fall apart between characters");
            let found = self.tokenizer.ends_into(part, &mut self.ends)?;
            if tokens + found > budget {
                return Ok(self.refine(size, next, budget - tokens));
            }
            self.parts.push((next, tokens + found));
        }
    }

    /// Goes on into the part from `size` to `next`, of whose tokens `budget` are left.
    fn refine(&mut self, size: usize, next: usize, budget: usize) -> Rest {
        let tokens = self.last().1;
        let stretch = self.range(size, next);
        let count = self.ends.len();
        let open = Rest { size, tokens, reach: next, guess: None };
        let Some(kept) = count.checked_sub(budget) else { return open };
        let end = |token: usize| token.checked_sub(1).map_or(0, |last| self.ends[last]);
        let (at, near) = match self.side {
            Side::Head => {
                let at = stretch.start + end(budget);
                (at, self.tokenizer.break_before(self.text, at))
            }
            Side::Tail => {
                let at = stretch.start + end(kept);
                (at, self.tokenizer.break_after(self.text, at))
            }
        };
        let target = self.size(at);
        let near = near.filter(|near| stretch.contains(near) && self.size(*near) > size);
        let place = near.and_then(|near| self.ends.binary_search(&(near - stretch.start)).ok());
        let (Some(near), Some(place)) = (near, place) else {
            return Rest { guess: Some(Guess { size: target - size, tokens: budget, exact: false }), ..open };
        };
        let inside = if self.side == Side::Head { place + 1 } else { count - place - 1 };
        let (from, tokens) = (self.size(near), tokens + inside);
        self.parts.push((from, tokens));
        let guess = Guess { size: target - from, tokens: budget - inside, exact: false };
        Rest { size: from, tokens, reach: next, guess: Some(guess) }
    }

    /// The tokens of the first `size` bytes from the side.
    pub(super) fn count(&self, size: usize) -> Result<usize, TokenizerError> {
        let place = self.parts.partition_point(|(known, _)| *known <= size);
        let (known, tokens) = self.parts.get(place - 1).copied().unwrap_or_default();
        let rest = self.text.get(self.range(known, size)).expect("pieces lie between characters");
        work::add(rest.len());
        Ok(tokens + self.tokenizer.count(rest)?)
    }

    /// The next size at which the text falls apart, or all of it.
    fn next(&self, size: usize) -> Option<usize> {
        let length = self.text.len();
        if length - size <= 2 * PART {
            return Some(length);
        }
        let near = match self.side {
            Side::Head => self.tokenizer.break_after(self.text, size + PART),
            Side::Tail => self.tokenizer.break_before(self.text, length - size - PART),
        };
        near.map(|near| self.size(near))
    }

    /// The size from the side on to a place in the text, which is a place for a size as well.
    fn size(&self, at: usize) -> usize {
        match self.side {
            Side::Head => at,
            Side::Tail => self.text.len() - at,
        }
    }

    /// The bytes between two sizes.
    fn range(&self, from: usize, to: usize) -> Range<usize> {
        match self.side {
            Side::Head => from..to,
            Side::Tail => self.text.len() - to..self.text.len() - from,
        }
    }

    /// What is not counted, up to where the budget is surely exceeded.
    pub(super) fn piece(&self, rest: &Rest, budget: usize) -> Piece<'a> {
        let text = self.text.get(self.range(rest.size, rest.reach)).expect("texts fall apart between characters");
        Piece { text, tokenizer: self.tokenizer, side: self.side, budget: budget - rest.tokens, graphemes: true }
    }
}
