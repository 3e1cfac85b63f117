//! Personal data: matches are sorted and whole, and what is masked stays masked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siyu_text::pii::{Detector, Kind, Masker, Replacement};
use std::sync::LazyLock;

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| Detector::new(Kind::ALL));
static MASKERS: LazyLock<[Masker; 3]> = LazyLock::new(|| {
    [
        Replacement::Fixed("<MASK>".into()),
        Replacement::Fixed("<{kind}>".into()),
        Replacement::Pseudonym { key: vec![7] },
    ]
    .map(|with| Masker::new(Kind::ALL, with))
});

fuzz_target!(|text: &str| {
    let mut from = 0;
    for found in DETECTOR.find(text) {
        assert!(from <= found.start && found.start < found.end);
        assert!(text.get(found.start..found.end).is_some());
        from = found.end;
    }
    for masker in MASKERS.iter() {
        let mut noted = 0;
        let once = masker.mask_noting(text, |found| {
            assert!(text.get(found.start..found.end).is_some());
            noted += 1;
        });
        assert_eq!(noted, once.counts.iter().map(|count| count.1).sum::<u32>());
        let twice = masker.mask(&once.text);
        assert_eq!(once.text, twice.text);
    }
});
