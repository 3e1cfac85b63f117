//! `shuffle`.

use crate::operator::{Action, Key, TableOperator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Puts the documents into a seeded random order.
///
/// # Why
/// Neighbours in a source resemble one another, and a batch should not. The order of a dataset is that of a hash
/// anyway; this step is for another draw.
/// # Example
/// `shuffle: { seed: 7 }`
/// # Nulls
/// Rows move whatever they hold.
/// # Source
/// Order by a keyed hash of the position, as in external shuffles; the same seed and input give the same order.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shuffle {
    /// Another seed gives another order.
    #[serde(default)]
    pub seed: u64,
}

impl TableOperator for Shuffle {
    fn reads(&self) -> Vec<String> {
        Vec::new()
    }

    fn key(&self) -> Key {
        // Offset so that the default seed differs from the order that datasets have without this step.
        Key::Position { seed: self.seed.wrapping_add(0x5348_5546) }
    }

    fn action(&self) -> Action {
        Action::Order
    }
}
