//! How far a word goes.

use super::{Class, class, is_unspaced, is_wide};
use crate::quality::sentences;

/// A word that was read.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) chars: u32,
    pub(super) lettered: bool,
    pub(super) apostrophe: bool,
}

/// Takes the rest of what is one word whatever it holds: the address of a page, `and/or`, `US$`.
pub(super) fn fixed<'a>(here: &'a str, rest: &mut std::str::Chars<'a>) -> Option<Taken> {
    let known = |word: &str| here.strip_prefix(word).filter(|after| !after.starts_with(char::is_alphanumeric));
    let dollars = || ["US$", "C$", "A$"].into_iter().find_map(|sign| here.strip_prefix(sign));
    if let Some(after) = known("and/or").or_else(dollars) {
        *rest = after.chars();
        let chars = u32::try_from(here.len() - after.len()).unwrap_or(u32::MAX);
        return Some(Taken { chars, lettered: true, apostrophe: false });
    }
    let scheme = ["http://", "https://", "ftp://"].into_iter().find(|scheme| here.starts_with(scheme))?;
    let end = here.find(|c: char| c.is_whitespace() || is_unspaced(c) || is_wide(c)).unwrap_or(here.len());
    let url = here.get(..end)?.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '/');
    let after = here.get(url.len()..).filter(|_| url.len() > scheme.len())?;
    *rest = after.chars();
    let chars = u32::try_from(url.chars().count()).unwrap_or(u32::MAX);
    Some(Taken { chars, lettered: true, apostrophe: false })
}

/// Takes the point of an initial or an abbreviation into its word.
pub(super) fn with_point(text: &str, here: &str, taken: Taken, rest: &mut std::str::Chars<'_>) -> Taken {
    let after = rest.as_str();
    if !after.starts_with('.') || after.starts_with("..") || !taken.lettered {
        return taken;
    }
    let start = text.len() - here.len();
    if !sentences::keeps_point(text.get(..start).unwrap_or_default(), here, here.len() - after.len()) {
        return taken;
    }
    rest.next();
    Taken { chars: taken.chars + 1, ..taken }
}

/// Takes the rest of a word.
pub(super) fn word(first: char, rest: &mut std::str::Chars<'_>) -> Taken {
    let mut taken = Taken { chars: 1, lettered: class(first) == Class::Letter, apostrophe: false };
    let mut last = first;
    loop {
        // Most of a Latin word goes in one stride.
        let ascii = rest.as_str().as_bytes().iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if let Some((run, after)) = rest.as_str().split_at_checked(ascii).filter(|(run, _)| !run.is_empty()) {
            taken.lettered |= run.bytes().any(|byte| byte.is_ascii_alphabetic());
            taken.chars += u32::try_from(ascii).unwrap_or(u32::MAX);
            last = run.chars().next_back().unwrap_or(last);
            *rest = after.chars();
        }
        let mut ahead = rest.clone();
        let Some(next) = ahead.next() else { break };
        match class(next) {
            Class::Letter => taken.lettered = true,
            Class::Digit => {}
            Class::Joint if ahead.clone().next().is_some_and(|after| joins(last, next, after)) => {
                taken.apostrophe |= matches!(next, '\'' | '\u{2019}');
            }
            // A hyphen at the end of a word stays on it.
            Class::Joint if next == '-' && ahead.as_str().trim_start_matches('-').starts_with(ends_word) => {}
            Class::Joint if next == '-' && ahead.as_str().trim_start_matches('-').is_empty() => {}
            _ => break,
        }
        taken.chars += 1;
        last = next;
        *rest = ahead;
    }
    taken
}

/// Whether a sign stays on the word behind it: hyphens, a point or an `@` that nothing but a space or an opening mark
/// comes before.
pub(super) fn begins_word(text: &str, here: &str, sign: char) -> bool {
    let opens = |before: char| before.is_whitespace() || matches!(before, '(' | '[' | '{' | '"' | '\'' | '“' | '‘');
    let behind = here.trim_start_matches(sign);
    (sign == '-' || here.len() - behind.len() == 1)
        && behind.starts_with(|next| matches!(class(next), Class::Letter | Class::Digit))
        && text.get(..text.len() - here.len()).unwrap_or_default().chars().next_back().is_none_or(opens)
}

/// Whether a character ends a word and what is joined to it.
fn ends_word(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, ')' | ']' | '}' | ',' | '.' | ';' | ':' | '!' | '?' | '"' | '”' | '’')
}

/// Whether a mark between two characters leaves them one word: `3.5`, `10:43`, `IL-10` and `AT&T`, but not `one/two`
/// and `12-15`.
fn joins(before: char, joint: char, after: char) -> bool {
    let digit = class(after) == Class::Digit;
    match joint {
        // Where a space was forgotten.
        '.' if before.is_lowercase() && after.is_uppercase() => false,
        ',' | '/' | ':' => digit,
        '-' => digit && class(before) == Class::Letter,
        _ => digit || class(after) == Class::Letter,
    }
}

/// Whether a mark is one of its own beside another of its kind: `((`, but not `--`.
pub(super) fn stands_alone(mark: char) -> bool {
    matches!(mark, ',' | ':' | ';' | '!' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '_' | '#' | '*' | '&')
        || matches!(mark, '"' | '\'' | '`' | '=' | '%' | '§' | '…')
}

/// Takes what repeats a mark.
pub(super) fn run(mark: char, rest: &mut std::str::Chars<'_>) -> u32 {
    let mut chars = 0;
    loop {
        let mut ahead = rest.clone();
        if ahead.next() != Some(mark) {
            return chars;
        }
        *rest = ahead;
        chars += 1;
    }
}
