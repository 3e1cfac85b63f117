//! The two engines behind one face, and the choice between them.

use super::{Engine, TokenizerError, probes, vocabulary::Vocabulary};
use serde_json::Value;
use std::{cell::RefCell, str::FromStr};
use tokenizers::pipeline::{EncodeOptions, Override, PipelineToken, PipelineTokenizer};

thread_local! {
    // The fast engine's ids have a type of their own; they pass through here on their way out.
    static TOKENS: RefCell<Vec<PipelineToken>> = const { RefCell::new(Vec::new()) };
}

pub(super) enum Backend {
    Fast(Fast),
    Exact(Box<Exact>),
}

impl Backend {
    /// The fast engine if it reads `document` and agrees with the exact one on every probe, else the exact one.
    pub(super) fn choose(document: Value, vocabulary: &Vocabulary) -> Result<Self, TokenizerError> {
        let exact = Exact::load(&document.to_string())?;
        match Fast::load(document) {
            Some(fast) if agree(&fast, &exact, vocabulary) => Ok(Self::Fast(fast)),
            _ => Ok(Self::Exact(Box::new(exact))),
        }
    }

    pub(super) fn encode_into(&self, text: &str, special: bool, ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        match self {
            Self::Fast(fast) => fast.encode(text, special, |found| ids.extend_from_slice(found)),
            Self::Exact(exact) => exact.encode(text, special, |found| ids.extend_from_slice(found)),
        }
    }

    /// What `take` makes of the ids of `text`, in which special strings are text.
    pub(super) fn with_ids<T>(&self, text: &str, take: impl FnOnce(&[u32]) -> T) -> Result<T, TokenizerError> {
        match self {
            Self::Fast(fast) => fast.encode(text, false, take),
            Self::Exact(exact) => exact.encode(text, false, take),
        }
    }

    pub(super) fn decode(&self, ids: &[u32]) -> String {
        match self {
            Self::Fast(fast) => fast.0.decode(ids, false).unwrap_or_default(),
            Self::Exact(exact) => exact.special.decode(ids, false).unwrap_or_default(),
        }
    }

    pub(super) fn engine(&self) -> Engine {
        match self {
            Self::Fast(_) => Engine::Fast,
            Self::Exact(_) => Engine::Exact,
        }
    }
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
