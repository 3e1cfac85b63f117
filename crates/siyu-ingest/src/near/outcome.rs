//! What a search for near-duplicates tells the report.

use serde::{Deserialize, Serialize};
use siyu_text::near::Bands;
use std::collections::BTreeMap;

/// What a step found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearReport {
    /// The step, such as `3 near_dedup`.
    pub step: String,
    /// Documents that reached it.
    pub documents: u64,
    /// The similarity asked for.
    pub similarity: f64,
    /// How candidates were proposed.
    pub bands: Bands,
    /// Documents equal to another one but for white space, width and case.
    pub copies: u64,
    /// Pairs that were compared.
    pub compared: u64,
    /// Pairs that are alike, by similarity in hundredths, from 0 to 100.
    pub histogram: Vec<u64>,
    /// Clusters by their size, from 2 on.
    pub clusters: BTreeMap<u64, u64>,
    /// The similarity of the two least alike members found in a large cluster.
    pub least_alike: Option<f64>,
    /// Pairs to look at.
    pub examples: Vec<Example>,
    /// How the clusters were divided, where they were.
    pub divided: Option<DividedReport>,
}

/// Two documents that are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Their similarity.
    pub similarity: f64,
    /// Their ids.
    pub ids: [String; 2],
    /// Their texts, as the step saw them but for personal data; cut.
    pub texts: [String; 2],
}

/// How clusters were divided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DividedReport {
    /// Compared pairs whose documents ended on two sides; none of them is alike.
    pub checked: u64,
    /// What the one who reads the split should know.
    pub warnings: Vec<String>,
    /// Documents that an earlier run had put on another side, for training and validation gave way to testing.
    pub moved: u64,
    /// Ids of the first of them.
    pub moved_ids: Vec<String>,
}
