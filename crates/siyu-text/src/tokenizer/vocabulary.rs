//! Spellings and ids of the tokens in a `tokenizer.json`.

use super::document::Document;
use xxhash_rust::xxh3::xxh3_64;

/// No token.
const NONE: u32 = u32::MAX;

/// Tokens by spelling and by id.
#[derive(Default)]
pub(super) struct Vocabulary {
    /// All spellings, one after the other.
    text: String,
    tokens: Vec<Token>,
    /// Places in `tokens` by the spelling's hash; a power of two of them, at most half of them taken.
    slots: Vec<u32>,
    /// Places in `tokens` by id.
    places: Vec<u32>,
    /// One more than the highest id.
    size: usize,
    /// How many tokens are the model's own; they come first.
    model: usize,
    /// Places in `tokens` of the added ones, in the order of the file.
    added: Vec<u32>,
}

struct Token {
    start: u32,
    end: u32,
    id: u32,
}

impl Vocabulary {
    pub(super) fn from_document(document: &Document) -> Self {
        let (own, added) = (&document.model.vocab, &document.added_tokens);
        let mut vocabulary =
            Self { slots: vec![NONE; ((own.len() + added.len()) * 2).next_power_of_two().max(2)], ..Self::default() };
        vocabulary.text.reserve(own.iter().map(|(token, _)| token.0.len()).sum());
        vocabulary.tokens.reserve(own.len() + added.len());
        for (token, id) in own {
            vocabulary.insert(&token.0, *id);
        }
        vocabulary.model = vocabulary.tokens.len();
        for token in added {
            let place = vocabulary.insert(&token.content, token.id);
            vocabulary.added.push(place);
        }
        vocabulary.size = vocabulary.tokens.iter().map(|token| token.id as usize + 1).max().unwrap_or(0);
        // A file may name absurd ids; then tokens are found by spelling alone.
        if vocabulary.size <= vocabulary.tokens.len() * 16 + 65_536 {
            vocabulary.places = vec![NONE; vocabulary.size];
            for (token, place) in vocabulary.tokens.iter().zip(0..) {
                vocabulary.places[token.id as usize] = place;
            }
        }
        vocabulary
    }

    /// Adds a token, or gives it another id; returns its place.
    fn insert(&mut self, spelling: &str, id: u32) -> u32 {
        let slot = self.slot(spelling);
        if let Some(token) = self.tokens.get_mut(self.slots[slot] as usize) {
            token.id = id;
            return self.slots[slot];
        }
        let place = u32::try_from(self.tokens.len()).unwrap_or(NONE);
        let start = u32::try_from(self.text.len()).unwrap_or(NONE);
        self.text.push_str(spelling);
        self.tokens.push(Token { start, end: u32::try_from(self.text.len()).unwrap_or(NONE), id });
        self.slots[slot] = place;
        place
    }

    /// The slot that holds the token of this spelling, or in which it belongs.
    fn slot(&self, spelling: &str) -> usize {
        let last = self.slots.len() - 1;
        let mut slot = usize::try_from(xxh3_64(spelling.as_bytes()) >> 32).unwrap_or(0) & last;
        while let Some(token) = self.tokens.get(self.slots[slot] as usize) {
            if self.spelled(token) == spelling {
                break;
            }
            slot = (slot + 1) & last;
        }
        slot
    }

    fn spelled(&self, token: &Token) -> &str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    fn find(&self, spelling: &str) -> Option<u32> {
        if self.slots.is_empty() { None } else { Some(self.slots[self.slot(spelling)]) }
    }

    pub(super) fn id_of(&self, spelling: &str) -> Option<u32> {
        self.tokens.get(self.find(spelling)? as usize).map(|token| token.id)
    }

    /// The id of one of the model's own tokens.
    pub(super) fn model_id_of(&self, spelling: &str) -> Option<u32> {
        let own = self.tokens.get(..self.model).unwrap_or_default();
        own.get(self.find(spelling)? as usize).map(|token| token.id)
    }

    /// Whether a token of the model has this id and spelling.
    pub(super) fn is_model_token(&self, id: u32, spelling: &str) -> bool {
        let place = self.places.get(id as usize).map_or(self.model, |place| *place as usize);
        place < self.model && self.spelled(&self.tokens[place]) == spelling
    }

    /// How many different spellings the model itself has.
    pub(super) fn model_len(&self) -> usize {
        self.model
    }

    /// The spelling of the token with this id.
    pub(super) fn spelling(&self, id: u32) -> Option<&str> {
        let place = self.places.get(id as usize)?;
        self.tokens.get(*place as usize).map(|token| self.spelled(token))
    }

    /// Every spelling with its id.
    pub(super) fn tokens(&self) -> impl Iterator<Item = (&str, u32)> {
        self.tokens.iter().map(|token| (self.spelled(token), token.id))
    }

    /// One more than the highest id.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The added tokens' spellings, in the order of the file.
    pub(super) fn added(&self) -> impl Iterator<Item = &str> {
        self.added.iter().filter_map(|place| self.tokens.get(*place as usize)).map(|token| self.spelled(token))
    }
}
