//! Dialogues to ids and labels within a budget.

use super::{
    ChatError, ChatTemplate, Example, Fitted, IGNORED, Layout, Message, Overflow, Piece, Role, Turn,
    jinja::Controls,
    styles::{self, Style},
};
use crate::tokenizer::Tokenizer;
use std::sync::Arc;

/// Re-encodings spent on finding the cut; interpolation needs four or five.
const TRIALS: usize = 24;

/// Encodes dialogues, instructions and texts for training.
pub struct Encoder {
    tokenizer: Arc<Tokenizer>,
    layout: Layout,
    controls: Controls,
    end: String,
    max_tokens: usize,
    overflow: Overflow,
}

impl Encoder {
    /// Fails if the tokenizer lacks a token that the template needs.
    pub fn new(
        tokenizer: Arc<Tokenizer>,
        template: ChatTemplate,
        max_tokens: usize,
        overflow: Overflow,
    ) -> Result<Self, ChatError> {
        let own = match &template.0 {
            Layout::Style(style) => {
                let missing = style.tokens().iter().find(|token| tokenizer.id_of(token).is_none());
                if let Some(token) = missing {
                    return Err(ChatError::MissingToken((*token).into()));
                }
                style.end().map(str::to_owned)
            }
            Layout::Jinja(jinja) => jinja.eos.clone(),
        };
        let end = match own {
            Some(token) if tokenizer.id_of(&token).is_none() => return Err(ChatError::MissingToken(token)),
            Some(token) => token,
            None => {
                let usual = styles::END_TOKENS.into_iter().find(|token| tokenizer.id_of(token).is_some());
                usual.ok_or(ChatError::NoEndToken)?.into()
            }
        };
        let controls = Controls::new(tokenizer.added_tokens());
        Ok(Self { tokenizer, layout: template.0, controls, end, max_tokens, overflow })
    }

    /// A dialogue; every assistant message in it is learnt. [`Overflow::CutInput`] shortens the last user message.
    pub fn messages(&self, messages: &[Message]) -> Result<Fitted, ChatError> {
        if messages.iter().all(|message| message.role != Role::Assistant) {
            return Err(ChatError::NoAnswer);
        }
        let last = messages.iter().rposition(|message| message.role == Role::User);
        let input = last.and_then(|last| messages.get(last)).map_or("", |message| message.content.as_str());
        self.fit(input, |input| {
            let turns = messages.iter().enumerate().map(|(index, message)| {
                (message.role, if Some(index) == last { input } else { message.content.as_str() })
            });
            self.encode(&self.lay_out(&turns.collect::<Vec<_>>())?)
        })
    }

    /// An instruction, what it is about, and the answer. An empty `input` counts as none. [`Overflow::CutInput`]
    /// shortens the input, or the instruction if there is no input.
    pub fn instruction(&self, instruction: &str, input: Option<&str>, output: &str) -> Result<Fitted, ChatError> {
        let input = input.filter(|input| !input.is_empty());
        self.fit(input.unwrap_or(instruction), |cut| {
            let (instruction, input) = if input.is_some() { (instruction, Some(cut)) } else { (cut, None) };
            if let Layout::Style(Style::Alpaca) = self.layout {
                return self.encode(&styles::alpaca_instruction(instruction, input, output, &self.end));
            }
            let question = input.map_or_else(|| instruction.to_owned(), |input| format!("{instruction}\n{input}"));
            self.encode(&self.lay_out(&[(Role::User, &question), (Role::Assistant, output)])?)
        })
    }

    /// A text for pre-training: its ids and the end token, all of it learnt. [`Overflow::CutInput`] shortens the text.
    pub fn text(&self, text: &str) -> Result<Fitted, ChatError> {
        self.fit(text, |text| self.encode(&[Piece::answer(text), Piece::end(&self.end)]))
    }

    /// A dialogue up to where the model's next answer begins: the ids that stand before that answer in training, but
    /// for what a template in Jinja renders only there.
    pub fn prompt(&self, messages: &[Message]) -> Result<Vec<u32>, ChatError> {
        let turns = messages.iter().map(|message| (message.role, message.content.as_str()));
        match &self.layout {
            Layout::Style(style) => {
                let turns: Vec<Turn> = turns.chain([(Role::Assistant, "")]).collect();
                let mut pieces = style.lay_out(&turns, &self.end);
                // The empty answer with its end token goes, and what the template puts behind it.
                let end = pieces.iter().rposition(|piece| piece.learn).map_or(0, |last| last + 1);
                pieces.truncate(end);
                let answer = pieces.iter().rposition(|piece| !piece.learn).map_or(0, |last| last + 1);
                pieces.truncate(answer);
                Ok(self.encode(&pieces)?.input_ids)
            }
            Layout::Jinja(jinja) => {
                Ok(self.encode(&jinja.lay_out_prompt(&turns.collect::<Vec<_>>(), &self.controls)?)?.input_ids)
            }
        }
    }

