//! `fineweb_quality`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::{judging, text};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::quality::fineweb as kernel;

/// Keeps documents that are made of lines of prose, by `FineWeb`'s rules.
///
/// A dropped document says why: `line_punctuation`, `short_lines`, `duplicate_line_characters` or `new_lines`. A rule set
/// to null is not applied; bounds are inclusive; blank lines do not count.
///
/// # Why
/// Lists and menus have short lines, repeat them, and end few of them with a mark.
/// # Example
/// `fineweb_quality: { line_punct_thr: 0.12, short_line_thr: 0.67, short_line_length: 30 }`
/// # Nulls
/// A document without text, or with white space only, is dropped as `empty`.
/// # Source
/// Penedo et al. 2024, "The `FineWeb` Datasets", section 3.5; names and defaults of datatrove 0.10, and its verdicts on
/// English. It differs on purpose in these: a quote ends a line, as it did when `FineWeb` was made (set `stop_chars` for
/// another list), and the carriage return of CRLF is no character of its line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FinewebQuality {
    /// Least share of lines that end as sentences do.
    pub line_punct_thr: Option<f64>,
    /// Lets a document pass in which no line ends so.
    pub line_punct_exclude_zero: bool,
    /// What ends such a line; by default the terminal marks of many scripts, `。！？` among them, closing quotes, and an ellipsis after Han.
    pub stop_chars: Option<Vec<String>>,
    /// Greatest share of short lines.
    pub short_line_thr: Option<f64>,
    /// Most letters in a short line; a Han character counts as three.
    pub short_line_length: usize,
    /// Greatest share of characters in lines that occurred before.
    pub char_duplicates_ratio: Option<f64>,
    /// Most line ends per word.
    pub new_line_ratio: Option<f64>,
    /// Column that is judged.
    pub column: String,
}

impl Default for FinewebQuality {
    fn default() -> Self {
        let rules = kernel::FineWeb::default();
        Self {
            line_punct_thr: rules.line_punct_thr,
            line_punct_exclude_zero: rules.line_punct_exclude_zero,
            stop_chars: rules.stop_chars,
            short_line_thr: rules.short_line_thr,
            short_line_length: rules.short_line_length,
            char_duplicates_ratio: rules.char_duplicates_ratio,
            new_line_ratio: rules.new_line_ratio,
            column: text(),
        }
    }
}

impl FinewebQuality {
    fn rules(&self) -> kernel::FineWeb {
        kernel::FineWeb {
            line_punct_thr: self.line_punct_thr,
            line_punct_exclude_zero: self.line_punct_exclude_zero,
            stop_chars: self.stop_chars.clone(),
            short_line_thr: self.short_line_thr,
            short_line_length: self.short_line_length,
            char_duplicates_ratio: self.char_duplicates_ratio,
            new_line_ratio: self.new_line_ratio,
        }
    }
}

impl RowOperator for FinewebQuality {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(Vec::new())
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let rules = self.rules();
        Ok(judging(move |text| rules.judge(text).map(Into::into)))
    }
}

#[cfg(test)]
mod tests {
    use super::FinewebQuality;
    use crate::testing::verdict;

    #[test]
    fn a_dropped_document_says_why() {
        let texts = [Some("当事人应当全面履行自己的义务。"), Some("首页\n登录"), Some("好。\n坏。"), None];
        let verdict = verdict(&FinewebQuality::default(), &texts);
        let reasons = verdict.reasons.unwrap();
        assert!(verdict.keep.unwrap().value(0));
        assert_eq!([1, 2, 3].map(|row| reasons.value(row)), ["line_punctuation", "short_lines", "empty"]);
    }
}
