//! What a manifest says of the split, and how its parts must agree.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siyu_text::near::Shingles;

use super::PartRecord;
use super::sums::{agree, equal};
use crate::{LEAK_METHOD, Result};

/// The ledger's file name inside a dataset directory: which content is on which side, for the next run to keep to.
pub const LEDGER: &str = "split.parquet";

/// How the rows were divided, and the proof that nothing is on two sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitRecord {
    /// The columns whose equal values stay on one side, such as `cluster`.
    pub by: Vec<String>,
    /// The share asked for, per side.
    pub shares: BTreeMap<String, f64>,
    /// The rows written, per side.
    pub rows: BTreeMap<String, u64>,
    /// The proof.
    pub leak: LeakProof,
    /// The file that lists the side of each content; absent where an earlier version wrote the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<PartRecord>,
    /// What the reader of the split should know, such as shares that could not be met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Documents that an earlier dataset had on another side.
    #[serde(default)]
    pub moved: u64,
    /// Ids of the first hundred of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_ids: Vec<String>,
}

/// The result of looking for the same content on two sides of the split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeakProof {
    /// What counts as the same content.
    pub method: String,
    /// What was checked: rows where contents must differ; where they must be unlike, all pairs of documents on two
    /// sides, most of which their sketches tell apart. Without a ledger, only the pairs that were compared.
    pub checked: u64,
    /// How many of them were too much alike.
    pub found: u64,
    /// What counts as alike, where more than equality does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<NearRule>,
}

/// What must not be on two sides of a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearRule {
    /// Least Jaccard similarity of rows that are alike.
    pub similarity: f64,
    /// The pieces whose sets are compared.
    pub shingles: Shingles,
    /// Columns whose texts, one a line, are compared.
    pub columns: Vec<String>,
    /// Columns of which no value may be on two sides.
    pub group_by: Vec<String>,
}

impl NearRule {
    /// How [`LeakProof::method`] names the rule.
    pub fn method(&self) -> String {
        format!("Jaccard similarity of {} or more", self.similarity)
    }

    /// How [`SplitRecord::by`] names it.
    pub fn by(&self) -> Vec<String> {
        self.columns.iter().chain(&self.group_by).cloned().collect()
    }
}

/// Positions of the columns whose equal texts, by themselves, keep documents of several columns on one side.
///
/// Each entry is a list of columns that count together: the input, whatever the instruction, and what a trainer takes
/// for the content of a row (see [`content_columns`](crate::content_columns)), whatever stands beside it. Where there is
/// an input, a text beside it is its instruction, which many rows share.
///
/// ```
/// use siyu_dataset::tied_columns;
/// let tied = |names: &[&str]| tied_columns(&names.iter().map(|name| name.to_string()).collect::<Vec<_>>());
/// assert_eq!(tied(&["instruction", "input", "output"]), [vec![1], vec![0, 1]]);
/// assert_eq!(tied(&["title", "text"]), [vec![1]]);
/// assert_eq!(tied(&["text"]), [vec![0usize; 0]; 0]);
/// ```
pub fn tied_columns(columns: &[String]) -> Vec<Vec<usize>> {
    let place = |wanted: &str| columns.iter().position(|name| name == wanted);
    let input = place("input");
    let content: Vec<usize> = match (place("text"), place("instruction")) {
        (Some(text), _) if input.is_none() => vec![text],
        (None, Some(instruction)) => [Some(instruction), input].into_iter().flatten().collect(),
        _ => Vec::new(),
    };
    let tied = [input.into_iter().collect(), content];
    tied.into_iter().filter(|part| !part.is_empty() && part.len() < columns.len()).collect()
}

impl SplitRecord {
    /// Pairs of documents on two sides.
    pub fn pairs(rows: &BTreeMap<String, u64>) -> u64 {
        let (mut before, mut pairs) = (0u64, 0u64);
        for &count in rows.values() {
            pairs = pairs.saturating_add(before.saturating_mul(count));
            before = before.saturating_add(count);
        }
        pairs
    }

    /// Checks that the parts of the record say the same.
    pub(super) fn check(&self) -> Result<()> {
        let leak = &self.leak;
        equal("`split.leak.found`", leak.found, 0)?;
        let Some(rule) = &leak.near else {
            let promised = if self.ledger.is_some() { "a rule, as there is a ledger" } else { "absent" };
            agree("`split.leak.near`", "absent", promised)?;
            return agree("`split.leak.method`", &leak.method, LEAK_METHOD);
        };
        agree("`split.leak.method`", &leak.method, &rule.method())?;
        agree("`split.by`", &self.by.join(", "), &rule.by().join(", "))?;
        if rule.columns.is_empty() {
            agree("`split.leak.near.columns`", "empty", "the columns that were compared")?;
        }
        if !(0.3..=1.0).contains(&rule.similarity) {
            agree("`split.leak.near.similarity`", &rule.similarity.to_string(), "between 0.3 and 1")?;
        }
        let Some(ledger) = &self.ledger else { return Ok(()) };
        agree("`split.ledger.path`", &ledger.path, LEDGER)?;
        equal("`split.leak.checked`", leak.checked, Self::pairs(&self.rows))
    }
}
