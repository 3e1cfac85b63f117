//! `truncate`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use crate::steps::{load_tokenizer, text_fields};
use arrow::array::{Array, StringArray, StringBuilder, UInt32Array};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::tokenizer::{Tokenizer, TokenizerError};
use siyu_text::truncate::{self, Truncation};
use std::path::PathBuf;
use std::sync::Arc;

/// Cuts a text to a number of tokens.
///
/// Cuts lie between characters or sentences of the text itself, so that no character is torn.
///
/// # Why
/// A model reads a bounded number of tokens, and what lies beyond is lost or, worse, left to the trainer to drop.
/// # Example
/// `truncate: { tokenizer: sample-data/models/tiny-zh/tokenizer.json, max_tokens: 512, keep: head, boundary: sentence }`
/// # Nulls
/// A missing text stays missing; a text that the tokenizer refuses becomes missing.
/// # Source
/// Sun et al. 2019, "How to Fine-Tune BERT for Text Classification", section 5.3.1 (head, tail, head and tail).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Truncate {
    /// The `tokenizer.json` that counts.
    pub tokenizer: PathBuf,
    /// Most tokens that a text may have.
    pub max_tokens: usize,
    /// Which part stays.
    #[serde(default)]
    pub keep: Keep,
    /// Where cuts may lie.
    #[serde(default)]
    pub boundary: Boundary,
    /// With `keep: windows`, tokens that each window repeats from the one before it.
    #[serde(default)]
    pub overlap_tokens: usize,
    /// With `keep: head_tail`, what stands between the two.
    #[serde(default = "line_end")]
    pub join: String,
    /// Text column that is cut.
    #[serde(default = "text")]
    pub column: String,
}

/// Which part of a long text stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The beginning.
    #[default]
    Head,
    /// The end.
    Tail,
    /// The beginning and the end.
    HeadTail,
    /// All of it, in several rows.
    Windows,
}

/// Where a text may be cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// Between characters.
    #[default]
    Character,
    /// Between sentences, and between characters where no sentence fits.
    Sentence,
}

fn line_end() -> String {
    "\n".to_owned()
}

fn text() -> String {
    "text".to_owned()
}

impl Truncate {
    fn check(&self) -> Result<()> {
        let refuse = |setting, problem: &str| Err(Error::setting("truncate", setting, problem));
        if self.max_tokens == 0 {
            return refuse("max_tokens", "must be at least 1");
        }
        if self.overlap_tokens > 0 && self.keep != Keep::Windows {
            return refuse("overlap_tokens", "only windows overlap; add `keep: windows`");
        }
        if self.overlap_tokens >= self.max_tokens {
            return refuse("overlap_tokens", "must be less than `max_tokens`");
        }
        Ok(())
    }

    fn truncation(&self) -> Truncation {
        Truncation {
            max_tokens: self.max_tokens,
            keep: match self.keep {
                Keep::Head => truncate::Keep::Head,
                Keep::Tail => truncate::Keep::Tail,
                Keep::HeadTail => truncate::Keep::HeadTail,
                Keep::Windows => truncate::Keep::Windows,
            },
            boundary: match self.boundary {
                Boundary::Character => truncate::Boundary::Character,
                Boundary::Sentence => truncate::Boundary::Sentence,
            },
            overlap_tokens: self.overlap_tokens,
        }
    }
}

impl RowOperator for Truncate {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.check()?;
        Ok(text_fields(std::slice::from_ref(&self.column)))
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        self.check()?;
        let tokenizer = load_tokenizer("truncate", &self.tokenizer)?;
        let cutter = Cutter { tokenizer, how: self.truncation(), join: self.join.clone() };
        let many = self.keep == Keep::Windows;
        Ok(Box::new(move |columns| {
            let texts = text_column(&columns[0])?;
            let mut cut = StringBuilder::with_capacity(texts.len(), texts.values().len());
            let (mut origin, mut notes) = (Vec::new(), Vec::new());
            for (row, text) in (0u32..).zip(texts) {
                let pieces = text.and_then(|text| cutter.pieces(text).ok());
                // Only a text that was shortened or divided is one piece less or more than itself.
                let changed = pieces
                    .as_ref()
                    .is_some_and(|pieces| pieces.len() > 1 || pieces.first().map(String::as_str) != text);
                for piece in pieces.map_or(vec![None], |pieces| pieces.into_iter().map(Some).collect()) {
                    cut.append_option(piece);
                    origin.push(row);
                }
                notes.push(changed.then_some("cut=1;"));
            }
            let origin = many.then(|| UInt32Array::from(origin));
            let notes = Some(notes.into_iter().collect::<StringArray>());
            Ok(Verdict { columns: vec![Arc::new(cut.finish())], origin, notes, ..Verdict::default() })
        }))
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.tokenizer.clone()]
    }
}

