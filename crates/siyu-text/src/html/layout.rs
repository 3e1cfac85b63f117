//! What tags do to the text: which of it is shown, where lines end, where white space stays.

use super::attributes;
use super::elements::{Element, Name, element, name};
use super::foreign::Foreign;
use super::output::Output;
use super::raw_text;
use super::tokenizer::{InitialState, Sink, Tag};
use crate::work;

/// Lays out the text of a document.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, none follows from another")]
#[derive(Default)]
pub(super) struct Layout {
    output: Output,
    keeps_alt: bool,
    /// The document is a page, not plain text with tags in it.
    is_page: bool,
    /// Open elements that hold blocks; what the rest of these count is open too.
    containers: usize,
    is_in_line: bool,
    preformatted: usize,
    templates: usize,
    /// Cells of the table row at hand.
    cells: usize,
    foreign: Foreign,
    /// The element whose raw text is being read.
    raw: Option<Element>,
    swallows_line_break: bool,
    /// Elements that plain text opens without ever closing them.
    never_closed: Vec<Name>,
}

impl Layout {
    pub(super) fn new(keeps_alt: bool, bytes: usize) -> Self {
        Self { keeps_alt, output: Output::with_capacity(bytes / 2), ..Self::default() }
    }

    /// For the nodes of a page's tree.
    pub(super) fn of_page(bytes: usize) -> Self {
        Self { is_page: true, ..Self::new(false, bytes) }
    }

    pub(super) fn finish(self) -> String {
        self.output.finish()
    }

    /// Whether a tag in plain text is one, and not text in angle brackets.
    fn is_markup(&mut self, tag: &Tag<'_>, name: Name, element: Option<Element>) -> bool {
        let is_after_text = !self.output.is_empty();
        match element {
            None => !is_written(tag),
            Some(Element::PlainText) => !is_after_text,
            Some(Element::ShortInline) => !(is_after_text && is_comparison(tag)),
            Some(
                Element::Hidden
                | Element::Script
                | Element::Title
                | Element::TextArea
                | Element::Xmp
                | Element::Template,
            ) if is_after_text => {
                if self.never_closed.contains(&name) {
                    return false;
                }
                let end = raw_text::end(tag.rest.as_bytes(), tag.name.as_bytes());
                work::add(end.unwrap_or(tag.rest.len()));
                if end.is_none() {
                    self.never_closed.push(name);
                }
                end.is_some()
            }
            Some(_) => true,
        }
    }

    pub(super) fn start(&mut self, attributes: &str, element: Element) {
        match element {
            Element::Page => self.is_page |= self.output.is_empty(),
            Element::Container => {
                self.containers += 1;
                self.is_in_line = false;
                self.output.end_line();
            }
            Element::Line | Element::Title | Element::TextArea | Element::Xmp | Element::PlainText => {
                self.is_in_line = element == Element::Line;
                self.output.end_line();
            }
            Element::Preformatted => {
                self.preformatted += 1;
                self.output.end_line();
            }
            Element::Row => {
                self.is_in_line = true;
                self.cells = 0;
                self.output.end_row();
            }
            Element::Cell => {
                self.is_in_line = true;
                if self.cells > 0 {
                    self.output.next_cell();
                }
                self.cells += 1;
            }
            Element::Break => self.output.break_line(),
            Element::Rule => self.output.end_line(),
            Element::Image if self.keeps_alt => {
                if let Some(alt) = attributes::value(attributes, "alt") {
                    self.output.flow(&alt);
                }
            }
            Element::Template => self.templates += 1,
            _ => {}
        }
        self.swallows_line_break = matches!(element, Element::Preformatted | Element::TextArea);
    }

    pub(super) fn end(&mut self, element: Element) {
        match element {
            Element::Container => {
                self.containers = self.containers.saturating_sub(1);
                self.is_in_line = false;
                self.output.end_line();
            }
            Element::Line | Element::Title | Element::TextArea | Element::Xmp => {
                self.is_in_line = false;
                self.output.end_line();
            }
            Element::Preformatted => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.output.end_line();
            }
            Element::Row => {
                self.is_in_line = false;
                self.cells = 0;
                self.output.end_row();
            }
            Element::Cell => self.is_in_line = false,
            Element::Break => self.output.break_line(),
            _ => {}
        }
    }
}

