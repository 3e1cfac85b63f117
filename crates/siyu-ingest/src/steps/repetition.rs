//! `repetition`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator};
use crate::steps::{judging, text};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::quality::EMPTY;
use siyu_text::quality::repetition::repetition_ratio;

/// Keeps documents of which little was said before in the same document.
///
/// The share is of characters in n-grams of characters that occurred before, white space left out; it needs no words and
/// so reads Chinese, English and tables alike. A dropped document says `too_repetitive`. The bound is inclusive.
///
/// # Why
/// A text that repeats itself is spam or a template, whatever its language.
/// # Example
/// `repetition: { ngram_chars: 10, max_ratio: 0.4 }`
/// # Nulls
/// A document without text, or with white space only, is dropped as `empty`.
/// # Source
/// Rae et al. 2021, "Scaling Language Models" (Gopher), appendix A.1.1, with characters for words. The defaults are ours.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Repetition {
    /// Characters in an n-gram.
    pub ngram_chars: usize,
    /// Greatest share of repeated characters.
    pub max_ratio: f64,
    /// Column that is judged.
    pub column: String,
}

impl Default for Repetition {
    fn default() -> Self {
        Self { ngram_chars: 10, max_ratio: 0.4, column: text() }
    }
}

impl Repetition {
    fn check(&self) -> Result<()> {
        // Longer n-grams say no more than copies of whole paragraphs, and a window of each is held in memory.
        if (1..=1000).contains(&self.ngram_chars) {
            return Ok(());
        }
        Err(Error::setting("repetition", "ngram_chars", "must be from 1 to 1000"))
    }
}

impl RowOperator for Repetition {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.check()?;
        Ok(Vec::new())
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        self.check()?;
        let (n, most) = (self.ngram_chars, self.max_ratio);
        Ok(judging(move |text| {
            if text.trim().is_empty() {
                return Some(EMPTY.into());
            }
            (repetition_ratio(text, n) > most).then(|| "too_repetitive".into())
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Repetition;
    use crate::operator::RowOperator;
    use crate::testing::verdict;

    #[test]
    fn a_text_said_twice_is_dropped_and_says_why() {
        let once = "甲方应当在三十日内支付全部价款";
        let texts = [Some(once), Some(&*once.repeat(2)), None];
        let verdict = verdict(&Repetition::default(), &texts);
        assert!(verdict.keep.unwrap().value(0));
        let reasons = verdict.reasons.unwrap();
        assert_eq!([1, 2].map(|row| reasons.value(row)), ["too_repetitive", "empty"]);
    }

    #[test]
    fn an_n_gram_of_nothing_is_refused() {
        assert!(Repetition { ngram_chars: 0, ..Repetition::default() }.writes(&[]).is_err());
    }
}
