//! `normalize_unicode`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator, Verdict, map_text};
use crate::steps::{text_columns, text_fields};
use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::unicode::{Form, count_odd, normalize};

/// Gives each character one spelling, removes invisible and control characters, and ends every line with `\n`.
///
/// The run counts, as `lost_characters`, replacement characters (U+FFFD) and private-use ones; they stay, since only
/// their source knows what they stood for.
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
        Ok(Box::new(move |columns| {
            let mut lost = vec![0; columns.first().map_or(0, Array::len)];
            let rewritten = columns.iter().map(|column| rewrite(column, form, &mut lost));
            let columns = rewritten.collect::<Result<_, _>>()?;
            let notes = lost.iter().map(|&count| (count > 0).then(|| format!("lost_characters={count};")));
            let notes = lost.iter().any(|&count| count > 0).then(|| notes.collect::<StringArray>());
            Ok(Verdict { columns, notes, ..Verdict::default() })
        }))
    }
}

/// Normalizes a column and adds the characters that stand for something lost to the rows' counts.
fn rewrite(column: &ArrayRef, form: Form, lost: &mut [usize]) -> Result<ArrayRef, ArrowError> {
    let mut rows = (0..column.len()).filter(|&row| column.is_valid(row));
    map_text(column, |text| {
        let row = rows.next().expect("each text is in a row");
        let clean = normalize(text, form);
        lost[row] += count_odd(&clean);
        clean
    })
}

#[cfg(test)]
mod tests {
    use super::{Form, NormalizeUnicode};
    use crate::testing::{rewritten, verdict};
    use arrow::array::Array;

    #[test]
    fn lost_characters_are_counted_and_stay() {
        let step = NormalizeUnicode { form: Form::Nfc, columns: vec!["text".to_owned()] };
        let texts = [Some("锟\u{FFFD}斤\u{E003}"), None, Some("全")];
        assert_eq!(rewritten(&step, &texts)[0].as_deref(), texts[0]);
        let notes = verdict(&step, &texts).notes.unwrap();
        assert_eq!(notes.value(0), "lost_characters=2;");
        assert!(notes.is_null(1) && notes.is_null(2));
        assert!(verdict(&step, &[Some("全")]).notes.is_none());
    }

    #[test]
    fn composes_letters_and_unifies_line_ends() {
        let step = NormalizeUnicode { form: Form::Nfc, columns: vec!["text".to_owned()] };
        let texts = rewritten(&step, &[Some("plain"), Some("e\u{301}\r\n"), None]);
        assert_eq!(texts, [Some("plain".to_owned()), Some("é\n".to_owned()), None]);
    }
}
