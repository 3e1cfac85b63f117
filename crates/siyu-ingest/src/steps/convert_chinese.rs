//! `convert_chinese`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::{rewriting, text_columns, text_fields};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::chinese::{Config, Converter};

/// Converts between simplified and traditional Chinese and the standards of Taiwan, Hong Kong and Japan.
///
/// The result is that of OpenCC 1.4.2, whose tables are inside; text in other languages stays.
///
/// # Why
/// The same sentence in two scripts is two sentences to a tokenizer and to a deduplication.
/// # Example
/// `convert_chinese: { to: simplified }`
/// # Nulls
/// A missing text stays missing.
/// # Source
/// OpenCC 1.4.2 (Apache-2.0), its tables and configurations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertChinese {
    /// `simplified` (from any traditional text), `traditional`, `taiwan`, `taiwan_words`, `hong_kong`,
    /// `hong_kong_words` (from simplified), `japanese` (from traditional); or one of OpenCC's configurations, which name
    /// both ends, such as `tw2sp`. The setting may also be called `config`.
    #[serde(alias = "config")]
    pub to: Target,
    /// Text columns that are rewritten.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
}

/// What a text is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `t2s`.
    Simplified,
    /// `s2t`.
    Traditional,
    /// `s2tw`.
    Taiwan,
    /// `s2twp`: also the words of Taiwan.
    TaiwanWords,
    /// `s2hk`.
    HongKong,
    /// `s2hkp`: also the words of Hong Kong.
    HongKongWords,
    /// `t2jp`.
    Japanese,
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

impl Target {
    fn config(self) -> Config {
        match self {
            Self::S2t | Self::Traditional => Config::S2t,
            Self::T2s | Self::Simplified => Config::T2s,
            Self::S2tw | Self::Taiwan => Config::S2tw,
            Self::Tw2s => Config::Tw2s,
            Self::S2twp | Self::TaiwanWords => Config::S2twp,
            Self::Tw2sp => Config::Tw2sp,
            Self::S2hk | Self::HongKong => Config::S2hk,
            Self::Hk2s => Config::Hk2s,
            Self::S2hkp | Self::HongKongWords => Config::S2hkp,
            Self::Hk2sp => Config::Hk2sp,
            Self::T2tw => Config::T2tw,
            Self::Tw2t => Config::Tw2t,
            Self::T2hk => Config::T2hk,
            Self::Hk2t => Config::Hk2t,
            Self::T2jp | Self::Japanese => Config::T2jp,
            Self::Jp2t => Config::Jp2t,
        }
    }
}

impl RowOperator for ConvertChinese {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(self.columns.clone())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(text_fields(&self.columns))
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let converter = Converter::new(self.to.config());
        Ok(rewriting(move |text| converter.convert(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::ConvertChinese;
    use crate::testing::rewritten;

    // Expected texts: OpenCC 1.4.2.
    #[test]
    fn converts_by_target_and_by_configuration() {
        for (settings, given, expected) in [
            ("to: simplified", "漢字", "汉字"),
            ("to: taiwan_words", "鼠标", "滑鼠"),
            ("to: tw2sp", "滑鼠", "鼠标"),
            ("config: s2hk", "为什么", "為什麼"),
        ] {
            let step: ConvertChinese = serde_saphyr::from_str(settings).unwrap();
            assert_eq!(rewritten(&step, &[Some(given), None]), [Some(expected.to_owned()), None], "{settings}");
        }
    }

    #[test]
    fn an_unknown_target_is_refused() {
        assert!(serde_saphyr::from_str::<ConvertChinese>("to: klingon").is_err());
    }
}
