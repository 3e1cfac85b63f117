//! `language`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use crate::steps::text;
use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray};
use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::quality::EMPTY;
use siyu_text::quality::language::{self, Language as Found};
use std::sync::Arc;

/// Tells the main language of each document, and keeps those in the languages that are named.
///
/// The column holds a BCP 47 tag: `zh-Hans`, `zh-Hant`, `lzh` for classical Chinese, `en`, `ja`, `ko`, `ru`, `fr` and so
/// on, about 60 in all. In `keep`, `zh` means all three of Chinese. A dropped document says why: `other_language`,
/// `low_confidence`, or `unknown_language` where it has no letters. Good from about 20 characters on.
///
/// # Why
/// A corpus from the web or a mailbox holds languages that nobody will ask the model for.
/// # Example
/// `language: { keep: [zh, en], min_confidence: 0.5 }`
/// # Nulls
/// A document without letters has a null language. With `keep` or `min_confidence` it is dropped, as `empty` where it has
/// no text or white space only.
/// # Source
/// Scripts by Unicode 16; Chinese by its characters; Latin, Cyrillic and Devanagari by whatlang 0.18 and whichlang 0.1.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Language {
    /// Tags of the languages to keep; all when absent.
    pub keep: Option<Vec<String>>,
    /// Least confidence, from 0 to 1: the share of the text in its script, times how clearly the language leads.
    pub min_confidence: f64,
    /// Column that holds the tag.
    pub into: String,
    /// Column that holds the confidence; none when absent.
    pub confidence_into: Option<String>,
    /// Column that is judged.
    pub column: String,
}

impl Default for Language {
    fn default() -> Self {
        Self { keep: None, min_confidence: 0.0, into: "language".to_owned(), confidence_into: None, column: text() }
    }
}

impl Language {
    fn check(&self) -> Result<()> {
        let tags = language::tags();
        for wanted in self.keep.iter().flatten() {
            if !tags.iter().any(|tag| language::is_meant(wanted, tag)) {
                let problem = format!("no language `{wanted}` is told apart; use tags such as zh, zh-Hans, en, ja");
                return Err(Error::setting("language", "keep", problem));
            }
        }
        if !(0.0..=1.0).contains(&self.min_confidence) {
            return Err(Error::setting("language", "min_confidence", "must be from 0 to 1"));
        }
        Ok(())
    }

    /// Why a document is dropped.
    fn refuse(&self, text: Option<&str>, found: Option<Found>) -> Option<&'static str> {
        if self.keep.is_none() && self.min_confidence <= 0.0 {
            return None;
        }
        let Some(found) = found else {
            let blank = text.is_none_or(|text| text.trim().is_empty());
            return Some(if blank { EMPTY } else { "unknown_language" });
        };
        let meant = |keep: &Vec<String>| keep.iter().any(|wanted| language::is_meant(wanted, found.tag));
        if !self.keep.as_ref().is_none_or(meant) {
            return Some("other_language");
        }
        (found.confidence < self.min_confidence).then_some("low_confidence")
    }
}

impl RowOperator for Language {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.check()?;
        let mut fields = vec![Field::new(&self.into, DataType::Utf8, true)];
        fields.extend(self.confidence_into.iter().map(|name| Field::new(name, DataType::Float64, true)));
        Ok(fields)
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        self.check()?;
        let step = self.clone();
        Ok(Box::new(move |columns| {
            let texts = text_column(&columns[0])?;
            let found: Vec<Option<Found>> = texts.iter().map(|text| text.and_then(language::detect)).collect();
            let refused: Vec<_> = texts.iter().zip(&found).map(|(text, found)| step.refuse(text, *found)).collect();
            let tags = found.iter().map(|found| found.map(|found| found.tag)).collect::<StringArray>();
            let mut columns: Vec<ArrayRef> = vec![Arc::new(tags)];
            if step.confidence_into.is_some() {
                let sure = found.iter().map(|found| found.map(|found| found.confidence));
                columns.push(Arc::new(sure.collect::<Float64Array>()));
            }
            let keep = refused.iter().map(|code| Some(code.is_none())).collect::<BooleanArray>();
            Ok(Verdict { columns, keep: Some(keep), reasons: Some(StringArray::from(refused)), ..Verdict::default() })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Language;
    use crate::operator::RowOperator;
    use crate::testing::{rewritten, verdict};

    const TEXTS: [Option<&str>; 5] = [
        Some("这份合同自双方签字之日起生效。"),
        Some("This contract takes effect on the day it is signed."),
        Some("Договор вступает в силу со дня его подписания."),
        Some("12345"),
        None,
    ];

    #[test]
    fn the_tag_is_a_column_and_no_row_is_dropped_unasked() {
        let tags = rewritten(&Language::default(), &TEXTS);
        assert_eq!(
            tags.iter().map(Option::as_deref).collect::<Vec<_>>(),
            [Some("zh-Hans"), Some("en"), Some("ru"), None, None]
        );
        assert_eq!(verdict(&Language::default(), &TEXTS).keep.unwrap().true_count(), 5);
    }

    #[test]
    fn other_languages_are_dropped_and_say_why() {
        let step = Language { keep: Some(vec!["zh".to_owned(), "en".to_owned()]), ..Language::default() };
        let verdict = verdict(&step, &TEXTS);
        assert_eq!(verdict.keep.unwrap().true_count(), 2);
        let reasons = verdict.reasons.unwrap();
        assert_eq!([2, 3, 4].map(|row| reasons.value(row)), ["other_language", "unknown_language", "empty"]);
    }

    #[test]
    fn a_language_that_nobody_tells_apart_is_refused() {
        let step = Language { keep: Some(vec!["xx".to_owned()]), ..Language::default() };
        assert!(step.writes(&[]).unwrap_err().to_string().contains("`xx`"));
    }
}
