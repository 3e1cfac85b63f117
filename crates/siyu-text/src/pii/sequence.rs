//! Digits joined over single separators: `4012 8888 8888 1881`, `138-0013-8000`, `110105 19491231 002X`.

use super::chunk::{Chunk, Word};
use super::context::Context;
use super::detector::Candidate;
use super::kind::{Kind, Kinds};

/// The text around a chunk, and where validators put what they find.
pub(super) struct Site<'a> {
    pub(super) text: &'a str,
    pub(super) chunk: &'a Chunk,
    pub(super) kinds: Kinds,
    pub(super) found: &'a mut Vec<Candidate>,
}

impl Site<'_> {
    /// Adds a candidate over the folded range `from..to`, of a kind that has one pattern.
    pub(super) fn add(&mut self, kind: Kind, from: usize, to: usize, score: u8) {
        self.add_by(kind.name(), kind, from, to, score);
    }

    /// Adds a candidate that fits the pattern `rule`.
    pub(super) fn add_by(&mut self, rule: &'static str, kind: Kind, from: usize, to: usize, score: u8) {
        let (start, end) = self.chunk.span(from, to);
        self.found.push(Candidate { kind, start, end, score, rule });
    }

    pub(super) fn context(&self, from: usize, to: usize) -> Context {
        let (start, end) = self.chunk.span(from, to);
        Context::before(self.text, start).with_after(self.text, end)
    }

    /// The byte before the folded index `from` in the text, zero at its start.
    pub(super) fn byte_before(&self, from: usize) -> u8 {
        let (start, _) = self.chunk.span(from, from + 1);
        start.checked_sub(1).map_or(0, |at| self.text.as_bytes()[at])
    }

    /// The byte behind the folded index `to`, zero at the end of the text.
    pub(super) fn byte_after(&self, to: usize) -> u8 {
        let (_, end) = self.chunk.span(to - 1, to);
        self.text.as_bytes().get(end).copied().unwrap_or(0)
    }

    /// Whether the folded range lies in the path or query of a URL, or in a DOI.
    pub(super) fn in_url(&self, from: usize) -> bool {
        let (start, _) = self.chunk.span(from, from + 1);
        in_url(self.text.as_bytes(), start)
    }

    /// Whether the folded range lies in a DOI, whatever word its suffix holds: `10.1016/j.cell.13812345678`.
    pub(super) fn in_doi(&self, from: usize) -> bool {
        let (start, _) = self.chunk.span(from, from + 1);
        is_doi(url_run(self.text.as_bytes(), start))
    }

    /// Whether a list leads here from a value of some kinds: `0898-66778899、66778800`.
    pub(super) fn follows(&self, kinds: &[Kind], from: usize) -> bool {
        const JOINTS: [&str; 9] = ["、", "，", "；", "或", "和", "与", ",", ";", "/"];
        let (start, _) = self.chunk.span(from, from + 1);
        let before = self.text.get(..start).expect("a word begins at a character boundary").trim_end_matches(' ');
        JOINTS.iter().find_map(|joint| before.strip_suffix(joint)).is_some_and(|listed| {
            self.found.iter().rev().take(4).any(|found| kinds.contains(&found.kind) && found.end == listed.len())
        })
    }
}

/// How far back the scheme of a URL is looked for.
const URL_REACH: usize = 400;

/// The characters of a URL that end before `start`.
fn url_run(bytes: &[u8], start: usize) -> &[u8] {
    let low = start.saturating_sub(URL_REACH);
    let stops = |byte: &u8| *byte <= b' ' || *byte >= 0x80 || matches!(byte, b'<' | b'>' | b'"' | b'`');
    let from = bytes[low..start].iter().rposition(stops).map_or(low, |at| low + at + 1);
    &bytes[from..start]
}

/// Whether the run of URL characters that ends before `start` has a scheme, `www.` or the prefix of a DOI.
pub(super) fn in_url(bytes: &[u8], start: usize) -> bool {
    let run = url_run(bytes, start);
    run.windows(3).any(|three| three == b"://")
        || run.windows(4).any(|four| four.eq_ignore_ascii_case(b"www."))
        || is_doi(run)
}

/// Whether a run has the prefix of a DOI: `10.1016/j.cell` (ISO 26324).
fn is_doi(run: &[u8]) -> bool {
    let registrant = |at: usize| run[at + 3..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    run.windows(3).enumerate().any(|(at, three)| {
        let digits = if three == b"10." { registrant(at) } else { 0 };
        (4..=9).contains(&digits) && run.get(at + 3 + digits) == Some(&b'/')
    })
}

/// A sequence of digit groups, as one number.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    /// The digits, in ASCII; the last may be `X`.
    pub(super) digits: Vec<u8>,
    /// The length of each group.
    pub(super) groups: Vec<u8>,
    /// Folded range.
    pub(super) from: usize,
    pub(super) to: usize,
    /// What separates the groups: one kind only, or zero for a single group.
    pub(super) separator: u8,
    /// The separator that joins this to a number before, or zero.
    pub(super) joined_before: u8,
    /// The separator that joins this to a number behind, or zero.
    pub(super) joined_after: u8,
    pub(super) context: Context,
}

