//! HTML in all its modes: no panic, no text out of nothing, and plain text stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use siyu_text::html::{self, InitialState, StripOptions};
use std::borrow::Cow;

const STATES: [InitialState; 4] =
    [InitialState::Data, InitialState::RcData, InitialState::RawText, InitialState::ScriptData];

fuzz_target!(|input: (u8, &str)| {
    let (choice, html) = input;
    let stripped = html::strip(html, &StripOptions { alt: choice & 1 == 1 });
    // The longest expansion of a reference is from five bytes to six, `&nGt;`; a tag may become a line end.
    assert!(stripped.len() <= html.len() * 2 + 1);
    if !html.contains(['<', '&']) {
        assert!(matches!(stripped, Cow::Borrowed(same) if same == html));
    }
    let article = html::article(html, choice & 2 == 2);
    assert!(article.text.len() <= html.len() * 2 + 1);
    html::characters(html, STATES[usize::from(choice >> 2) % STATES.len()], "title");
});
