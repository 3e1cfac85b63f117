//! How many sentences a line holds.

use super::lines::is_terminal;
use super::words::{is_cjk, is_wide};
use std::cell::Cell;

/// Words that end in a full stop wherever they stand, but for single letters and hours such as `8p.m.`: spaCy 3.8's
/// exceptions for English, whose points end no sentence.
const ABBREVIATIONS: &[&str] = &[
    "Adm.", "Ak.", "Ala.", "Apr.", "Ariz.", "Ark.", "Aug.", "Bros.", "Calif.", "Co.", "Colo.", "Conn.", "Corp.",
    "D.C.", "Dec.", "Del.", "Dr.", "E.G.", "E.g.", "Feb.", "Fla.", "Ga.", "Gen.", "Gov.", "I.E.", "I.e.", "Ia.", "Id.",
    "Ill.", "Inc.", "Ind.", "Jan.", "Jr.", "Jul.", "Jun.", "Kan.", "Kans.", "Ky.", "La.", "Ltd.", "Mar.", "Mass.",
    "Md.", "Messrs.", "Mich.", "Minn.", "Miss.", "Mo.", "Mont.", "Mr.", "Mrs.", "Ms.", "Mt.", "N.C.", "N.D.", "N.H.",
    "N.J.", "N.M.", "N.Y.", "Neb.", "Nebr.", "Nev.", "Nov.", "Oct.", "Okla.", "Ore.", "Pa.", "Ph.D.", "Prof.", "Rep.",
    "Rev.", "S.C.", "Sen.", "Sep.", "Sept.", "St.", "Tenn.", "Va.", "Wash.", "Wis.", "a.m.", "co.", "e.g.", "i.e.",
    "p.m.", "v.s.", "vs.",
];

/// The number of sentences in a line.
///
/// A sentence goes on behind its terminal marks as long as only marks follow; the next word, number or sign of another
/// kind begins another. `!` and `?` end one at the end of a word, a full stop there only behind a small letter, a digit,
/// a mark or two capitals: neither in `example.com`, nor in `...`, nor behind an initial or an abbreviation. Terminal
/// marks of Chinese end one wherever they stand, and so does `……`.
///
/// # Source
/// spaCy 3.8, English tokenizer and `sentencizer`, by which datatrove counts.
pub(super) fn count(line: &str) -> usize {
    let (mut sentences, mut open) = (0, false);
    for chunk in line.split_whitespace() {
        let chunk = Chunk::new(chunk);
        for (at, mark) in chunk.text.char_indices() {
            let role = chunk.role(at, mark);
            if !open && (role == Role::Word || sentences == 0) {
                (sentences, open) = (sentences + 1, true);
            }
            open &= role != Role::End;
        }
    }
    sentences
}

/// Whether a full stop behind a word is a part of it: of an initial or an abbreviation. `here` begins with the word, which
/// has `length` bytes, and `before` is the text in front of it.
pub(super) fn keeps_point(before: &str, here: &str, length: usize) -> bool {
    let behind = here.get(length + 1..).unwrap_or_default();
    if behind.chars().take_while(|mark| !mark.is_whitespace()).any(|mark| !closes(mark)) {
        return false;
    }
    // Long words are no abbreviations, so no more of what stands before them is needed.
    let near = before.char_indices().rev().take(8).take_while(|(_, mark)| !mark.is_whitespace()).last();
    let start = near.map_or(before.len(), |(at, _)| at);
    let whole = before.get(start..).unwrap_or_default().to_owned() + here.get(..=length).unwrap_or_default();
    let chunk = Chunk::new(&whole);
    !chunk.stops(whole.get(..whole.len() - 1).unwrap_or_default(), None)
}

/// What is said of a character of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Ends the sentence.
    End,
    /// Belongs to the sentence that it stands in or behind.
    Mark,
    /// Opens a sentence where none is open.
    Word,
}

/// What stands between two spaces.
struct Chunk<'a> {
    text: &'a str,
    /// Where the marks in front of its words end.
    head: usize,
    /// Where the marks behind its words begin.
    tail: usize,
    /// Whether it is an address, once that was asked.
    address: Cell<Option<bool>>,
}

impl<'a> Chunk<'a> {
    fn new(text: &'a str) -> Self {
        let head = text.len() - text.trim_start_matches(closes).len();
        let tail = text.trim_end_matches(closes).len();
        Self { text, head, tail, address: Cell::new(None) }
    }

