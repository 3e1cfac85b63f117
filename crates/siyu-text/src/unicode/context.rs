//! Joiners, variation selectors and tags: kept where letters or pictures need them.

use std::iter::once;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::char::is_combining_mark;

use super::plain::{Action, action};

const JOINER: char = '\u{200D}';
const NON_JOINER: char = '\u{200C}';
const EMOJI_STYLE: char = '\u{FE0F}';
const CANCEL_TAG: char = '\u{E007F}';
/// Longest run of marks between a letter and its joiner: the limit of the stream-safe format (UAX 15, section 13).
const MAX_MARKS: usize = 30;

/// Drops the characters of `piece` that nothing needs; `None` if all stay.
///
/// `before` and `after` are what surrounds the piece.
pub(super) fn judge(before: &str, piece: &str, after: &str) -> Option<String> {
    let mut out = String::with_capacity(piece.len());
    let mut rest = piece;
    while let Some(character) = rest.chars().next() {
        let tail = rest.get(character.len_utf8()..).expect("the character starts the rest");
        let next = tail.chars().chain(after.chars()).next();
        if is_tag(character) {
            let end = rest.find(|other| !is_tag(other)).unwrap_or(rest.len());
            let (tags, others) = rest.split_at(end);
            if out.ends_with('\u{1F3F4}') && is_tag_sequence(tags) {
                out.push_str(tags);
            }
            rest = others;
            continue;
        }
        if action(character) != Action::Judge || is_needed(character, before, &out, next) {
            out.push(character);
        }
        rest = tail;
    }
    (out.len() < piece.len()).then_some(out)
}

fn is_tag(character: char) -> bool {
    matches!(character, '\u{E0020}'..='\u{E007F}')
}

/// Some tags and the one that ends them, as in the flag of Scotland.
fn is_tag_sequence(tags: &str) -> bool {
    tags.chars().position(|tag| tag == CANCEL_TAG).is_some_and(|at| at > 0 && at + 1 == tags.chars().count())
}

fn is_needed(character: char, before: &str, out: &str, next: Option<char>) -> bool {
    let previous = out.chars().next_back();
    match character {
        JOINER if previous.is_some_and(ends_picture) => next.is_some_and(is_picture),
        JOINER => !previous.is_some_and(is_joiner) && has_joining_base(before, out),
        NON_JOINER => {
            !previous.is_some_and(is_joiner)
                && next.is_some_and(|next| !next.is_whitespace() && action(next) == Action::Keep)
                && has_joining_base(before, out)
        }
        '\u{FE0E}' => previous.is_some_and(is_picture),
        EMOJI_STYLE if next == Some('\u{20E3}') && previous.is_some_and(is_keycap) => true,
        EMOJI_STYLE => previous.is_some_and(is_picture),
        _ => previous.is_some_and(|letter| matches!(letter, '\u{1820}'..='\u{18AA}')),
    }
}

fn is_joiner(character: char) -> bool {
    matches!(character, JOINER | NON_JOINER)
}

fn is_keycap(character: char) -> bool {
    matches!(character, '0'..='9' | '#' | '*')
}

fn is_picture(character: char) -> bool {
    static PICTURE: LazyLock<Regex> = LazyLock::new(|| one_of(r"\p{Extended_Pictographic}"));
    matches(&PICTURE, character)
}

/// Whether a character may stand before the joiner of an emoji sequence.
fn ends_picture(character: char) -> bool {
    matches!(character, EMOJI_STYLE | CANCEL_TAG | '\u{1F3FB}'..='\u{1F3FF}') || is_picture(character)
}

/// Whether the last letter so far belongs to a script whose letters join or reorder.
fn has_joining_base(before: &str, out: &str) -> bool {
    static JOINING: LazyLock<Regex> = LazyLock::new(|| {
        one_of(
            r"[\p{Arab}\p{Syrc}\p{Mong}\p{Nko}\p{Mand}\p{Adlm}\p{Rohg}\p{Phag}\p{Deva}\p{Beng}\p{Guru}\p{Gujr}\p{Orya}
               \p{Taml}\p{Telu}\p{Knda}\p{Mlym}\p{Sinh}\p{Khmr}\p{Mymr}\p{Tibt}\p{Java}\p{Bali}\p{Newa}]",
        )
    });
    out.chars()
        .rev()
        .chain(before.chars().rev())
        // `before` is the source: what goes from it must not count, and what becomes a space or a line end parts words
        // just as those do, or a second pass would judge otherwise.
        .filter(|&character| !matches!(action(character), Action::Remove | Action::Judge))
        .take(MAX_MARKS + 1)
        .find(|&character| !is_combining_mark(character))
        .is_some_and(|base| matches(&JOINING, base))
}

fn one_of(class: &str) -> Regex {
    Regex::new(&format!("^(?x:{class})$")).expect("the pattern is constant and valid")
}

fn matches(class: &Regex, character: char) -> bool {
    let text: String = once(character).collect();
    class.is_match(&text)
}
