//! Any bytes decode, by whatever encoding is detected or named.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siyu_text::decode::{decode, detect, named};

const LABELS: [&str; 8] = ["utf-8", "gb18030", "big5", "utf-16le", "utf-16be", "shift_jis", "euc-kr", "windows-1252"];

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (choice, sampled, bytes) = input;
    let sample = bytes.get(..usize::from(sampled)).unwrap_or(bytes);
    let found = detect(sample, sample.len() == bytes.len(), choice & 1 == 1);
    assert!(found.bom_bytes <= bytes.len());
    let (text, malformed) = decode(bytes, found.encoding);
    if malformed == 0 && found.encoding == encoding_rs::UTF_8 {
        assert_eq!(text.as_bytes(), bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    }
    let encoding = named(LABELS[usize::from(choice >> 1) % LABELS.len()]).expect("the labels are the standard's");
    let (text, malformed) = decode(bytes, encoding);
    assert!(text.matches('\u{FFFD}').count() as u64 >= malformed);
});
