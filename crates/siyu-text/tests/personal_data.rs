//! Personal data in 400 made sentences of all kinds that are found by default, each span exactly.
//!
//! `fixtures/pii_cases.jsonl` is what `python3 scripts/pii_cases.py 400 11` writes: the seed is 11, and check digits come
//! from the script's own arithmetic after the standards.

use serde::Deserialize;
use siyu_text::pii::{Detector, Kind};
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Case {
    text: String,
    /// Kind, start and end in characters.
    spans: Vec<(Kind, usize, usize)>,
}

#[test]
fn every_span_is_found_exactly_and_nothing_else() {
    let cases = include_str!("fixtures/pii_cases.jsonl");
    let cases: Vec<Case> = cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let detector = Detector::new(Kind::DEFAULT);
    let (mut wrong, mut kinds) = (Vec::new(), BTreeSet::new());
    for Case { text, spans } in &cases {
        let characters = |end: usize| text.get(..end).unwrap().chars().count();
        let found: Vec<_> =
            detector.find(text).iter().map(|one| (one.kind, characters(one.start), characters(one.end))).collect();
        if found != *spans {
            wrong.push(format!("{text}: found {found:?} instead of {spans:?}"));
        }
        kinds.extend(spans.iter().map(|span| span.0));
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(Kind::DEFAULT.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}
