//! What becomes of a text with a word of a list.

use serde::Deserialize;

/// What becomes of a text with one of the words.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The prompt is not answered; an answer ends before the word.
    #[default]
    Refuse,
    /// The word becomes the mask, and the rest stays.
    Mask,
}
