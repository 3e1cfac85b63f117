//! A stretch of digits, letters and separators, folded to ASCII, with the way back to the text.

use crate::work;

/// What one character is to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    /// A letter or digit, folded to ASCII.
    Alnum(u8),
    /// A separator, folded to ASCII.
    Separator(u8),
    /// Invisible: numbers go on behind it.
    Invisible,
    /// Anything else ends a chunk.
    Other,
}

/// The atom that starts at `at`, and its width in bytes.
pub(super) fn atom(bytes: &[u8], at: usize) -> (Atom, usize) {
    let second = bytes.get(at + 1).copied().unwrap_or(0);
    let third = bytes.get(at + 2).copied().unwrap_or(0);
    match (bytes[at], second, third) {
        (byte @ (b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'), _, _) => (Atom::Alnum(byte), 1),
        (byte @ (b' ' | b'-' | b'.' | b'(' | b')' | b'+' | b'/' | b':'), _, _) => (Atom::Separator(byte), 1),
        (byte, _, _) if byte < 0x80 => (Atom::Other, 1),
        (0xC2, 0xA0, _) => (Atom::Separator(b' '), 2),
        (0xC2, 0xAD, _) => (Atom::Invisible, 2),
        (0xC2, 0xB7, _) => (Atom::Separator(b'.'), 2),
        (0xE2, 0x80, 0x80..=0x8A | 0xAF) | (0xE3, 0x80, 0x80) => (Atom::Separator(b' '), 3),
        (0xE2, 0x80, 0x8B..=0x8F | 0xAA..=0xAE) | (0xE2, 0x81, 0xA0) | (0xEF, 0xBB, 0xBF) => (Atom::Invisible, 3),
        (0xE2, 0x80, 0x90..=0x95) | (0xE2, 0x88, 0x92) | (0xEF, 0xBC, 0x8D) => (Atom::Separator(b'-'), 3),
        (0xEF, 0xBC, low @ (0x90..=0x99 | 0xA1..=0xBA)) => (Atom::Alnum(low - 0x60), 3),
        (0xEF, 0xBD, low @ 0x81..=0x9A) => (Atom::Alnum(low - 0x20), 3),
        (0xEF, 0xBC, low @ (0x88 | 0x89 | 0x8B | 0x8E | 0x8F | 0x9A)) => (Atom::Separator(low - 0x60), 3),
        (byte, _, _) => (
            Atom::Other,
            if byte >= 0xF0 {
                4
            } else if byte >= 0xE0 {
                3
            } else {
                2
            },
        ),
    }
}

/// The offset of the character before `at`, which must be a boundary above zero.
pub(super) fn previous(bytes: &[u8], at: usize) -> usize {
    let mut start = at - 1;
    while start > 0 && bytes[start] & 0xC0 == 0x80 {
        start -= 1;
    }
    start
}

/// A run of letters and digits inside a chunk, as indices into [`Chunk::folded`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) digits: usize,
}

impl Word {
    pub(super) const fn len(self) -> usize {
        self.to - self.from
    }

    pub(super) const fn is_number(self) -> bool {
        self.digits == self.len()
    }
}

/// Words that hold digits, joined by at most three separators.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) folded: Vec<u8>,
    starts: Vec<usize>,
    ends: Vec<usize>,
    pub(super) words: Vec<Word>,
    /// Where the scan for further digits goes on.
    pub(super) end: usize,
}

/// Longer words are no number; what is left of them is passed over.
const MAX_ATOMS: usize = 512;
/// How far to the left of the first digit letters of its word are taken.
const MAX_LEFT: usize = 64;
/// Labels that people write directly against a number.
const ATTACHED: [&[u8]; 10] = [b"tel", b"phone", b"mobile", b"mob", b"qq", b"wechat", b"call", b"id", b"fax", b"ssn"];
/// The same, but also the beginning of other numbers: only a mobile number stands behind them.
const ATTACHED_TO_MOBILE: [&[u8]; 4] = [b"vx", b"wx", b"v", b"t"];

impl Chunk {
    /// Reads the chunk around the digit at `at`, not reaching below `floor`.
    pub(super) fn read(&mut self, bytes: &[u8], floor: usize, at: usize) {
        self.folded.clear();
        self.starts.clear();
        self.ends.clear();
        self.words.clear();
        let mut here = left_end(bytes, floor, at);
        let (mut pending, mut begun) = (0, false);
        loop {
            let (atom, width) = if here < bytes.len() { atom(bytes, here) } else { (Atom::Other, 0) };
            match atom {
                Atom::Alnum(byte) => {
                    if pending > 0 && begun && !byte.is_ascii_digit() {
                        break;
                    }
                    (pending, begun) = (0, true);
                    self.push(byte, here, here + width);
                }
                Atom::Separator(byte) if pending < 3 => {
                    pending += 1;
                    self.push(byte, here, here + width);
                }
                Atom::Invisible => {}
                _ => break,
            }
            here += width;
            if self.folded.len() >= MAX_ATOMS {
                while here < bytes.len() && matches!(atom_kind(bytes, here), Atom::Alnum(_)) {
                    here += 1;
                }
                break;
            }
        }
        work::add(self.folded.len());
        self.truncate_separators();
        self.end = self.ends.last().map_or(at + 1, |&end| end.max(at + 1));
        self.split_words(behind_add(bytes, self.starts.first().copied()));
    }

