//! `exact_dedup`.

use crate::operator::{Action, Key, TableOperator};
use crate::steps::text_columns;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keeps one of all documents with the same text, the first in the input.
///
/// Two texts are the same when they differ in nothing but white space.
///
/// # Why
/// Repeated documents are learnt by heart, and a copy on the other side of a split makes its scores worthless.
/// # Example
/// `exact_dedup: {}`
/// # Nulls
/// A missing text counts as an empty one; all empty documents are the same.
/// # Source
/// Lee et al. 2022, "Deduplicating Training Data Makes Language Models Better"; XXH3-128 of the text.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExactDedup {
    /// Columns that together are the content.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
}

impl TableOperator for ExactDedup {
    fn reads(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn key(&self) -> Key {
        Key::Content { columns: self.columns.clone() }
    }

    fn action(&self) -> Action {
        Action::KeepFirst
    }
}
