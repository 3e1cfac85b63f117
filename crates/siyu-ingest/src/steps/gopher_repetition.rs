//! `gopher_repetition`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator};
use crate::steps::judging;
use arrow::datatypes::Field;
use serde::{Deserialize, Deserializer};
use siyu_text::quality::gopher_repetition as kernel;

rules_step! {
    /// Keeps documents that do not repeat themselves, by Gopher's repetition rules.
    ///
    /// A dropped document says why: `duplicate_paragraphs`, `duplicate_paragraph_characters`, `duplicate_lines`,
    /// `duplicate_line_characters`, `top_2_gram` to `top_4_gram` or `duplicate_5_gram` to `duplicate_10_gram`. A rule set to
    /// null is not applied; bounds are inclusive. An n-gram of Han is 2n characters and marks.
    /// Other than in datatrove, an n-gram that occurs once is no repetition, however short the document.
    ///
    /// # Why
    /// Templates, spam and stuck generators say the same over and over, and a model learns to do so from little.
    /// # Example
    /// `gopher_repetition: { dup_line_frac: 0.3, top_n_grams: [[2, 0.2], [3, 0.18], [4, 0.16]] }`
    /// # Nulls
    /// A document without text, or with white space only, is dropped as `empty`.
    /// # Source
    /// Rae et al. 2021, "Scaling Language Models" (Gopher), table A1; names and defaults of datatrove 0.10, and its verdicts on
    /// English. It differs on purpose in these: an n-gram that occurs once is no repetition, where datatrove drops a short
    /// text for its own two words, CRLF ends a line and a paragraph as LF does, and a bracket inside a word parts it, which
    /// makes more words of the names of chemistry.
    GopherRepetition: kernel::GopherRepetition {
        /// Greatest share of lines that occurred before.
        dup_line_frac: Option<f64>,
        /// Greatest share of paragraphs, which blank lines part, that occurred before.
        dup_para_frac: Option<f64>,
        /// Greatest share of characters in lines that occurred before.
        dup_line_char_frac: Option<f64>,
        /// Greatest share of characters in paragraphs that occurred before.
        dup_para_char_frac: Option<f64>,
        /// Pairs of a number of words and the greatest share of characters in the most frequent n-gram of so many; `[]` for none.
        #[serde(deserialize_with = "or_none")]
        top_n_grams: Vec<(usize, f64)>,
        /// Pairs of a number of words and the greatest share of characters in n-grams of so many that occurred before; `[]` for none.
        #[serde(deserialize_with = "or_none")]
        dup_n_grams: Vec<(usize, f64)>,
    }
}

/// Null is an empty list.
fn or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(usize, f64)>, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl GopherRepetition {
    fn check(&self) -> Result<()> {
        for (setting, rules) in [("top_n_grams", &self.top_n_grams), ("dup_n_grams", &self.dup_n_grams)] {
            if rules.iter().any(|&(n, _)| n == 0) {
                return Err(Error::setting("gopher_repetition", setting, "an n-gram has at least 1 word"));
            }
        }
        Ok(())
    }
}

impl RowOperator for GopherRepetition {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.check()?;
        Ok(Vec::new())
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        self.check()?;
        let rules = self.rules();
        Ok(judging(move |text| rules.judge(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::GopherRepetition;
    use crate::operator::RowOperator;
    use crate::testing::verdict;

    #[test]
    fn a_dropped_document_says_why() {
        let texts = [Some("甲方付款。乙方交货。"), Some("甲方付款。\n甲方付款。\n甲方付款。"), None];
        let verdict = verdict(&GopherRepetition::default(), &texts);
        let reasons = verdict.reasons.unwrap();
        assert!(verdict.keep.unwrap().value(0));
        assert_eq!([1, 2].map(|row| reasons.value(row)), ["duplicate_lines", "empty"]);
    }

    #[test]
    fn a_list_may_be_null_but_no_n_gram_is_empty() {
        let step: GopherRepetition = serde_json::from_str(r#"{"top_n_grams": null}"#).unwrap();
        assert!(step.top_n_grams.is_empty() && step.writes(&[]).is_ok());
        let step: GopherRepetition = serde_json::from_str(r#"{"dup_n_grams": [[0, 0.1]]}"#).unwrap();
        assert!(step.writes(&[]).is_err());
    }
}
