//! Every id against Hugging Face's exact engine.

use super::alphabet::CHARACTERS;
use crate::tokenizer::{Engine, Tokenizer};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{str::FromStr, sync::LazyLock};

const CHINESE: &str = include_str!("../../../../../sample-data/models/tiny-zh/tokenizer.json");

/// One configuration, loaded here and by `tokenizers` 0.23.
struct Both {
    own: Tokenizer,
    special: tokenizers_exact::Tokenizer,
    plain: tokenizers_exact::Tokenizer,
}

impl Both {
    fn load(document: &Value) -> Self {
        let json = document.to_string();
        let own = Tokenizer::from_json(&json).unwrap();
        assert_eq!(own.engine(), Engine::ByteLevel);
        let special = tokenizers_exact::Tokenizer::from_str(&json).unwrap();
        let mut plain = special.clone();
        plain.set_encode_special_tokens(true);
        Self { own, special, plain }
    }

    fn check(&self, text: &str) -> Result<(), TestCaseError> {
        let (mut plain, mut special) = (Vec::new(), Vec::new());
        self.own.encode_into(text, &mut plain).unwrap();
        self.own.encode_with_special_into(text, &mut special).unwrap();
        for (found, exact) in [(&plain, &self.plain), (&special, &self.special)] {
            let expected = exact.encode_fast(text, false).unwrap();
            prop_assert_eq!(found, expected.get_ids());
        }
        // Ids by themselves and in another order are mostly parts of characters.
        let reversed: Vec<u32> = special.iter().rev().copied().collect();
        for ids in [&special, &reversed] {
            prop_assert_eq!(self.own.decode(ids), self.special.decode(ids, false).unwrap());
        }
        Ok(())
    }
}

fn bytes(pattern: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": pattern})
}

fn split(pattern: &str, behavior: &str) -> Value {
    let split =
        json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": behavior == "Removed"});
    json!({"type": "Sequence", "pretokenizers": [split, bytes(false)]})
}

fn added(id: u32, content: &str, special: bool, normalized: bool) -> Value {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": normalized, "special": special})
}

