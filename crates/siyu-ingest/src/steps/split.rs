//! `split`.

use crate::error::{Error, Result};
use crate::near::{Job, Kind, Shares, SplitJob};
use crate::operator::{Action, Key, TableOperator};
use crate::steps::near_dedup::{MISS, check, check_text, shingles};
use crate::steps::text_columns;
use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_dataset::{NearRule, tied_columns};
use siyu_text::near::{Bands, Link, Shingles};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Divides the documents into training, validation and test parts, named in the column `split`, so that nothing in one
/// part resembles anything in another.
///
/// Documents that are alike at `leak_similarity`, or equal in a column of `group_by`, land on one side, and so does
/// whatever is connected with them. Where several columns are the content, equal inputs land on one side too, whatever
/// the instruction, and so do equal texts, and equal instructions with equal inputs, whatever the other columns say.
/// Steps behind `split` must leave its columns as they are. A document's side follows from its own content, so that few
/// change it when others are added: those between bounds that move by up to two points where the shares would be missed.
/// With `previous` none does.
///
/// # Why
/// A copy of a training document in the test part makes the test's score worthless, and so does a near-copy or another
/// page of the same case.
/// # Example
/// `split: { train: 0.9, validation: 0.05, test: 0.05 }`
/// # Nulls
/// A missing text counts as an empty one; a missing `group_by` value ties nothing.
/// # Source
/// Similarity as in `near_dedup`, every pair that counts compared on its whole sets. A component's side follows from the
/// smallest seeded XXH3 hash of its documents' contents as a number in 0..1.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Share of the training part, 0 to 1.
    #[serde(default)]
    pub train: f64,
    /// Share of the validation part, 0 to 1.
    #[serde(default)]
    pub validation: f64,
    /// Share of the test part, 0 to 1.
    #[serde(default)]
    pub test: f64,
    /// Columns that together are the content.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
    /// Least Jaccard similarity of documents that must not be on two sides, 0.3 to 1.
    #[serde(default = "leak_similarity")]
    pub leak_similarity: f64,
    /// What is compared, as in `near_dedup`.
    #[serde(default = "shingles")]
    pub shingles: Shingles,
    /// Columns whose equal values stay together, such as a case number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<String>,
    /// Column within each of whose values the shares hold; a component counts where its first document does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stratify_by: Option<String>,
    /// Whether to refuse the run where components are too large for the shares; else the nearest split is written, with
    /// a warning.
    #[serde(default)]
    pub strict_shares: bool,
    /// The `split.parquet` of an earlier dataset, whose choices hold. Where new documents tie a training document to a
    /// test document, both are for testing. A document that takes an earlier one's place in a `near_dedup` right in front
    /// of this step takes its side, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PathBuf>,
    /// Another seed divides otherwise.
    #[serde(default)]
    pub seed: u64,
}

fn leak_similarity() -> f64 {
    0.7
}

impl Split {
    fn shares(&self) -> Result<Shares> {
        for (setting, share) in [("train", self.train), ("validation", self.validation), ("test", self.test)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::setting("split", setting, format!("`{share}` is not between 0 and 1")));
            }
        }
        let sum = self.train + self.validation + self.test;
        if (sum - 1.0).abs() > 1e-9 {
            let sum = (sum * 1e9).round() / 1e9;
            let problem = format!("`train`, `validation` and `test` add up to {sum}; they must add up to 1");
            return Err(Error::setting("split", "train", problem));
        }
        Ok([self.train, self.validation, self.test])
    }
}

impl Split {
    /// What must not be on two sides, as a manifest says it.
    pub(crate) fn rule(&self) -> NearRule {
        NearRule {
            similarity: self.leak_similarity,
            shingles: self.shingles,
            columns: self.columns.clone(),
            group_by: self.group_by.clone(),
        }
    }

    /// The share of each side, as a manifest says it.
    pub(crate) fn asked(&self) -> BTreeMap<String, f64> {
        let shares = [("train", self.train), ("validation", self.validation), ("test", self.test)];
        shares.into_iter().map(|(side, share)| (side.to_owned(), share)).collect()
    }
}

impl TableOperator for Split {
    fn reads(&self) -> Vec<String> {
        self.columns.iter().chain(&self.group_by).chain(&self.stratify_by).cloned().collect()
    }

    fn key(&self) -> Key {
        Key::Position { seed: 0x5350_4c54 }
    }

    fn action(&self) -> Action {
        Action::Decide
    }

    fn writes(&self) -> Option<Field> {
        Some(Field::new("split", DataType::Utf8, true))
    }

    fn job(&self, inputs: &[Field]) -> Result<Option<Job>> {
        check("split", "leak_similarity", self.leak_similarity, self.shingles)?;
        check_text("split", &self.columns, inputs)?;
        let split = SplitJob {
            shares: self.shares()?,
            strict: self.strict_shares,
            seed: self.seed,
            groups: self.group_by.len(),
            stratified: self.stratify_by.is_some(),
            tied: tied_columns(&self.columns),
            previous: self.previous.clone(),
        };
        Ok(Some(Job {
            step: "split",
            shingles: self.shingles,
            similarity: self.leak_similarity,
            bands: Bands::reaching(self.leak_similarity, MISS),
            link: Link::Single,
            content: self.columns.len(),
            kind: Kind::Split(split),
        }))
    }

    fn files(&self) -> Vec<PathBuf> {
        self.previous.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Split;

    fn shares(train: f64, validation: f64, test: f64) -> bool {
        let step: Split = serde_saphyr::from_str("{}").unwrap();
        Split { train, validation, test, ..step }.shares().is_ok()
    }

    #[test]
    fn shares_that_do_not_add_up_are_refused() {
        assert!(!shares(0.9, 0.1, 0.1) && !shares(1.5, -0.5, 0.0) && shares(0.7, 0.2, 0.1));
    }
}
