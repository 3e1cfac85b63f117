//! The engines behind one face, and the choice between them.

use super::{Engine, TokenizerError, byte_level::ByteLevel, document::Document, probes, vocabulary::Vocabulary};
use serde_json::Value;
use std::{cell::RefCell, str::FromStr};
use tokenizers::pipeline::{EncodeOptions, Override, PipelineToken, PipelineTokenizer};

thread_local! {
    // The ids of texts that are only counted.
    static IDS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    // The fast engine's ids have a type of their own; they pass through here on their way out.
    static TOKENS: RefCell<Vec<PipelineToken>> = const { RefCell::new(Vec::new()) };
}

pub(super) enum Backend {
    ByteLevel(Box<ByteLevel>),
    Fast(Fast),
    Exact(Box<Exact>),
}

impl Backend {
    /// This crate's engine if it knows the configuration; else the fast one if it reads the file and agrees with the
    /// exact one on every probe; else the exact one.
    pub(super) fn choose(json: &str, document: &Document, vocabulary: &Vocabulary) -> Result<Self, TokenizerError> {
        if let Some(own) = ByteLevel::load(document, vocabulary) {
            return Ok(Self::ByteLevel(Box::new(own)));
        }
        let document = plain(json)?;
        let exact = Exact::load(&document.to_string())?;
        match Fast::load(document) {
            Some(fast) if agree(&fast, &exact, vocabulary) => Ok(Self::Fast(fast)),
            _ => Ok(Self::Exact(Box::new(exact))),
        }
    }

    pub(super) fn encode_into(
        &self,
        text: &str,
        special: bool,
        vocabulary: &Vocabulary,
        ids: &mut Vec<u32>,
    ) -> Result<(), TokenizerError> {
        match self {
            Self::ByteLevel(own) => {
                own.encode(text, special, vocabulary, ids);
                Ok(())
            }
            Self::Fast(fast) => fast.encode(text, special, |found| ids.extend_from_slice(found)),
            Self::Exact(exact) => exact.encode(text, special, |found| ids.extend_from_slice(found)),
        }
    }

    /// What `take` makes of the ids of `text`, in which special strings are text.
    pub(super) fn with_ids<T>(
        &self,
        text: &str,
        vocabulary: &Vocabulary,
        take: impl FnOnce(&[u32]) -> T,
    ) -> Result<T, TokenizerError> {
        match self {
            Self::ByteLevel(own) => IDS.with_borrow_mut(|ids| {
                ids.clear();
                own.encode(text, false, vocabulary, ids);
                Ok(take(ids))
            }),
            Self::Fast(fast) => fast.encode(text, false, take),
            Self::Exact(exact) => exact.encode(text, false, take),
        }
    }

    pub(super) fn break_after(&self, text: &str, from: usize) -> Option<usize> {
        match self {
            Self::ByteLevel(own) => own.break_after(text, from),
            Self::Fast(_) | Self::Exact(_) => None,
        }
    }

    pub(super) fn break_before(&self, text: &str, from: usize) -> Option<usize> {
        match self {
            Self::ByteLevel(own) => own.break_before(text, from),
            Self::Fast(_) | Self::Exact(_) => None,
        }
    }

    pub(super) fn decode(&self, ids: &[u32], vocabulary: &Vocabulary) -> String {
        match self {
            Self::ByteLevel(_) => ByteLevel::decode(ids, vocabulary),
            Self::Fast(fast) => fast.0.decode(ids, false).unwrap_or_default(),
            Self::Exact(exact) => exact.special.decode(ids, false).unwrap_or_default(),
        }
    }

    /// The bytes of a token with this spelling, as far as it tells them.
    pub(super) fn bytes_of(&self, spelling: &str) -> Option<Vec<u8>> {
        if let Self::ByteLevel(_) = self {
            return Some(ByteLevel::bytes_of(spelling));
        }
        let digits = spelling.strip_prefix("<0x")?.strip_suffix('>')?;
        u8::from_str_radix(digits, 16).ok().map(|byte| vec![byte])
    }

    pub(super) fn engine(&self) -> Engine {
        match self {
            Self::ByteLevel(_) => Engine::ByteLevel,
            Self::Fast(_) => Engine::Fast,
            Self::Exact(_) => Engine::Exact,
        }
    }
}

/// The file without what makes ids depend on more than the text.
fn plain(json: &str) -> Result<Value, TokenizerError> {
    let mut document: Value = serde_json::from_str(json)?;
    if let Some(root) = document.as_object_mut() {
        root.insert("truncation".into(), Value::Null);
        root.insert("padding".into(), Value::Null);
        if let Some(model) = root.get_mut("model").and_then(Value::as_object_mut) {
            model.insert("dropout".into(), Value::Null);
        }
    }
    Ok(document)
}

pub(super) struct Fast(PipelineTokenizer);

impl Fast {
    fn load(mut document: Value) -> Option<Self> {
        tokenizers::canonicalize_value(&mut document).ok()?;
        tokenizers::from_json(&document.to_string()).ok().map(Self)
    }

    fn encode<T>(&self, text: &str, special: bool, take: impl FnOnce(&[u32]) -> T) -> Result<T, TokenizerError> {
        let options = EncodeOptions {
            add_special_tokens: false,
            encode_special_tokens: !special,
            padding: Override::Off,
            truncation: Override::Off,
        };
        TOKENS.with_borrow_mut(|tokens| {
            tokens.clear();
            self.0.encode_into(text, &options, tokens).map_err(|error| TokenizerError::Encode(error.to_string()))?;
            Ok(take(PipelineToken::cast_slice(tokens)))
        })
    }
}

pub(super) struct Exact {
    /// Special strings are text.
    plain: tokenizers_exact::Tokenizer,
    /// Special strings are tokens.
    special: tokenizers_exact::Tokenizer,
}

impl Exact {
    fn load(json: &str) -> Result<Self, TokenizerError> {
        let special = tokenizers_exact::Tokenizer::from_str(json)
            .map_err(|error| TokenizerError::Unsupported(error.to_string()))?;
        let mut plain = special.clone();
        plain.set_encode_special_tokens(true);
        Ok(Self { plain, special })
    }

    fn encode<T>(&self, text: &str, special: bool, take: impl FnOnce(&[u32]) -> T) -> Result<T, TokenizerError> {
        let tokenizer = if special { &self.special } else { &self.plain };
        let encoding = tokenizer.encode_fast(text, false).map_err(|error| TokenizerError::Encode(error.to_string()))?;
        Ok(take(encoding.get_ids()))
    }
}

fn agree(fast: &Fast, exact: &Exact, vocabulary: &Vocabulary) -> bool {
    probes::texts(vocabulary.added()).iter().all(|text| {
        [false, true].into_iter().all(|special| {
            let expected = exact.encode(text, special, <[u32]>::to_vec);
            let found = fast.encode(text, special, <[u32]>::to_vec);
            matches!((expected, found), (Ok(expected), Ok(found)) if expected == found)
        })
    })
}
