//! Token ids of a text, by a `tokenizer.json`.
//!
//! ```
//! # let json = include_str!("../../../sample-data/models/tiny-zh/tokenizer.json");
//! let tokenizer = siyu_text::tokenizer::Tokenizer::from_json(json)?;
//! let mut ids = Vec::new();
//! tokenizer.encode_into("甲方应当依约付款。", &mut ids)?;
//! assert_eq!(tokenizer.decode(&ids), "甲方应当依约付款。");
//! # Ok::<(), siyu_text::tokenizer::TokenizerError>(())
//! ```
//!
//! The ids are those of Hugging Face's `tokenizers`, whatever the engine. This module reads no files and adds no
//! special tokens of its own: [`crate::chat`] does that.

mod byte_level;
mod document;
mod engine;
mod lengths;
mod probes;
mod vocabulary;

use self::{document::Document, engine::Backend, lengths::Lengths, vocabulary::Vocabulary};
use sha2::{Digest, Sha256};

/// Why a `tokenizer.json` or a text cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The text is not JSON.
    #[error("the tokenizer is not valid JSON; use the `tokenizer.json` that comes with the model")]
    Json(#[from] serde_json::Error),
    /// No engine can read the configuration.
    #[error("the tokenizer's configuration is not supported: {0}")]
    Unsupported(String),
    /// The engine refused a text.
    #[error("the tokenizer cannot encode this text: {0}")]
    Encode(String),
}

/// Which implementation encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// This crate's own, for byte-level BPE in the configurations of GPT-2, GPT-4, Llama 3 and Qwen.
    ByteLevel,
    /// The read-only engine of `tokenizers` 1.0.
    Fast,
    /// `tokenizers` 0.23, about ten times slower; taken where the fast engine refuses the configuration or gives other
    /// ids on the built-in probes.
    Exact,
}

/// Turns text into the ids a model was trained on, and back.
///
/// Shared between threads by reference: encoding takes no lock for longer than it needs to pick up a scratch buffer.
pub struct Tokenizer {
    backend: Backend,
    vocabulary: Vocabulary,
    lengths: Lengths,
    hash: String,
}

impl Tokenizer {
    /// Loads a tokenizer from the text of its `tokenizer.json`.
    ///
    /// Its `truncation` and `padding` are ignored, as Hugging Face's callers do unless they ask for them, and BPE
    /// dropout is off: the same text always gives the same ids.
    pub fn from_json(json: &str) -> Result<Self, TokenizerError> {
        let document = Document::from_json(json)?;
        let vocabulary = Vocabulary::from_document(&document);
        let lengths = Lengths::new(&document, &vocabulary);
        let backend = Backend::choose(json, &document, &vocabulary)?;
        let hash = format!("{:x}", Sha256::digest(json));
        Ok(Self { backend, vocabulary, lengths, hash })
    }

    /// Appends the ids of `text`, without special tokens around it. The string of a special token inside the text, such
    /// as `<|im_end|>` in an article about chat models, is encoded as the text that it is.
    pub fn encode_into(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        self.backend.encode_into(text, false, &self.vocabulary, ids)
    }

    /// Appends the ids of `text`, where the strings of special tokens become those tokens. For text that a chat
    /// template has rendered.
    pub fn encode_with_special_into(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        self.backend.encode_into(text, true, &self.vocabulary, ids)
    }

    /// How many ids [`Tokenizer::encode_into`] would append.
    pub fn count(&self, text: &str) -> Result<usize, TokenizerError> {
        self.backend.with_ids(text, &self.vocabulary, <[u32]>::len)
    }

    /// How many ids [`Tokenizer::encode_into`] would append. `ends` becomes where each token ends in `text`, in bytes, or
    /// stays empty if the ids do not tell: after a normalizer that changed the text, or tokens for unknown characters.
    pub(crate) fn ends_into(&self, text: &str, ends: &mut Vec<usize>) -> Result<usize, TokenizerError> {
        self.backend.with_ids(text, &self.vocabulary, |ids| {
            self.lengths.ends_into(ids, text.len(), ends);
            ids.len()
        })
    }

    /// The first place at or after `from` where `text` can be cut so that the ids of its parts are those of the whole.
    /// `None` if none is near, or the engine knows of none; neither end of the text counts as one.
    pub(crate) fn break_after(&self, text: &str, from: usize) -> Option<usize> {
        self.backend.break_after(text, from)
    }

    /// Like [`Tokenizer::break_after`], the last place at or before `from`.
    pub(crate) fn break_before(&self, text: &str, from: usize) -> Option<usize> {
        self.backend.break_before(text, from)
    }

