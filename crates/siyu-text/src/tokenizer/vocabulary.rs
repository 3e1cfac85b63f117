//! Spellings and ids of the tokens in a `tokenizer.json`.

use serde_json::Value;
use std::collections::HashMap;

/// Tokens by spelling.
#[derive(Default)]
pub(super) struct Vocabulary {
    ids: HashMap<Box<str>, u32>,
    size: usize,
    added: Vec<Box<str>>,
}

impl Vocabulary {
    pub(super) fn from_document(document: &Value) -> Self {
        let mut vocabulary = Self::default();
        match document.pointer("/model/vocab") {
            Some(Value::Object(entries)) => {
                let entries = entries.iter().filter_map(|(token, id)| Some((token.as_str(), id.as_u64()?)));
                entries.for_each(|(token, id)| vocabulary.insert(token, id));
            }
            Some(Value::Array(pieces)) => {
                let tokens = pieces.iter().zip(0..).filter_map(|(piece, id)| Some((piece.get(0)?.as_str()?, id)));
                tokens.for_each(|(token, id)| vocabulary.insert(token, id));
            }
            _ => {}
        }
        let added = document.get("added_tokens").and_then(Value::as_array);
        for token in added.into_iter().flatten() {
            let content = token.get("content").and_then(Value::as_str);
            if let (Some(content), Some(id)) = (content, token.get("id").and_then(Value::as_u64)) {
                vocabulary.insert(content, id);
                vocabulary.added.push(content.into());
            }
        }
        vocabulary
    }

    fn insert(&mut self, token: &str, id: u64) {
        let Ok(id) = u32::try_from(id) else { return };
        self.size = self.size.max(id as usize + 1);
        self.ids.insert(token.into(), id);
    }

    pub(super) fn id_of(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    /// Every spelling with its id, in no particular order.
    pub(super) fn tokens(&self) -> impl Iterator<Item = (&str, u32)> {
        self.ids.iter().map(|(token, id)| (token.as_ref(), *id))
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The added tokens' spellings, in the order of the file.
    pub(super) fn added(&self) -> impl Iterator<Item = &str> {
        self.added.iter().map(AsRef::as_ref)
    }
}
