//! Where English is cut inside a word, as spaCy's rules for English have it.

use super::{Kind, Word};

/// English contractions are two words, as tokenizers of English have it: `do` and `n't`, `it` and `'s`.
pub(super) fn contraction<'a>(word: &Word<'a>) -> Option<(Word<'a>, Word<'a>)> {
    if word.kind != Kind::Letters || word.text.len() < 3 {
        return None;
    }
    let bytes = word.text.as_bytes();
    let back = bytes.len() - bytes.len().min(5);
    let apostrophe = back + bytes[back..].iter().rposition(|byte| matches!(byte, b'\'' | 0x99))?;
    let start = if bytes[apostrophe] == b'\'' { apostrophe } else { apostrophe.checked_sub(2)? };
    let ending = word.text.get(apostrophe + 1..)?;
    let cut = match ending {
        "s" | "re" | "ve" | "ll" | "d" | "m" | "S" | "RE" | "VE" | "LL" | "D" | "M" => start,
        "t" | "T" if matches!(bytes.get(start.checked_sub(1)?), Some(b'n' | b'N')) => start - 1,
        _ => return None,
    };
    halves(word, cut)
}

/// What is two words without a sign of it: `can` and `not`, `do` and `nt`, `100` and `m`, `10` and `am`.
pub(super) fn unmarked<'a>(word: &Word<'a>) -> Option<(Word<'a>, Word<'a>)> {
    let bytes = word.text.as_bytes();
    if matches!(word.text, "cannot" | "Cannot") {
        return halves(word, 3);
    }
    if word.text.strip_suffix("nt").is_some_and(is_negated) {
        return halves(word, bytes.len() - 2);
    }
    let letters = bytes.iter().rev().take(5).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (number, unit) = word.text.split_at_checked(bytes.len() - letters)?;
    if !number.ends_with(|before: char| before.is_ascii_digit()) {
        return None;
    }
    let is_hour = matches!(unit, "am" | "pm") && number.parse().is_ok_and(|hour: u8| (1..=12).contains(&hour));
    if is_hour || UNITS.contains(&unit) { halves(word, number.len()) } else { None }
}

fn is_negated(verb: &str) -> bool {
    let is_lower = verb.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
    is_lower && NEGATIONS.iter().any(|known| known.eq_ignore_ascii_case(verb))
}

/// What stands before `nt` where `n't` was meant.
const NEGATIONS: [&str; 22] = [
    "ai", "are", "ca", "could", "dare", "did", "does", "do", "had", "has", "have", "is", "might", "may", "must",
    "need", "ought", "sha", "should", "was", "were", "wo",
];

/// Units that are words of their own behind a digit.
const UNITS: [&str; 33] = [
    "km", "m", "dm", "cm", "mm", "ha", "nm", "yd", "in", "ft", "kg", "g", "mg", "t", "lb", "oz", "kmh", "mph", "hPa",
    "Pa", "mbar", "mb", "MB", "kb", "KB", "gb", "GB", "tb", "TB", "T", "G", "M", "K",
];

/// The two halves of a word that is cut there.
fn halves<'a>(word: &Word<'a>, cut: usize) -> Option<(Word<'a>, Word<'a>)> {
    let (stem, ending) = word.text.split_at_checked(cut).filter(|(stem, _)| !stem.is_empty())?;
    let chars = u32::try_from(ending.chars().count()).unwrap_or(0);
    let left = word.chars - chars;
    let kind = if stem.contains(char::is_alphabetic) { Kind::Letters } else { Kind::Digits };
    Some((
        Word { text: stem, kind, chars: left, letters: left, ..*word },
        Word { text: ending, chars, letters: chars, ..*word },
    ))
}