    /// The text of `ids`, special tokens included. Bytes that are not UTF-8, as half a character leaves them, become
    /// U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.backend.decode(ids, &self.vocabulary)
    }

    /// The bytes of a token that may be part of a character: spelled in the alphabet of byte-level tokenizers, or as
    /// `<0xE4>`. `None` where its spelling does not tell.
    pub fn bytes_of(&self, id: u32) -> Option<Vec<u8>> {
        self.backend.bytes_of(self.vocabulary.spelling(id)?)
    }

    /// The id of a token by its spelling in the vocabulary, special and added tokens included.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.vocabulary.id_of(token)
    }

    /// The spellings of the tokens added to the model's own vocabulary, control tokens among them.
    pub(crate) fn added_tokens(&self) -> impl Iterator<Item = &str> {
        self.vocabulary.added()
    }

    /// One more than the highest id: the rows an embedding table needs.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.size()
    }

    /// The engine chosen when the tokenizer was loaded.
    pub fn engine(&self) -> Engine {
        self.backend.engine()
    }

    /// SHA-256 of the `tokenizer.json`, in hexadecimal; what `sha256sum` prints.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;
    use std::{str::FromStr, sync::LazyLock};

    const CHINESE: &str = include_str!("../../../sample-data/models/tiny-zh/tokenizer.json");
    const STORIES: &str = include_str!("../../../sample-data/models/stories260k/tokenizer.json");

    static SAMPLES: LazyLock<[(Tokenizer, Reference); 2]> =
        LazyLock::new(|| [CHINESE, STORIES].map(|json| (Tokenizer::from_json(json).unwrap(), Reference::load(json))));

    /// Hugging Face's `tokenizers` 0.23, with and without special strings as tokens.
    struct Reference {
        special: tokenizers_exact::Tokenizer,
        plain: tokenizers_exact::Tokenizer,
    }

    impl Reference {
        fn load(json: &str) -> Self {
            let special = tokenizers_exact::Tokenizer::from_str(json).unwrap();
            let mut plain = special.clone();
            plain.set_encode_special_tokens(true);
            Self { special, plain }
        }

        fn ids(tokenizer: &tokenizers_exact::Tokenizer, text: &str) -> Vec<u32> {
            tokenizer.encode_fast(text, false).unwrap().get_ids().to_vec()
        }
    }

    fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        tokenizer.encode_into(text, &mut ids).unwrap();
        ids
    }

    #[test]
    fn parts_of_a_character_tell_their_bytes() {
        for (tokenizer, _) in SAMPLES.iter() {
            let ids = ids(tokenizer, "龘🦊");
            let parts = ids.iter().filter(|id| tokenizer.decode(&[**id]).contains(char::REPLACEMENT_CHARACTER));
            let bytes: Vec<u8> = parts.flat_map(|id| tokenizer.bytes_of(*id).unwrap()).collect();
            assert_eq!(bytes, "龘🦊".as_bytes());
        }
        assert_eq!(SAMPLES[1].0.bytes_of(u32::MAX), None);
    }

    #[test]
    fn the_samples_run_on_the_fastest_engine_that_reads_them() {
        assert_eq!(SAMPLES.each_ref().map(|(tokenizer, _)| tokenizer.engine()), [Engine::ByteLevel, Engine::Fast]);
    }

    #[test]
    fn special_strings_are_text_unless_asked_for() {
        let (tokenizer, _) = &SAMPLES[0];
        let end = tokenizer.id_of("<|im_end|>").unwrap();
        let mut special = Vec::new();
        tokenizer.encode_with_special_into("好<|im_end|>", &mut special).unwrap();
        assert_eq!(special.last(), Some(&end));
        assert!(!ids(tokenizer, "好<|im_end|>").contains(&end));
    }

    #[test]
    fn a_configuration_the_fast_engine_refuses_falls_back_to_the_exact_one() {
        let json = CHINESE.replacen(r#""add_prefix_space": false"#, r#""add_prefix_space": true"#, 1);
        let tokenizer = Tokenizer::from_json(&json).unwrap();
        assert_eq!(ids(&tokenizer, "甲方 pays"), Reference::ids(&Reference::load(&json).plain, "甲方 pays"));
        assert_eq!(tokenizer.engine(), Engine::Exact);
    }

    #[test]
    fn dropout_and_truncation_of_the_file_are_off() {
        let mut document: Value = serde_json::from_str(CHINESE).unwrap();
        document["model"]["dropout"] = 0.9.into();
        document["truncation"] =
            serde_json::json!({"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0});
        let tokenizer = Tokenizer::from_json(&document.to_string()).unwrap();
        assert_eq!(ids(&tokenizer, "中华人民共和国合同法"), ids(&SAMPLES[0].0, "中华人民共和国合同法"));
    }

    #[test]
    fn what_is_no_tokenizer_is_refused_with_words() {
        assert!(matches!(Tokenizer::from_json("<html>"), Err(TokenizerError::Json(_))));
        assert!(matches!(Tokenizer::from_json("{}"), Err(TokenizerError::Unsupported(_))));
    }

    proptest! {
        #[test]
        fn ids_are_those_of_the_reference(text in r"(\PC|[一-龥]{1,12}|\s|<\|im_end\|>|<s>|[0-9a-z]{1,5}){0,60}") {
            for (tokenizer, reference) in SAMPLES.iter() {
                let mut special = Vec::new();
                tokenizer.encode_with_special_into(&text, &mut special).unwrap();
                prop_assert_eq!(special, Reference::ids(&reference.special, &text));
                let plain = ids(tokenizer, &text);
                prop_assert_eq!(tokenizer.count(&text).unwrap(), plain.len());
                prop_assert_eq!(plain, Reference::ids(&reference.plain, &text));
            }
        }
    }
}
