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
mod stage;

pub use config::Config;

use crate::unicode::offsets::{OffsetMap, Record, Writer};
use stage::Stage;
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
    normalization: Stage,
    segmentation: Option<Stage>,
    stages: Vec<Stage>,
}

impl Converter {
    /// Loads the tables of a configuration; a few milliseconds.
    pub fn new(config: Config) -> Self {
        let tables = config.tables();
        Self {
            normalization: Stage::new(&[&[config::COMPATIBILITY]]),
            segmentation: tables.segmentation.map(|words| Stage::new(&[words])),
            stages: tables.stages.iter().map(|dictionaries| Stage::new(dictionaries)).collect(),
        }
    }

    /// Converts a text; one that needs nothing is borrowed.
    pub fn convert<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.converted::<()>(text).0
    }

    /// Like [`Converter::convert`], with the place in the source for each place in the result.
    pub fn convert_mapped<'a>(&self, text: &'a str) -> (Cow<'a, str>, OffsetMap) {
        self.converted(text)
    }

    fn converted<'a, R: Record>(&self, source: &'a str) -> (Cow<'a, str>, R) {
        let (mut text, mut record) = (Cow::Borrowed(source), R::default());
        if may_be_compatibility(source.as_bytes()) {
            (text, record) = rewritten(text, record, |text, writer| {
                self.normalization.replace(text, &mut [text.len()], writer);
            });
        }
        let mut ends = match &self.segmentation {
            Some(words) => words.cut(&text),
            None => vec![text.len()],
        };
        for stage in &self.stages {
            (text, record) = rewritten(text, record, |text, writer| stage.replace(text, &mut ends, writer));
        }
        (text, record)
    }
}

/// A text after one more rewriting, and what all of them did.
fn rewritten<R: Record>(
    text: Cow<'_, str>,
    record: R,
    rewrite: impl FnOnce(&str, &mut Writer<'_, R>),
) -> (Cow<'_, str>, R) {
    let mut writer = Writer::new(&text, R::default());
    rewrite(&text, &mut writer);
    match writer.changed() {
        Some((changed, further)) => (Cow::Owned(changed), further.after(record)),
        None => (text, record),
    }
}

/// Whether a text may have a compatibility ideograph: U+F900 to U+FAFF, or one beyond the basic plane.
#[allow(clippy::needless_bitwise_bool, reason = "the scan is branch-free so that it vectorizes")]
fn may_be_compatibility(bytes: &[u8]) -> bool {
    bytes.array_windows().fold(false, |found, &[a, b]| found | (a == 0xEF && b.wrapping_sub(0xA4) < 8) | (a >= 0xF0))
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

    #[test]
    fn only_compatibility_ideographs_need_the_first_pass() {
        for line in super::config::COMPATIBILITY.lines().filter(|line| line.contains('\t')) {
            assert!(super::may_be_compatibility(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn offsets_lead_back_through_all_stages() {
        // 硅二极管 is 矽二極體 in Taiwan, by way of 硅二極管; 豈 is a compatibility ideograph.
        let (text, map) = CONVERTERS[&Config::S2twp].convert_mapped("\u{f900}a硅二极管坏了");
        assert_eq!(text, "豈a矽二極體壞了");
        let source = |piece: &str| {
            let at = text.find(piece).unwrap();
            map.source_range(at..at + piece.len())
        };
        assert_eq!((source("豈"), source("a"), source("矽二極體"), source("壞了")), (0..3, 3..4, 4..16, 16..22));
    }

    proptest! {
        #[test]
        fn offsets_are_monotone(text in r"([一-龥\u{f900}-\u{f9ff}]|鼠标|滑鼠|软件|軟體|计算机|着|a){0,20}") {
            for converter in CONVERTERS.values() {
                let (out, map) = converter.convert_mapped(&text);
                prop_assert_eq!(&out, &converter.convert(&text));
                let mut last = 0;
                for (at, letter) in out.char_indices() {
                    let range = map.source_range(at..at + letter.len_utf8());
                    prop_assert!(last <= range.start && range.end <= text.len(), "{text} {out} {range:?}");
                    last = range.start;
                }
            }
        }

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
