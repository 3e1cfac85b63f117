//! A page as a tree: enough of the standard's tree construction that blocks hold what they hold in a browser.
//!
//! Nodes stand in document order, children behind their parents, so that a pass over the vector backwards sees every
//! node after all that it holds. Nothing here recurses.

use super::super::attributes;
use super::super::elements::{Element, Name, element, name};
use super::super::foreign::Foreign;
use super::super::tokenizer::{InitialState, Sink, Tag, tokenize};
use super::tags;

/// Steps up the open elements that an end tag is looked for; deeper ones are taken for stray.
const REACH: usize = 256;

/// A text or an element.
pub(super) struct Node<'a> {
    pub(super) parent: u32,
    /// Behind the last node that this one holds.
    pub(super) end: u32,
    /// Zero for text.
    pub(super) name: Name,
    pub(super) element: Option<Element>,
    /// The source of an element's attributes.
    pub(super) attributes: &'a str,
    /// Where its own text lies in [`Tree::text`].
    text: (u32, u32),
}

/// A page.
#[derive(Default)]
pub(super) struct Tree<'a> {
    /// The first is the root.
    pub(super) nodes: Vec<Node<'a>>,
    texts: String,
    /// What stands in the `title` element.
    pub(super) title: String,
    /// The attributes of the `meta` elements.
    pub(super) metas: Vec<&'a str>,
    /// The contents of scripts of type `application/ld+json`.
    pub(super) linked_data: Vec<String>,
    open: Vec<u32>,
    foreign: Foreign,
    templates: usize,
    raw: Raw,
}

/// Which raw text is being read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Raw {
    #[default]
    None,
    Dropped,
    Title,
    LinkedData,
    Kept,
}

impl<'a> Tree<'a> {
    pub(super) fn of(html: &'a str) -> Self {
        let mut tree = Self { texts: String::with_capacity(html.len() / 2), ..Self::default() };
        tree.nodes.push(Node { parent: 0, end: 0, name: tags::BODY, element: None, attributes: "", text: (0, 0) });
        tree.open.push(0);
        tokenize(html, InitialState::Data, "", &mut tree);
        tree.pop_to(1);
        tree.nodes[0].end = index(tree.nodes.len());
        tree
    }

    /// Whether nothing in it makes it a page: text, perhaps with inline tags or what looks like them.
    pub(super) fn is_mere_text(&self) -> bool {
        let is_head = !self.title.is_empty() || !self.metas.is_empty() || !self.linked_data.is_empty();
        !is_head && !self.nodes.iter().any(|node| node.element.is_some_and(is_block))
    }

    /// The text of a text node.
    pub(super) fn text(&self, node: usize) -> &str {
        let (from, to) = self.nodes[node].text;
        self.texts.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The value of an element's attribute.
    pub(super) fn attribute(&self, node: usize, name: &str) -> Option<std::borrow::Cow<'a, str>> {
        attributes::value(self.nodes[node].attributes, name)
    }

    /// All text that a node holds, white space as in the source.
    pub(super) fn inner_text(&self, node: usize) -> String {
        let mut text = String::new();
        for at in node..self.nodes[node].end as usize {
            text.push_str(self.text(at));
        }
        text
    }

    fn add(&mut self, name: Name, element: Option<Element>, attributes: &'a str, text: (u32, u32)) -> u32 {
        let at = index(self.nodes.len());
        let parent = self.open.last().copied().unwrap_or_default();
        self.nodes.push(Node { parent, end: at + 1, name, element, attributes, text });
        at
    }

    fn pop_to(&mut self, length: usize) {
        let end = index(self.nodes.len());
        for at in self.open.drain(length.max(1)..) {
            self.nodes[at as usize].end = end;
        }
    }

    /// Closes the innermost open element of which `closes` is true, and all in it, unless `holds` is true of one above.
    fn close(&mut self, closes: impl Fn(Name) -> bool, holds: impl Fn(Name) -> bool) {
        for at in (1..self.open.len()).rev().take(REACH) {
            let name = self.nodes[self.open[at] as usize].name;
            if closes(name) {
                self.pop_to(at);
                return;
            }
            if holds(name) {
                return;
            }
        }
    }

