//! `near_dedup`.

use crate::error::{Error, Result};
use crate::near::{Job, Keep, Kind};
use crate::operator::{Action, Key, TableOperator};
use crate::sql::{self, Expression};
use crate::steps::text_columns;
use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::near::{Bands, Link, Shingles};

/// Keeps one of all documents that are nearly the same, and names it in the column `cluster`.
///
/// Two documents are nearly the same when at least `similarity` of all their shingles are shared (Jaccard similarity).
/// For that they are folded: full-width letters, digits and punctuation become half-width, capitals small, characters
/// composed (NFC), each run of white space one space. Every pair that counts is compared on its whole sets of shingles;
/// sketches only propose pairs.
///
/// A dropped document's detail names the one that is kept and their similarity.
///
/// # Why
/// Amended laws, templates filled in twice and reprints are learnt by heart like copies, and no hash finds them.
/// # Example
/// `near_dedup: { similarity: 0.8 }`
/// # Nulls
/// A missing text counts as an empty one; empty documents resemble nothing and stay. A document shorter than a shingle
/// is its own shingle.
/// # Source
/// Broder 1997, "On the resemblance and containment of documents"; sketches after Dahlgaard, Knudsen and Thorup 2017,
/// "Fast Similarity Sketching"; at 0.8 they are cut into 25 bands of 5.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NearDedup {
    /// Columns that together are the content.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
    /// Least Jaccard similarity of documents that are nearly the same, 0.3 to 1.
    #[serde(default = "similarity")]
    pub similarity: f64,
    /// What is compared: `char: 5` fits every language and Han text above all; `word: 3` fits languages with spaces;
    /// `jieba: 2` takes the words that jieba finds.
    #[serde(default = "shingles")]
    pub shingles: Shingles,
    /// `representative`: a document is dropped only where it resembles the one that is kept. `single`: also where a
    /// chain of documents leads to it, each resembling the next.
    #[serde(default)]
    pub link: Link,
    /// Which document stays: `longest`, `first` in the input, or an SQL expression, whose largest value stays. Equal
    /// ones are decided by a hash of their content.
    #[serde(default = "longest")]
    pub keep: String,
}

fn similarity() -> f64 {
    0.8
}

/// Five characters.
pub(crate) fn shingles() -> Shingles {
    Shingles::Char(5)
}

fn longest() -> String {
    "longest".to_owned()
}

/// Chance that two documents of just the wanted similarity are not compared.
pub(crate) const MISS: f64 = 1e-4;

impl NearDedup {
    fn expression(&self) -> Option<&str> {
        (!["longest", "first"].contains(&self.keep.as_str())).then_some(&self.keep)
    }

    fn keep(&self, inputs: &[Field]) -> Result<Keep> {
        let Some(sql) = self.expression() else {
            return Ok(if self.keep == "first" { Keep::First } else { Keep::Longest });
        };
        let wrong = |problem: String| Error::setting("near_dedup", "keep", problem);
        sql::columns(sql).map_err(wrong)?;
        let expression = Expression::compile(sql, inputs).map_err(wrong)?;
        let kind = expression.data_type();
        if kind.is_numeric() && !matches!(kind, DataType::UInt64) || kind.is_temporal() || *kind == DataType::Boolean {
            return Ok(Keep::Expression(expression));
        }
        Err(wrong(format!(
            "`{sql}` is a value of type {kind}; give a number, a time or a condition, or `longest` or `first`"
        )))
    }
}

/// Refuses settings that no search can work with.
pub(crate) fn check(step: &'static str, setting: &'static str, similarity: f64, shingles: Shingles) -> Result<()> {
    if !(0.3..=1.0).contains(&similarity) {
        return Err(Error::setting(step, setting, format!("`{similarity}` is not between 0.3 and 1")));
    }
    if !(1..=64).contains(&shingles.length()) {
        return Err(Error::setting(step, "shingles", format!("`{}` is not between 1 and 64", shingles.length())));
    }
    Ok(())
}

/// Refuses columns that hold no text.
pub(crate) fn check_text(step: &'static str, columns: &[String], inputs: &[Field]) -> Result<()> {
    if columns.is_empty() {
        return Err(Error::setting(step, "columns", "name at least one column"));
    }
    match inputs.iter().take(columns.len()).find(|field| *field.data_type() != DataType::Utf8) {
        Some(field) => Err(Error::setting(step, "columns", format!("`{}` holds no text", field.name()))),
        None => Ok(()),
    }
}

impl TableOperator for NearDedup {
    fn reads(&self) -> Vec<String> {
        let mut names = self.columns.clone();
        // An expression that cannot be parsed is refused by `job`, with its place.
        names.extend(self.expression().map(|sql| sql::columns(sql).unwrap_or_default()).unwrap_or_default());
        names
    }

    fn key(&self) -> Key {
        Key::Position { seed: 0x4e45_4152 }
    }

    fn action(&self) -> Action {
        Action::Decide
    }

    fn writes(&self) -> Option<Field> {
        Some(Field::new("cluster", DataType::Utf8, true))
    }

    fn job(&self, inputs: &[Field]) -> Result<Option<Job>> {
        check("near_dedup", "similarity", self.similarity, self.shingles)?;
        check_text("near_dedup", &self.columns, inputs)?;
        Ok(Some(Job {
            step: "near_dedup",
            shingles: self.shingles,
            similarity: self.similarity,
            bands: Bands::reaching(self.similarity, MISS),
            link: self.link,
            content: self.columns.len(),
            kind: Kind::Dedup(self.keep(&inputs[self.columns.len()..])?),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::NearDedup;
    use crate::operator::TableOperator;
    use arrow::datatypes::{DataType, Field};

    fn problem(yaml: &str) -> String {
        let step: NearDedup = serde_saphyr::from_str(yaml).unwrap();
        let fields: Vec<Field> = step.reads().iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        step.job(&fields).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn settings_that_cannot_work_are_refused_with_their_reason() {
        assert_eq!(problem("{}"), "");
        assert_eq!(problem("{ keep: 'source = ''gold''', shingles: { word: 3 }, link: single }"), "");
        assert!(problem("{ similarity: 1.5 }").contains("between 0.3 and 1"));
        assert!(problem("{ shingles: { char: 0 } }").contains("between 1 and 64"));
        assert!(problem("{ keep: source }").contains("give a number"));
        assert!(problem("{ keep: 'length(' }").contains("the SQL is not complete"));
    }
}
