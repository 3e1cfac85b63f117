//! Personal data in a text that is still being written.
//!
//! Personal data begins with a run of letters, digits and signs, or right before one; Han around it only tells what it
//! is. So each such run is held until so much follows that the detector's judgement of it cannot change, and is judged
//! with the words before it. Where that is depends on the text alone, never on how it was handed over.

use std::collections::VecDeque;
use std::ops::Range;

use siyu_text::pii::{Detector, Kind};

use crate::work;

/// How a character takes part in a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Of a run: what numbers, addresses, names of accounts and secrets are written with.
    Run,
    /// Between the groups of a number.
    Space,
    /// Anything else.
    Other,
}

/// A run that is not judged yet.
#[derive(Clone, Debug)]
struct Run {
    range: Range<usize>,
    /// Characters that were read up to its end, without spaces.
    read: usize,
    /// As many as must be there.
    needed: usize,
    key: Key,
}

/// Whether a run is the head of a private key, which goes on over many lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    None,
    /// `-----BEGIN`.
    Begins,
    /// And what follows is a private key.
    Open,
    /// `-----END`.
    Ends,
}

/// Personal data that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// Byte range in the whole text.
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

/// The detector looks at ten characters behind a value, and units and suffixes directly behind it.
const AFTER: usize = 12;
/// A note such as `#换@` explains an address up to eighty characters before it.
const AFTER_STAND_IN: usize = 96;
/// `-----BEGIN ENCRYPTED PRIVATE KEY`.
const AFTER_BEGIN: usize = 48;
/// The longest private key that the detector finds, in bytes.
const KEY_BYTES: usize = 16_384;
/// Text before a run that tells what it is, in bytes: the detector looks for a URL's scheme 400 bytes back.
const BEFORE: usize = 512;
/// Text behind a run that may tell what it is, in bytes: more than the characters it waits for.
const BEHIND: usize = 1_024;
/// Longer runs are cut: with names and addresses asked for, a run is a clause, and clauses can be long.
const MAX_CLAUSE: usize = 1_024;
/// Signs that stand for `@` where a note says so.
const STAND_INS: [char; 6] = ['#', '＃', '*', '☆', '★', '&'];

/// The state of reading.
pub(super) struct Scan {
    /// Names and addresses are written in Han, so that a run is a whole clause.
    clauses: bool,
    runs: VecDeque<Run>,
    /// The run being read.
    open: Option<Run>,
    /// Characters of the run being read, while it may be a group of the number before: they are not counted yet as what
    /// follows that.
    linked: Option<usize>,
    /// Where the character before begins, if a number plate can begin with it.
    place: Option<usize>,
    at: usize,
    /// Characters that were read, without spaces.
    read: usize,
}

impl Scan {
    pub(super) fn new(kinds: &[Kind]) -> Self {
        let clauses = kinds.iter().any(|kind| matches!(kind, Kind::Person | Kind::Address));
        Self { clauses, runs: VecDeque::new(), open: None, linked: None, place: None, at: 0, read: 0 }
    }

    /// Reads one character; `text` is the text up to and with it, from the offset `base` on.
    pub(super) fn push(&mut self, detector: &Detector, base: usize, text: &str, letter: char, hits: &mut Vec<Hit>) {
        let start = self.at;
        self.at += letter.len_utf8();
        let class = class(letter, self.clauses);
        if class != Class::Run
            || self.clauses && self.open.as_ref().is_some_and(|run| run.range.end - run.range.start >= MAX_CLAUSE)
        {
            self.close(base, text);
        }
        match (class, letter) {
            (Class::Run, _) => self.extend(base, text, start),
            (Class::Other, '\n' | '\r') | (Class::Space, _) => {}
            // No line of a private key: it was only spoken of.
            (Class::Other, _) => self.each(|run| run.key = Key::None),
        }
        if class != Class::Space {
            self.read += 1;
            self.linked = self.linked.map(|linked| linked + 1);
        }
        self.place = is_province(letter).then_some(start);
        self.judge(detector, base, text, hits);
    }

    /// The text ends here.
    pub(super) fn finish(&mut self, detector: &Detector, base: usize, text: &str, hits: &mut Vec<Hit>) {
        self.close(base, text);
        // Nothing follows any more that the runs could wait for.
        self.read = usize::MAX;
        for run in &mut self.runs {
            if run.key == Key::Open {
                // A private key that breaks off is one nevertheless; the detector asks for its end.
                let written = text.get(run.range.start - base..).unwrap_or_default();
                let start = run.range.start + written.find("-----BEGIN").unwrap_or(0);
                hits.push(Hit { range: start..self.at, kind: Kind::Secret });
            }
            run.key = Key::None;
        }
        self.judge(detector, base, text, hits);
        self.place = None;
    }

    /// Up to where no personal data that is not told yet can begin.
    pub(super) fn free(&self) -> usize {
        let runs = self.runs.front().map(|run| run.range.start);
        let open = self.open.as_ref().map(|run| run.range.start);
        [runs, open, self.place].into_iter().flatten().min().unwrap_or(self.at)
    }

    /// Where the text is still needed from, to judge what is to come.
    pub(super) fn needs(&self) -> usize {
        self.free().saturating_sub(BEFORE + MAX_CLAUSE)
    }

    fn extend(&mut self, base: usize, text: &str, start: usize) {
        if let Some(run) = &mut self.open {
            run.range.end = self.at;
            return;
        }
        let from = self.place.unwrap_or(start);
        let between = |before: &Run| text.get(before.range.end - base..from - base).is_some_and(is_joint);
        self.linked = self.runs.back().filter(|before| !self.clauses && between(before)).map(|_| 0);
        self.open = Some(Run { range: from..self.at, read: 0, needed: AFTER, key: Key::None });
    }

