//! One answer on its way to the caller: characters made whole, stop sequences taken out.

use super::{
    detokenize::Detokenizer,
    request::{Event, Request, TokenLogprobs},
    stop::Stops,
};
use siyu_text::tokenizer::Tokenizer;
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

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
    logprobs: VecDeque<TokenLogprobs>,
    /// Bytes of text that the tokens make, and how many of them were handed out.
    written: usize,
    out: usize,
    made: usize,
}

/// The end of a token whose character is not whole yet.
const UNKNOWN: usize = usize::MAX;

impl Answer {
    pub(super) fn new(vocabulary: &Vocabulary, request: &Request) -> Self {
        Self {
            detokenizer: Detokenizer::new(vocabulary.tokenizer.clone(), &request.prompt),
            special: vocabulary.special.clone(),
            stops: Stops::new(request.stop.clone()),
            logprobs: VecDeque::new(),
            written: 0,
            out: 0,
            made: 0,
        }
    }

    /// Takes a token; what may be shown now, and whether a stop sequence was met.
    pub(super) fn push(&mut self, token: u32, logprobs: Option<TokenLogprobs>) -> (Option<Event>, bool) {
        self.made += 1;
        let is_special = self.special.contains(&token);
        let end = if is_special { self.written } else { UNKNOWN };
        self.logprobs.extend(logprobs.map(|logprobs| TokenLogprobs { span: self.written..end, ..logprobs }));
        if is_special {
            return (None, false);
        }
        let text = self.detokenizer.push(token);
        let (text, met) = self.write(&text);
        (self.event(text), met)
    }

    /// The answer ended without a stop sequence: what was held back.
    pub(super) fn finish(&mut self) -> Option<Event> {
        let rest = self.detokenizer.finish();
        let (mut text, met) = self.write(&rest);
        if !met {
            text.push_str(&self.stops.finish());
        }
        self.place_open();
        self.event(text)
    }

    /// Takes more text; what of it may be shown now, and whether a stop sequence was met.
    fn write(&mut self, text: &str) -> (String, bool) {
        self.written += text.len();
        if !text.is_empty() {
            self.place_open();
        }
        let (text, met) = self.stops.push(text);
        if met {
            // A token that a stop sequence begins in is one of the answer, as far as it is shown.
            let end = self.out + text.len();
            self.logprobs.retain(|token| token.span.start < end);
            self.logprobs.iter_mut().for_each(|token| token.span.end = token.span.end.min(end));
        }
        (text, met)
    }

    /// The tokens whose end was not known end here.
    fn place_open(&mut self) {
        let open = self.logprobs.iter_mut().filter(|token| token.span.end == UNKNOWN);
        open.for_each(|token| token.span.end = self.written);
    }

    fn event(&mut self, text: String) -> Option<Event> {
        self.out += text.len();
        let whole = self.logprobs.iter().take_while(|token| token.span.end <= self.out).count();
        let logprobs: Vec<_> = self.logprobs.drain(..whole).collect();
        let is_something = !text.is_empty() || !logprobs.is_empty();
        is_something.then_some(Event::Text { text, logprobs, made: self.made })
    }
}
