//! `symbol_ratio`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::{judging, text};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::quality::{EMPTY, ratios};

/// Keeps documents by their share of symbols.
///
/// A symbol is neither letter nor digit nor a punctuation mark of prose, Western or Chinese; of a run of the same mark
/// the fourth and later are symbols. White space does not count. A dropped document says why: `too_many_symbols` or
/// `too_few_symbols`. Bounds are inclusive.
///
/// # Why
/// Broken encodings, tables drawn in lines and rows of stars teach a model nothing.
/// # Example
/// `symbol_ratio: { max_ratio: 0.1 }`
/// # Nulls
/// A document without text, or with white space only, is dropped as `empty`.
/// # Source
/// Rae et al. 2021, "Scaling Language Models" (Gopher), appendix A.1.1, which counts two symbols per word; the default is its.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SymbolRatio {
    /// Least share; no bound when null.
    pub min_ratio: Option<f64>,
    /// Greatest share; no bound when null.
    pub max_ratio: Option<f64>,
    /// Column that is judged.
    pub column: String,
}

impl Default for SymbolRatio {
    fn default() -> Self {
        Self { min_ratio: None, max_ratio: Some(0.1), column: text() }
    }
}

impl RowOperator for SymbolRatio {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(Vec::new())
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let (least, most) = (self.min_ratio.unwrap_or(0.0), self.max_ratio.unwrap_or(1.0));
        Ok(judging(move |text| {
            if text.trim().is_empty() {
                return Some(EMPTY.into());
            }
            let ratio = ratios::symbol_ratio(text);
            let code = if ratio < least { "too_few_symbols" } else { "too_many_symbols" };
            (ratio < least || ratio > most).then(|| code.into())
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::SymbolRatio;
    use crate::testing::verdict;

    #[test]
    fn prose_stays_and_a_dropped_document_says_why() {
        let texts = [Some("甲方（买方）说：“好。”"), Some("★★★甲方★★★"), Some(""), None];
        let verdict = verdict(&SymbolRatio::default(), &texts);
        assert!(verdict.keep.unwrap().value(0));
        let reasons = verdict.reasons.unwrap();
        assert_eq!([1, 2, 3].map(|row| reasons.value(row)), ["too_many_symbols", "empty", "empty"]);
    }
}