    /// Closes what may not hold an element of that name.
    fn close_for(&mut self, new: Name, element: Option<Element>) {
        use tags::{A, BUTTON, DD, DL, DT, LI, OL, OPTION, P, TABLE, TBODY, TD, TFOOT, TH, THEAD, TR, UL};
        let is_cell = |name| name == TD || name == TH;
        let is_section = |name| matches!(name, TBODY | THEAD | TFOOT);
        match new {
            LI => self.close(|name| name == LI, |name| matches!(name, UL | OL | TABLE) || is_cell(name)),
            DD | DT => self.close(|name| matches!(name, DD | DT), |name| name == DL || is_cell(name)),
            TD | TH => self.close(is_cell, |name| name == TR || name == TABLE),
            TR => self.close(|name| name == TR, |name| name == TABLE || is_section(name)),
            TBODY | THEAD | TFOOT => self.close(is_section, |name| name == TABLE),
            OPTION => self.close(|name| name == OPTION, |name| name == tags::SELECT),
            A => self.close(|name| name == A, |name| is_cell(name) || name == TABLE),
            _ => {}
        }
        if element.is_some_and(is_block) {
            self.close(|name| name == P, |name| is_cell(name) || matches!(name, BUTTON | TABLE));
        }
    }

    fn open(&mut self, tag: &Tag<'a>, name: Name, element: Option<Element>) {
        self.close_for(name, element);
        let node = self.add(name, element, tag.attributes, (0, 0));
        if !tags::is_void(name) {
            self.open.push(node);
        }
    }
}

impl<'a> Sink<'a> for Tree<'a> {
    fn text(&mut self, text: &str, _: InitialState) {
        if self.templates > 0 || self.foreign.hides_text() || self.foreign.is_drawing() {
            return;
        }
        match self.raw {
            Raw::Dropped => return,
            Raw::Title => {
                if self.title.len() < 4096 {
                    self.title.push_str(text);
                }
                return;
            }
            Raw::LinkedData => {
                self.linked_data.push(text.to_owned());
                return;
            }
            Raw::Kept | Raw::None => {}
        }
        let from = index(self.texts.len());
        self.texts.push_str(text);
        let to = index(self.texts.len());
        let parent = self.open.last().copied().unwrap_or_default();
        if let Some(last) = self.nodes.last_mut()
            && last.name == tags::TEXT
            && last.parent == parent
            && last.text.1 == from
        {
            last.text.1 = to;
            return;
        }
        self.add(tags::TEXT, None, "", (from, to));
    }

    fn start_tag(&mut self, tag: &Tag<'a>) -> InitialState {
        let name = told(tag.name);
        let element = element(name);
        if self.foreign.start(tag, name, element) {
            return InitialState::Data;
        }
        let is_kept = self.templates == 0;
        let (state, raw) = match element {
            Some(Element::Template) => {
                self.templates += 1;
                return InitialState::Data;
            }
            Some(Element::Page) => return InitialState::Data,
            Some(Element::Title) => (InitialState::RcData, Raw::Title),
            Some(Element::TextArea) => (InitialState::RcData, Raw::Dropped),
            Some(Element::Hidden) => (InitialState::RawText, Raw::Dropped),
            Some(Element::Xmp) => (InitialState::RawText, Raw::Kept),
            Some(Element::Script) => {
                let is_linked_data = attributes::value(tag.attributes, "type")
                    .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/ld+json"));
                (InitialState::ScriptData, if is_linked_data { Raw::LinkedData } else { Raw::Dropped })
            }
            Some(Element::PlainText) => (InitialState::PlainText, Raw::None),
            _ => {
                if is_kept && name == tags::META {
                    self.metas.push(tag.attributes);
                } else if is_kept {
                    self.open(tag, name, element);
                }
                return InitialState::Data;
            }
        };
        self.raw = raw;
        if is_kept && raw == Raw::Kept {
            self.open(tag, name, element);
        }
        state
    }

    fn end_tag(&mut self, tag: &Tag<'a>) {
        self.raw = Raw::None;
        let name = told(tag.name);
        if self.foreign.end(name) {
            return;
        }
        if name == tags::TEMPLATE {
            self.templates = self.templates.saturating_sub(1);
            return;
        }
        if self.templates > 0 {
            return;
        }
        let is_table = tags::is_table_part(name);
        let is_inline = !element(name).is_some_and(is_block) && name != tags::A;
        self.close(
            |open| open == name,
            |open| (!is_table && tags::is_scope(open)) || (is_inline && element(open).is_some_and(is_block)),
        );
    }

    fn comment(&mut self, _: bool) {}

    fn is_foreign(&self) -> bool {
        self.foreign.is_innermost()
    }

    fn is_plain(&self) -> bool {
        false
    }

    fn keeps_unfinished(&self, _: &str) -> bool {
        false
    }
}

/// Whether an element begins and ends lines.
pub(super) fn is_block(element: Element) -> bool {
    matches!(
        element,
        Element::Container
            | Element::Line
            | Element::Preformatted
            | Element::Row
            | Element::Cell
            | Element::Rule
            | Element::Xmp
            | Element::PlainText
    )
}

/// The number of a name; never that of texts.
fn told(text: &str) -> Name {
    match name(text.as_bytes()) {
        tags::TEXT => tags::OTHER,
        name => name,
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
