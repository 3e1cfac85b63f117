//! Tokens as text, as soon as their characters are whole.

use siyu_text::tokenizer::Tokenizer;
use std::sync::Arc;

/// Tokens of the prompt that are decoded with the first of the answer: some tokenizers write a token differently at the
/// beginning of a text.
const CONTEXT: usize = 4;

/// Tokens after which the beginning of what is decoded moves on.
const WINDOW: usize = 16;

/// The most tokens that are looked through for a character's beginning.
const FAR: usize = 64;

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
        let window = context(&tokenizer, prompt).to_vec();
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
            self.window = context(&self.tokenizer, &self.window).to_vec();
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

/// The last tokens, as few as decode by themselves to what they are in the text: where a tokenizer spells rare characters
/// byte by byte, a row of bytes that begins within a character is no text at all.
fn context<'a>(tokenizer: &Tokenizer, tokens: &'a [u32]) -> &'a [u32] {
    let tail = |count: usize| &tokens[tokens.len() - count..];
    let is_whole = |count: &usize| !tokenizer.decode(tail(*count)).starts_with(char::REPLACEMENT_CHARACTER);
    let least = CONTEXT.min(tokens.len());
    tail((least..=FAR.min(tokens.len())).find(is_whole).unwrap_or(least))
}

/// Bytes at the end of `text` that stand for characters that are not whole yet: with one such, a whole row of characters
/// in bytes may show as marks.
fn unfinished(text: &str) -> usize {
    text.len() - text.trim_end_matches(char::REPLACEMENT_CHARACTER).len()
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

    #[test]
    fn a_prompt_in_bytes_is_gone_on_with_in_bytes() {
        let tokenizer = &TOKENIZERS[1];
        let mut ids = Vec::new();
        tokenizer.encode_into("第一条 为了加强管理，制定本条例。", &mut ids).unwrap();
        let cut = (1..ids.len()).rfind(|&cut| tokenizer.decode(&ids[..cut]).ends_with("管理")).unwrap();
        let mut stream = Detokenizer::new(tokenizer.clone(), &ids[..cut]);
        let text: String = ids[cut..].iter().map(|&id| stream.push(id)).collect();
        assert_eq!(text, "，制定本条例。");
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
