//! NFC, where a text needs it.

use super::{
    classes::{Classes, UNSTABLE},
    utf8,
};
use unicode_normalization_alignments::UnicodeNormalization;

/// Puts the NFC of `text` into `buffer`; says whether it may differ from the text, else the buffer is left empty.
///
/// The tables are those of Unicode 9, which Hugging Face's normalizer has.
pub(super) fn compose(classes: &Classes, text: &str, buffer: &mut String) -> bool {
    buffer.clear();
    let mut done = 0;
    while let Some(found) = unstable(classes, text.as_bytes(), done) {
        // From the character before, with which it may be composed, to the next that stands for itself.
        let start = found.checked_sub(1).map_or(0, |before| text.floor_char_boundary(before)).max(done);
        let end = stable(classes, text.as_bytes(), found);
        buffer.push_str(text.get(done..start).unwrap_or_default());
        buffer.extend(text.get(start..end).unwrap_or_default().nfc().map(|(character, _)| character));
        done = end;
    }
    if done > 0 {
        buffer.push_str(text.get(done..).unwrap_or_default());
    }
    done > 0
}

/// Where the first unstable character from `from` on starts.
fn unstable(classes: &Classes, bytes: &[u8], from: usize) -> Option<usize> {
    let candidates = bytes.iter().enumerate().skip(from).filter(|(_, byte)| classes.may_be_unstable(**byte));
    candidates.map(|(at, _)| at).find(|at| classes.of(utf8::decode(bytes, *at).0) & UNSTABLE != 0)
}

/// Where the first stable character after `from` starts.
fn stable(classes: &Classes, bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() {
        let (code, length) = utf8::decode(bytes, at);
        if classes.of(code) & UNSTABLE == 0 {
            break;
        }
        at += length;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_compose_as_the_whole(text in r"(\PC|[가-힣ᄀ-ᇿ]|[a-e\u{300}-\u{345}\u{3099}\u{1D165}-\u{1D16F}]{1,4}|[か-こ一-丁]|[\u{900}-\u{9CD}豈-龎\u{2000}-\u{212B}])*") {
            let mut buffer = String::new();
            let whole: String = text.nfc().map(|(character, _)| character).collect();
            let changed = compose(Classes::get(), &text, &mut buffer);
            prop_assert_eq!(if changed { buffer.as_str() } else { text.as_str() }, whole);
        }
    }
}
