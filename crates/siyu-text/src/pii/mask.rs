//! Replacing what was found.

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::chunk::{Atom, atom};
use super::detector::{Detector, Found};
use super::kind::Kind;
use super::places::Places;

/// What stands in the place of personal data.
#[derive(Clone, Debug)]
pub enum Replacement {
    /// A fixed token such as `<MASK>`; `{kind}` in it becomes the kind's name.
    Fixed(String),
    /// A token that is the same for the same value under the same key, such as `<cn_mobile:3f9a1c27b04d>`.
    ///
    /// It is the start of the HMAC-SHA-256 of the canonical value: full-width forms as ASCII, separators removed,
    /// letters in one case.
    Pseudonym {
        /// The secret key. Whoever has it can test guesses against the tokens.
        key: Vec<u8>,
    },
}

/// A text without its personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masked<'a> {
    /// The text; borrowed where nothing was found.
    pub text: Cow<'a, str>,
    /// How many of each kind were replaced, in the order of [`Kind::ALL`]; kinds without any are left out.
    pub counts: Vec<(Kind, u32)>,
}

/// Finds and replaces personal data.
#[derive(Clone, Debug)]
pub struct Masker {
    detector: Detector,
    replacement: Replacement,
}

/// Masking one value can change what stands around another; no text was seen that needs more than two rounds.
const MAX_ROUNDS: usize = 8;

impl Masker {
    /// A masker of the given kinds.
    pub fn new(kinds: &[Kind], replacement: Replacement) -> Self {
        Self { detector: Detector::new(kinds), replacement }
    }

    /// Replaces all personal data in `text`. Masking a masked text changes nothing.
    pub fn mask<'a>(&self, text: &'a str) -> Masked<'a> {
        self.mask_noting(text, |_| {})
    }

    /// Replaces all personal data in `text` and tells each place, by its offsets in `text`; what only shows once
    /// something else is masked comes later than that.
    pub fn mask_noting<'a>(&self, text: &'a str, mut note: impl FnMut(Found)) -> Masked<'a> {
        let mut tally = [0; Kind::ALL.len()];
        let mut places = Places::default();
        let mut masked = Cow::Borrowed(text);
        for _ in 0..MAX_ROUNDS {
            let found = self.detector.find(&masked);
            if found.is_empty() {
                break;
            }
            let (next, ranges) = self.replaced(&masked, &found);
            for one in found {
                let (start, end) = places.given(one.start, one.end);
                tally[one.kind as usize] += 1;
                note(Found { start, end, ..one });
            }
            if next == masked {
                break;
            }
            places.replace(&ranges);
            masked = Cow::Owned(next);
        }
        let counts = Kind::ALL.iter().map(|&kind| (kind, tally[kind as usize])).filter(|(_, count)| *count > 0);
        Masked { text: masked, counts: counts.collect() }
    }

    /// The text with masks, and for each its range and the mask's length.
    fn replaced(&self, text: &str, found: &[Found]) -> (String, Vec<(usize, usize, usize)>) {
        let mut ranges = Vec::with_capacity(found.len());
        let mut masked = String::with_capacity(text.len());
        let mut from = 0;
        for one in found {
            let between = text.get(from..one.start).expect("matches are sorted and lie at character boundaries");
            let value = text.get(one.start..one.end).expect("matches lie at character boundaries");
            masked.push_str(between);
            let before = masked.len();
            self.push_token(&mut masked, one.kind, value);
            ranges.push((one.start, one.end, masked.len() - before));
            from = one.end;
        }
        masked.push_str(text.get(from..).expect("the last match ends at a character boundary"));
        (masked, ranges)
    }

    fn push_token(&self, masked: &mut String, kind: Kind, value: &str) {
        match &self.replacement {
            Replacement::Fixed(token) => masked.push_str(&token.replace("{kind}", kind.name())),
            Replacement::Pseudonym { key } => {
                let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
                code.update(kind.name().as_bytes());
                code.update(&[0]);
                code.update(canonical(kind, value).as_bytes());
                masked.push('<');
                masked.push_str(kind.name());
                masked.push(':');
                for byte in code.finalize().into_bytes().iter().take(6) {
                    for nibble in [byte >> 4, byte & 15] {
                        masked.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
                    }
                }
                masked.push('>');
            }
        }
    }
}

