//! The filter: what is shown does not depend on how the text is cut, and a text without matches stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siyu_serve::filter::Guard;
use std::sync::LazyLock;

static GUARD: LazyLock<Guard> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("words.txt");
    std::fs::write(&path, "敏感词\n机密\nbad word\nkill\n").expect("a temporary file can be written");
    let lists = format!("words: [{{ path: '{}', language: zh, traditional: true }}]", path.display());
    let settings = serde_saphyr::from_str(&lists).expect("the settings are written above");
    Guard::new(&settings).expect("the list is written above")
});

fuzz_target!(|input: (&str, Vec<u8>)| {
    let (text, cuts) = input;
    let mut whole = GUARD.answer();
    let mut expected = whole.push(text);
    if expected.refused.is_none() {
        let rest = whole.finish();
        expected.text.push_str(&rest.text);
        expected.refused = rest.refused;
    }
    let mut cut = GUARD.answer();
    let (mut shown, mut refused) = (String::new(), None);
    let letters: Vec<char> = text.chars().collect();
    let mut from = 0;
    for size in cuts.iter().chain(std::iter::repeat(&1)) {
        if from >= letters.len() || refused.is_some() {
            break;
        }
        let to = letters.len().min(from + 1 + usize::from(*size % 16));
        let outcome = cut.push(&letters[from..to].iter().collect::<String>());
        shown.push_str(&outcome.text);
        refused = outcome.refused;
        from = to;
    }
    if refused.is_none() {
        let rest = cut.finish();
        shown.push_str(&rest.text);
        refused = rest.refused;
    }
    assert_eq!((shown, refused), (expected.text, expected.refused));
});
