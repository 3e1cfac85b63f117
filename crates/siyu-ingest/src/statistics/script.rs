//! The length of a text and the script it is mostly written in, from its UTF-8 bytes.
//!
//! Counting bytes instead of decoding characters runs at memory speed. A script weighs what its bytes
//! weigh, so a Han character counts like three Latin letters, about what it says.

/// Characters of all parts, and the script of most of their bytes.
pub(super) fn measure(parts: &[&str]) -> (u64, &'static str) {
    let (mut characters, mut latin, mut han, mut other) = (0, 0, 0, 0);
    for part in parts {
        let bytes = part.as_bytes();
        characters += count(bytes, |byte| byte & 0xC0 != 0x80);
        latin += count(bytes, |byte| (byte | 0x20).wrapping_sub(b'a') < 26);
        if !part.is_ascii() {
            // U+4000 to U+9FFF; what is rarer does not decide a document.
            han += 3 * count(bytes, |byte| byte.wrapping_sub(0xE4) < 6);
            // Latin with accents, Greek, Cyrillic, Arabic: two bytes a letter.
            other += 2 * count(bytes, |byte| byte.wrapping_sub(0xC3) < 0x1D);
            // Indic scripts and Hangul; E2, E3 and EF are punctuation and symbols too.
            other += 3 * count(bytes, |byte| matches!(byte, 0xE0 | 0xE1 | 0xEA..=0xED));
            // Kana follow E3 as 81, 82 and 83; 80 is Chinese punctuation.
            other += 3 * count_pairs(bytes, |lead, next| (lead == 0xE3) & (next.wrapping_sub(0x81) < 3));
        }
    }
    let script = match han.max(latin).max(other) {
        0 => "none",
        most if most == han => "han",
        most if most == latin => "latin",
        _ => "other",
    };
    (characters, script)
}

/// In pieces whose count fits a byte, so that the compiler counts many bytes at once.
#[inline]
fn count(bytes: &[u8], matches: impl Fn(u8) -> bool) -> u64 {
    let piece = |piece: &[u8]| piece.iter().fold(0u8, |sum, &byte| sum.wrapping_add(u8::from(matches(byte))));
    bytes.chunks(255).map(|bytes| u64::from(piece(bytes))).sum()
}

/// [`count`] of neighbours.
#[inline]
fn count_pairs(bytes: &[u8], matches: impl Fn(u8, u8) -> bool) -> u64 {
    let piece = |(leads, nexts): (&[u8], &[u8])| {
        let pairs = leads.iter().zip(nexts);
        pairs.fold(0u8, |sum, (&lead, &next)| sum.wrapping_add(u8::from(matches(lead, next))))
    };
    let nexts = bytes.get(1..).unwrap_or_default();
    bytes.chunks(255).zip(nexts.chunks(255)).map(|pair| u64::from(piece(pair))).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn characters_are_counted_as_the_standard_library_counts_them(text in any::<String>(), times in 1usize..40) {
            let text = text.repeat(times);
            prop_assert_eq!(measure(&[&text]).0, text.chars().count() as u64);
        }
    }

    #[test]
    fn a_document_has_the_script_of_most_of_its_letters() {
        let script = |text| measure(&[text]).1;
        assert_eq!(script("根据《民法典》第577条，见 https 与 PDF。"), "han");
        assert_eq!(script("The court (法院) dismissed the case."), "latin");
        assert_eq!(script("これはひらがなのぶんです"), "other");
        assert_eq!(script("Суд отклонил иск"), "other");
        assert_eq!(script("대한민국 헌법"), "other");
        assert_eq!(script("。，、 2024-01-01 ——"), "none");
    }
}
