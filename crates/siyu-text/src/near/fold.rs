//! The form in which texts are compared.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;

/// Hands over the characters in which two texts are compared.
///
/// Full-width and half-width forms (U+FF00 to U+FFEF, and the ideographic space) become the usual ones, letters small
/// letters, everything is composed (NFC), each run of white space becomes one space, and none stands at either end.
///
/// # Panics
/// Never: each full-width form has its ASCII letter.
pub fn fold(text: &str, emit: impl FnMut(char)) {
    let mut spaces = Spaces { emit, pending: false, started: false };
    if text.chars().all(is_plain) {
        for character in text.chars() {
            match u32::from(character) {
                0x41..=0x5A => spaces.push(character.to_ascii_lowercase()),
                0..0x80 | 0x3400..=0x9FFF => spaces.push(character),
                code @ 0xFF01..=0xFF5E => {
                    let ascii = char::from(u8::try_from(code - 0xFEE0).expect("the block mirrors ASCII"));
                    spaces.push(ascii.to_ascii_lowercase());
                }
                _ => character.to_lowercase().for_each(|small| spaces.push(small)),
            }
        }
        return;
    }
    let mut usual = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(u32::from(character), 0xFF00..=0xFFEF) {
            decompose_compatible(character, |part| usual.extend(part.to_lowercase()));
        } else {
            usual.extend(character.to_lowercase());
        }
    }
    usual.nfc().for_each(|character| spaces.push(character));
}

/// The text that [`fold`] hands over.
///
/// ```
/// assert_eq!(siyu_text::near::folded(" Ａ公司\u{3000}\n与B公司 "), "a公司 与b公司");
/// ```
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold(text, |character| folded.push(character));
    folded
}

/// Characters that stand for themselves under NFC whatever stands beside them, as long as all are of this kind.
fn is_plain(character: char) -> bool {
    // U+0130 becomes two characters when it becomes small.
    let code = u32::from(character);
    code != 0x130
        && matches!(
            code,
            0..0x300 | 0x2010..=0x203F | 0x2460..=0x24FF | 0x3000..=0x3029 | 0x3041..=0x3096 | 0x30A1..=0x30FA
                | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xFF01..=0xFF5E
        )
}

struct Spaces<F> {
    emit: F,
    pending: bool,
    started: bool,
}

impl<F: FnMut(char)> Spaces<F> {
    fn push(&mut self, character: char) {
        if character.is_whitespace() {
            self.pending = self.started;
            return;
        }
        if self.pending {
            (self.emit)(' ');
            self.pending = false;
        }
        self.started = true;
        (self.emit)(character);
    }
}

#[cfg(test)]
mod tests {
    use super::{folded, is_plain};
    use proptest::prelude::*;
    use unicode_normalization::{UnicodeNormalization, is_nfc};

    /// The definition, word for word and slowly.
    fn slowly(text: &str) -> String {
        let width = |character: char| -> String {
            let half = ('\u{FF00}'..='\u{FFEF}').contains(&character);
            if half { character.to_string().nfkd().collect() } else { character.to_string() }
        };
        let usual: String =
            text.chars().map(width).collect::<String>().chars().flat_map(char::to_lowercase).nfc().collect();
        usual.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    proptest! {
        #[test]
        fn both_ways_give_what_the_definition_says(text in "\\PC{0,30}|[Ａ-Ｚａ-ｚ　 \n甲乙丙aBéＥ\u{301}ｶﾞ가İ豈]{0,30}") {
            prop_assert_eq!(folded(&text), slowly(&text));
        }
    }

    #[test]
    fn plain_characters_are_composed_in_any_company() {
        let plain: Vec<char> = ('\0'..=char::MAX).filter(|&character| is_plain(character)).collect();
        let small: String = plain.iter().flat_map(|character| character.to_lowercase()).collect();
        assert!(is_nfc(&small));
        let doubled: String = plain.iter().flat_map(|&character| ['a', character, '가', character]).collect();
        assert_eq!(doubled.nfc().collect::<String>(), doubled);
    }
}
