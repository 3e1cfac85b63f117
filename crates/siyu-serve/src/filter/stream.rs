//! One text on its way through the filter.

use std::ops::Range;
use std::sync::Arc;

use siyu_text::pii::Kind;

use super::compiled::{Compiled, Side};
use super::{Action, PersonalAction, personal, risk, words};

/// What may be shown of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// May be shown now.
    pub text: String,
    /// The rule by which the text ends here.
    pub refused: Option<String>,
}

/// One text on its way through the filter.
///
/// What all calls release together is the same however the text is cut into pieces.
pub struct Stream {
    compiled: Arc<Compiled>,
    action: PersonalAction,
    words: words::Scan,
    personal: Option<personal::Scan>,
    risk: Option<risk::Scan>,
    /// The text from `base` on.
    text: String,
    base: usize,
    /// Up to where the text was released.
    released: usize,
    /// Stretches of it that were released as they are, since they were last asked for.
    shown: Vec<Range<usize>>,
    /// What is to be masked, with its mask.
    masks: Vec<(Range<usize>, String)>,
    /// Up to where the last mask that was released reaches.
    covered: usize,
    refused: Option<String>,
    word_hits: Vec<words::Hit>,
    personal_hits: Vec<personal::Hit>,
}

/// Text is thrown away in pieces of this size.
const SPENT: usize = 4096;

impl Stream {
    pub(super) fn new(compiled: Arc<Compiled>, side: Side) -> Self {
        let action = compiled.personal(side);
        let personal = (action != PersonalAction::Pass).then(|| personal::Scan::new(&compiled.kinds));
        let risk = compiled.risk.as_ref().map(|risk| risk::Scan::new(&risk.model));
        Self {
            compiled,
            action,
            words: words::Scan::new(),
            personal,
            risk,
            text: String::new(),
            base: 0,
            released: 0,
            shown: Vec::new(),
            masks: Vec::new(),
            covered: 0,
            refused: None,
            word_hits: Vec::new(),
            personal_hits: Vec::new(),
        }
    }

    /// Takes the next piece of the text. Behind a refusal nothing more is released.
    pub fn push(&mut self, piece: &str) -> Outcome {
        let mut out = String::new();
        if self.refused.is_some() {
            return Outcome { text: out, refused: self.refused.clone() };
        }
        let compiled = Arc::clone(&self.compiled);
        for letter in piece.chars() {
            if let Some((end, rule)) = self.read(&compiled, letter) {
                return self.refuse(end, rule, out);
            }
        }
        self.release(self.free(&compiled), &mut out);
        self.forget();
        Outcome { text: out, refused: None }
    }

    /// The text is over: the rest of it.
    pub fn finish(&mut self) -> Outcome {
        let out = String::new();
        if self.refused.is_some() {
            return Outcome { text: out, refused: self.refused.clone() };
        }
        let compiled = Arc::clone(&self.compiled);
        self.words.finish(&mut self.word_hits);
        if let Some(end) = self.take_words(&compiled) {
            return self.refuse(end.0, end.1, out);
        }
        if let Some(scan) = &mut self.personal {
            scan.finish(&compiled.detector, self.base, &self.text, &mut self.personal_hits);
        }
        if let Some(end) = self.take_personal(&compiled) {
            return self.refuse(end.0, end.1, out);
        }
        if let (Some(scan), Some(risk)) = (&mut self.risk, &compiled.risk)
            && let Some(over) = scan.finish(&risk.model, &risk.watched)
        {
            return self.refuse(self.free(&compiled), over.rule.clone(), out);
        }
        let mut out = out;
        self.release(self.base + self.text.len(), &mut out);
        Outcome { text: out, refused: None }
    }

    /// The stretches of the text, in bytes, that were released as they are since the last call.
    pub fn take_shown(&mut self) -> Vec<Range<usize>> {
        std::mem::take(&mut self.shown)
    }

    /// Whether a text by itself has a word of the lists that this text is judged by.
    pub fn lists(&self, text: &str) -> bool {
        let (mut scan, mut hits) = (words::Scan::new(), Vec::new());
        text.chars().for_each(|letter| scan.push(&self.compiled.words, letter, &mut hits));
        scan.finish(&mut hits);
        !hits.is_empty()
    }

