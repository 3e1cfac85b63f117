//! How many bytes of a text each token stands for.

use super::{document::Document, vocabulary::Vocabulary};
use serde_json::Value;

/// The space of `SentencePiece`'s vocabularies.
const SPACE: char = '▁';

/// Bytes of text by id.
pub(super) struct Lengths(Vec<u32>);

impl Lengths {
    pub(super) fn new(document: &Document, vocabulary: &Vocabulary) -> Self {
        let is_byte_level = mentions(&document.pre_tokenizer, "ByteLevel");
        let mut lengths = vec![0; vocabulary.size()];
        for (token, id) in vocabulary.tokens() {
            let length = if is_byte_level { token.chars().count() } else { spelled(token) };
            if let Some(place) = lengths.get_mut(id as usize) {
                *place = u32::try_from(length).unwrap_or(0);
            }
        }
        Self(lengths)
    }

    /// Fills in where the tokens of a text of `length` bytes end, if their lengths add up to the text's, or to one more:
    /// the space that some vocabularies put before a text.
    pub(super) fn ends_into(&self, ids: &[u32], length: usize, ends: &mut Vec<usize>) {
        ends.clear();
        let mut sum = 0;
        ends.extend(ids.iter().map(|id| {
            sum += self.0.get(*id as usize).map_or(0, |length| *length as usize);
            sum
        }));
        match sum.checked_sub(length) {
            Some(0) => {}
            Some(1) => ends.iter_mut().for_each(|end| *end = end.saturating_sub(1)),
            _ => ends.clear(),
        }
    }
}

/// Bytes of text that a token of `SentencePiece` stands for: its spelling, in which a mark is a space and `<0x0A>` a
/// byte.
fn spelled(token: &str) -> usize {
    let hexadecimal = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    if hexadecimal.is_some_and(|digits| digits.len() == 2) {
        return 1;
    }
    token.chars().map(|character| if character == SPACE { 1 } else { character.len_utf8() }).sum()
}

/// Whether a part of the configuration, or one of those inside it, is of this type.
fn mentions(part: &Value, kind: &str) -> bool {
    match part {
        Value::Object(fields) => part["type"] == kind || fields.values().any(|part| mentions(part, kind)),
        Value::Array(parts) => parts.iter().any(|part| mentions(part, kind)),
        _ => false,
    }
}
