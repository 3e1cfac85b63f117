//! Unicode normal forms, invisible and control characters, line ends.
//!
//! It changes how a text is written, never what it says: punctuation and width are the business of
//! [`punctuation`](crate::punctuation), white space at line ends stays.

mod context;
pub(crate) mod offsets;
mod plain;
mod rewrite;
mod scan;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use offsets::OffsetMap;

/// The normal form a text is brought into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Canonical composition: one spelling for each character, no loss.
    #[default]
    Nfc,
    /// Compatibility composition: also full-width forms, ligatures, circled numbers and the like become plain ones.
    Nfkc,
    /// No normal form; invisible characters and line ends only.
    None,
}

/// Brings a text into a normal form without invisible or control characters.
///
/// - `\r\n`, `\r`, vertical tab, form feed, NEL, LS and PS become `\n`; other control characters but the tab go.
/// - No-break, en, em, thin and other wide or narrow spaces become a space. U+3000 stays: it is full-width, and
///   [`punctuation::normalize`](crate::punctuation::normalize) turns it into a space (as does [`Form::Nfkc`]).
/// - Zero-width and bidirectional controls, soft hyphens, byte order marks and variation selectors go, but for those
///   that letters or pictures need: joiners after letters of Arabic, Indic and related scripts, variation selectors
///   after Mongolian letters, and joiners, selectors and tags inside emoji.
/// - U+FFFD and private-use characters stay, since only their source knows what they stood for; [`count_odd`] counts
///   them.
///
/// Idempotent. A text that needs nothing is borrowed, at a few bytes per CPU cycle.
///
/// # Source
/// Unicode Standard Annex 15 (normal forms) and 44 (`Default_Ignorable_Code_Point`); Unicode Technical Standard 51
/// (emoji sequences); RFC 5892, appendix A.1 (joiners).
pub fn normalize(text: &str, form: Form) -> Cow<'_, str> {
    rewrite::rewrite(text, form, ()).0
}

/// Like [`normalize`], with the place in the source for each place in the result.
pub fn normalize_mapped(text: &str, form: Form) -> (Cow<'_, str>, OffsetMap) {
    rewrite::rewrite(text, form, OffsetMap::default())
}

/// Like [`normalize`], with what was replaced told to `record`.
pub(crate) fn normalize_recorded<R: offsets::Record>(text: &str, form: Form, record: R) -> (Cow<'_, str>, R) {
    rewrite::rewrite(text, form, record)
}

/// How many characters stand for something that was lost: U+FFFD, U+FFFC, private-use characters, noncharacters.
pub fn count_odd(text: &str) -> usize {
    let (mut count, mut position) = (0, 0);
    while position < text.len() {
        position = scan::skip_blocks_without_odd(text.as_bytes(), position);
        let end = text.len().min(position + scan::BLOCK);
        let leads = (position..end).filter(|&at| text.as_bytes()[at] >= 0xEE);
        count += leads.filter(|&at| text.split_at(at).1.starts_with(is_odd)).count();
        position = end;
    }
    count
}

fn is_odd(character: char) -> bool {
    let code = u32::from(character);
    matches!(code, 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFFFC | 0xFFFD | 0xF_0000..) || code & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests;
