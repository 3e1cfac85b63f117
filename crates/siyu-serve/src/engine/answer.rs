//! One answer on its way to the caller: characters made whole, stop sequences taken out.

use super::{
    detokenize::Detokenizer,
    request::{Event, Request, TokenLogprobs},
    stop::Stops,
};
use siyu_text::tokenizer::Tokenizer;
use std::{collections::BTreeSet, sync::Arc};

/// What an engine knows of the tokens that it makes.
#[derive(Clone)]
pub struct Vocabulary {
    /// Turns them into text.
    pub tokenizer: Arc<Tokenizer>,
    /// Control tokens, which are no text.
    pub special: Arc<BTreeSet<u32>>,
}

pub(super) struct Answer {
    detokenizer: Detokenizer,
    special: Arc<BTreeSet<u32>>,
    stops: Stops,
    /// Of tokens whose text is held back.
    logprobs: Vec<TokenLogprobs>,
    made: usize,
}

impl Answer {
    pub(super) fn new(vocabulary: &Vocabulary, request: &Request) -> Self {
        Self {
            detokenizer: Detokenizer::new(vocabulary.tokenizer.clone(), &request.prompt),
            special: vocabulary.special.clone(),
            stops: Stops::new(request.stop.clone()),
            logprobs: Vec::new(),
            made: 0,
        }
    }

    /// Takes a token; what may be shown now, and whether a stop sequence was met.
    pub(super) fn push(&mut self, token: u32, logprobs: Option<TokenLogprobs>) -> (Option<Event>, bool) {
        self.logprobs.extend(logprobs);
        self.made += 1;
        if self.special.contains(&token) {
            return (None, false);
        }
        let text = self.detokenizer.push(token);
        let (text, met) = self.stops.push(&text);
        (self.event(text), met)
    }

    /// The answer ended without a stop sequence: what was held back.
    pub(super) fn finish(&mut self) -> Option<Event> {
        let rest = self.detokenizer.finish();
        let (mut text, met) = self.stops.push(&rest);
        if !met {
            text.push_str(&self.stops.finish());
        }
        if text.is_empty() && self.logprobs.is_empty() {
            return None;
        }
        Some(Event::Text { text, logprobs: std::mem::take(&mut self.logprobs), made: self.made })
    }

    fn event(&mut self, text: String) -> Option<Event> {
        (!text.is_empty()).then(|| Event::Text { text, logprobs: std::mem::take(&mut self.logprobs), made: self.made })
    }
}