/// One writing for all writings of a value.
fn canonical(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Email => {
            let plain = value.to_lowercase().replace('＠', "@");
            let at = ["(at)", "[at]", "（at）", "【at】", "{at}"].iter().fold(plain, |text, at| text.replace(at, "@"));
            let hash = if at.contains('@') { at } else { at.replace('#', "@") };
            hash.split_whitespace().collect()
        }
        Kind::Secret => value.to_owned(),
        Kind::Ipv4 | Kind::Ipv6 | Kind::Wechat | Kind::DateOfBirth => value.to_lowercase(),
        _ => {
            let folded: String = value
                .char_indices()
                .filter_map(|(at, letter)| match atom(value.as_bytes(), at).0 {
                    Atom::Alnum(byte) => Some(char::from(byte.to_ascii_uppercase())),
                    Atom::Other if letter.is_alphanumeric() => Some(letter),
                    _ => None,
                })
                .collect();
            if kind == Kind::CnMobile {
                folded.chars().skip(folded.chars().count().saturating_sub(11)).collect()
            } else {
                folded
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masker(token: &str) -> Masker {
        Masker::new(Kind::DEFAULT, Replacement::Fixed(token.to_owned()))
    }

    #[test]
    fn text_without_personal_data_is_borrowed() {
        assert!(matches!(masker("<MASK>").mask("第一条 2021年").text, Cow::Borrowed(_)));
    }

    #[test]
    fn the_kind_can_stand_in_the_token_and_is_counted() {
        let masked = masker("<{kind}>").mask("电话13800138000，邮箱zhang@qq.com");
        assert_eq!(masked.text, "电话<cn_mobile>，邮箱<email>");
        assert_eq!(masked.counts, [(Kind::CnMobile, 1), (Kind::Email, 1)]);
    }

    #[test]
    fn a_pseudonym_is_the_same_for_every_writing_of_a_number() {
        let masker = Masker::new(Kind::DEFAULT, Replacement::Pseudonym { key: b"key".to_vec() });
        let plain = masker.mask("13800138000").text.into_owned();
        assert_eq!(plain.len(), "<cn_mobile:3f9a1c27b04d>".len());
        for other in ["+86 138-0013-8000", "１３８００１３８０００", "138 0013 8000"] {
            assert_eq!(masker.mask(other).text, plain);
        }
        assert_eq!(masker.mask(&plain).text, plain);
        assert_ne!(masker.mask("13900139000").text, plain);
    }

    #[test]
    fn places_are_told_by_their_offsets_in_the_given_text() {
        let text = "电话13800138000，邮箱zhang@qq.com";
        let mut told = Vec::new();
        let counts = masker("<{kind}>")
            .mask_noting(text, |found| told.push((found.rule, text.get(found.start..found.end).unwrap())));
        assert_eq!(told, [("cn_mobile", "13800138000"), ("email", "zhang@qq.com")]);
        assert_eq!(counts.counts.len(), 2);
    }

    const PIECES: &str = "(13800138000|zhang@qq.com|4012888888881881|QQ|微信|：|电话|订单号|[ -~]{0,4}|\\PC{0,3}|::1|10.0.0.1|password=|[0-9]{1,9}){0,12}";

    proptest! {
        #[test]
        fn masking_never_panics_and_is_idempotent(text in PIECES) {
            for replacement in [Replacement::Fixed("<{kind}>".into()), Replacement::Fixed("<MASK>".into()), Replacement::Pseudonym { key: vec![1] }] {
                let masker = Masker::new(Kind::ALL, replacement);
                let once = masker.mask(&text).text.into_owned();
                let twice = masker.mask(&once).text.into_owned();
                prop_assert_eq!(once, twice);
            }
        }

        #[test]
        fn matches_are_sorted_disjoint_and_at_character_boundaries(text in "\\PC{0,60}") {
            let mut from = 0;
            for found in Detector::new(Kind::ALL).find(&text) {
                prop_assert!(from <= found.start && found.start < found.end);
                prop_assert!(text.get(found.start..found.end).is_some());
                from = found.end;
            }
        }
    }
}
