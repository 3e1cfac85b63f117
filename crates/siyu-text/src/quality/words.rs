//! Words for counting: runs of letters and digits, single marks, and characters of scripts without spaces.

mod cuts;
mod read;

use read::{Taken, begins_word, fixed, run, stands_alone, with_point, word};
use unicode_normalization::char::is_combining_mark;

/// Parts of which a word between spaces has this many.
pub(super) const WHOLE: u32 = 8;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, maybe with digits among them.
    Letters,
    /// Digits without a letter.
    Digits,
    /// One character of a script that is written without spaces.
    Character,
    /// A punctuation mark or symbol, or a run of the same one.
    Mark,
    /// A punctuation mark of Chinese text, which is no word of its own; what English shares with it is one beside Han.
    Quiet,
}

/// A word, a character that stands for a part of one, or a mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) kind: Kind,
    /// Characters of the text.
    pub(super) chars: u32,
    /// Eighths of a word that it counts for.
    pub(super) parts: u32,
    /// Letters that it counts for.
    pub(super) letters: u32,
}

/// Whether a character is written by Chinese, Japanese or Korean as a Han character.
pub fn is_han(character: char) -> bool {
    matches!(u32::from(character), 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
        || matches!(character, '々' | '〇')
}

/// Whether a character is Han or kana.
pub(super) fn is_cjk(character: char) -> bool {
    character >= '\u{3005}'
        && (is_han(character)
            || matches!(character, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '\u{31F0}'..='\u{31FF}' | 'ｦ'..='ﾝ'))
}

/// Whether a character belongs to a script of South-East Asia that puts no space between words.
fn is_south_east_asian(character: char) -> bool {
    matches!(u32::from(character), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF)
}

/// Whether a character belongs to a script without spaces.
pub(super) fn is_unspaced(character: char) -> bool {
    is_cjk(character) || is_south_east_asian(character)
}

/// Whether a mark is one of Chinese typography.
pub(super) fn is_wide(character: char) -> bool {
    matches!(u32::from(character), 0x2010..=0x201F | 0x2026 | 0x3000..=0x303F | 0xFF01..=0xFF65 | 0xB7)
}

/// Whether a mark is one of Chinese typography and of no other.
fn is_full(character: char) -> bool {
    matches!(u32::from(character), 0x3000..=0x303F | 0xFF01..=0xFF65)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Letter,
    Digit,
    /// May hold a word together, by what stands around it.
    Joint,
    Cjk,
    SouthEastAsian,
    Mark,
}

fn class(character: char) -> Class {
    match character {
        'a'..='z' | 'A'..='Z' => Class::Letter,
        '0'..='9' => Class::Digit,
        '\'' | '.' | ',' | '_' | '@' | '&' | '-' | '/' | ':' | '\u{2019}' => Class::Joint,
        _ if character.is_ascii() => {
            if character.is_ascii_whitespace() || character == '\u{b}' {
                Class::Space
            } else {
                Class::Mark
            }
        }
        _ if is_cjk(character) => Class::Cjk,
        _ if is_plain_mark(character) => Class::Mark,
        _ if is_south_east_asian(character) => Class::SouthEastAsian,
        _ if character.is_alphabetic() || is_combining_mark(character) => Class::Letter,
        _ if character.is_numeric() => Class::Digit,
        _ if character.is_whitespace() => Class::Space,
        _ => Class::Mark,
    }
}

/// The frequent marks of Chinese text, which need no look into the tables of Unicode.
fn is_plain_mark(character: char) -> bool {
    matches!(u32::from(character), 0x2010..=0x2027 | 0x3001..=0x3003 | 0x3008..=0x3011 | 0xFF01..=0xFF0F | 0xFF1A..=0xFF20)
}

/// Calls `f` with each word and mark of a text in order.
pub(super) fn for_each<'a>(text: &'a str, mut f: impl FnMut(Word<'a>)) {
    let mut rest = text.chars();
    // Marks in a row since the last word of a script without spaces.
    let mut quiet = 0u32;
    loop {
        let here = rest.as_str();
        let Some(first) = rest.next() else { break };
        let mut apostrophe = None;
        let (kind, chars, parts, letters) = match class(first) {
            Class::Space => continue,
            Class::Cjk => (Kind::Character, 1, 5, 3),
            Class::SouthEastAsian => (Kind::Character, 1, 2, 1),
            Class::Letter | Class::Digit => {
                let taken = fixed(here, &mut rest).unwrap_or_else(|| word(first, &mut rest));
                let taken = with_point(text, here, taken, &mut rest);
                apostrophe = Some(taken.apostrophe);
                let kind = if taken.lettered { Kind::Letters } else { Kind::Digits };
                (kind, taken.chars, WHOLE, taken.chars)
            }
            Class::Joint if matches!(first, '-' | '.' | '@') && begins_word(text, here, first) => {
                let signs = 1 + run(first, &mut rest);
                let taken = rest.next().map_or(Taken::default(), |first| word(first, &mut rest));
                let kind = if taken.lettered { Kind::Letters } else { Kind::Digits };
                (kind, signs + taken.chars, WHOLE, signs + taken.chars)
            }
            Class::Joint | Class::Mark => {
                let chinese = quiet > 0 || is_full(first) || (is_wide(first) && rest.clone().take(2).any(is_cjk));
                let run_is_one = chinese || !stands_alone(first);
                let chars = 1 + if run_is_one { run(first, &mut rest) } else { 0 };
                if chinese && quiet < 3 { (Kind::Quiet, chars, 0, 0) } else { (Kind::Mark, chars, WHOLE, 0) }
            }
        };
        quiet = match kind {
            Kind::Character => 1,
            Kind::Letters | Kind::Digits => 0,
            Kind::Quiet => quiet + 1,
            Kind::Mark => quiet,
        };
        let text = here.get(..here.len() - rest.as_str().len()).expect("iterators stop between characters");
        let found = Word { text, kind, chars, parts, letters };
        let cut = match apostrophe {
            Some(true) => cuts::contraction(&found),
            Some(false) if kind == Kind::Letters && !rest.as_str().starts_with(is_cjk) => cuts::unmarked(&found),
            _ => None,
        };
        match cut {
            Some((stem, ending)) => {
                f(stem);
                f(ending);
            }
            None => f(found),
        }
    }
}

#[cfg(test)]
mod tests;
