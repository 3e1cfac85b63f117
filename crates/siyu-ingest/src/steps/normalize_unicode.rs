//! `normalize_unicode`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::{rewriting, text_columns, text_fields};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::unicode::{Form, normalize};

/// Gives each character one spelling, removes invisible and control characters, and ends every line with `\n`.
///
/// # Why
/// The same word in two encodings is two words to a tokenizer and to a deduplication.
/// # Example
/// `normalize_unicode: { form: nfc }`
/// # Nulls
/// A missing text stays missing.
/// # Source
/// Unicode Standard Annex 15; Unicode Technical Standard 51 for the joiners inside emoji.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalizeUnicode {
    /// The normal form: `nfc` loses nothing, `nfkc` also unifies widths and ligatures, `none` leaves spelling alone.
    #[serde(default)]
    pub form: Form,
    /// Text columns that are rewritten.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
}

impl RowOperator for NormalizeUnicode {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(self.columns.clone())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(text_fields(&self.columns))
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let form = self.form;
        Ok(rewriting(move |text| normalize(text, form)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, NormalizeUnicode};
    use crate::testing::rewritten;

    #[test]
    fn composes_letters_and_unifies_line_ends() {
        let step = NormalizeUnicode { form: Form::Nfc, columns: vec!["text".to_owned()] };
        let texts = rewritten(&step, &[Some("plain"), Some("e\u{301}\r\n"), None]);
        assert_eq!(texts, [Some("plain".to_owned()), Some("é\n".to_owned()), None]);
    }
}