    fn push(&mut self, byte: u8, start: usize, end: usize) {
        self.folded.push(byte);
        self.starts.push(start);
        self.ends.push(end);
    }

    /// A closing bracket stays: a Hong Kong identity card ends in one.
    fn truncate_separators(&mut self) {
        while let Some(&last) = self.folded.last()
            && !last.is_ascii_alphanumeric()
        {
            let closes = last == b')' && self.folded.iter().rev().nth(1).is_some_and(u8::is_ascii_alphanumeric);
            if closes {
                break;
            }
            self.folded.pop();
            self.starts.pop();
            self.ends.pop();
        }
    }

    fn split_words(&mut self, added: bool) {
        let mut at = 0;
        while at < self.folded.len() {
            let from = at;
            while self.folded.get(at).is_some_and(u8::is_ascii_alphanumeric) {
                at += 1;
            }
            if at > from {
                let word = &self.folded[from..at];
                let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
                let letters = word.len() - digits;
                let attached = letters > 0
                    && digits >= 5
                    && word[letters..].iter().all(u8::is_ascii_digit)
                    && (added && from == 0 && word[..letters].eq_ignore_ascii_case(b"q")
                        || ATTACHED.iter().any(|label| label.eq_ignore_ascii_case(&word[..letters]))
                        || digits == 11
                            && ATTACHED_TO_MOBILE.iter().any(|label| label.eq_ignore_ascii_case(&word[..letters])));
                let from = if attached { from + letters } else { from };
                self.words.push(Word { from, to: at, digits });
            } else {
                at += 1;
            }
        }
    }

    /// The byte range in the text of the folded range `from..to`.
    pub(super) fn span(&self, from: usize, to: usize) -> (usize, usize) {
        (self.starts[from], self.ends[to - 1])
    }

    /// Whether the folded range `from..to` closes a bracket that it does not open.
    pub(super) fn closes(&self, from: usize, to: usize) -> bool {
        let count = |sign| memchr::memchr_iter(sign, &self.folded[from..to]).count();
        count(b')') > count(b'(')
    }

    pub(super) fn word(&self, word: Word) -> &[u8] {
        &self.folded[word.from..word.to]
    }

    /// The folded byte at `index`, zero outside the chunk.
    pub(super) fn at(&self, index: Option<usize>) -> u8 {
        index.and_then(|index| self.folded.get(index)).copied().unwrap_or(0)
    }
}

/// Whether `加` stands before a chunk: `加Q12345678`.
fn behind_add(bytes: &[u8], start: Option<usize>) -> bool {
    start.is_some_and(|start| bytes[..start].ends_with("加".as_bytes()))
}

fn atom_kind(bytes: &[u8], at: usize) -> Atom {
    if bytes[at] < 0x80 { atom(bytes, at).0 } else { Atom::Other }
}

/// Where the word that holds `at` begins, with `(` and `+` before it.
fn left_end(bytes: &[u8], floor: usize, at: usize) -> usize {
    let mut start = at;
    let mut signs = 0;
    while start > floor && at - start < MAX_LEFT {
        let before = previous(bytes, start);
        match atom(bytes, before).0 {
            Atom::Alnum(_) if signs == 0 => start = before,
            Atom::Separator(b'(' | b'+') if signs < 2 => {
                signs += 1;
                start = before;
            }
            Atom::Invisible if signs == 0 && before > floor => {
                let further = previous(bytes, before);
                if !matches!(atom(bytes, further).0, Atom::Alnum(_)) {
                    break;
                }
                start = further;
            }
            _ => break,
        }
    }
    start.max(floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut chunk = Chunk::default();
        let at = text.bytes().position(|byte| byte.is_ascii_digit() || byte == 0xEF).unwrap();
        chunk.read(text.as_bytes(), 0, at);
        String::from_utf8(chunk.folded).unwrap()
    }

    #[test]
    fn full_width_and_invisible_characters_fold_away() {
        assert_eq!(folded("１３８\u{200b}00\u{2013}13"), "13800-13");
    }

    #[test]
    fn a_chunk_ends_at_han_and_at_words_without_a_leading_digit() {
        assert_eq!(folded("电话(+86) 138 0013元"), "(+86) 138 0013");
        assert_eq!(folded("E12345678 and 5"), "E12345678");
    }

    #[test]
    fn a_closing_bracket_stays_for_identity_cards() {
        assert_eq!(folded("证A123456（3）。"), "A123456(3)");
    }
}
