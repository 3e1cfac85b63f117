use super::*;
use proptest::prelude::*;
use std::ops::RangeBounds;
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

static TOKENIZERS: LazyLock<[Tokenizer; 2]> = LazyLock::new(|| {
    let tiny = include_str!("../../../../sample-data/models/tiny-zh/tokenizer.json");
    let stories = include_str!("../../../../sample-data/models/stories260k/tokenizer.json");
    [tiny, stories].map(|json| Tokenizer::from_json(json).unwrap())
});

const KEEPS: [Keep; 4] = [Keep::Head, Keep::Tail, Keep::HeadTail, Keep::Windows];

fn how(max_tokens: usize, keep: Keep, boundary: Boundary, overlap_tokens: usize) -> Truncation {
    Truncation { max_tokens, keep, boundary, overlap_tokens }
}

fn count(tokenizer: &Tokenizer, text: &str) -> usize {
    tokenizer.count(text).unwrap()
}

fn part(text: &str, range: impl RangeBounds<usize>) -> &str {
    text.get((range.start_bound().cloned(), range.end_bound().cloned())).unwrap()
}

fn only(pieces: Vec<Range<usize>>) -> Range<usize> {
    <[_; 1]>::try_from(pieces).unwrap().into_iter().next().unwrap()
}

#[test]
fn sentences_end_where_readers_end_them() {
    let text = "第一条 甲方应当付款。乙方应当交货！\n第二条 争议由双方协商解决，协商不成的，可以起诉。";
    for max_tokens in 12..24 {
        let range = only(truncate(text, &TOKENIZERS[0], &how(max_tokens, Keep::Head, Boundary::Sentence, 0)).unwrap());
        assert!(["。", "！", "\n"].iter().any(|end| part(text, ..range.end).ends_with(end)), "{}", part(text, range));
        let range =
            only(truncate(text, &TOKENIZERS[0], &how(max_tokens + 12, Keep::Tail, Boundary::Sentence, 0)).unwrap());
        assert!(
            ["乙方", "第二条", "第一条"].iter().any(|start| part(text, range.start..).starts_with(start)),
            "{}",
            part(text, range)
        );
    }
}

#[test]
fn a_sentence_too_long_for_the_budget_is_cut_between_characters() {
    let text = "甲方应当按照约定的时间和地点支付全部价款".repeat(20);
    let range = only(truncate(&text, &TOKENIZERS[0], &how(10, Keep::Head, Boundary::Sentence, 0)).unwrap());
    assert_eq!(count(&TOKENIZERS[0], part(&text, range)), 10);
}

#[test]
fn a_grapheme_larger_than_a_window_is_cut_inside() {
    let text = format!("a{}b", "\u{301}".repeat(50));
    let pieces = truncate(&text, &TOKENIZERS[0], &how(8, Keep::Windows, Boundary::Character, 0)).unwrap();
    assert_eq!(pieces.iter().map(|piece| part(&text, piece.clone())).collect::<String>(), text);
}

#[test]
fn a_text_without_a_space_is_encoded_no_further_than_it_is_kept() {
    for unit in ["甲", "a", "甲乙丙丁", "é", "9", "—"] {
        let text = unit.repeat(200_000 / unit.len());
        for (tokenizer, keep) in TOKENIZERS.iter().flat_map(|tokenizer| KEEPS.map(|keep| (tokenizer, keep))) {
            let mut kept = 0;
            let work = crate::work::during(|| {
                let how = how(512, keep, Boundary::Character, 0);
                kept = truncate(&text, tokenizer, &how).unwrap().iter().map(Range::len).sum();
            });
            assert!(work <= kept * 12 + 4_096, "{work} bytes for {kept} of {keep:?} of {unit}");
        }
    }
}

proptest! {
    #[test]
    fn pieces_fit_their_budget_and_waste_none(
        text in r"([一-龥]{1,6}|[a-z ]{1,6}|👨‍👩‍👧|é|▁|\PC|<\|im_end\|>|[。！\n]){0,60}", max_tokens in 1usize..60, keep in 0usize..3
    ) {
        for tokenizer in TOKENIZERS.iter() {
            let pieces = truncate(&text, tokenizer, &how(max_tokens, KEEPS[keep], Boundary::Character, 0)).unwrap();
            let used: usize = pieces.iter().map(|piece| count(tokenizer, part(&text, piece.clone()))).sum();
            prop_assert!(used <= max_tokens);
            let borders: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
            for piece in &pieces {
                prop_assert!(borders.contains(&piece.start) && borders.contains(&piece.end));
            }
            let whole = pieces.first().is_some_and(|piece| *piece == (0..text.len()));
            if keep == 0 && !whole {
                let next = borders.iter().find(|border| **border > pieces[0].end).copied().unwrap();
                prop_assert!(used == max_tokens || count(tokenizer, part(&text, ..next)) > max_tokens);
            }
            if keep == 1 && !whole {
                let next = borders.iter().rfind(|border| **border < pieces[0].start).copied().unwrap();
                prop_assert!(used == max_tokens || count(tokenizer, part(&text, next..)) > max_tokens);
            }
        }
    }

    #[test]
    fn windows_cover_the_text(
        text in r"([一-龥]{1,6}|[a-z ]{1,6}|👨‍👩‍👧|\PC|[。！\n]){0,60}", max_tokens in 5usize..30, overlap in 0usize..5, sentence: bool
    ) {
        let boundary = if sentence { Boundary::Sentence } else { Boundary::Character };
        for tokenizer in TOKENIZERS.iter() {
            let pieces = truncate(&text, tokenizer, &how(max_tokens, Keep::Windows, boundary, overlap)).unwrap();
            let mut covered = 0;
            for piece in pieces {
                prop_assert!(piece.start <= covered && piece.end > covered);
                prop_assert!(count(tokenizer, part(&text, piece.clone())) <= max_tokens);
                covered = piece.end;
            }
            // A character is at most four tokens, and a space before it one.
            prop_assert_eq!(covered, text.len());
        }
    }
}
