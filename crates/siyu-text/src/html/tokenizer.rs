//! The tokenizer of the HTML standard, section 13.2.5, in the shape that text extraction needs: it finds where tags,
//! comments and raw text begin and end, and hands over the characters between them. Attributes are left as they stand
//! in the source until somebody asks.
//!
//! One pass over the bytes, no recursion, nothing allocated but for character references.

#![expect(clippy::string_slice, reason = "all offsets are those of ASCII bytes found in the text itself")]

use memchr::{memchr, memchr2, memmem};

use super::raw_text;
use super::reference;
use crate::work;

/// How the characters that follow are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialState {
    /// Tags, comments and references.
    Data,
    /// References, up to the end tag: `title`, `textarea`.
    RcData,
    /// Up to the end tag: `style`, `xmp`, `iframe`.
    RawText,
    /// Up to the end tag that is not inside `<!--<script>`.
    ScriptData,
    /// Up to the end of the document.
    PlainText,
    /// Up to `]]>`; in SVG and `MathML` only.
    CdataSection,
}

/// A start or end tag.
pub(super) struct Tag<'a> {
    /// As written, in any case.
    pub(super) name: &'a str,
    /// The source between the name and `>`.
    pub(super) attributes: &'a str,
    pub(super) is_self_closing: bool,
    /// The whole tag, from `<` to `>`.
    pub(super) source: &'a str,
    /// All that stands before the tag.
    pub(super) before: &'a str,
    /// All that follows the tag.
    pub(super) rest: &'a str,
}

