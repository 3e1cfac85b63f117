//! How exactly personal data is found: precision and recall per kind over sentences with known spans.
//!
//! ```sh
//! python3 crates/siyu-text/scripts/pii_cases.py 20000 7 > cases.jsonl
//! cargo run --release -p siyu-text --example pii_accuracy -- cases.jsonl          # a table by kind
//! cargo run --release -p siyu-text --example pii_accuracy -- cases.jsonl --list   # every case that differs
//! ```
//!
//! Each line is `{"text": …, "spans": [[kind, start, end], …]}`, offsets in characters. A span counts as right only
//! when kind, start and end are all right.
#![expect(clippy::print_stdout, reason = "an example that reports to whoever runs it")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;

use siyu_text::pii::{Detector, Kind};

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    spans: Vec<(Kind, usize, usize)>,
}

/// Spans that are right, too many, and missing.
#[derive(Default)]
struct Tally {
    right: u32,
    wrong: u32,
    missed: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: pii_accuracy CASES [--list [KINDS]]")?;
    let list = arguments.next().as_deref() == Some("--list");
    let named: Option<Vec<Kind>> =
        arguments.next().map(|kinds| kinds.split(',').map(str::parse).collect()).transpose()?;
    let detector = Detector::new(named.as_deref().unwrap_or(Kind::DEFAULT));
    let mut tallies: BTreeMap<Kind, Tally> = BTreeMap::new();
    for line in fs::read_to_string(path)?.lines() {
        let case: Case = serde_json::from_str(line)?;
        let found = spans(&detector, &case.text);
        let count = |kind: Kind, add: fn(&mut Tally), tallies: &mut BTreeMap<Kind, Tally>| {
            add(tallies.entry(kind).or_default());
        };
        for span in &found {
            let right = case.spans.contains(span);
            count(span.0, if right { |tally| tally.right += 1 } else { |tally| tally.wrong += 1 }, &mut tallies);
        }
        for span in case.spans.iter().filter(|span| !found.contains(span)) {
            count(span.0, |tally| tally.missed += 1, &mut tallies);
        }
        if list && found != case.spans {
            let shown = |spans: &[(Kind, usize, usize)]| {
                let value = |span: &(Kind, usize, usize)| {
                    let value: String = case.text.chars().skip(span.1).take(span.2 - span.1).collect();
                    format!("{}={value}", span.0)
                };
                spans.iter().map(value).collect::<Vec<_>>().join(" ")
            };
            let line = format!("{}\twant {}\tgot {}", case.text, shown(&case.spans), shown(&found));
            println!("{}", line.replace('\n', "⏎"));
        }
    }
    for (kind, Tally { right, wrong, missed }) in &tallies {
        let share = |of: u32| f64::from(*right) / f64::from(right + of).max(1.0);
        println!("{kind:16} precision {:.4}  recall {:.4}  right {right}", share(*wrong), share(*missed));
    }
    Ok(())
}

/// What is found, with offsets in characters.
fn spans(detector: &Detector, text: &str) -> Vec<(Kind, usize, usize)> {
    let characters = |end: usize| text.bytes().take(end).filter(|byte| byte & 0xC0 != 0x80).count();
    detector.find(text).iter().map(|one| (one.kind, characters(one.start), characters(one.end))).collect()
}
