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
    pub to: Config,
    /// Text columns that are rewritten.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
}

impl RowOperator for ConvertChinese {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(self.columns.clone())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(text_fields(&self.columns))
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let converter = Converter::new(self.to);
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
