//! A `tokenizer.json` as it is read: once, its vocabulary and merges as borrowed strings.

use super::TokenizerError;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt};

/// What a `tokenizer.json` says, of whatever kind its model is.
#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(default)]
    pub(super) version: Option<String>,
    #[serde(default)]
    pub(super) added_tokens: Vec<AddedToken>,
    #[serde(default)]
    pub(super) normalizer: Value,
    #[serde(default)]
    pub(super) pre_tokenizer: Value,
    #[serde(default)]
    pub(super) post_processor: Value,
    #[serde(default)]
    pub(super) decoder: Value,
    #[serde(borrow, default)]
    pub(super) model: Model<'a>,
}

impl<'a> Document<'a> {
    pub(super) fn from_json(json: &'a str) -> Result<Self, TokenizerError> {
        serde_json::from_str(json).map_err(|error| {
            if error.is_data() { TokenizerError::Unsupported(error.to_string()) } else { TokenizerError::Json(error) }
        })
    }
}

/// A token added to the model's vocabulary.
#[derive(Deserialize)]
pub(super) struct AddedToken {
    pub(super) id: u32,
    pub(super) content: String,
    #[serde(default)]
    pub(super) single_word: Option<bool>,
    #[serde(default)]
    pub(super) lstrip: Option<bool>,
    #[serde(default)]
    pub(super) rstrip: Option<bool>,
    #[serde(default)]
    pub(super) normalized: Option<bool>,
    #[serde(default)]
    pub(super) special: Option<bool>,
}

/// The model: its large parts, and all else as it stands.
#[derive(Default)]
pub(super) struct Model<'a> {
    /// Spellings and ids, in the order of the file.
    pub(super) vocab: Vec<(Text<'a>, u32)>,
    /// Pairs of spellings, the first to be merged first.
    pub(super) merges: Vec<Merge<'a>>,
    pub(super) settings: Map<String, Value>,
}

impl<'a, 'de: 'a> Deserialize<'de> for Model<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ModelVisitor)
    }
}

struct ModelVisitor;

impl<'de> Visitor<'de> for ModelVisitor {
    type Value = Model<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a tokenizer's model")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut model = Model::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "vocab" => model.vocab = map.next_value::<Vocab>()?.0,
                "merges" => model.merges = map.next_value::<Option<_>>()?.unwrap_or_default(),
                _ => {
                    model.settings.insert(key.into_owned(), map.next_value()?);
                }
            }
        }
        Ok(model)
    }
}

/// Spellings and ids: an object of ids by spelling, or, of Unigram, an array whose ids are the places.
struct Vocab<'a>(Vec<(Text<'a>, u32)>);

impl<'de> Deserialize<'de> for Vocab<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VocabVisitor).map(Self)
    }
}

struct VocabVisitor;

impl<'de> Visitor<'de> for VocabVisitor {
    type Value = Vec<(Text<'de>, u32)>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("ids by token, or an array of tokens and scores")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tokens = Vec::new();
        while let Some(token) = map.next_entry()? {
            tokens.push(token);
        }
        Ok(tokens)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut tokens = Vec::new();
        let mut id = 0;
        while let Some((token, _)) = seq.next_element::<(Text, IgnoredAny)>()? {
            tokens.push((token, id));
            id += 1;
        }
        Ok(tokens)
    }
}

/// A string that is borrowed from the file unless it is escaped there.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Two spellings that become one token: `"a b"`, or `["a", "b"]`.
pub(super) enum Merge<'a> {
    /// Both, with a space between.
    Line(Text<'a>),
    Pair(Text<'a>, Text<'a>),
}

impl Merge<'_> {
    /// The two, if there are two.
    pub(super) fn parts(&self) -> Option<(&str, &str)> {
        match self {
            Self::Pair(left, right) => Some((&left.0, &right.0)),
            Self::Line(line) => line.0.split_once(' ').filter(|(_, right)| !right.contains(' ')),
        }
    }
}

impl<'de> Deserialize<'de> for Merge<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MergeVisitor)
    }
}

struct MergeVisitor;

impl<'de> Visitor<'de> for MergeVisitor {
    type Value = Merge<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("two tokens, as an array or with a space between")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Merge::Line(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Merge::Line(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let pair = (seq.next_element()?, seq.next_element()?, seq.next_element::<IgnoredAny>()?);
        match pair {
            (Some(left), Some(right), None) => Ok(Merge::Pair(left, right)),
            _ => Err(Error::custom("a merge has two tokens")),
        }
    }
}