/// The sample's vocabulary, as it is and in the manner of Qwen 2, GPT-4 and Llama 3.
static SHAPES: LazyLock<[Both; 4]> = LazyLock::new(|| {
    let sample: Value = serde_json::from_str(CHINESE).unwrap();
    let mut qwen = sample.clone();
    qwen["normalizer"] = json!({"type": "NFC"});
    qwen["pre_tokenizer"] = split(super::words::SIGNED_1, "Isolated");
    let tokens = [("<a>", true, false), ("a><b", false, false), ("née", false, true), ("好<|im_end|>", false, false)];
    for ((content, special, normalized), id) in tokens.into_iter().zip(6400..) {
        qwen["added_tokens"].as_array_mut().unwrap().push(added(id, content, special, normalized));
    }
    let mut gpt = sample.clone();
    gpt["pre_tokenizer"] = split(super::words::SIGNED_3, "Removed");
    let mut llama = gpt.clone();
    llama["pre_tokenizer"] = split(super::words::SIGNED_3, "Isolated");
    llama["model"]["ignore_merges"] = true.into();
    llama["post_processor"] = json!({"type": "TemplateProcessing", "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
        "single": [{"SpecialToken": {"id": "<|im_start|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"<|im_start|>": {"id": "<|im_start|>", "ids": [1], "tokens": ["<|im_start|>"]}}});
    // Words that merging does not make.
    llama["model"]["vocab"]
        .as_object_mut()
        .unwrap()
        .extend([("ç½Ĺç½Ĺç½Ĺ".to_owned(), 6400.into()), ("zqzqzqzqzqzqzqzqzqzqzqzq".to_owned(), 6401.into())]);
    [sample, qwen, gpt, llama].map(|document| Both::load(&document))
});

/// A vocabulary of bytes and of merges that each join two neighbours in a short text, wherever they stand there; ranked
/// by `order` if it is more than one number, else in the order in which they were made.
fn tiny(merges: &[usize], order: &[usize]) -> Value {
    let letters = |text: &str| text.bytes().map(|byte| CHARACTERS[usize::from(byte)].to_string()).collect::<Vec<_>>();
    let mut tokens: Vec<String> = CHARACTERS.iter().map(char::to_string).collect();
    let (mut text, mut pairs) = (letters("的地 ab的éa地的b 地é\u{1F600}aabb的的地"), Vec::new());
    for merge in merges {
        let place = merge % (text.len() - 1);
        let pair = [text[place].clone(), text[place + 1].clone()];
        let mut at = 0;
        while at + 1 < text.len() {
            if text[at..at + 2] == pair {
                text.splice(at..at + 2, [pair.concat()]);
            }
            at += 1;
        }
        if !tokens.contains(&pair.concat()) {
            tokens.push(pair.concat());
        }
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
        if text.len() < 3 {
            break;
        }
    }
    let mut ranked: Vec<(usize, [String; 2])> = order.iter().copied().cycle().zip(pairs).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let merges: Vec<[String; 2]> = ranked.into_iter().map(|(_, pair)| pair).collect();
    let vocab: serde_json::Map<String, Value> = tokens.into_iter().zip((0..).map(Value::from)).collect();
    json!({"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": bytes(true),
        "post_processor": null, "decoder": bytes(true), "model": {"type": "BPE", "vocab": vocab, "merges": merges}})
}

proptest! {
    #[test]
    fn ids_and_decoded_texts_are_those_of_the_reference(text in r"(\PC|[一-龥，。]{1,12}|\s|<\|im_end\|>|<a><b>|ne\u{301}?e|née|好|罗罗罗|(zq){12}|[0-9a-z]{1,5}|\p{M}|[A-Za-z]{1,40}| {1,9}|\PC[가-힣か-ん]{1,4}|'(?i:ll|s|ſ)|[\r\n]{1,3})*") {
        for both in SHAPES.iter() {
            both.check(&text)?;
        }
    }

    #[test]
    fn a_text_falls_apart_where_it_is_said_to(text in r"(\PC|[一-龥a-z]{1,6}[，。 \n,.;:!?()]{1,3}|\s|\p{M}|<\|im_end\|>|<a><b>|[가-힣か-ん]{1,3}|'(?i:ll|s)|[\r\n]{1,3}|[\u{958}-\u{95f}])*") {
        for both in SHAPES.iter() {
            let ids = |text: &str| {
                let mut ids = Vec::new();
                both.own.encode_into(text, &mut ids).unwrap();
                ids
            };
            let (whole, mut at) = (ids(&text), 0);
            while let Some(place) = both.own.break_after(&text, at) {
                let (head, tail) = text.split_at(place);
                prop_assert_eq!(&[ids(head), ids(tail)].concat(), &whole, "{:?} and {:?}", head, tail);
                prop_assert_eq!(both.own.break_before(&text, place), Some(place));
                at = place + 1;
            }
        }
    }

    #[test]
    fn long_pieces_have_the_ids_of_the_reference(text in r"[ab]{1,400}|[的地]{1,400}|[一-丨]{1,400}|(哈|呵呵|嘿){1,400}", times in 1_usize..24) {
        for both in SHAPES.iter() {
            both.check(&text.repeat(times))?;
        }
    }

    #[test]
    fn any_merges_give_the_ids_of_the_reference(
        merges in prop::collection::vec(0_usize..1000, 1..40),
        order in prop_oneof![Just(vec![0]), prop::collection::vec(0_usize..50, 1..60)],
        texts in prop::collection::vec(r"[ab 的地é\u{1F600}旧]{1,12}|[ab]{1,80}|[的地é旧]{1,300}", 8),
        times in 1_usize..30,
    ) {
        let both = Both::load(&tiny(&merges, &order));
        for text in texts {
            both.check(&text)?;
            both.check(&text.repeat(times))?;
        }
    }
}

#[test]
fn other_configurations_are_left_to_the_other_engines() {
    let sample: Value = serde_json::from_str(CHINESE).unwrap();
    let changes: [(&str, Value); 6] = [
        ("/normalizer", json!({"type": "NFKC"})),
        ("/pre_tokenizer", split(r"\p{N}| ?[^\s\p{L}\p{N}]+", "Isolated")),
        ("/pre_tokenizer/add_prefix_space", true.into()),
        ("/decoder", json!({"type": "Fuse"})),
        ("/added_tokens/3/lstrip", true.into()),
        ("/model/end_of_word_suffix", "</w>".into()),
    ];
    for (place, value) in changes {
        let mut changed = sample.clone();
        *changed.pointer_mut(place).unwrap() = value;
        assert_ne!(Tokenizer::from_json(&changed.to_string()).unwrap().engine(), Engine::ByteLevel, "{place}");
    }
}
