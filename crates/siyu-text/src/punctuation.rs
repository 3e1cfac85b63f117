//! Punctuation and width.
//!
//! Only characters that have an exact counterpart change, so numbers, addresses and code read the same afterwards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Which characters change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Full-width letters, digits and the ideographic space become ASCII; Chinese punctuation stays.
    #[default]
    Alphanumeric,
    /// All that has an ASCII counterpart becomes ASCII, Chinese punctuation included.
    Halfwidth,
}

/// Applies a style; text that needs nothing comes back without a copy. Idempotent.
///
/// # Source
/// Unicode 16, block "Halfwidth and Fullwidth Forms": U+FF01 to U+FF5E are ASCII 0x21 to 0x7E, in order.
pub fn normalize(text: &str, style: Style) -> Cow<'_, str> {
    // Every character that can change starts with one of these bytes in UTF-8: U+2000 block, U+3000 block, U+FF00 block.
    let Some(first) = text.char_indices().find(|(_, letter)| replacement(*letter, style).is_some()) else {
        return Cow::Borrowed(text);
    };
    let (clean, rest) = text.split_at(first.0);
    let mut changed = String::with_capacity(text.len());
    changed.push_str(clean);
    for letter in rest.chars() {
        match replacement(letter, style) {
            Some(ascii) => changed.push_str(ascii.encode_utf8(&mut [0; 4])),
            None => changed.push(letter),
        }
    }
    Cow::Owned(changed)
}

/// The ASCII counterpart of a character that changes in this style.
fn replacement(letter: char, style: Style) -> Option<char> {
    if letter < '\u{2018}' {
        return None;
    }
    let narrow = match letter {
        '\u{3000}' => Some(' '),
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0),
        _ => None,
    };
    match style {
        Style::Alphanumeric => narrow.filter(|ascii| ascii.is_ascii_alphanumeric() || *ascii == ' '),
        Style::Halfwidth => narrow.or(match letter {
            '。' | '｡' => Some('.'),
            '、' | '､' => Some(','),
            '“' | '”' | '「' | '」' | '『' | '』' => Some('"'),
            '‘' | '’' => Some('\''),
            '《' | '〈' => Some('<'),
            '》' | '〉' => Some('>'),
            '【' | '〔' | '〖' => Some('['),
            '】' | '〕' | '〗' => Some(']'),
            _ => None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, normalize};
    use proptest::prelude::*;
    use std::borrow::Cow;

    #[test]
    fn digits_become_digits_and_chinese_punctuation_stays() {
        assert_eq!(normalize("第１２条　Ａｂ，《法》「甲」。", Style::Alphanumeric), "第12条 Ab，《法》「甲」。");
    }

    #[test]
    fn halfwidth_takes_all_that_ascii_has() {
        assert_eq!(normalize("（甲），１：２；“乙”。", Style::Halfwidth), "(甲),1:2;\"乙\".");
    }

    #[test]
    fn clean_text_is_not_copied() {
        assert!(matches!(normalize("价格 1,000 元，见 https://a.b/c", Style::Alphanumeric), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing_more(text in any::<String>()) {
            for style in [Style::Alphanumeric, Style::Halfwidth] {
                let once = normalize(&text, style).into_owned();
                prop_assert_eq!(normalize(&once, style), once.as_str());
            }
        }
    }
}
