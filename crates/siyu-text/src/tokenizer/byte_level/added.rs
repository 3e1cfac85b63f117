//! The tokens added to a vocabulary, which are cut out of a text before all else.

use crate::tokenizer::{document::AddedToken, vocabulary::Vocabulary};
use aho_corasick::{AhoCorasick, MatchKind};
use unicode_normalization_alignments::UnicodeNormalization;

/// A part of a text.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// To be encoded.
    Text(&'a str),
    /// An added token, by its id.
    Token(u32),
}

/// Finds added tokens: the longest of those that start first.
pub(super) struct Finder {
    strings: AhoCorasick,
    tokens: Vec<Found>,
    /// Whether there are tokens that are not special.
    has_plain: bool,
}

struct Found {
    id: u32,
    is_special: bool,
}

/// Added tokens of a file: those sought in the text as it comes, and those sought after the normalizer.
#[derive(Default)]
pub(super) struct Added {
    pub(super) raw: Option<Finder>,
    pub(super) normalized: Option<Finder>,
}

impl Added {
    /// `None` if a token has conditions that are not known here, or its id is not the one it gets when loaded: the
    /// model's for the same spelling, else the next after the model's.
    pub(super) fn new(tokens: &[AddedToken], vocabulary: &Vocabulary, nfc: bool) -> Option<Self> {
        let mut next = u32::try_from(vocabulary.model_len()).ok()?;
        let (mut raw, mut normalized) = (Vec::new(), Vec::new());
        for (place, token) in tokens.iter().enumerate() {
            let [single_word, lstrip, rstrip, is_normalized, is_special] =
                [token.single_word?, token.lstrip?, token.rstrip?, token.normalized?, token.special?];
            let id = vocabulary.model_id_of(&token.content).unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            let is_twice = tokens[..place].iter().any(|other| other.content == token.content || other.id == id);
            if single_word || lstrip || rstrip || is_twice || id != token.id || token.content.is_empty() {
                return None;
            }
            let found = Found { id, is_special };
            if is_normalized {
                let composed: String = token.content.nfc().map(|(character, _)| character).collect();
                // Such a token is decoded as its normalized form.
                if nfc && composed != token.content {
                    return None;
                }
                normalized.push((&token.content, found));
            } else {
                raw.push((&token.content, found));
            }
        }
        Some(Self { raw: Finder::new(raw)?, normalized: Finder::new(normalized)? })
    }
}

impl Finder {
    #[allow(clippy::option_option, reason = "no finder is needed, or none can be made")]
    fn new(tokens: Vec<(&String, Found)>) -> Option<Option<Self>> {
        if tokens.is_empty() {
            return Some(None);
        }
        let (strings, tokens): (Vec<_>, Vec<_>) = tokens.into_iter().unzip();
        let strings = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(strings).ok()?;
        let has_plain = tokens.iter().any(|token| !token.is_special);
        Some(Some(Self { strings, tokens, has_plain }))
    }

    /// Hands over the parts of `text` in order. Where special tokens are text, one that is found still hides others that
    /// it overlaps.
    pub(super) fn split<'a>(&self, text: &'a str, special: bool, mut take: impl FnMut(Part<'a>)) {
        if !special && !self.has_plain {
            return take(Part::Text(text));
        }
        let mut done = 0;
        for found in self.strings.find_iter(text) {
            let token = &self.tokens[found.pattern().as_usize()];
            if token.is_special && !special {
                continue;
            }
            take(Part::Text(text.get(done..found.start()).unwrap_or_default()));
            take(Part::Token(token.id));
            done = found.end();
        }
        take(Part::Text(text.get(done..).unwrap_or_default()));
    }
}
