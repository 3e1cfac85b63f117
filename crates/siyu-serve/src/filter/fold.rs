//! How a character is read: its plain forms, or what it is between others.

use std::collections::HashMap;

use siyu_text::chinese::{Config, Converter};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// What one character is to the words of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Letters and digits, told by [`Folding::fold`].
    Letters,
    /// Not seen at all: a word goes on behind it as if it were not there.
    Invisible,
    /// Stands between the characters of a word to hide it: space, mark, symbol.
    Separator,
    /// Ends a clause: what stands behind it is seldom the rest of a word.
    Clause,
}

/// Folds characters to one form: width, case, accents, compatibility forms, and traditional Han on request.
pub(super) struct Folding {
    simplified: Option<HashMap<char, char>>,
}

impl Folding {
    /// A folding; with `traditional`, each traditional character counts as its simplified one.
    pub(super) fn new(traditional: bool) -> Self {
        Self { simplified: traditional.then(simplified) }
    }

    /// The class of `letter`; its plain forms go to `out` where it is of letters.
    pub(super) fn fold(&self, letter: char, out: &mut Vec<char>) -> Class {
        match letter {
            // Decompositions of the last three are letters of their own: a part of a syllable is not that syllable.
            'a'..='z' | '0'..='9' | '\u{AC00}'..='\u{D7A3}' | '\u{3041}'..='\u{30FA}' | '\u{30FC}' => out.push(letter),
            'A'..='Z' => out.push(letter.to_ascii_lowercase()),
            '\n' | '。' | '，' | '；' | '：' | '？' | '！' | '、' | '\u{2028}' | '\u{2029}' => {
                return Class::Clause;
            }
            '\t' | ' '..='~' => return Class::Separator,
            '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => return Class::Invisible,
            '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' => out.push(self.simple(letter)),
            _ => return self.fold_rare(letter, out),
        }
        Class::Letters
    }

    fn fold_rare(&self, letter: char, out: &mut Vec<char>) -> Class {
        if is_invisible(letter) || is_combining_mark(letter) {
            return Class::Invisible;
        }
        let before = out.len();
        decompose_compatible(letter, |part| {
            if !is_combining_mark(part) {
                out.extend(part.to_lowercase().filter(|part| part.is_alphanumeric()).map(|part| self.simple(part)));
            }
        });
        if out.len() > before { Class::Letters } else { Class::Separator }
    }

    fn simple(&self, letter: char) -> char {
        self.simplified.as_ref().and_then(|table| table.get(&letter)).copied().unwrap_or(letter)
    }
}

/// Whether a character has no width and no meaning between letters: Unicode's default ignorable code points and fillers.
const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether letters of this kind are written with spaces between words: everything but Han, kana and their like.
pub(super) const fn is_spaced(letter: char) -> bool {
    !matches!(letter, '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}' | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}'
        | '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}

/// Every traditional character with its simplified form, by the converter's own tables.
fn simplified() -> HashMap<char, char> {
    let converter = Converter::new(Config::T2s);
    let mut table = HashMap::new();
    let mut buffer = [0; 4];
    for letter in ('\u{3400}'..='\u{9FFF}').chain('\u{20000}'..='\u{2FFFF}') {
        let mut converted = converter.convert(letter.encode_utf8(&mut buffer)).into_owned();
        if let (Some(simple), None) = (converted.pop(), converted.pop())
            && simple != letter
        {
            table.insert(letter, simple);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str, traditional: bool) -> String {
        let folding = Folding::new(traditional);
        let mut out = Vec::new();
        for letter in text.chars() {
            folding.fold(letter, &mut out);
        }
        out.into_iter().collect()
    }

    #[test]
    fn width_case_accents_and_invisible_characters_fold_away() {
        // Fullwidth, mathematical bold, circled, accents both composed and not, zero-width space, halfwidth kana.
        assert_eq!(folded("Ｂａｄ 𝐁𝐀𝐃 ⓑⓐⓓ bád ba\u{301}d b\u{200b}ad ｱ", false), "badbadbadbadbadbadア");
    }

    #[test]
    fn traditional_characters_are_simple_on_request_only() {
        assert_eq!(folded("臺灣國語", true), "台湾国语");
        assert_eq!(folded("國語", false), "國語");
    }

    #[test]
    fn parts_of_a_syllable_stay_in_it() {
        assert_eq!(folded("각が", false), "각が");
    }
}
