//! Articles of invented pages, made by `scripts/article_pages.py`, and of real ones in the folder `SIYU_SHARED_DATA`.
//!
//! The measure is F1 over tokens: words of letters and digits in lower case, and single characters of Han and kana.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a skipped test says why, and a measuring one what it found")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use siyu_text::html::{StripOptions, article, strip};

#[test]
fn invented_pages_give_their_articles() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/articles");
    let mut count = 0;
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        count += 1;
        let gold: Value = serde_json::from_str(&std::fs::read_to_string(path.with_extension("json")).unwrap()).unwrap();
        let lines: Vec<_> = gold["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let found = article(&std::fs::read_to_string(&path).unwrap(), true);
        let score = f1(&found.text, &lines.join("\n"));
        let name = path.file_stem().unwrap().display().to_string();
        if score < 0.9 {
            wrong.push(format!("{name}: F1 {score:.3}\n{}", found.text));
        }
        for (fact, value) in [("title", found.title), ("author", found.author), ("date", found.date)] {
            if let Some(expected) = gold[fact].as_str()
                && value.as_deref() != Some(expected)
            {
                wrong.push(format!("{name}: {fact} {value:?}, not {expected}"));
            }
        }
    }
    assert!(count > 10 && wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn real_pages_give_their_articles() {
    let Some(folder) = std::env::var_os("SIYU_SHARED_DATA").map(PathBuf::from) else {
        eprintln!("skipped: set SIYU_SHARED_DATA to the folder that holds small/html/readability");
        return;
    };
    let mut scores = Vec::new();
    for entry in std::fs::read_dir(folder.join("small/html/readability")).unwrap() {
        let page = entry.unwrap().path();
        let read = |name: &str| std::fs::read_to_string(page.join(name)).unwrap();
        let gold = read("expected.html");
        scores.push(f1(&article(&read("source.html"), false).text, &strip(&gold, &StripOptions::default())));
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    eprintln!("{} pages, mean F1 {mean:.4}", scores.len());
    assert!(scores.len() > 10 && mean > 0.95, "mean F1 {mean}");
}

fn f1(found: &str, gold: &str) -> f64 {
    let (found, gold) = (tokens(found), tokens(gold));
    let common: usize = found.iter().map(|(token, count)| count.min(gold.get(token).unwrap_or(&0))).sum();
    let total: usize = found.values().chain(gold.values()).sum();
    if total == 0 { 1.0 } else { 2.0 * common as f64 / total as f64 }
}

fn tokens(text: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mut word = String::new();
    for character in text.to_lowercase().chars().chain([' ']) {
        let is_single = matches!(character, '\u{3040}'..='\u{9FFF}');
        if character.is_alphanumeric() && !is_single {
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            *counts.entry(std::mem::take(&mut word)).or_default() += 1;
        }
        if is_single {
            *counts.entry(character.to_string()).or_default() += 1;
        }
    }
    counts
}
