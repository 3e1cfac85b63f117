//! Probabilities of tokens whose text the filter holds back.

use crate::engine::TokenLogprobs;
use std::{collections::VecDeque, ops::Range};

/// Tokens that wait for their text to be shown.
#[derive(Default)]
pub(super) struct Held {
    tokens: VecDeque<TokenLogprobs>,
    /// The stretch of the model's text that is shown up to now without a gap.
    shown: Range<usize>,
}

impl Held {
    /// The next tokens of the answer.
    pub(super) fn extend(&mut self, tokens: Vec<TokenLogprobs>) {
        self.tokens.extend(tokens);
    }

    /// The tokens whose text has come to be shown whole by these stretches. Those with a part that the filter keeps are
    /// dropped.
    pub(super) fn shown(&mut self, stretches: Vec<Range<usize>>) -> Vec<TokenLogprobs> {
        let mut tokens = Vec::new();
        for stretch in stretches {
            if stretch.start == self.shown.end {
                self.shown.end = stretch.end;
            } else {
                self.shown = stretch;
            }
            while let Some(token) = self.tokens.pop_front_if(|token| token.span.end <= self.shown.end) {
                if token.span.start >= self.shown.start {
                    tokens.push(token);
                }
            }
        }
        tokens
    }
}
