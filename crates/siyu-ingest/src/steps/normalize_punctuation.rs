//! `normalize_punctuation`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::{rewriting, text_columns, text_fields};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::punctuation::{Style, normalize};

/// Brings letters, digits and punctuation to one width.
///
/// Numbers, URLs, e-mail addresses, code and formulas keep their punctuation.
///
/// # Why
/// Chinese documents mix full-width and half-width forms of the same characters, often within a line.
/// # Example
/// `normalize_punctuation: { style: alphanumeric }`
/// # Nulls
/// A missing text stays missing.
/// # Source
/// Unicode Standard, block Halfwidth and Fullwidth Forms; GB/T 15834-2011 for Chinese punctuation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalizePunctuation {
    /// `alphanumeric` narrows letters, digits and spaces only; `halfwidth` narrows all; `fullwidth` widens punctuation
    /// among Chinese.
    #[serde(default)]
    pub style: Style,
    /// Text columns that are rewritten.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
}

impl RowOperator for NormalizePunctuation {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(self.columns.clone())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(text_fields(&self.columns))
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let style = self.style;
        Ok(rewriting(move |text| normalize(text, style)))
    }
}

#[cfg(test)]
mod tests {
    use super::{NormalizePunctuation, Style};
    use crate::testing::rewritten;

    #[test]
    fn digits_become_narrow_and_chinese_punctuation_stays() {
        let step = NormalizePunctuation { style: Style::Alphanumeric, columns: vec!["text".to_owned()] };
        assert_eq!(rewritten(&step, &[Some("第１２条，ＡＢ。"), None]), [Some("第12条，AB。".to_owned()), None]);
    }
}
