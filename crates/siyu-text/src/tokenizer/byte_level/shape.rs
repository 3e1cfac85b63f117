//! The configurations in which byte-level BPE usually comes.

use super::words::Words;
use crate::tokenizer::document::Document;
use serde_json::Value;

/// What a configuration asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) words: Words,
    /// Whether texts are brought into NFC.
    pub(super) nfc: bool,
    /// Whether a word that the vocabulary lists is that token, whatever merging gives.
    pub(super) whole_words: bool,
}

impl Shape {
    /// `None` for a configuration that is not exactly one of those known here.
    pub(super) fn of(document: &Document) -> Option<Self> {
        let settings = &document.model.settings;
        let is_empty = |name: &str| matches!(settings.get(name), None | Some(Value::Null)) || settings[name] == "";
        let is_bpe = settings.get("type").is_some_and(|kind| kind == "BPE")
            && is_empty("continuing_subword_prefix")
            && is_empty("end_of_word_suffix");
        let is_known = is_bpe
            && document.version.as_deref().is_none_or(|version| version == "1.0")
            && kind(&document.decoder) == "ByteLevel"
            && adds_nothing(&document.post_processor);
        if !is_known {
            return None;
        }
        let nfc = match &document.normalizer {
            Value::Null => false,
            normalizer if kind(normalizer) == "NFC" => true,
            _ => return None,
        };
        let whole_words = match settings.get("ignore_merges") {
            None => false,
            Some(value) => value.as_bool()?,
        };
        Some(Self { words: words(&document.pre_tokenizer)?, nfc, whole_words })
    }
}

fn kind(part: &Value) -> &str {
    part["type"].as_str().unwrap_or_default()
}

fn words(pre_tokenizer: &Value) -> Option<Words> {
    if is_byte_level(pre_tokenizer, true) {
        return Some(Words::Spaced);
    }
    let parts = pre_tokenizer["pretokenizers"].as_array().filter(|_| kind(pre_tokenizer) == "Sequence")?;
    let [split, bytes] = parts.as_slice() else { return None };
    // The patterns leave no gaps, so that keeping what they match is the same as cutting there.
    let cuts = (&split["behavior"], &split["invert"]);
    let is_split = kind(split) == "Split"
        && (cuts == (&"Isolated".into(), &false.into()) || cuts == (&"Removed".into(), &true.into()));
    if !is_split || !is_byte_level(bytes, false) {
        return None;
    }
    Words::of_pattern(split["pattern"]["Regex"].as_str()?)
}

/// Whether a pre-tokenizer is the one of bytes, without a space before the text, with or without a pattern of its own.
fn is_byte_level(part: &Value, with_pattern: bool) -> bool {
    let uses_regex = match &part["use_regex"] {
        Value::Null => true,
        value => value == true,
    };
    kind(part) == "ByteLevel" && part["add_prefix_space"] == false && uses_regex == with_pattern
}

/// Whether a post-processor leaves the ids of a single text alone when no special tokens are asked for.
fn adds_nothing(part: &Value) -> bool {
    let is_text = |piece: &Value| piece["Sequence"]["id"] == "A";
    match kind(part) {
        "" => part.is_null(),
        "ByteLevel" => true,
        "TemplateProcessing" => part["single"].as_array().is_some_and(|pieces| {
            let texts = pieces.iter().filter(|piece| is_text(piece)).count();
            texts == 1 && pieces.iter().all(|piece| is_text(piece) || piece["SpecialToken"].is_object())
        }),
        "Sequence" => part["processors"].as_array().is_some_and(|parts| parts.iter().all(adds_nothing)),
        _ => false,
    }
}
