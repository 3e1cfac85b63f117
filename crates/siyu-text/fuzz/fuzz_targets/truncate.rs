//! Truncation: pieces lie between characters, fit their budget, and windows cover the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siyu_text::tokenizer::Tokenizer;
use siyu_text::truncate::{Boundary, Keep, Truncation, truncate};
use std::sync::LazyLock;

static TOKENIZERS: LazyLock<[Tokenizer; 2]> = LazyLock::new(|| {
    [
        include_str!("../../../../sample-data/models/tiny-zh/tokenizer.json"),
        include_str!("../../../../sample-data/models/stories260k/tokenizer.json"),
    ]
    .map(|json| Tokenizer::from_json(json).expect("the sample tokenizers load"))
});

/// More tokens than a character and the space before it can have.
const AMPLE: usize = 6;

fuzz_target!(|input: (u8, u8, u8, &str)| {
    let (choice, budget, overlap, text) = input;
    let tokenizer = &TOKENIZERS[usize::from(choice & 1)];
    let keep = [Keep::Head, Keep::Tail, Keep::HeadTail, Keep::Windows][usize::from(choice >> 1 & 3)];
    let boundary = if choice & 8 == 0 { Boundary::Character } else { Boundary::Sentence };
    let how = Truncation { max_tokens: budget.into(), keep, boundary, overlap_tokens: overlap.into() };
    let pieces = truncate(text, tokenizer, &how).expect("the sample tokenizers encode any text");
    let counts: Vec<usize> = pieces
        .iter()
        .map(|piece| {
            tokenizer.count(text.get(piece.clone()).expect("pieces lie between characters")).expect("as above")
        })
        .collect();
    if keep == Keep::Windows {
        assert!(counts.iter().all(|count| *count <= how.max_tokens));
        let mut covered = 0;
        for piece in &pieces {
            assert!(piece.end > covered && (piece.start <= covered || how.max_tokens < AMPLE));
            covered = piece.end;
        }
        assert!(covered == text.len() || how.max_tokens < AMPLE);
    } else {
        assert!(counts.iter().sum::<usize>() <= how.max_tokens);
    }
});
