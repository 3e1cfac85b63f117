//! The likeliest words of a text.

use super::hmm::{self, Model};
use super::lexicon::Lexicon;
use super::trie::Trie;
use crate::work;
use std::collections::HashSet;

/// Room for cutting texts, used again and again.
pub(super) struct Cutter {
    /// Of the stretch at hand: each character, its code and where it starts; one start more than characters.
    characters: Vec<char>,
    codes: Vec<u16>,
    starts: Vec<usize>,
    /// From each character on: the score of the likeliest words, and where the first of them ends.
    values: Vec<f64>,
    nexts: Vec<usize>,
    model: Model,
}

impl Default for Cutter {
    fn default() -> Self {
        Self {
            characters: Vec::new(),
            codes: Vec::new(),
            starts: Vec::new(),
            values: Vec::new(),
            nexts: Vec::new(),
            model: Model::new(),
        }
    }
}

/// Characters that words are made of; all others stand alone.
fn in_words(character: char) -> bool {
    hmm::is_han(character)
        || character.is_ascii_alphanumeric()
        || matches!(character, '+' | '#' | '&' | '.' | '_' | '%' | '-')
}

impl Cutter {
    /// Calls `found` with each word of `text` in order. Words in `split` that only the model found are cut apart.
    pub(super) fn words<'a>(
        &mut self,
        lexicon: &Lexicon,
        split: &HashSet<String>,
        text: &'a str,
        hmm: bool,
        mut found: impl FnMut(&'a str),
    ) {
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if !in_words(character) {
                let mut end = at + character.len_utf8();
                if character == '\r' && characters.next_if(|next| next.1 == '\n').is_some() {
                    end += 1;
                }
                found(text.get(at..end).unwrap_or_default());
                continue;
            }
            self.characters.clear();
            self.codes.clear();
            self.starts.clear();
            let mut next = Some((at, character));
            while let Some((at, character)) = next {
                self.characters.push(character);
                self.codes.push(lexicon.alphabet.code(character));
                self.starts.push(at);
                next = characters.next_if(|next| in_words(next.1));
            }
            self.starts.push(characters.peek().map_or(text.len(), |next| next.0));
            self.route(lexicon);
            if hmm {
                self.with_model(lexicon, split, text, &mut found);
            } else {
                self.without_model(text, &mut found);
            }
        }
    }

    /// Finds the likeliest words of the stretch, from its end to its start.
    fn route(&mut self, lexicon: &Lexicon) {
        let length = self.codes.len();
        self.values.clear();
        self.values.resize(length + 1, 0.0);
        self.nexts.clear();
        self.nexts.resize(length, 0);
        for start in (0..length).rev() {
            let (mut best, mut best_end) = (f64::NEG_INFINITY, start + 1);
            let mut node = Trie::ROOT;
            let rest = self.codes.get(start..).unwrap_or_default();
            let after = self.values.get(start + 1..).unwrap_or_default();
            for (end, (code, value)) in (start + 1..).zip(rest.iter().zip(after)) {
                let Some((next, score)) = lexicon.trie.step(node, *code) else { break };
                node = next;
                work::add(1);
                // Of equally likely words the longer one wins.
                if let Some(score) = score
                    && score + value >= best
                {
                    (best, best_end) = (score + value, end);
                }
            }
            if best == f64::NEG_INFINITY {
                best = lexicon.unknown + self.values[start + 1];
            }
            self.values[start] = best;
            self.nexts[start] = best_end;
        }
    }

    /// The text of the stretch's characters from one place to another.
    fn slice<'a>(&self, text: &'a str, from: usize, to: usize) -> &'a str {
        text.get(self.starts[from]..self.starts[to]).unwrap_or_default()
    }

    /// Single letters and digits in a row are one word.
    fn without_model<'a>(&self, text: &'a str, found: &mut impl FnMut(&'a str)) {
        let (mut at, mut run) = (0, 0);
        while at < self.nexts.len() {
            let next = self.nexts[at];
            if next == at + 1 && self.characters[at].is_ascii_alphanumeric() {
                at = next;
                continue;
            }
            if run < at {
                found(self.slice(text, run, at));
            }
            found(self.slice(text, at, next));
            (at, run) = (next, next);
        }
        if run < at {
            found(self.slice(text, run, at));
        }
    }

    /// Single characters in a row are cut by the model, unless they are a word together.
    fn with_model<'a>(
        &mut self,
        lexicon: &Lexicon,
        split: &HashSet<String>,
        text: &'a str,
        found: &mut impl FnMut(&'a str),
    ) {
        let (mut at, mut run) = (0, 0);
        while at < self.nexts.len() {
            let next = self.nexts[at];
            if next > at + 1 {
                self.singles(lexicon, split, text, run, at, found);
                found(self.slice(text, at, next));
                run = next;
            }
            at = next;
        }
        self.singles(lexicon, split, text, run, at, found);
    }

    fn singles<'a>(
        &mut self,
        lexicon: &Lexicon,
        split: &HashSet<String>,
        text: &'a str,
        from: usize,
        to: usize,
        found: &mut impl FnMut(&'a str),
    ) {
        if to == from + 1 {
            found(self.slice(text, from, to));
            return;
        }
        if lexicon.trie.score(&self.codes[from..to]).is_some() {
            (from..to).for_each(|at| found(self.slice(text, at, at + 1)));
            return;
        }
        work::add(to - from);
        let mut at = from;
        while at < to {
            let is_han = |character: &char| hmm::is_han(*character);
            let rest = &self.characters[at..to];
            let han = rest.iter().take_while(|character| is_han(character)).count();
            let mut start = at;
            for end in self.model.ends(rest.iter().take(han).copied()) {
                let end = at + end;
                let word = text.get(self.starts[start]..self.starts[end]).unwrap_or_default();
                if !split.is_empty() && split.contains(word) {
                    word.split_inclusive(|_| true).for_each(&mut *found);
                } else {
                    found(word);
                }
                start = end;
            }
            at += han;
            let other = self.characters[at..to].iter().take_while(|character| !is_han(character)).count();
            numbers(self.slice(text, at, at + other), found);
            at += other;
        }
    }
}

/// Cuts what holds no Han characters: letters and digits with a decimal fraction and a percent sign, and all between.
fn numbers<'a>(mut text: &'a str, found: &mut impl FnMut(&'a str)) {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    while !text.is_empty() {
        let bytes = text.as_bytes();
        let mut end = bytes.iter().take_while(|byte| is_word(byte)).count();
        if end == 0 {
            end = bytes.iter().take_while(|byte| !is_word(byte)).count();
        } else {
            let fraction = bytes.get(end + 1..).unwrap_or_default();
            let fraction = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if bytes.get(end) == Some(&b'.') && fraction > 0 {
                end += 1 + fraction;
            }
            end += usize::from(bytes.get(end) == Some(&b'%'));
        }
        let (word, rest) = text.split_at(end);
        found(word);
        text = rest;
    }
}