    /// The run being read is over: it waits for what follows, alone or as the next group of the one before.
    fn close(&mut self, base: usize, text: &str) {
        let Some(mut run) = self.open.take() else { return };
        run.read = self.read;
        let Some(written) = text.get(run.range.start - base..run.range.end - base) else { return };
        if has_stand_in(written) {
            run.needed = AFTER_STAND_IN;
        }
        if written.contains("-----BEGIN") {
            (run.needed, run.key) = (AFTER_BEGIN, Key::Begins);
        }
        self.read_key(written);
        if self.linked.take().is_some()
            && let Some(before) = self.runs.back_mut()
            && (before.key, run.key) == (Key::None, Key::None)
            && is_group(written)
        {
            before.range.end = run.range.end;
            (before.needed, before.read) = (before.needed.max(run.needed), run.read);
            return;
        }
        self.runs.push_back(run);
    }

    fn read_key(&mut self, written: &str) {
        // Most lines are none of these, and thousands may wait behind the head of a key.
        if !written.contains("PRIVATE") && !written.contains("-----") {
            return;
        }
        let (at, read) = (self.at, self.read);
        self.each(|run| {
            run.key = match run.key {
                Key::Begins if written.contains("PRIVATE") => Key::Open,
                Key::Open if written.contains("-----END") => Key::Ends,
                Key::Ends if written.ends_with("-----") => {
                    (run.range.end, run.read, run.needed) = (at, read, AFTER);
                    Key::None
                }
                key => key,
            };
        });
    }

    /// Walks over all runs that wait, which may be thousands: never for each character.
    fn each(&mut self, change: impl FnMut(&mut Run)) {
        work::add(self.runs.len());
        self.runs.iter_mut().for_each(change);
    }

    /// Judges the runs that have enough behind them, in their order.
    fn judge(&mut self, detector: &Detector, base: usize, text: &str, hits: &mut Vec<Hit>) {
        while let Some(run) = self.runs.front() {
            let key = matches!(run.key, Key::Open | Key::Ends) && self.at - run.range.start < KEY_BYTES + 64;
            let linked = self.linked.filter(|_| self.runs.len() == 1).unwrap_or(0);
            if self.read - run.read - linked < run.needed || key {
                return;
            }
            let range = run.range.clone();
            self.runs.pop_front();
            let from = window(text, range.start - base);
            let to = text.ceil_char_boundary(range.end - base + BEHIND);
            work::add(to - from);
            let found = detector.find(text.get(from..to).unwrap_or_default());
            let offset = base + from;
            hits.extend(
                found
                    .into_iter()
                    .map(|found| Hit { range: found.start + offset..found.end + offset, kind: found.kind })
                    .filter(|hit| hit.range.start < range.end && hit.range.end > range.start),
            );
        }
    }
}

/// Where the words begin that tell what stands at `at`: never inside a run, so that numbers are not read from within.
fn window(text: &str, at: usize) -> usize {
    let head = text.get(..at).unwrap_or_default();
    let low = (at.saturating_sub(BEFORE)..=at).find(|&low| text.is_char_boundary(low)).unwrap_or(at);
    if low == 0 {
        return 0;
    }
    let tail = head.get(low..).unwrap_or_default();
    let between = tail.char_indices().find(|(_, letter)| class(*letter, false) != Class::Run);
    between.map_or(low, |(place, letter)| low + place + letter.len_utf8())
}

/// Whether what stands between two runs may join the groups of one number.
fn is_joint(between: &str) -> bool {
    match between.chars().next() {
        None => true,
        Some('年' | '月' | '日' | '号' | '转' | '·' | '•' | '・') => between.chars().count() == 1,
        Some(_) => {
            between.len() <= 9
                && between.chars().count() <= 3
                && between.chars().all(|letter| class(letter, false) == Class::Space)
        }
    }
}

/// Whether a run can go on from the one before: with digits, with the short capitals of account numbers, or with the
/// words in brackets that stand for the signs of addresses.
fn is_group(next: &str) -> bool {
    let digits = next.trim_start_matches(|letter: char| !letter.is_alphanumeric()).starts_with(char::is_numeric);
    let capitals = next.len() <= 4 && next.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    digits || capitals || next.starts_with(['(', '[', '{', '<', '（', '【', '@', '＠', '.'])
}

/// `x#y`: a sign between letters that a later note may explain.
fn has_stand_in(written: &str) -> bool {
    let mut before = ' ';
    let mut letters = written.chars().peekable();
    while let Some(letter) = letters.next() {
        if STAND_INS.contains(&letter)
            && before.is_alphanumeric()
            && letters.peek().is_some_and(|next| next.is_alphanumeric())
        {
            return true;
        }
        before = letter;
    }
    false
}

fn is_province(letter: char) -> bool {
    "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼".contains(letter)
}

const fn class(letter: char, clauses: bool) -> Class {
    match letter {
        ' ' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => Class::Space,
        '！' | '，' | '；' | '？' | '。' | '、' | '\n' | '\r' => Class::Other,
        // The detector passes over NUL within an address.
        '!'..='~'
        | '\0'
        | '\u{AD}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'
        | '\u{FEFF}'
        | '\u{2010}'..='\u{2015}'
        | '\u{2212}'
        | '☆'
        | '★'
        | '【'
        | '】'
        | '\u{FF01}'..='\u{FF5E}' => Class::Run,
        _ if clauses => Class::Run,
        _ => Class::Other,
    }
}
