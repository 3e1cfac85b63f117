//! `segment`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, read_file, text_column};
use crate::steps::is_true;
use arrow::array::{Array, ArrayRef, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::segment::Segmenter;
use std::path::PathBuf;
use std::sync::Arc;

/// Cuts a text into Chinese words, as a list beside the text; joined, the words are the text.
///
/// # Why
/// Chinese is written without spaces, and word counts, word filters and older models need words.
/// # Example
/// `segment: { into: words }`
/// # Nulls
/// A missing text has a missing list.
/// # Source
/// jieba 0.42.1: the most probable path through a dictionary, a hidden Markov model for words it lacks, and TF-IDF with
/// its document frequencies for keywords.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Column the words are written to, as a list.
    #[serde(default = "words")]
    pub into: String,
    /// Column that is cut.
    #[serde(default = "text")]
    pub column: String,
    /// File of further words: one a line, with an optional frequency and an optional part of speech.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_dictionary: Option<PathBuf>,
    /// Whether words that the dictionary lacks are guessed.
    #[serde(default = "is_true")]
    pub hmm: bool,
    /// How many keywords are written to the list column `keywords`, the weightiest first; none unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keywords: Option<usize>,
}

/// The column of the keywords.
const KEYWORDS: &str = "keywords";

fn words() -> String {
    "words".to_owned()
}

fn text() -> String {
    "text".to_owned()
}

impl RowOperator for Segment {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec![self.column.clone()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        if self.into.is_empty() || self.into == self.column {
            let problem = format!("`{}` is the text itself; name another column, such as `words`", self.into);
            return Err(Error::setting("segment", "into", problem));
        }
        if self.keywords.is_some() && self.into == KEYWORDS {
            let problem = "`keywords` is the column of the keywords; name another one, such as `words`";
            return Err(Error::setting("segment", "into", problem));
        }
        if self.keywords == Some(0) {
            return Err(Error::setting("segment", "keywords", "must be at least 1; leave it out for none"));
        }
        let list = |name: &str| Field::new_list(name, Field::new("item", DataType::Utf8, true), true);
        let keywords = self.keywords.map(|_| list(KEYWORDS));
        Ok(std::iter::once(list(&self.into)).chain(keywords).collect())
    }

    fn only_adds(&self) -> bool {
        true
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let dictionary = self.user_dictionary.as_ref();
        let dictionary = dictionary.map(|path| read_file("segment", "user_dictionary", path)).transpose()?;
        let segmenter = Segmenter::new(dictionary.as_deref())
            .map_err(|error| Error::setting("segment", "user_dictionary", error.to_string()))?;
        let (hmm, most) = (self.hmm, self.keywords);
        Ok(Box::new(move |columns| {
            let texts = text_column(&columns[0])?;
            let mut lists = ListBuilder::new(StringBuilder::with_capacity(texts.len(), texts.values().len()));
            let mut keywords = ListBuilder::new(StringBuilder::new());
            for text in texts {
                segmenter.for_each(text.unwrap_or_default(), hmm, |word| lists.values().append_value(word));
                lists.append(text.is_some());
                if let Some(most) = most {
                    let found = segmenter.keywords(text.unwrap_or_default(), most);
                    for word in found {
                        keywords.values().append_value(word);
                    }
                    keywords.append(text.is_some());
                }
            }
            let mut columns: Vec<ArrayRef> = vec![Arc::new(lists.finish())];
            if most.is_some() {
                columns.push(Arc::new(keywords.finish()));
            }
            Ok(Verdict::columns(columns))
        }))
    }

    fn files(&self) -> Vec<PathBuf> {
        self.user_dictionary.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Segment;
    use crate::operator::RowOperator;
    use crate::testing::verdict;
    use arrow::array::{Array, AsArray};

    fn step(into: &str, user_dictionary: Option<&str>) -> Segment {
        let user_dictionary = user_dictionary.map(Into::into);
        Segment { into: into.to_owned(), column: "text".to_owned(), user_dictionary, hmm: true, keywords: None }
    }

    // Expected words: the README of Python jieba 0.42.1.
    #[test]
    fn words_are_those_of_jieba_and_a_missing_text_has_none() {
        let columns = verdict(&step("words", None), &[Some("我来到北京清华大学"), None, Some("")]).columns;
        let lists = columns[0].as_list::<i32>();
        let words: Vec<String> = lists.value(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect();
        assert_eq!(words, ["我", "来到", "北京", "清华大学"]);
        assert!(lists.is_null(1) && lists.is_valid(2) && lists.value(2).is_empty());
    }

    // Expected keywords: jieba.analyse.extract_tags of Python jieba 0.42.1.
    #[test]
    fn keywords_are_written_beside_the_words_when_asked_for() {
        let step = Segment { keywords: Some(2), ..step("words", None) };
        let columns =
            verdict(&step, &[Some("合同无效，依照合同法返还价款，并赔偿损失。合同解除的，双方协商。"), None]).columns;
        let keywords = columns[1].as_list::<i32>();
        let words: Vec<String> = keywords.value(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect();
        assert_eq!(words, ["合同", "赔偿损失"]);
        assert!(keywords.is_null(1));
        assert!(Segment { keywords: Some(0), ..step }.writes(&[]).is_err());
    }

    #[test]
    fn a_dictionary_that_is_not_there_is_named() {
        let error = step("words", Some("no/such/words.txt")).build(&[]).err().unwrap().to_string();
        assert!(error.contains("`no/such/words.txt`") && error.contains("`user_dictionary`"), "{error}");
    }

    #[test]
    fn words_do_not_replace_their_text() {
        assert!(step("text", None).writes(&[]).is_err());
    }
}
