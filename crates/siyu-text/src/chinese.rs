//! Conversion between simplified and traditional Chinese and the standards of Taiwan, Hong Kong and Japan.
//!
//! ```
//! use siyu_text::chinese::{Config, Converter};
//!
//! let converter = Converter::new(Config::S2twp);
//! assert_eq!(converter.convert("鼠标里面的硅二极管坏了"), "滑鼠裡面的矽二極體壞了");
//! ```

mod config;
mod dictionary;

pub use config::Config;

use crate::unicode::offsets::Writer;
use dictionary::Dictionary;
use std::borrow::Cow;

/// A chain of dictionaries, ready to convert.
///
/// The result is that of OpenCC 1.4.2 with the configuration of the same name. Not every configuration is idempotent:
/// a word of one region may be another word of the next.
///
/// # Source
/// OpenCC 1.4.2 (Apache-2.0): its tables as published, and the rules of its configuration files. A text is first freed
/// of compatibility ideographs and cut by the longest words of a dictionary; then each piece passes the stages, and in
/// each the first dictionary that knows a word at a place replaces its longest one.
pub struct Converter {
    normalization: Dictionary,
    segmentation: Option<Dictionary>,
    stages: Vec<Vec<Dictionary>>,
    /// Characters of the basic plane that stand in a key, one bit each.
    known: Box<[u64]>,
}

impl Converter {
    /// Loads the tables of a configuration; a few milliseconds.
    pub fn new(config: Config) -> Self {
        let tables = config.tables();
        let mut converter = Self {
            normalization: Dictionary::new(&[config::COMPATIBILITY]),
            segmentation: tables.segmentation.map(Dictionary::new),
            stages: tables
                .stages
                .iter()
                .map(|stage| stage.iter().map(|&table| Dictionary::new(table)).collect())
                .collect(),
            known: vec![0; 0x1_0000 / 64].into_boxed_slice(),
        };
        let Self { normalization, segmentation, stages, known } = &mut converter;
        for dictionary in stages.iter().flatten().chain([&*normalization]).chain(segmentation.as_ref()) {
            for character in dictionary.keys().flat_map(str::chars) {
                if let Some(word) = known.get_mut(u32::from(character) as usize / 64) {
                    *word |= 1 << (u32::from(character) % 64);
                }
            }
        }
        converter
    }

    /// Converts a text; one that needs nothing is borrowed.
    pub fn convert<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut writer = Writer::new(text, ());
        if text.is_ascii() {
            return Cow::Borrowed(text);
        }
        // A character that stands in no key parts what comes before it from what comes after.
        let (mut start, mut at, mut wide) = (0, 0, false);
        for character in text.chars().chain(['\0']) {
            if self.is_known(character) {
                wide |= !character.is_ascii();
            } else {
                if wide {
                    let piece = text.get(start..at).expect("both are ends of characters");
                    writer.replace(start..at, &self.convert_piece(piece));
                }
                start = at + character.len_utf8();
                wide = false;
            }
            at += character.len_utf8();
        }
        writer.finish().0
    }

    fn is_known(&self, character: char) -> bool {
        let code = u32::from(character);
        self.known.get(code as usize / 64).is_none_or(|word| word >> (code % 64) & 1 == 1)
    }

    fn convert_piece(&self, piece: &str) -> String {
        let text = replace(piece, std::slice::from_ref(&self.normalization));
        let Some(segmentation) = &self.segmentation else {
            return self.pass(&text);
        };
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (segment, others) = rest.split_at(segment_length(rest, segmentation));
            out.push_str(&self.pass(segment));
            rest = others;
        }
        out
    }

    fn pass(&self, segment: &str) -> String {
        let (first, others) = self.stages.split_first().expect("every configuration has a stage");
        others.iter().fold(replace(segment, first), |text, stage| replace(&text, stage))
    }
}

/// Bytes of the word that `text` starts with, or of all before the first word.
fn segment_length(text: &str, words: &Dictionary) -> usize {
    if let Some((word, _)) = words.longest(text) {
        return word.len();
    }
    let starts = text.char_indices().skip(1).map(|(at, _)| at);
    starts.into_iter().find(|&at| words.longest(text.split_at(at).1).is_some()).unwrap_or(text.len())
}

/// Replaces, at each place, the longest key of the first dictionary that has one.
fn replace(text: &str, dictionaries: &[Dictionary]) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let found = dictionaries.iter().find_map(|dictionary| dictionary.longest(rest));
        let length = match found {
            Some((key, value)) => {
                out.push_str(value);
                key.len()
            }
            None => {
                out.push(character);
                character.len_utf8()
            }
        };
        rest = rest.split_at(length).1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Config, Converter};
    use proptest::prelude::*;
    use std::borrow::Cow;
    use std::collections::BTreeMap;
    use std::sync::LazyLock;

    static CONVERTERS: LazyLock<BTreeMap<Config, Converter>> =
        LazyLock::new(|| Config::ALL.into_iter().map(|config| (config, Converter::new(config))).collect());

    /// Made by `scripts/opencc_tables.py`.
    #[test]
    fn converts_as_opencc_does() {
        let cases = include_str!("../tests/fixtures/opencc_cases.json");
        let cases: Vec<(Config, String, String)> = serde_json::from_str(cases).unwrap();
        for (config, given, expected) in cases {
            assert_eq!(CONVERTERS[&config].convert(&given), expected, "{config:?} of {given}");
        }
    }

    #[test]
    fn text_that_needs_nothing_is_borrowed() {
        for text in ["", "plain", "第一条 为了规范口岸开放，提高效率。", "１２＠🙂"] {
            assert!(matches!(CONVERTERS[&Config::T2s].convert(text), Cow::Borrowed(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_converts_and_foreign_text_stays(text in r"(\PC|[一-龥㐀-䶵]|[A-Za-z\n -]){0,40}") {
            for converter in CONVERTERS.values() {
                let _ = converter.convert(&text);
            }
            let foreign: String = text.chars().filter(|letter| u32::from(*letter) < 0x2E80).collect();
            prop_assert_eq!(CONVERTERS[&Config::S2twp].convert(&foreign), foreign.as_str());
        }
    }
}
