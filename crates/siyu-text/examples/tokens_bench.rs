//! CPU speed of token ids, truncation and words over a JSONL corpus, one thread.
//!
//! ```text
//! cargo run --release -p siyu-text --example tokens_bench -- encode laws.jsonl tokenizer.json
//! cargo run --release -p siyu-text --example tokens_bench -- equal laws.jsonl tokenizer.json
//! cargo run --release -p siyu-text --example tokens_bench -- truncate laws.jsonl tokenizer.json 1024 head character
//! cargo run --release -p siyu-text --example tokens_bench -- segment laws.jsonl
//! ```
//!
//! `equal` encodes and decodes each document with `tokenizers` 0.23 as well, and counts those that differ.
//!
//! Words against jieba's, in a file that `scripts/jieba_words.py` has written:
//!
//! ```text
//! cargo run --release -p siyu-text --example tokens_bench -- compare words.jsonl
//! ```
//!
//! Each is run until it has taken half a second, at least twice; the mean is printed, in megabytes of text per
//! CPU-second.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark for developers")]

use siyu_text::{
    segment::Segmenter,
    tokenizer::Tokenizer,
    truncate::{Boundary, Keep, Truncation, truncate},
};
use std::fs::read_to_string;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize| arguments.get(index).map_or("", String::as_str);
    if argument(0) == "compare" {
        return compare(argument(1));
    }
    let texts: Vec<String> = read_to_string(argument(1))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].as_str().unwrap_or("").to_owned())
        .collect();
    let start = cpu_seconds();
    match argument(0) {
        "encode" => {
            let tokenizer = Tokenizer::from_json(&read_to_string(argument(2)).unwrap()).unwrap();
            println!("loaded in {:.3} s, {:?}", cpu_seconds() - start, tokenizer.engine());
            let mut ids = Vec::new();
            rounds(&texts, |text| {
                ids.clear();
                tokenizer.encode_into(text, &mut ids).unwrap();
                ids.len()
            });
        }
        "equal" => equal(&texts, &read_to_string(argument(2)).unwrap()),
        "truncate" => {
            let tokenizer = Tokenizer::from_json(&read_to_string(argument(2)).unwrap()).unwrap();
            let keep = match argument(4) {
                "tail" => Keep::Tail,
                "head_tail" => Keep::HeadTail,
                "windows" => Keep::Windows,
                _ => Keep::Head,
            };
            let boundary = if argument(5) == "sentence" { Boundary::Sentence } else { Boundary::Character };
            let how = Truncation { max_tokens: argument(3).parse().unwrap_or(1024), keep, boundary, overlap_tokens: 0 };
            rounds(&texts, |text| {
                truncate(text, &tokenizer, &how).unwrap().iter().map(std::iter::ExactSizeIterator::len).sum()
            });
        }
        _ => {
            let segmenter = Segmenter::new(None).unwrap();
            println!("loaded in {:.3} s", cpu_seconds() - start);
            for hmm in [true, false] {
                rounds(&texts, |text| {
                    let mut words = 0;
                    segmenter.for_each(text, hmm, |_| words += 1);
                    words
                });
            }
        }
    }
}

/// Counts the documents whose ids or decoded texts are not those of Hugging Face's engine, and prints where they differ.
fn equal(texts: &[String], json: &str) {
    let tokenizer = Tokenizer::from_json(json).unwrap();
    let mut exact: tokenizers_exact::Tokenizer = json.parse().unwrap();
    let (mut ids, mut different, mut count) = (Vec::new(), 0, 0);
    for special in [false, true] {
        exact.set_encode_special_tokens(!special);
        for (number, text) in texts.iter().enumerate() {
            ids.clear();
            if special {
                tokenizer.encode_with_special_into(text, &mut ids).unwrap();
            } else {
                tokenizer.encode_into(text, &mut ids).unwrap();
            }
            let expected = exact.encode_fast(text.as_str(), false).unwrap();
            if ids != expected.get_ids() || tokenizer.decode(&ids) != exact.decode(&ids, false).unwrap() {
                let place = ids.iter().zip(expected.get_ids()).position(|(found, expected)| found != expected);
                println!("document {number} differs from token {place:?} on");
                different += 1;
            }
            count += ids.len();
        }
    }
    println!("{:?}: {different} differences in {} documents, {count} tokens", tokenizer.engine(), texts.len());
}

/// Counts the lines that are cut as jieba cuts them, and prints the first few others.
fn compare(path: &str) {
    let segmenter = Segmenter::new(None).unwrap();
    let (mut lines, mut equal, mut shown) = (0, [0; 3], 0);
    for line in read_to_string(path).unwrap().lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let found = [segmenter.words(text, true), segmenter.words(text, false), segmenter.keywords(text, 5)];
        for (place, (name, found)) in ["hmm", "plain", "keywords"].into_iter().zip(found).enumerate() {
            let is_equal = serde_json::json!(found) == case[name];
            equal[place] += usize::from(is_equal);
            if !is_equal && shown < 10 {
                println!("{name}\n  {:?}\n  {found:?}", case[name].to_string());
                shown += 1;
            }
        }
        lines += 1;
    }
    println!("of {lines} lines equal: {} with the model, {} without, {} by keywords", equal[0], equal[1], equal[2]);
}

fn rounds(texts: &[String], mut work: impl FnMut(&str) -> usize) {
    let bytes: usize = texts.iter().map(String::len).sum();
    // The first round fills caches.
    let mut made = texts.iter().map(|text| work(text)).sum::<usize>();
    let (start, mut passes, mut spent) = (cpu_seconds(), 0, 0.0);
    while spent < 0.5 {
        made = texts.iter().map(|text| work(text)).sum();
        passes += 1;
        spent = cpu_seconds() - start;
    }
    println!("{:.1} MB/s: {bytes} bytes, {made} made", (bytes * passes) as f64 / 1e6 / spent);
}

/// CPU time of this thread, from Linux' scheduler.
fn cpu_seconds() -> f64 {
    let times = read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