struct Cutter {
    tokenizer: Arc<Tokenizer>,
    how: Truncation,
    join: String,
}

impl Cutter {
    /// What stays of a text: at least one piece, which may be empty.
    fn pieces(&self, text: &str) -> Result<Vec<String>, TokenizerError> {
        let mut how = self.how.clone();
        if how.keep == truncate::Keep::HeadTail {
            return self.head_and_tail(text, &mut how).map(|joined| vec![joined]);
        }
        let ranges = truncate::truncate(text, &self.tokenizer, &how)?;
        let piece = |range: std::ops::Range<usize>| text.get(range).expect("pieces lie between characters").to_owned();
        let mut pieces: Vec<String> = ranges.into_iter().map(piece).collect();
        if pieces.is_empty() {
            pieces.push(String::new());
        }
        Ok(pieces)
    }

    /// Both ends with `join` between them, which counts as well.
    fn head_and_tail(&self, text: &str, how: &mut Truncation) -> Result<String, TokenizerError> {
        let most = how.max_tokens;
        if self.tokenizer.count(text)? <= most {
            return Ok(text.to_owned());
        }
        how.max_tokens = most.saturating_sub(self.tokenizer.count(&self.join)?);
        loop {
            let ranges = truncate::truncate(text, &self.tokenizer, how)?;
            let pieces = ranges.into_iter().map(|range| text.get(range).expect("pieces lie between characters"));
            let joined = pieces.collect::<Vec<_>>().join(&self.join);
            // Tokens may merge or part where pieces meet.
            let excess = self.tokenizer.count(&joined)?.saturating_sub(most);
            if excess == 0 {
                return Ok(joined);
            }
            if how.max_tokens == 0 {
                return Ok(String::new());
            }
            how.max_tokens = how.max_tokens.saturating_sub(excess);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Boundary, Keep, Truncate};
    use crate::operator::RowOperator;
    use crate::steps::load_tokenizer;
    use crate::testing::{rewritten, verdict};
    use arrow::array::{Array, AsArray};

    const TOKENIZER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sample-data/models/tiny-zh/tokenizer.json");
    const LONG: &str = "甲方应当按照约定支付价款。乙方应当按照约定交付货物。双方发生争议的，协商解决。";

    fn step(max_tokens: usize, keep: Keep) -> Truncate {
        let (join, column) = ("\n".to_owned(), "text".to_owned());
        Truncate {
            tokenizer: TOKENIZER.into(),
            max_tokens,
            keep,
            boundary: Boundary::Character,
            overlap_tokens: 0,
            join,
            column,
        }
    }

    #[test]
    fn what_fits_is_left_alone_and_what_does_not_is_cut_and_counted() {
        let verdict = verdict(&step(8, Keep::Head), &[Some("甲方"), Some(LONG), None]);
        let texts = verdict.columns[0].as_string::<i32>();
        assert_eq!(texts.value(0), "甲方");
        assert!(LONG.starts_with(texts.value(1)) && !texts.value(1).is_empty() && texts.value(1) != LONG);
        assert!(texts.is_null(2));
        let notes = verdict.notes.unwrap();
        assert!(notes.is_null(0) && notes.value(1) == "cut=1;" && notes.is_null(2));
    }

    #[test]
    fn head_and_tail_fit_together_with_what_joins_them() {
        let tokenizer = load_tokenizer("truncate", TOKENIZER.as_ref()).unwrap();
        for most in 1..20 {
            let text = rewritten(&step(most, Keep::HeadTail), &[Some(LONG)])[0].clone().unwrap();
            assert!(tokenizer.count(&text).unwrap() <= most, "{text}");
            let (head, tail) = text.split_once('\n').unwrap_or_default();
            assert!(LONG.starts_with(head) && LONG.ends_with(tail));
        }
    }

    #[test]
    fn windows_are_rows_of_their_own_that_together_are_the_text() {
        let verdict = verdict(&step(6, Keep::Windows), &[Some("甲方"), None, Some(LONG)]);
        let texts = verdict.columns[0].as_string::<i32>();
        let origin = verdict.origin.unwrap();
        assert_eq!(origin.values().get(..3), Some(&[0, 1, 2][..]));
        let pieces: String =
            (0..texts.len()).filter(|&row| origin.value(row) == 2).map(|row| texts.value(row)).collect();
        assert_eq!(pieces, LONG);
        assert_eq!(verdict.notes.unwrap().len(), 3);
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        assert!(step(0, Keep::Head).writes(&[]).is_err());
        assert!(Truncate { overlap_tokens: 2, ..step(4, Keep::Head) }.writes(&[]).is_err());
        assert!(Truncate { overlap_tokens: 4, ..step(4, Keep::Windows) }.writes(&[]).is_err());
    }
}
