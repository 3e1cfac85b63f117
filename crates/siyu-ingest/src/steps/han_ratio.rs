//! `han_ratio`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::{judging, text};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::quality::{EMPTY, ratios};

/// Keeps documents by their share of Han characters.
///
/// Of all characters but white space; 々 and 〇 are Han. A dropped document says why: `too_little_han` or `too_much_han`.
/// Bounds are inclusive.
///
/// # Why
/// A Chinese corpus gathers pages that are mostly code, tables or another language.
/// # Example
/// `han_ratio: { min_ratio: 0.3 }`
/// # Nulls
/// A document without text, or with white space only, is dropped as `empty`.
/// # Source
/// Unicode 16, the blocks of CJK Unified and Compatibility Ideographs. The default is ours.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HanRatio {
    /// Least share; no bound when null.
    pub min_ratio: Option<f64>,
    /// Greatest share; no bound when null.
    pub max_ratio: Option<f64>,
    /// Column that is judged.
    pub column: String,
}

impl Default for HanRatio {
    fn default() -> Self {
        Self { min_ratio: Some(0.3), max_ratio: None, column: text() }
    }
}

impl RowOperator for HanRatio {
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
            let ratio = ratios::han_ratio(text);
            let code = if ratio < least { "too_little_han" } else { "too_much_han" };
            (ratio < least || ratio > most).then(|| code.into())
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::HanRatio;
    use crate::testing::verdict;

    #[test]
    fn bounds_are_inclusive_and_a_dropped_document_says_why() {
        let step = HanRatio { min_ratio: Some(0.5), max_ratio: Some(0.75), ..HanRatio::default() };
        let verdict =
            verdict(&step, &[Some("合同 ab"), Some("合同书a"), Some("合abc"), Some("合同"), Some("\n"), None]);
        let keep: Vec<bool> = verdict.keep.unwrap().iter().flatten().collect();
        assert_eq!(keep, [true, true, false, false, false, false]);
        let reasons = verdict.reasons.unwrap();
        assert_eq!([2, 3, 4, 5].map(|row| reasons.value(row)), ["too_little_han", "too_much_han", "empty", "empty"]);
    }
}