    /// An instruction, and what it is about, up to where the answer begins; as [`Self::instruction`] lays it out.
    pub fn instruction_prompt(&self, instruction: &str, input: Option<&str>) -> Result<Vec<u32>, ChatError> {
        let input = input.filter(|input| !input.is_empty());
        if let Layout::Style(Style::Alpaca) = self.layout {
            let mut pieces = styles::alpaca_instruction(instruction, input, "", &self.end);
            // The empty answer and its end token.
            pieces.truncate(pieces.len() - 2);
            return Ok(self.encode(&pieces)?.input_ids);
        }
        let content = input.map_or_else(|| instruction.to_owned(), |input| format!("{instruction}\n{input}"));
        self.prompt(&[Message { role: Role::User, content }])
    }

    /// The token that ends an answer.
    pub fn end_token(&self) -> &str {
        &self.end
    }

    fn lay_out<'a>(&'a self, turns: &[Turn<'a>]) -> Result<Vec<Piece<'a>>, ChatError> {
        match &self.layout {
            Layout::Style(style) => Ok(style.lay_out(turns, &self.end)),
            Layout::Jinja(jinja) => jinja.lay_out(turns, &self.controls),
        }
    }

    /// Encodes with the longest beginning of `input` that fits. Without any of it there is nothing to answer, so that
    /// is too long.
    fn fit(&self, input: &str, encode: impl Fn(&str) -> Result<Example, ChatError>) -> Result<Fitted, ChatError> {
        let whole = encode(input)?;
        let tokens = whole.input_ids.len();
        if tokens <= self.max_tokens {
            return Ok(Fitted::Whole(whole));
        }
        let empty = if self.overflow == Overflow::Drop { tokens } else { encode("")?.input_ids.len() };
        if empty >= self.max_tokens {
            return Ok(Fitted::TooLong { tokens });
        }
        let mut best = None;
        let (mut low, mut low_tokens) = (0, empty);
        let (mut high, mut high_tokens) = (input.len(), tokens);
        for trial in 0..TRIALS {
            // Tokens grow evenly with the text but for its odd stretches, which halving gets past.
            let share = if trial % 4 == 3 {
                (high - low) / 2
            } else {
                (high - low) * (self.max_tokens - low_tokens) / (high_tokens - low_tokens)
            };
            let mut at = input.floor_char_boundary(low + share);
            if at <= low {
                at = input.ceil_char_boundary(low + 1);
            }
            if at >= high {
                at = input.floor_char_boundary(high - 1);
            }
            if at <= low {
                break;
            }
            let example = encode(input.get(..at).expect("the offset is a character border"))?;
            let found = example.input_ids.len();
            if found > self.max_tokens {
                (high, high_tokens) = (at, found);
                continue;
            }
            (low, low_tokens) = (at, found);
            best = Some(example);
            if found == self.max_tokens {
                break;
            }
        }
        Ok(best.map_or(Fitted::TooLong { tokens }, Fitted::Cut))
    }

    fn encode(&self, pieces: &[Piece]) -> Result<Example, ChatError> {
        let mut example = Example::default();
        for run in pieces.chunk_by(|left, right| !left.control && !right.control) {
            match run {
                [piece] if piece.control => {
                    let id = self.tokenizer.id_of(&piece.text);
                    let id = id.ok_or_else(|| ChatError::MissingToken(piece.text.to_string()))?;
                    push(&mut example, &[id], piece.learn);
                }
                run => self.encode_run(run, &mut example)?,
            }
        }
        Ok(example)
    }

    /// Encodes texts that stand side by side as the one text they are to the model. Where a token would reach across
    /// the border of an answer, the two sides are encoded apart: a label belongs to one of them.
    fn encode_run(&self, run: &[Piece], example: &mut Example) -> Result<(), ChatError> {
        let mut start = example.input_ids.len();
        let mut text = String::new();
        let mut ids = Vec::new();
        for side in run.chunk_by(|left, right| left.learn == right.learn) {
            let before = text.len();
            text.extend(side.iter().map(|piece| piece.text.as_ref()));
            ids.clear();
            self.tokenizer.encode_into(&text, &mut ids)?;
            let learn = side.iter().any(|piece| piece.learn);
            let known = example.input_ids.get(start..).unwrap_or_default();
            if let Some(new) = ids.strip_prefix(known) {
                push(example, new, learn);
                continue;
            }
            text.drain(..before);
            ids.clear();
            self.tokenizer.encode_into(&text, &mut ids)?;
            start = example.input_ids.len();
            push(example, &ids, learn);
        }
        Ok(())
    }
}

fn push(example: &mut Example, ids: &[u32], learn: bool) {
    example.input_ids.extend_from_slice(ids);
    example.labels.extend(ids.iter().map(|id| if learn { id.cast_signed() } else { IGNORED }));
}
