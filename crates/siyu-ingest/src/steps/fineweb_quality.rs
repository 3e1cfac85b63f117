//! `fineweb_quality`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::judging;
use arrow::datatypes::Field;
use siyu_text::quality::fineweb as kernel;

rules_step! {
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
    FinewebQuality: kernel::FineWeb {
        /// Least share of lines that end as sentences do.
        line_punct_thr: Option<f64>,
        /// Lets a document pass in which no line ends so.
        line_punct_exclude_zero: bool,
        /// What ends such a line; by default the terminal marks of many scripts, `。！？` among them, closing quotes, and an ellipsis after Han.
        stop_chars: Option<Vec<String>>,
        /// Greatest share of short lines.
        short_line_thr: Option<f64>,
        /// Most letters in a short line; a Han character counts as three.
        short_line_length: usize,
        /// Greatest share of characters in lines that occurred before.
        char_duplicates_ratio: Option<f64>,
        /// Most line ends per word.
        new_line_ratio: Option<f64>,
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