/// Receives what the tokenizer finds.
pub(super) trait Sink<'a> {
    /// Characters, with references decoded; `state` is the one they were read in.
    fn text(&mut self, text: &str, state: InitialState);
    /// Answers how to read what follows the tag.
    fn start_tag(&mut self, tag: &Tag<'a>) -> InitialState;
    fn end_tag(&mut self, tag: &Tag<'a>);
    /// A comment, processing instruction or, where so said, the document type.
    fn comment(&mut self, is_doctype: bool);
    /// Whether the innermost open element is of SVG or `MathML`, where `<![CDATA[` has a meaning.
    fn is_foreign(&self) -> bool;
    /// Whether the text around is not HTML, so that `&copy=2` in an address is no reference.
    fn is_plain(&self) -> bool;
    /// Whether markup without an end is text, as is the `rest` of the document that follows its `<`.
    fn keeps_unfinished(&self, rest: &str) -> bool;
}

/// Tags and comments without an end found in plain text before the rest is taken as it is; bounds the time to linear.
const UNFINISHED_MARKUP: u32 = 16;

/// Reads `input`; `last_start_tag` is the element whose end tag ends the initial state.
pub(super) fn tokenize<'a, S: Sink<'a>>(input: &'a str, initial: InitialState, last_start_tag: &'a str, sink: &mut S) {
    let mut tokenizer = Tokenizer { input, at: 0, unfinished: 0, decoded: String::new(), sink };
    let (mut state, mut element) = (initial, last_start_tag);
    while tokenizer.at < input.len() {
        if state == InitialState::Data {
            (state, element) = tokenizer.data();
        } else {
            tokenizer.raw(state, element);
            state = InitialState::Data;
        }
    }
}

struct Tokenizer<'a, 's, S> {
    input: &'a str,
    at: usize,
    unfinished: u32,
    decoded: String,
    sink: &'s mut S,
}

impl<'a, S: Sink<'a>> Tokenizer<'a, '_, S> {
    /// Reads until a start tag changes the state or the input ends; answers the state and the tag's name.
    fn data(&mut self) -> (InitialState, &'a str) {
        let bytes = self.input.as_bytes();
        let (mut from, mut search) = (self.at, self.at);
        while let Some(found) = memchr2(b'<', b'&', &bytes[search..]) {
            let at = search + found;
            work::add(found + 1);
            if bytes[at] == b'&' {
                let careful = self.sink.is_plain() && is_in_address(&bytes[..at]);
                let Some((value, length)) = reference::read(&bytes[at + 1..], careful) else {
                    search = at + 1;
                    continue;
                };
                self.text(from, at, InitialState::Data);
                self.decoded.clear();
                value.push_to(&mut self.decoded);
                self.sink.text(&self.decoded, InitialState::Data);
                from = at + 1 + length;
            } else {
                if !opens_markup(&bytes[at + 1..]) {
                    search = at + 1;
                    continue;
                }
                self.text(from, at, InitialState::Data);
                self.at = at;
                match self.markup() {
                    Some((InitialState::Data, _)) => from = self.at,
                    Some(change) => return change,
                    None => {
                        from = at;
                        search = if self.unfinished < UNFINISHED_MARKUP { at + 1 } else { bytes.len() };
                        continue;
                    }
                }
            }
            search = from;
        }
        self.text(from, bytes.len(), InitialState::Data);
        self.at = bytes.len();
        (InitialState::Data, "")
    }

    fn text(&mut self, from: usize, to: usize, state: InitialState) {
        if from < to {
            self.sink.text(&self.input[from..to], state);
        }
    }

    /// Reads the markup that opens at `self.at`; nothing where it has no end and is to be kept as text.
    fn markup(&mut self) -> Option<(InitialState, &'a str)> {
        let bytes = self.input.as_bytes();
        let start = self.at;
        let inner = &bytes[start + 1..];
        let is_end = inner[0] == b'/';
        if inner[usize::from(is_end)..].first().is_some_and(u8::is_ascii_alphabetic) {
            return self.tag(start, is_end);
        }
        let end = match inner {
            [b'/', b'>', ..] => {
                self.at = start + 3;
                return Some((InitialState::Data, ""));
            }
            [b'!', b'-', b'-', body @ ..] => comment_end(body).map(|length| start + 4 + length),
            [b'!', b'[', ..] if inner[1..].starts_with(b"[CDATA[") && self.sink.is_foreign() => {
                self.at = start + 9;
                return Some((InitialState::CdataSection, ""));
            }
            _ => memchr(b'>', inner).map(|length| start + 2 + length),
        };
        if end.is_none() && self.keeps_unfinished(start) {
            return None;
        }
        work::add(end.unwrap_or(bytes.len()) - start);
        let is_doctype = inner[0] == b'!' && inner[1..].get(..7).is_some_and(|s| s.eq_ignore_ascii_case(b"doctype"));
        self.sink.comment(is_doctype);
        self.at = end.unwrap_or(bytes.len());
        Some((InitialState::Data, ""))
    }

    fn tag(&mut self, start: usize, is_end: bool) -> Option<(InitialState, &'a str)> {
        let bytes = self.input.as_bytes();
        let name_start = start + 1 + usize::from(is_end);
        let name_end = bytes[name_start..].iter().position(|&b| is_space(b) || b == b'/' || b == b'>');
        let end = name_end.and_then(|length| tag_end(bytes, name_start + length));
        work::add(end.map_or(bytes.len(), |end| end.0) - name_start);
        let (Some(name_length), Some((end, is_self_closing))) = (name_end, end) else {
            if self.keeps_unfinished(start) {
                return None;
            }
            // The standard drops a tag that the document ends in.
            self.at = bytes.len();
            return Some((InitialState::Data, ""));
        };
        let name_end = name_start + name_length;
        let tag = Tag {
            name: &self.input[name_start..name_end],
            attributes: &self.input[name_end..end],
            is_self_closing,
            source: &self.input[start..=end],
            before: &self.input[..start],
            rest: &self.input[end + 1..],
        };
        self.at = end + 1;
        if is_end {
            self.sink.end_tag(&tag);
            return Some((InitialState::Data, ""));
        }
        Some((self.sink.start_tag(&tag), tag.name))
    }

    fn keeps_unfinished(&mut self, start: usize) -> bool {
        self.unfinished += 1;
        work::add(self.input.len() - start);
        self.sink.keeps_unfinished(&self.input[start + 1..])
    }

    /// Reads raw text and the end tag of `element`.
    fn raw(&mut self, state: InitialState, element: &str) {
        let bytes = self.input.as_bytes();
        let start = self.at;
        let length = match state {
            InitialState::PlainText | InitialState::Data => None,
            InitialState::CdataSection => memmem::find(&bytes[start..], b"]]>"),
            InitialState::ScriptData => raw_text::script_end(&bytes[start..], element.as_bytes()),
            InitialState::RcData | InitialState::RawText => raw_text::end(&bytes[start..], element.as_bytes()),
        };
        let end = length.map_or(bytes.len(), |length| start + length);
        work::add(end - start);
        if state == InitialState::RcData {
            self.references(start, end);
        } else {
            self.text(start, end, state);
        }
        self.at = end;
        if state == InitialState::CdataSection {
            self.at = bytes.len().min(end + 3);
        } else if end < bytes.len() && self.tag(end, true).is_none() {
            self.at = bytes.len();
        }
    }

    fn references(&mut self, start: usize, end: usize) {
        let bytes = &self.input.as_bytes()[..end];
        let (mut from, mut search) = (start, start);
        while let Some(found) = memchr(b'&', &bytes[search..]) {
            let at = search + found;
            search = at + 1;
            if let Some((value, length)) = reference::read(&bytes[at + 1..], false) {
                self.text(from, at, InitialState::RcData);
                self.decoded.clear();
                value.push_to(&mut self.decoded);
                self.sink.text(&self.decoded, InitialState::RcData);
                from = at + 1 + length;
                search = from;
            }
        }
        self.text(from, end, InitialState::RcData);
    }
}

/// Whether what ends here is a web address, as far as one can see from its last 256 bytes.
fn is_in_address(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(256)..];
    work::add(near.len());
    let word = near.iter().rposition(|&b| is_space(b)).map_or(near, |space| &near[space..]);
    memmem::find(word, b"://").is_some()
}

