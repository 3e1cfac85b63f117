//! The tokenizer cases of html5lib-tests, and our own in the same shape, against the characters that [`html`] finds.
//!
//! Our own fixture is made by `scripts/html_tokens.py` with the Python package html5lib; the suite itself is read from
//! the folder `SIYU_SHARED_DATA`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a skipped test says why")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use siyu_text::html::{InitialState, StripOptions, characters, strip};

/// One input in one state, with the characters that the standard finds in it.
struct Case {
    description: String,
    input: String,
    state: InitialState,
    last_start_tag: String,
    expected: String,
}

#[test]
fn characters_are_those_of_our_fixture() {
    let cases = cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/html_tokens.json"));
    assert!(cases.len() > 50);
    check_characters(&cases);
    check_strip(&cases, 0);
}

#[test]
fn characters_are_those_of_html5lib_tests() {
    let Some(folder) = std::env::var_os("SIYU_SHARED_DATA").map(PathBuf::from) else {
        eprintln!("skipped: set SIYU_SHARED_DATA to the folder that holds small/html/html5lib-tests");
        return;
    };
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder.join("small/html/html5lib-tests/tokenizer")).unwrap() {
        all.extend(cases(&entry.unwrap().path()));
    }
    assert!(all.len() > 3000);
    check_characters(&all);
    // Text in angle brackets that no HTML element is named after stays in plain text; two inputs are of that kind.
    check_strip(&all, all.len() / 1000);
}

fn check_characters(cases: &[Case]) {
    let found = |case: &Case| characters(&case.input, case.state, &case.last_start_tag);
    let wrong: Vec<_> = cases.iter().filter(|case| found(case) != case.expected).map(told).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The text of the cases that a whole document can be made of; white space is the layout's and is not compared.
fn check_strip(cases: &[Case], tolerated: usize) {
    let dense = |text: &str| text.replace(|c: char| c.is_whitespace() || c == '\0', "");
    let mut wrong = Vec::new();
    for case in cases {
        let page = match (case.state, case.last_start_tag.as_str()) {
            (InitialState::Data, _) => case.input.clone(),
            (InitialState::PlainText, _) => format!("<plaintext>{}", case.input),
            (InitialState::CdataSection, _) => format!("<svg><![CDATA[{}", case.input),
            (InitialState::RcData, name @ ("title" | "textarea")) | (InitialState::RawText, name @ "xmp") => {
                format!("<{name}>{}", case.input)
            }
            _ => continue,
        };
        if dense(&strip(&page, &StripOptions::default())) != dense(&case.expected) {
            wrong.push(told(case));
        }
    }
    assert!(wrong.len() <= tolerated, "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn told(case: &Case) -> String {
    format!("{}: {:?} in {:?} gives {:?}", case.description, case.input, case.state, case.expected)
}

/// The cases of a file, one for each initial state; lone surrogates, which no `str` can hold, stand as U+FFFD.
fn cases(path: &Path) -> Vec<Case> {
    let file = std::fs::read_to_string(path).unwrap();
    let suite: Value = serde_json::from_str(&replace_surrogates(&file)).unwrap();
    let mut cases = Vec::new();
    for case in suite["tests"].as_array().into_iter().flatten() {
        let text = |value: &Value| {
            let text = value.as_str().unwrap();
            if case["doubleEscaped"] == true {
                serde_json::from_str(&replace_surrogates(&format!("\"{}\"", text.replace('"', "\\\"")))).unwrap()
            } else {
                text.to_owned()
            }
        };
        let is_characters = |token: &&Value| token[0] == "Character";
        let tokens = case["output"].as_array().unwrap();
        let expected: String = tokens.iter().filter(is_characters).map(|token| text(&token[1])).collect();
        let states = match case["initialStates"].as_array() {
            Some(states) => states.iter().map(|state| initial_state(state.as_str().unwrap())).collect(),
            None => vec![InitialState::Data],
        };
        cases.extend(states.into_iter().map(|state| Case {
            description: case["description"].as_str().unwrap().to_owned(),
            input: text(&case["input"]),
            state,
            last_start_tag: case["lastStartTag"].as_str().unwrap_or_default().to_owned(),
            expected: expected.clone(),
        }));
    }
    cases
}

fn initial_state(name: &str) -> InitialState {
    match name {
        "Data state" => InitialState::Data,
        "RCDATA state" => InitialState::RcData,
        "RAWTEXT state" => InitialState::RawText,
        "Script data state" => InitialState::ScriptData,
        "PLAINTEXT state" => InitialState::PlainText,
        "CDATA section state" => InitialState::CdataSection,
        _ => panic!("unknown state {name}"),
    }
}

/// Replaces escaped surrogates that form no pair.
fn replace_surrogates(json: &str) -> String {
    let code = |escape: &str| u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let (mut text, mut rest) = (String::new(), json);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let length = match (code(escape), escape.get(6..).and_then(code)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(0xD800..0xE000), _) => {
                text.push_str("\\uFFFD");
                rest = escape.split_at(6).1;
                continue;
            }
            _ => escape.chars().take(2).map(char::len_utf8).sum(),
        };
        let (escape, after) = escape.split_at(length);
        text.push_str(escape);
        rest = after;
    }
    text + rest
}