const MAX_DIGITS: usize = 20;

impl Sequence {
    /// Whether the digits go on beyond this in the same writing, so that this is a part of a longer number.
    pub(super) const fn is_part(&self) -> bool {
        self.separator != 0 && (self.joined_before == self.separator || self.joined_after == self.separator)
    }

    /// Whether the number stands alone: no decimal point, no hyphen to another number.
    pub(super) fn stands_alone(&self) -> bool {
        self.stands_among(false, false)
    }

    /// The same where what is joined before, or behind, is known to be another number of a list.
    pub(super) fn stands_among(&self, before: bool, behind: bool) -> bool {
        let binds = |separator| matches!(separator, b'.' | b'-' | b'/' | b':' | b'_' | b'+');
        (before || !binds(self.joined_before)) && (behind || !binds(self.joined_after)) && !self.is_part()
    }

    pub(super) const fn len(&self) -> usize {
        self.digits.len()
    }
}

/// Calls `judge` for every sequence that begins at a word of the chunk.
pub(super) fn each(site: &mut Site<'_>, sequence: &mut Sequence, judge: fn(&mut Site<'_>, &Sequence)) {
    for first in 0..site.chunk.words.len() {
        let word = site.chunk.words[first];
        if !is_digits(site.chunk, word) {
            continue;
        }
        sequence.digits.clear();
        sequence.groups.clear();
        sequence.from = word.from;
        sequence.separator = 0;
        sequence.joined_before = join_before(site, first);
        let (start, _) = site.chunk.span(word.from, word.to);
        let mut context = None;
        for index in first..site.chunk.words.len() {
            let word = site.chunk.words[index];
            if index > first && !joins(site.chunk, sequence, index) {
                break;
            }
            sequence.digits.extend(site.chunk.word(word).iter().map(u8::to_ascii_uppercase));
            if sequence.len() > MAX_DIGITS {
                break;
            }
            sequence.groups.push(u8::try_from(word.len()).expect("at most twenty digits"));
            sequence.to = word.to;
            sequence.joined_after = join_after(site, index);
            if sequence.len() >= 5 {
                let before = *context.get_or_insert_with(|| Context::before(site.text, start));
                let (_, end) = site.chunk.span(sequence.from, sequence.to);
                sequence.context = before.with_after(site.text, end);
                judge(site, sequence);
            }
        }
    }
}

/// Digits, or digits and a final `X`, with nothing attached.
fn is_digits(chunk: &Chunk, word: Word) -> bool {
    let bytes = chunk.word(word);
    if bytes.iter().all(u8::is_ascii_digit) {
        return true;
    }
    bytes.split_last().is_some_and(|(last, rest)| matches!(last, b'x' | b'X') && rest.iter().all(u8::is_ascii_digit))
}

fn joins(chunk: &Chunk, sequence: &mut Sequence, index: usize) -> bool {
    let (left, right) = (chunk.words[index - 1], chunk.words[index]);
    let separator = chunk.at(Some(left.to));
    let single = right.from == left.to + 1 && matches!(separator, b' ' | b'-' | b'.');
    let same = sequence.separator == 0 || sequence.separator == separator;
    sequence.separator = if single { separator } else { sequence.separator };
    single && same && is_digits(chunk, right) && !matches!(sequence.digits.last(), Some(b'X'))
}

/// The separator to a number before the word, also to one beyond the chunk.
fn join_before(site: &Site<'_>, index: usize) -> u8 {
    let word = site.chunk.words[index];
    let separator = site.chunk.at(word.from.checked_sub(1));
    if index > 0 && site.chunk.words[index - 1].to + 1 == word.from {
        return separator;
    }
    match site.byte_before(word.from) {
        byte @ (b'.' | b'-' | b'_' | b'/' | b':' | b'+' | b'#' | b'~') if index == 0 => {
            let (start, _) = site.chunk.span(word.from, word.to);
            let further = start.checked_sub(2).map_or(0, |at| site.text.as_bytes()[at]);
            let binds = further.is_ascii_alphanumeric() || further == byte;
            if binds && byte != b':' && byte != b'+' { byte } else { 0 }
        }
        _ => 0,
    }
}

/// The separator to a number or name behind the word.
fn join_after(site: &Site<'_>, index: usize) -> u8 {
    let word = site.chunk.words[index];
    if let Some(next) = site.chunk.words.get(index + 1)
        && next.from == word.to + 1
    {
        return site.chunk.at(Some(word.to));
    }
    match site.byte_after(word.to) {
        byte @ (b'.' | b'-' | b'_' | b'/') => {
            let (_, end) = site.chunk.span(word.from, word.to);
            let further = site.text.as_bytes().get(end + 1).copied().unwrap_or(0);
            if further.is_ascii_alphanumeric() { byte } else { 0 }
        }
        _ => 0,
    }
}
