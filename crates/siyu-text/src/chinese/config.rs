//! OpenCC's configurations and the tables they are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A direction of conversion, by OpenCC's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Config {
    /// Simplified to traditional.
    S2t,
    /// Traditional to simplified.
    T2s,
    /// Simplified to the standard of Taiwan.
    S2tw,
    /// The standard of Taiwan to simplified.
    Tw2s,
    /// Simplified to the standard and the words of Taiwan.
    S2twp,
    /// The standard and the words of Taiwan to simplified and the words of the mainland.
    Tw2sp,
    /// Simplified to the standard of Hong Kong.
    S2hk,
    /// The standard of Hong Kong to simplified.
    Hk2s,
    /// Simplified to the standard and the words of Hong Kong.
    S2hkp,
    /// The standard and the words of Hong Kong to simplified and the words of the mainland.
    Hk2sp,
    /// Traditional to the standard of Taiwan.
    T2tw,
    /// The standard of Taiwan to traditional.
    Tw2t,
    /// Traditional to the standard of Hong Kong.
    T2hk,
    /// The standard of Hong Kong to traditional.
    Hk2t,
    /// Traditional characters to those of today's Japanese.
    T2jp,
    /// Characters of today's Japanese to traditional ones.
    Jp2t,
}

/// What a configuration does.
pub(super) struct Tables {
    /// The union of tables whose words cut a text.
    pub(super) segmentation: Option<&'static [&'static str]>,
    /// Stages; each a list of dictionaries in order of precedence; each dictionary a union of tables.
    pub(super) stages: &'static [&'static [&'static [&'static str]]],
}

macro_rules! table {
    ($name:literal) => {
        include_str!(concat!("../../tables/opencc/", $name, ".txt"))
    };
}

/// Compatibility ideographs and the characters they duplicate.
pub(super) const COMPATIBILITY: &str = table!("CJK_Compatibility_Ideographs");

const ST_WORDS: &[&str] = &[table!("STPhrases"), table!("STPhrases_GeneratedFromRegionalPhrases")];
const TS_WORDS: &[&str] = &[table!("TSPhrases")];
const FROM_SIMPLIFIED: &[&[&str]] = &[ST_WORDS, &[table!("STCharacters")]];
const TO_SIMPLIFIED: &[&[&str]] = &[TS_WORDS, &[table!("TSCharactersExt")], &[table!("TSCharacters")]];
const TAIWAN: &[&[&str]] = &[&[table!("TWVariantsPhrases")], &[table!("TWVariants")]];
const TAIWAN_WORDS: &[&[&str]] = &[&[table!("TWPhrases")], &[table!("TWVariantsPhrases")], &[table!("TWVariants")]];
const FROM_TAIWAN: &[&[&str]] = &[&[table!("TWVariantsRevPhrases")], &[table!("TWVariantsRev")]];
const FROM_TAIWAN_WORDS: &[&[&str]] =
    &[&[table!("TWPhrasesRev")], &[table!("TWVariantsRevPhrases")], &[table!("TWVariantsRev")]];
const HONG_KONG: &[&[&str]] = &[&[table!("HKVariantsPhrases")], &[table!("HKVariants")]];
const HONG_KONG_WORDS: &[&[&str]] = &[&[table!("HKPhrases")], &[table!("HKVariantsPhrases")], &[table!("HKVariants")]];
const FROM_HONG_KONG: &[&[&str]] = &[&[table!("HKVariantsRevPhrases")], &[table!("HKVariantsRev")]];
const FROM_HONG_KONG_WORDS: &[&[&str]] =
    &[&[table!("HKPhrasesRev")], &[table!("HKVariantsRevPhrases")], &[table!("HKVariantsRev")]];
const JAPAN: &[&[&str]] = &[&[table!("JPShinjitaiCharactersRev")]];
const FROM_JAPAN: &[&[&str]] = &[&[table!("JPShinjitaiPhrases")], &[table!("JPShinjitaiCharacters")]];

impl Config {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::S2t,
        Self::T2s,
        Self::S2tw,
        Self::Tw2s,
        Self::S2twp,
        Self::Tw2sp,
        Self::S2hk,
        Self::Hk2s,
        Self::S2hkp,
        Self::Hk2sp,
        Self::T2tw,
        Self::Tw2t,
        Self::T2hk,
        Self::Hk2t,
        Self::T2jp,
        Self::Jp2t,
    ];

    pub(super) fn tables(self) -> Tables {
        let (segmentation, stages): (_, &[&[&[&str]]]) = match self {
            Self::S2t => (None, &[FROM_SIMPLIFIED]),
            Self::T2s => (None, &[TO_SIMPLIFIED]),
            Self::S2tw => (Some(ST_WORDS), &[FROM_SIMPLIFIED, TAIWAN]),
            Self::Tw2s => (Some(TS_WORDS), &[FROM_TAIWAN, TO_SIMPLIFIED]),
            Self::S2twp => (Some(ST_WORDS), &[FROM_SIMPLIFIED, TAIWAN_WORDS]),
            Self::Tw2sp => (Some(TS_WORDS), &[FROM_TAIWAN_WORDS, TO_SIMPLIFIED]),
            Self::S2hk => (Some(ST_WORDS), &[FROM_SIMPLIFIED, HONG_KONG]),
            Self::Hk2s => (Some(TS_WORDS), &[FROM_HONG_KONG, TO_SIMPLIFIED]),
            Self::S2hkp => (Some(ST_WORDS), &[FROM_SIMPLIFIED, HONG_KONG_WORDS]),
            Self::Hk2sp => (Some(TS_WORDS), &[FROM_HONG_KONG_WORDS, TO_SIMPLIFIED]),
            Self::T2tw => (None, &[TAIWAN]),
            Self::Tw2t => (None, &[FROM_TAIWAN]),
            Self::T2hk => (None, &[HONG_KONG]),
            Self::Hk2t => (None, &[FROM_HONG_KONG]),
            Self::T2jp => (None, &[JAPAN]),
            Self::Jp2t => (None, &[FROM_JAPAN]),
        };
        Tables { segmentation, stages }
    }
}
