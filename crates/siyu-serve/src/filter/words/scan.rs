//! Reading a text character by character for words.

use std::collections::VecDeque;
use std::ops::Range;

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};

use super::super::fold::{Class, is_spaced};
use super::{Action, Words};

/// What stands before a folded character in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Separator,
    Clause,
}

/// A folded character.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Where the character it comes from begins.
    start: usize,
    gap: Gap,
    spaced: bool,
}

/// A word that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Hit {
    /// Byte range in the whole text.
    pub(in super::super) range: Range<usize>,
    /// Up to where the text was certainly free of words when this one ended.
    pub(in super::super) free: usize,
    pub(in super::super) pattern: usize,
}

/// More signs than this between two characters, and they are of no common word.
const MAX_GAP: usize = 8;

/// The state of reading. What it says depends on the characters read so far, never on how they were handed over.
pub(in super::super) struct Scan {
    state: Option<StateID>,
    /// The last characters, as many as the longest word has and one more.
    marks: VecDeque<Mark>,
    gap: Gap,
    gap_length: usize,
    /// Words that end here if no letter follows.
    open: Vec<Hit>,
    letters: Vec<char>,
    at: usize,
}

impl Scan {
    pub(in super::super) fn new() -> Self {
        Self {
            state: None,
            marks: VecDeque::new(),
            gap: Gap::Clause,
            gap_length: 0,
            open: Vec::new(),
            letters: Vec::new(),
            at: 0,
        }
    }

    /// Reads one character; what is certainly a word now goes to `hits`.
    pub(in super::super) fn push(&mut self, words: &Words, letter: char, hits: &mut Vec<Hit>) {
        let start = self.at;
        self.at += letter.len_utf8();
        self.letters.clear();
        let class = words.folding.fold(letter, &mut self.letters);
        if class == Class::Invisible {
            return;
        }
        if class == Class::Letters {
            for index in 0..self.letters.len() {
                self.read(words, start, self.letters[index], hits);
            }
            return;
        }
        hits.append(&mut self.open);
        self.gap = self.gap.max(if class == Class::Clause { Gap::Clause } else { Gap::Separator });
        self.gap_length += 1;
        if self.gap_length > MAX_GAP {
            self.state = None;
        }
    }

    /// The text ends here.
    pub(in super::super) fn finish(&mut self, hits: &mut Vec<Hit>) {
        hits.append(&mut self.open);
        self.state = None;
    }

    /// Up to where no word that is not told yet can begin.
    pub(in super::super) fn free(&self, words: &Words) -> usize {
        let depth = self.state.map_or(0, |state| words.depth(state));
        if depth == 0 { self.at } else { self.marks[self.marks.len() - depth].start }
    }

    fn read(&mut self, words: &Words, start: usize, letter: char, hits: &mut Vec<Hit>) {
        if is_spaced(letter) {
            self.open.clear();
        }
        hits.append(&mut self.open);
        let Ok(beginning) = words.automaton.start_state(Anchored::No) else { return };
        let mut state = self.state.unwrap_or(beginning);
        for &byte in letter.encode_utf8(&mut [0; 4]).as_bytes() {
            state = words.automaton.next_state(Anchored::No, state, byte);
        }
        self.state = Some(state);
        self.marks.push_back(Mark { start, gap: self.gap, spaced: is_spaced(letter) });
        if self.marks.len() > words.longest + 1 {
            self.marks.pop_front();
        }
        (self.gap, self.gap_length) = (Gap::None, 0);
        if words.automaton.is_match(state) {
            for index in 0..words.automaton.match_len(state) {
                self.judge(words, words.automaton.match_pattern(state, index).as_usize(), hits);
            }
        }
    }

    /// Whether what stands between the characters of a word allows it.
    fn judge(&mut self, words: &Words, index: usize, hits: &mut Vec<Hit>) {
        let pattern = &words.patterns[index];
        let first = self.marks.len() - pattern.length;
        let mark = self.marks[first];
        let glued = first > 0 && mark.gap == Gap::None && self.marks[first - 1].spaced;
        if pattern.bound.0 && glued {
            return;
        }
        let gaps = || self.marks.iter().skip(first + 1).map(|mark| mark.gap);
        let (least, most) = (gaps().min().unwrap_or(Gap::None), gaps().max().unwrap_or(Gap::None));
        // What stands over a comma is mostly two words, unless all characters are set apart, and two always are.
        let spelled = least > Gap::None && pattern.length > 2;
        let allowed = match most {
            Gap::None => true,
            _ if pattern.spaced => spelled || gaps().zip(&pattern.seams).all(|(gap, seam)| gap == Gap::None || *seam),
            Gap::Separator => true,
            Gap::Clause => spelled || pattern.across_clauses,
        };
        if !allowed {
            return;
        }
        let hit = Hit { range: mark.start..self.at, free: self.free(words), pattern: index };
        if pattern.bound.1 { self.open.push(hit) } else { hits.push(hit) }
    }
}

impl Words {
    pub(in super::super) fn action(&self, hit: &Hit) -> Action {
        self.patterns[hit.pattern].action
    }

    pub(in super::super) fn rule(&self, hit: &Hit) -> &str {
        &self.patterns[hit.pattern].rule
    }
}
