//! Punctuation and width.
//!
//! What is no prose keeps its punctuation: numbers, URLs, e-mail addresses, code, formulas, markup.

mod context;
mod kept;
mod lines;
mod narrow;
mod pairs;
mod protect;
mod scan;
mod widen;

use crate::unicode::offsets::{OffsetMap, Record, Writer, until_stable};
use lines::Lines;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Which characters change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Full-width letters, digits and the ideographic space become ASCII; Chinese punctuation stays.
    #[default]
    Alphanumeric,
    /// All that has an ASCII counterpart becomes ASCII, Chinese punctuation included.
    Halfwidth,
    /// Like `alphanumeric`; and ASCII punctuation among Chinese becomes Chinese punctuation.
    Fullwidth,
}

/// Later rounds change what an earlier one made visible, such as a code span; few texts need a third.
const MAX_ROUNDS: usize = 64;

/// Applies a style; text that needs nothing comes back without a copy. Idempotent.
///
/// In every style full-width digits become ASCII together with the separators between them: `１，０００．５` becomes
/// `1,000.5`. URLs, e-mail addresses, inline and fenced code, formulas, HTML tags, JSON, link targets and the like
/// stay as they are.
///
/// With [`Style::Fullwidth`] a mark is decided by what stands at its sides: between Chinese it becomes Chinese, between
/// Latin words or digits it stays, and where the sides disagree the language of the sentence decides. The space after
/// a mark goes with it, since a full-width mark brings its own.
///
/// A line that would read as garbled afterwards stays, as one with `Ã"`: `Ã“` is what `Ó` may have become.
///
/// # Source
/// Unicode 16, block "Halfwidth and Fullwidth Forms": U+FF01 to U+FF5E are ASCII 0x21 to 0x7E, in order. GB/T
/// 15834-2011 "General rules for punctuation" for the Chinese marks: two em dashes, six dots in an ellipsis, double
/// quotation marks outside single ones. GB/T 15835-2011 for Arabic numerals in Chinese text.
pub fn normalize(text: &str, style: Style) -> Cow<'_, str> {
    rewrite::<()>(text, style).0
}

/// Like [`normalize`], with the place in the source for each place in the result.
pub fn normalize_mapped(text: &str, style: Style) -> (Cow<'_, str>, OffsetMap) {
    rewrite(text, style)
}

fn rewrite<R: Record>(text: &str, style: Style) -> (Cow<'_, str>, R) {
    let mut kept = Vec::new();
    loop {
        let (out, record) = until_stable(text, MAX_ROUNDS, |text| round(text, style, &kept));
        let Cow::Owned(changed) = &out else { return (out, record) };
        let garbled = kept::garbled(text, changed);
        if garbled.is_empty() {
            return (out, record);
        }
        kept.extend(garbled);
        kept.sort_unstable();
    }
}

/// One pass over a text: width first, then marks. The lines of the numbers `kept` stay.
fn round<R: Record>(text: &str, style: Style, kept: &[usize]) -> Option<(String, R)> {
    let bytes = text.as_bytes();
    let is_wide = scan::next_wide(bytes, 0, bytes.len(), style).is_some();
    if !is_wide && (style != Style::Fullwidth || scan::next_han(bytes, 0).is_none()) {
        return None;
    }
    let mut lines = Lines::new(text, !is_wide && kept.is_empty());
    let mut spans = protect::spans(text, Some(&mut lines));
    if !kept.is_empty() {
        spans = kept::cover(text, spans, kept);
    }
    let mut writer = Writer::new(text, R::default());
    if is_wide {
        narrow::narrow(text, &spans, style, &mut writer);
    }
    if style == Style::Fullwidth && !writer.is_changed() {
        widen::widen(text, &spans, lines.found(), &mut writer);
    }
    writer.changed()
}

#[cfg(test)]
mod tests;