impl Sink<'_> for Layout {
    fn text(&mut self, text: &str, _: InitialState) {
        let is_first = std::mem::take(&mut self.swallows_line_break);
        if self.templates > 0 || self.foreign.hides_text() {
            return;
        }
        match self.raw {
            Some(Element::Hidden | Element::Script) => {}
            Some(Element::TextArea | Element::Xmp | Element::PlainText) => {
                self.output.preformatted(if is_first { without_first_break(text) } else { text });
            }
            _ if self.preformatted > 0 => {
                self.output.preformatted(if is_first { without_first_break(text) } else { text });
            }
            None if self.is_plain() => self.output.plain(text),
            _ => self.output.flow(text),
        }
    }

    fn start_tag(&mut self, tag: &Tag<'_>) -> InitialState {
        let name = name(tag.name.as_bytes());
        let element = element(name);
        if self.is_plain() && !self.is_markup(tag, name, element) {
            self.output.plain(tag.source);
            return InitialState::Data;
        }
        if self.templates == 0 {
            self.output.markup();
        }
        if self.foreign.start(tag, name, element) {
            return InitialState::Data;
        }
        let Some(element) = element else { return InitialState::Data };
        if self.templates == 0 || element == Element::Template {
            self.start(tag.attributes, element);
        }
        let state = match element {
            Element::Title | Element::TextArea => InitialState::RcData,
            Element::Hidden | Element::Xmp => InitialState::RawText,
            Element::Script => InitialState::ScriptData,
            Element::PlainText => InitialState::PlainText,
            _ => return InitialState::Data,
        };
        self.raw = Some(element);
        state
    }

    fn end_tag(&mut self, tag: &Tag<'_>) {
        self.raw = None;
        let name = name(tag.name.as_bytes());
        let element = element(name);
        if element.is_none() && self.is_plain() && is_written(tag) {
            self.output.plain(tag.source);
            return;
        }
        if element == Some(Element::Template) {
            self.templates = self.templates.saturating_sub(1);
        }
        if self.templates > 0 {
            return;
        }
        self.output.markup();
        if !self.foreign.end(name)
            && let Some(element) = element
        {
            self.end(element);
        }
    }

    fn comment(&mut self, is_doctype: bool) {
        if self.templates == 0 {
            self.output.markup();
        }
        self.is_page |= is_doctype && self.output.is_empty();
    }

    fn is_foreign(&self) -> bool {
        self.foreign.is_innermost()
    }

    fn is_plain(&self) -> bool {
        !self.is_page
            && self.containers == 0
            && !self.is_in_line
            && self.preformatted == 0
            && self.templates == 0
            && !self.foreign.is_open()
    }

    fn keeps_unfinished(&self, rest: &str) -> bool {
        self.is_plain() && !self.output.is_empty() && rest.trim_ascii_end().contains('\n')
    }
}

/// Whether a tag of no known element is rather text in angle brackets: a placeholder `<MASK>`, a type `Vec<String>`, a
/// file `<stdio.h>`, an address `<https://…>` or `<a@example.com>`.
fn is_written(tag: &Tag<'_>) -> bool {
    let name = tag.name.as_bytes();
    if name.ends_with(b":") {
        return tag.attributes.starts_with("//");
    }
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !tag.attributes.is_empty() || !name.last().is_some_and(is_word) {
        return false;
    }
    let is_dotted = name.iter().any(|b| matches!(b, b'.' | b'@' | b'_'));
    let is_placeholder = name.len() > 2 && name.iter().all(|b| is_word(b) && !b.is_ascii_lowercase());
    let is_type = !tag.source.starts_with("</")
        && (name.len() > 2 || name[0].is_ascii_uppercase())
        && name.iter().all(|b| is_word(b) || *b == b',')
        && tag.before.bytes().next_back().is_some_and(|b| is_word(&b) || b == b':');
    is_dotted || is_placeholder || is_type
}

/// Whether a tag is rather one side of `if a <b and c> d`.
fn is_comparison(tag: &Tag<'_>) -> bool {
    let words = tag.attributes.trim_matches(|c: char| c == '/' || c.is_ascii_whitespace());
    words.split_ascii_whitespace().nth(1).is_some() && !words.contains('=')
}

fn without_first_break(text: &str) -> &str {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix('\n')).unwrap_or(text)
}
