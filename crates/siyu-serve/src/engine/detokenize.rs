//! Tokens as text, as soon as their characters are whole.

use siyu_text::tokenizer::Tokenizer;
use std::sync::Arc;

/// Tokens of the prompt that are decoded with the first of the answer: some tokenizers write a token differently at the
/// beginning of a text.
const CONTEXT: usize = 4;

/// Tokens after which the beginning of what is decoded moves on.
const WINDOW: usize = 16;

/// Bytes of a character that may be missing are shown as so many marks at most.
const MARKS: usize = 3;

/// One answer on its way from tokens to text.
pub(super) struct Detokenizer {
    tokenizer: Arc<Tokenizer>,
    /// The last tokens; what stood before them is out.
    window: Vec<u32>,
    /// Bytes of the window's text that are out.
    out: usize,
}

impl Detokenizer {
    /// Begins behind a prompt.
    pub(super) fn new(tokenizer: Arc<Tokenizer>, prompt: &[u32]) -> Self {
        let window = prompt.get(prompt.len().saturating_sub(CONTEXT)..).unwrap_or_default().to_vec();
        let out = tokenizer.decode(&window).len();
        Self { tokenizer, window, out }
    }

    /// Takes a token; the characters that became whole by it.
    pub(super) fn push(&mut self, token: u32) -> String {
        self.window.push(token);
        let text = self.tokenizer.decode(&self.window);
        let whole = text.len() - unfinished(&text);
        let fresh = text.get(self.out..whole).unwrap_or_default().to_owned();
        self.out = self.out.max(whole);
        // Cut only behind a whole character, so that the rest decodes as it did.
        if self.window.len() >= WINDOW && whole == text.len() {
            self.window.drain(..self.window.len() - CONTEXT);
            self.out = self.tokenizer.decode(&self.window).len();
        }
        fresh
    }

    /// The answer is over: bytes that never became a character, as marks.
    pub(super) fn finish(&mut self) -> String {
        let text = self.tokenizer.decode(&self.window);
        let rest = text.get(self.out..).unwrap_or_default().to_owned();
        self.out = text.len();
        rest
    }
}

/// Bytes at the end of `text` that stand for the beginning of a character.
fn unfinished(text: &str) -> usize {
    text.chars().rev().take(MARKS).take_while(|&mark| mark == char::REPLACEMENT_CHARACTER).map(char::len_utf8).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static TOKENIZERS: LazyLock<[Arc<Tokenizer>; 2]> = LazyLock::new(|| {
        [
            include_str!("../../../../sample-data/models/tiny-zh/tokenizer.json"),
            include_str!("../../../../sample-data/models/stories260k/tokenizer.json"),
        ]
        .map(|json| Arc::new(Tokenizer::from_json(json).unwrap()))
    });

    fn pieces(tokenizer: &Arc<Tokenizer>, text: &str) -> Vec<String> {
        let mut ids = Vec::new();
        tokenizer.encode_into(text, &mut ids).unwrap();
        let mut stream = Detokenizer::new(tokenizer.clone(), &[]);
        let mut pieces: Vec<String> = ids.iter().map(|&id| stream.push(id)).collect();
        pieces.push(stream.finish());
        pieces
    }

    #[test]
    fn half_a_character_waits_for_its_other_half() {
        let pieces = pieces(&TOKENIZERS[1], "龘🦊");
        assert!(pieces.iter().all(|piece| !piece.contains('\u{fffd}')), "{pieces:?}");
        assert!(pieces.len() > 4 && pieces.concat().ends_with("龘🦊"));
    }

    #[test]
    fn bytes_that_never_become_a_character_are_shown_at_the_end() {
        let tokenizer = &TOKENIZERS[1];
        let half = tokenizer.id_of("<0xE4>").unwrap();
        let mut stream = Detokenizer::new(tokenizer.clone(), &[]);
        assert_eq!((stream.push(half), stream.finish()), (String::new(), "\u{fffd}".to_owned()));
    }

    #[test]
    fn the_space_before_a_word_depends_on_what_stands_before() {
        let tokenizer = &TOKENIZERS[1];
        let mut ids = Vec::new();
        tokenizer.encode_into("was there", &mut ids).unwrap();
        let cut = (1..ids.len()).find(|&cut| tokenizer.decode(&ids[..cut]) == "was").unwrap();
        let mut stream = Detokenizer::new(tokenizer.clone(), &ids[..cut]);
        let text: String = ids[cut..].iter().map(|&id| stream.push(id)).collect();
        assert_eq!(text, " there");
    }

    proptest! {
        #[test]
        fn pieces_make_the_text_of_all_tokens(text in r"(\PC|[一-龥]{1,12}| |[a-z]{1,9}){0,80}") {
            for tokenizer in TOKENIZERS.iter() {
                let mut ids = Vec::new();
                tokenizer.encode_into(&text, &mut ids).unwrap();
                prop_assert_eq!(pieces(tokenizer, &text).concat(), tokenizer.decode(&ids));
            }
        }
    }
}
