//! `text_length`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use arrow::array::{Array, BooleanArray};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keeps documents whose length lies between two bounds.
///
/// # Why
/// Very short pages are mostly menus; very long ones are mostly logs and dumps.
/// # Example
/// `text_length: { min_chars: 200, max_chars: 100000 }`
/// # Nulls
/// A document without text is dropped.
/// # Source
/// Rae et al. 2021, "Scaling Language Models" (Gopher), appendix A.1; it counts words, we count characters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextLength {
    /// Shortest text kept, in Unicode characters.
    #[serde(default)]
    pub min_chars: usize,
    /// Longest text kept, in Unicode characters; no bound when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<usize>,
    /// Column that is measured.
    #[serde(default = "text")]
    pub column: String,
}

fn text() -> String {
    "text".to_owned()
}

impl RowOperator for TextLength {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(Vec::new())
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let bounds = self.min_chars..=self.max_chars.unwrap_or(usize::MAX);
        Ok(Box::new(move |columns| {
            let texts = text_column(&columns[0])?;
            let keep = (0..texts.len())
                .map(|row| Some(texts.is_valid(row) && bounds.contains(&texts.value(row).chars().count())));
            Ok(Verdict::keep(keep.collect::<BooleanArray>()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::TextLength;
    use crate::testing::kept;

    #[test]
    fn counts_characters_not_bytes_and_keeps_no_null() {
        let step = TextLength { min_chars: 3, max_chars: Some(3), column: "text".to_owned() };
        assert_eq!(kept(&step, &[Some("äöü"), Some("ab"), None]), [true, false, false]);
    }
}
