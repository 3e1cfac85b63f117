//! HTML to plain text.
//!
//! [`strip`] keeps all text a reader could see. Markup is read by the rules of the HTML standard's tokenizer, in one
//! pass without recursion, so that no document takes more than linear time.

mod article;
mod attributes;
mod elements;
mod foreign;
mod layout;
mod output;
mod raw_text;
mod reference;
mod tokenizer;

use std::borrow::Cow;

pub use article::{Article, article};
pub use tokenizer::InitialState;
use tokenizer::{Sink, Tag, tokenize};

/// What [`strip`] keeps besides text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StripOptions {
    /// Put the alternative text of images in their place.
    pub alt: bool,
}

/// The text of an HTML page, of a fragment of one, or of plain text with stray tags.
///
/// Scripts, styles, templates, comments, frames and the names of SVG drawings vanish; the title, `noscript`, form
/// controls and what CSS or `hidden` hides are kept, since scripts show them. Blocks, `<br>` and table rows end lines,
/// cells are separated by a tab, inline tags join, references are decoded once. White space of ASCII collapses outside
/// `<pre>` and `<textarea>`; a source line that breaks between two Han characters is joined without a space, as CSS
/// Text 3 allows. There is at most one blank line in a row and none at the ends.
///
/// A document is a page if it starts with a document type or an `html`, `head` or `body` tag. In other documents the
/// text outside of all block elements is taken for plain text or Markdown: its line breaks and spaces stay, and so do
/// `&copy=2` in addresses, markup that nothing closes in the lines below it, and what is in angle brackets but no
/// element's name: `<MASK>`, `#include <stdio.h>`, `Vec<String>`, `<https://…>`. Text without any markup comes back as
/// it is.
pub fn strip<'a>(html: &'a str, options: &StripOptions) -> Cow<'a, str> {
    if memchr::memchr2(b'<', b'&', html.as_bytes()).is_none() {
        return Cow::Borrowed(html);
    }
    let mut layout = layout::Layout::new(options.alt, html.len());
    tokenize(html, InitialState::Data, "", &mut layout);
    Cow::Owned(layout.finish())
}

/// The characters that the tokenizer emits for `input`, when started in `state` after a start tag `last_start_tag`.
///
/// This is what the standard's test suite asks for; tags do not change the state here, as they do in a page.
pub fn characters(input: &str, state: InitialState, last_start_tag: &str) -> String {
    struct Characters(String);

    impl Sink<'_> for Characters {
        fn text(&mut self, text: &str, state: InitialState) {
            match state {
                InitialState::Data | InitialState::CdataSection => self.0.push_str(text),
                _ => self.0.extend(
                    text.split('\0').enumerate().flat_map(|(i, part)| [if i > 0 { "\u{FFFD}" } else { "" }, part]),
                ),
            }
        }
        fn start_tag(&mut self, _: &Tag<'_>) -> InitialState {
            InitialState::Data
        }
        fn end_tag(&mut self, _: &Tag<'_>) {}
        fn comment(&mut self, _: bool) {}
        fn is_foreign(&self) -> bool {
            false
        }
        fn is_plain(&self) -> bool {
            false
        }
        fn keeps_unfinished(&self, _: &str) -> bool {
            false
        }
    }

    let mut sink = Characters(String::with_capacity(input.len()));
    if input.contains('\r') {
        tokenize(&input.replace("\r\n", "\n").replace('\r', "\n"), state, last_start_tag, &mut sink);
    } else {
        tokenize(input, state, last_start_tag, &mut sink);
    }
    sink.0
}

#[cfg(test)]
mod tests;
