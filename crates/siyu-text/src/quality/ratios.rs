//! Shares of a text's characters.

use super::is_han;

/// Share of Han characters among all that are not white space; 0 for a blank text.
pub fn han_ratio(text: &str) -> f64 {
    share(text, |character, _| is_han(character))
}

/// Share of symbols among all characters that are not white space; 0 for a blank text.
///
/// A symbol is what is neither letter, mark on a letter nor digit, nor a punctuation mark of prose, Western or Chinese.
/// Of a run of the same mark the fourth and later count as symbols, so that rules and leaders are seen.
pub fn symbol_ratio(text: &str) -> f64 {
    share(text, |character, run| {
        !(character.is_alphanumeric()
            || unicode_normalization::char::is_combining_mark(character)
            || matches!(character, '\u{200C}' | '\u{200D}')
            || (is_prose_mark(character) && run < 4))
    })
}

fn is_prose_mark(mark: char) -> bool {
    matches!(mark, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '"' | '(' | ')' | '-' | '%')
        || matches!(
            mark,
            '，' | '。' | '、' | '；' | '：' | '！' | '？' | '…' | '—' | '–' | '‐' | '·' | '・' | '～' | '％'
        )
        || matches!(mark, '“' | '”' | '‘' | '’' | '„' | '‚' | '«' | '»' | '‹' | '›' | '「' | '」' | '『' | '』')
        || matches!(mark, '（' | '）' | '《' | '》' | '〈' | '〉' | '【' | '】' | '〔' | '〕' | '［' | '］' | '¿' | '¡')
        || matches!(mark, '．' | '｡' | '､' | '｢' | '｣' | '،' | '؛' | '؟' | '۔' | '।' | '॥')
}

/// Share of characters that `counts` holds for, given the character and its place in a run of the same one, from 1.
fn share(text: &str, counts: impl Fn(char, u32) -> bool) -> f64 {
    let (mut counted, mut all, mut run) = (0u32, 0u32, ('\0', 0u32));
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        run = (character, if run.0 == character { run.1.saturating_add(1) } else { 1 });
        counted += u32::from(counts(character, run.1));
        all += 1;
    }
    f64::from(counted) / f64::from(all.max(1))
}

#[cfg(test)]
mod tests {
    use super::{han_ratio, symbol_ratio};
    use proptest::prelude::*;

    #[test]
    fn shares_are_of_characters_that_are_no_space() {
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        close(han_ratio("合同 ab\u{3000}〇"), 0.6);
        close(han_ratio(" \n"), 0.0);
        close(symbol_ratio("合同，“甲方”（乙）。 It's 3.5% – ok!"), 0.0);
        close(symbol_ratio("★★ab"), 0.5);
        close(symbol_ratio("ab##😀\u{FFFD}"), 4.0 / 6.0);
        close(symbol_ratio("目录......"), 3.0 / 8.0);
        close(symbol_ratio(""), 0.0);
    }

    proptest! {
        #[test]
        fn shares_lie_between_none_and_all(text in any::<String>()) {
            prop_assert!((0.0..=1.0).contains(&symbol_ratio(&text)));
            prop_assert!((0.0..=1.0).contains(&han_ratio(&text)));
        }
    }
}
