//! OpenCC's configurations and the tables they are made of.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A direction of conversion, by OpenCC's name or, where only the end matters, by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(transform = add_aliases)]
pub enum Config {
    /// Simplified to traditional.
    #[serde(alias = "traditional")]
    S2t,
    /// Traditional to simplified.
    #[serde(alias = "simplified")]
    T2s,
    /// Simplified to the standard of Taiwan.
    #[serde(alias = "taiwan")]
    S2tw,
    /// The standard of Taiwan to simplified.
    Tw2s,
    /// Simplified to the standard and the words of Taiwan.
    #[serde(alias = "taiwan_words")]
    S2twp,
    /// The standard and the words of Taiwan to simplified and the words of the mainland.
    Tw2sp,
    /// Simplified to the standard of Hong Kong.
    #[serde(alias = "hong_kong")]
    S2hk,
    /// The standard of Hong Kong to simplified.
    Hk2s,
    /// Simplified to the standard and the words of Hong Kong.
    #[serde(alias = "hong_kong_words")]
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
    #[serde(alias = "japanese")]
    T2jp,
    /// Characters of today's Japanese to traditional ones.
    Jp2t,
}

/// Aliases and what they stand for, as the attributes above have it.
const ALIASES: [(&str, &str); 7] = [
    ("simplified", "t2s"),
    ("traditional", "s2t"),
    ("taiwan", "s2tw"),
    ("taiwan_words", "s2twp"),
    ("hong_kong", "s2hk"),
    ("hong_kong_words", "s2hkp"),
    ("japanese", "t2jp"),
];

/// Puts the aliases, which the derived schema leaves out, before the names.
fn add_aliases(schema: &mut Schema) {
    if let Some(Value::Array(names)) = schema.get_mut("oneOf") {
        let aliases = ALIASES.map(|(alias, name)| {
            json!({ "description": format!("The same as `{name}`."), "type": "string", "const": alias })
        });
        names.splice(0..0, aliases);
    }
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

#[cfg(test)]
mod tests {
    use super::{ALIASES, Config};

    #[test]
    fn aliases_are_read_and_in_the_schema() {
        let schema = schemars::schema_for!(Config).to_value();
        let names = schema["oneOf"].as_array().unwrap();
        assert_eq!(names.len(), Config::ALL.len() + ALIASES.len());
        for (alias, name) in ALIASES {
            let read = |name: &str| serde_json::from_value::<Config>(name.into()).unwrap();
            assert_eq!(read(alias), read(name));
            assert!(names.iter().any(|known| known["const"] == alias));
        }
    }
}
