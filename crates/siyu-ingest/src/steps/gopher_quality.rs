//! `gopher_quality`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::judging;
use arrow::datatypes::Field;
use siyu_text::quality::gopher_quality as kernel;

rules_step! {
    /// Keeps documents that read like prose, by Gopher's quality rules.
    ///
    /// A dropped document says why: `too_few_words`, `too_many_words`, `mean_word_length`, `too_many_hashes`,
    /// `too_many_ellipses`, `bullet_lines`, `ellipsis_lines`, `non_alphabetic_words` or `too_few_stop_words`. A rule set to
    /// null is not applied; bounds are inclusive. A Han character or a kana counts as 5/8 of a word and three letters, so
    /// that the thresholds mean for Chinese what they do for English; Chinese punctuation is no word.
    ///
    /// # Why
    /// Menus, lists of goods, logs and broken pages differ from prose in a few plain counts.
    /// # Example
    /// `gopher_quality: { min_doc_words: 50, max_symbol_word_ratio: 0.1 }`
    /// # Nulls
    /// A document without text, or with white space only, is dropped as `empty`.
    /// # Source
    /// Rae et al. 2021, "Scaling Language Models" (Gopher), appendix A.1.1; names and defaults of datatrove 0.10, and its
    /// verdicts on English, whose words are cut as spaCy cuts them. It differs on purpose in these: items of lists begin with
    /// more than `•` and `-`, `＃` is a hash and `。。。` an ellipsis, `……` is one ellipsis and not two, emoticons are marks, a
    /// bracket inside a word parts it, as in `so.[12]` or `part(s)`, and a document without words is `empty` where datatrove fails.
    GopherQuality: kernel::GopherQuality {
        /// Fewest words.
        min_doc_words: Option<usize>,
        /// Most words.
        max_doc_words: Option<usize>,
        /// Least mean length of a word in letters.
        min_avg_word_length: Option<f64>,
        /// Greatest mean length of a word in letters.
        max_avg_word_length: Option<f64>,
        /// Most `#` per word, and most ellipses per word.
        max_symbol_word_ratio: Option<f64>,
        /// Greatest share of lines that begin as items of a list do: `•`, `-`, `·`, `※`, `①` and their like.
        max_bullet_lines_ratio: Option<f64>,
        /// Greatest share of lines that end in `...`, `…` or `。。。`.
        max_ellipsis_lines_ratio: Option<f64>,
        /// Least share of words with a letter; the name is that of datatrove.
        max_non_alpha_words_ratio: Option<f64>,
        /// Fewest different stop words.
        min_stop_words: Option<usize>,
        /// The stop words, as they are written; by default the eight English ones of the paper and Chinese function characters.
        stop_words: Option<Vec<String>>,
    }
}

impl RowOperator for GopherQuality {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(Vec::new())
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let judge = kernel::Judge::new(self.rules());
        Ok(judging(move |text| judge.judge(text).map(Into::into)))
    }
}

#[cfg(test)]
mod tests {
    use super::GopherQuality;
    use crate::testing::{kept, verdict};

    #[test]
    fn a_dropped_document_says_why_and_prose_stays() {
        let prose =
            "当事人应当按照约定全面履行自己的义务，遵循诚信原则，根据合同的性质和目的履行通知、协助、保密等义务。"
                .repeat(2);
        let texts = [Some(prose.as_str()), Some("太短。"), Some(" "), None];
        let step = GopherQuality::default();
        assert_eq!(kept(&step, &texts), [true, false, false, false]);
        let reasons = verdict(&step, &texts).reasons.unwrap();
        assert_eq!([1, 2, 3].map(|row| reasons.value(row)), ["too_few_words", "empty", "empty"]);
    }

    #[test]
    fn a_rule_is_switched_off_by_null() {
        let step: GopherQuality = serde_json::from_str(r#"{"min_doc_words": null, "min_stop_words": null}"#).unwrap();
        assert_eq!(kept(&step, &[Some("合同自成立时生效")]), [true]);
    }
}
