//! What a merged model was made of.

use super::Verdict;
use serde::{Deserialize, Serialize};

/// The file of it, in the folder of the model.
pub const MERGE_RECORD: &str = "siyu-merge.json";

/// What a merged model was made of. Hashes are BLAKE3 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergeRecord {
    /// The version of this program.
    pub siyu_version: String,
    /// Of the base, by [`siyu_checkpoint::base_hash`].
    pub base_hash: String,
    /// Of the adapter's weights.
    pub adapter_hash: String,
    /// Of the tokenizer that the adapter was trained with, where its record says so.
    pub tokenizer_hash: Option<String>,
    /// Of the manifest of the dataset that the adapter was trained on, where its record says so.
    pub manifest_hash: Option<String>,
    /// How far it is from base and adapter, where it was compared.
    pub verdict: Option<Verdict>,
}
