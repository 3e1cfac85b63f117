//! Normalizers: idempotent each, and their offsets lead back in order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siyu_text::mojibake;
use siyu_text::punctuation::{self, Style};
use siyu_text::unicode::{self, Form, OffsetMap};
use std::borrow::Cow;

fn check(text: &str, once: &str, mapped: &(Cow<'_, str>, OffsetMap), twice: &str) {
    assert_eq!(once, twice);
    assert_eq!(once, mapped.0);
    let mut last = 0;
    for (at, letter) in once.char_indices() {
        let range = mapped.1.source_range(at..at + letter.len_utf8());
        assert!(last <= range.start && range.start <= range.end && range.end <= text.len());
        last = range.start;
    }
}

fuzz_target!(|text: &str| {
    for form in [Form::Nfc, Form::Nfkc, Form::None] {
        let once = unicode::normalize(text, form);
        check(text, &once, &unicode::normalize_mapped(text, form), &unicode::normalize(&once, form));
    }
    for style in [Style::Alphanumeric, Style::Halfwidth, Style::Fullwidth] {
        let once = punctuation::normalize(text, style);
        check(text, &once, &punctuation::normalize_mapped(text, style), &punctuation::normalize(&once, style));
    }
    let once = mojibake::fix(text);
    check(text, &once, &mojibake::fix_mapped(text), &mojibake::fix(&once));
});
