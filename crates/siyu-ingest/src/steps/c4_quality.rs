//! `c4_quality`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use crate::steps::text_fields;
use arrow::array::{Array, BooleanArray, StringArray, StringBuilder};
use arrow::datatypes::Field;
use siyu_text::quality::{EMPTY, c4};
use std::sync::Arc;

rules_step! {
    /// Takes out lines that are no sentences, and drops documents of which too little is left, by C4's rules.
    ///
    /// A dropped document says why: `lorem_ipsum`, `curly_bracket`, `too_few_sentences`, or `empty` where nothing is left.
    /// Bounds set to null are not applied and are inclusive.
    ///
    /// # Why
    /// The prose of a page stands in whole sentences; menus, buttons and notices do not.
    /// # Example
    /// `c4_quality: { min_num_sentences: 5, filter_curly_bracket: true }`
    /// # Nulls
    /// A document without text, or with white space only, is dropped as `empty`.
    /// # Source
    /// Raffel et al. 2020, "Exploring the Limits of Transfer Learning", section 2.2; names and defaults of datatrove 0.10,
    /// where null is -1, and its verdicts on English, whose sentences are counted as spaCy's sentencizer does. It differs on
    /// purpose in these: a line may also end with a curly closing quote or a bracket closed behind a full stop, and with the
    /// marks of other scripts; notes and policies are known in Chinese too; and what nothing is left of is `empty`, where
    /// datatrove keeps an empty document if `min_num_sentences` allows it.
    C4Quality: c4::C4 {
        /// Takes notes such as `[1]`, `[edit]` and `[来源请求]` out of lines.
        remove_citations: bool,
        /// Takes out lines that end as no sentence does, and lines that break off in `...`.
        filter_no_terminal_punct: bool,
        /// Fewest sentences left in the document.
        min_num_sentences: Option<usize>,
        /// Fewest words in a line; a Han character counts as 5/8 of one.
        min_words_per_line: Option<usize>,
        /// Most characters in a word of a line; Han characters make no word long.
        max_word_length: Option<usize>,
        /// Drops a document with "lorem ipsum".
        filter_lorem_ipsum: bool,
        /// Takes out lines with "javascript".
        filter_javascript: bool,
        /// Drops a document with `{`.
        filter_curly_bracket: bool,
        /// Takes out lines on terms of use, privacy and cookies, in English or Chinese.
        filter_policy: bool,
    }
}

impl RowOperator for C4Quality {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(text_fields(std::slice::from_ref(&self.column)))
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let rules = self.rules();
        Ok(Box::new(move |columns| {
            let texts = text_column(&columns[0])?;
            let mut cleaned = StringBuilder::with_capacity(texts.len(), texts.values().len());
            let (mut keep, mut reasons) = (Vec::new(), Vec::new());
            for text in texts {
                let outcome = text.map_or(Err(EMPTY), |text| rules.clean(text));
                cleaned.append_option(outcome.as_deref().ok());
                keep.push(outcome.is_ok());
                reasons.push(outcome.err());
            }
            Ok(Verdict {
                columns: vec![Arc::new(cleaned.finish())],
                keep: Some(BooleanArray::from(keep)),
                reasons: Some(StringArray::from(reasons)),
                ..Verdict::default()
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::C4Quality;
    use crate::testing::verdict;
    use arrow::array::AsArray;

    #[test]
    fn lines_go_and_a_dropped_document_says_why() {
        let prose = "甲方应当付款。\n乙方应当交货。\n双方应当守约。\n争议协商解决。\n协议自签字起生效。";
        let page = format!("首页 | 登录\n{prose}\n更多...");
        let texts = [Some(page.as_str()), Some("只有一句话而已。"), Some("函数 f() { 返回。"), None];
        let verdict = verdict(&C4Quality::default(), &texts);
        assert_eq!(verdict.columns[0].as_string::<i32>().value(0), prose);
        let reasons = verdict.reasons.unwrap();
        assert_eq!([1, 2, 3].map(|row| reasons.value(row)), ["too_few_sentences", "curly_bracket", "empty"]);
    }
}