/// Whether a `<` before these bytes begins markup rather than being a character.
fn opens_markup(after: &[u8]) -> bool {
    match after {
        [b'/', _, ..] | [b'!' | b'?', ..] => true,
        [next, ..] => next.is_ascii_alphabetic(),
        [] => false,
    }
}

/// The length of a comment from behind its `<!--`, with its end.
fn comment_end(body: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(b'>', &body[from..])?;
        let before = &body[..at];
        if before.is_empty() || before == b"-" || before.ends_with(b"--") || before.ends_with(b"--!") {
            return Some(at + 1);
        }
        from = at + 1;
    }
}

/// The place of the `>` that ends a tag, and whether a `/` stands before it, from the end of the tag's name.
fn tag_end(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let mut at = from;
    // An equals sign where a name should begin belongs to the name.
    let mut in_name = false;
    loop {
        match bytes.get(at)? {
            b'>' => return Some((at, !in_name && at > from && bytes[at - 1] == b'/')),
            b'/' => in_name = false,
            b'=' if in_name => {
                at += 1;
                while is_space(*bytes.get(at)?) {
                    at += 1;
                }
                match bytes[at] {
                    b'>' => return Some((at, false)),
                    quote @ (b'"' | b'\'') => {
                        at += 1 + memchr(quote, &bytes[at + 1..])?;
                        in_name = false;
                    }
                    _ => {
                        at += bytes[at..].iter().position(|&b| is_space(b) || b == b'>')?;
                        if bytes[at] == b'>' {
                            return Some((at, false));
                        }
                        in_name = false;
                    }
                }
            }
            // White space ends a name, yet `name =` goes on with its value.
            b if is_space(*b) => {}
            _ => in_name = true,
        }
        at += 1;
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}
