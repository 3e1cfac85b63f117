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
    // References and tags give less than they take, or little more; only a null character becomes three bytes.
    let most = html.len() * 3 + 1;
    assert!(stripped.len() <= most);
    if !html.contains(['<', '&']) {
        assert!(matches!(stripped, Cow::Borrowed(same) if same == html));
    }
    let article = html::article(html, choice & 2 == 2);
    assert!(article.text.len() <= most);
    html::characters(html, STATES[usize::from(choice >> 2) % STATES.len()], "title");
});