    fn role(&self, at: usize, mark: char) -> Role {
        let (before, rest) = self.text.split_at(at);
        let (last, next) = (before.chars().next_back(), rest.chars().nth(1));
        match mark {
            '.' if last == Some('.') || next == Some('.') => Role::Mark,
            '.' if last.is_some_and(is_cjk) || self.stops(before, next) => Role::End,
            '!' | '?' if at >= self.tail || at < self.head => Role::End,
            // The second of a pair, so that one sign is one end; behind Chinese alone.
            '…' if last == Some('…') && next != Some('…') => {
                let earlier = before.trim_end_matches('…').chars().next_back();
                if earlier.is_some_and(|earlier| is_cjk(earlier) || is_wide(earlier)) { Role::End } else { Role::Mark }
            }
            '.' | '!' | '?' | '…' => Role::Mark,
            _ if is_terminal(mark) => Role::End,
            _ if mark.is_alphanumeric() || is_sign(mark) => Role::Word,
            _ => Role::Mark,
        }
    }

    fn is_address(&self) -> bool {
        let known = self.address.get().unwrap_or_else(|| is_address(self.text));
        self.address.set(Some(known));
        known
    }

    /// Whether a full stop behind `before` ends a sentence.
    fn stops(&self, before: &str, next: Option<char>) -> bool {
        let mut back = before.chars().rev();
        let Some(last) = back.next() else { return false };
        if before.len() < self.tail {
            // Where a space was forgotten.
            let next = next.unwrap_or(' ');
            let forgotten = (last.is_lowercase() || is_quote(last)) && (next.is_uppercase() || is_quote(next));
            return forgotten && !self.is_address();
        }
        let ended = if last.is_uppercase() {
            back.next().is_some_and(char::is_uppercase)
        } else {
            last.is_alphanumeric() || closes(last) || matches!(last, '%' | '-' | '+' | '|')
        };
        ended && !before.get(self.head..).is_some_and(is_abbreviation)
    }
}

/// Whether a word is one of those that a full stop follows inside a sentence.
fn is_abbreviation(word: &str) -> bool {
    if word.len() > 7 {
        return false;
    }
    let mut letters = word.chars();
    let letter = letters.next().filter(|_| letters.next().is_none());
    let hour = word.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let hours = || word.get(..word.len() - hour.len()).and_then(|hours| hours.parse::<u8>().ok());
    letter.is_some_and(|letter| letter.is_ascii_lowercase() || matches!(letter, 'ä' | 'ö' | 'ü'))
        || (matches!(hour, "a.m" | "p.m") && hours().is_some_and(|hours| (1..=12).contains(&hours)))
        || ABBREVIATIONS.iter().any(|known| known.strip_suffix('.') == Some(word))
}

/// Whether a word is the address of a page or a mailbox.
fn is_address(word: &str) -> bool {
    let host = word.split_once("://").map_or(word, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let top = host.trim_end_matches(closes).rsplit('.').next().unwrap_or_default();
    word.contains("://") || word.contains('@') || (top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn is_quote(mark: char) -> bool {
    matches!(mark, '\'' | '"' | '`' | '´' | ',' | '‘' | '’' | '‚' | '“' | '”' | '„' | '»' | '«')
}

/// Whether a mark stands around words and is none of their own.
fn closes(mark: char) -> bool {
    is_quote(mark)
        || matches!(mark, '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | ':' | ';' | '!' | '?' | '.' | '…' | '_' | '#')
        || matches!(mark, '*' | '&' | '¿' | '¡' | '—' | '–')
        || (!mark.is_ascii() && !mark.is_alphanumeric() && (is_wide(mark) || is_terminal(mark) || is_sign(mark)))
}

/// Whether a character is a symbol and no punctuation.
fn is_sign(mark: char) -> bool {
    matches!(mark, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' | '¢'..='¦' | '¨'..='©' | '¬' | '®'..='±' | '´' | '×' | '÷')
        || matches!(u32::from(mark), 0x20A0..=0x20CF | 0x2100..=0x2767 | 0x2794..=0x27BF | 0x2B00..=0x2BFF | 0x1_F000..=0x1_FAFF)
}

#[cfg(test)]
mod tests {
    use super::count;
    use proptest::prelude::*;

    // Counts: spaCy 3.8.18, `spacy.blank("en")` with `sentencizer`; of Chinese, by its marks.
    #[test]
    fn sentences_are_counted_in_either_script() {
        for (line, sentences) in [
            ("One. Two! Three? Four", 4),
            ("Mr. Smith paid $3.50 to J. Doe, e.g. in the U.S. office.", 1),
            ("Wait... what?! He said \"no.\" Then he left.", 3),
            ("See example.com for more.", 1),
            ("See example.com for more.Next one. It cost 3.5.", 3),
            ("He came in Jan. 2020 etc. and left.", 2),
            ("So did I. Then Yes!! (It is.)", 2),
            ("No. 5 is alive.", 2),
            ("?!", 1),
            ("甲方付款。乙方交货！对吗？", 3),
            ("他走了……她也走了。", 2),
            ("“好。”他说。", 2),
            ("", 0),
        ] {
            assert_eq!(count(line), sentences, "{line}");
        }
    }

    proptest! {
        #[test]
        fn there_is_a_sentence_where_something_stands(line in any::<String>()) {
            prop_assert_eq!(count(&line) > 0, !line.trim().is_empty());
        }
    }
}