    /// Whether anything was masked so far.
    pub const fn has_masked(&self) -> bool {
        self.covered > 0
    }

    /// Reads one character; where the text ends and by which rule, if it has to end.
    fn read(&mut self, compiled: &Compiled, letter: char) -> Option<(usize, String)> {
        self.text.push(letter);
        self.words.push(&compiled.words, letter, &mut self.word_hits);
        if let Some(end) = self.take_words(compiled) {
            return Some(end);
        }
        if let Some(scan) = &mut self.personal {
            scan.push(&compiled.detector, self.base, &self.text, letter, &mut self.personal_hits);
            if let Some(end) = self.take_personal(compiled) {
                return Some(end);
            }
        }
        if let (Some(scan), Some(risk)) = (&mut self.risk, &compiled.risk)
            && let Some(over) = scan.push(&risk.model, &risk.watched, letter)
        {
            return Some((self.free(compiled), over.rule.clone()));
        }
        None
    }

    fn take_words(&mut self, compiled: &Compiled) -> Option<(usize, String)> {
        for hit in std::mem::take(&mut self.word_hits) {
            match compiled.words.action(&hit) {
                Action::Mask => self.masks.push((hit.range, compiled.mask("word"))),
                Action::Refuse => {
                    let rule = compiled.words.rule(&hit).to_owned();
                    return Some((hit.free.min(self.free_of_others(compiled)), rule));
                }
            }
        }
        None
    }

    fn take_personal(&mut self, compiled: &Compiled) -> Option<(usize, String)> {
        for hit in std::mem::take(&mut self.personal_hits) {
            let kind = Kind::name(hit.kind);
            if self.action == PersonalAction::Refuse {
                return Some((hit.range.start.min(self.free(compiled)), format!("personal/{kind}")));
            }
            self.masks.push((hit.range, compiled.mask(kind)));
        }
        None
    }

    /// Up to where nothing that is not told yet can begin.
    fn free(&self, compiled: &Compiled) -> usize {
        self.words.free(&compiled.words).min(self.free_of_others(compiled))
    }

    fn free_of_others(&self, compiled: &Compiled) -> usize {
        let end = self.base + self.text.len();
        let personal = self.personal.as_ref().map_or(end, personal::Scan::free);
        let whole = compiled.risk.as_ref().is_some_and(|risk| risk.whole_sentences);
        let risk = self.risk.as_ref().filter(|_| whole).map_or(end, risk::Scan::free);
        personal.min(risk)
    }

    fn refuse(&mut self, end: usize, rule: String, mut out: String) -> Outcome {
        self.release(end, &mut out);
        self.refused = Some(rule);
        self.text.clear();
        Outcome { text: out, refused: self.refused.clone() }
    }

    /// Releases the text up to `to`, with masks; one mask stands for matches that overlap.
    fn release(&mut self, to: usize, out: &mut String) {
        if to <= self.released {
            return;
        }
        self.masks.sort_by(|one, other| (one.0.start, one.0.end, &one.1).cmp(&(other.0.start, other.0.end, &other.1)));
        let due = self.masks.partition_point(|(range, _)| range.start < to);
        let mut at = self.released.max(self.covered);
        for (range, mask) in self.masks.drain(..due).collect::<Vec<_>>() {
            if range.end <= at {
                continue;
            }
            if range.start >= self.covered {
                self.show(at..range.start.max(at), out);
                out.push_str(&mask);
            }
            self.covered = range.end.max(self.covered);
            at = at.max(self.covered);
        }
        if at < to {
            self.show(at..to, out);
        }
        self.released = to;
    }

    fn show(&mut self, range: Range<usize>, out: &mut String) {
        out.push_str(self.text.get(range.start - self.base..range.end - self.base).unwrap_or_default());
        match self.shown.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.shown.push(range),
        }
    }

    /// Throws away what no judgement needs any more.
    fn forget(&mut self) {
        let needed = self.personal.as_ref().map_or(self.released, personal::Scan::needs).min(self.released);
        if needed < self.base + SPENT {
            return;
        }
        let spent = (0..=needed - self.base).rev().find(|&at| self.text.is_char_boundary(at)).unwrap_or(0);
        self.text.drain(..spent);
        self.base += spent;
    }
}
