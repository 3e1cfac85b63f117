//! What is known of each element, found by its name.

/// What an element does to the text around and inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// `html`, `head`, `body`: the document is a page.
    Page,
    /// Holds blocks.
    Container,
    /// Holds a line of text; ends by itself where another block begins.
    Line,
    /// Keeps its white space.
    Preformatted,
    /// A row of a table.
    Row,
    /// A cell of a table.
    Cell,
    /// `br`.
    Break,
    /// `hr`.
    Rule,
    /// `img`.
    Image,
    /// Raw text that is never shown: `style`, `iframe`, `noembed`, `noframes`.
    Hidden,
    /// `script`.
    Script,
    /// `title`.
    Title,
    /// `textarea`.
    TextArea,
    /// `xmp`.
    Xmp,
    /// `plaintext`.
    PlainText,
    /// `template`.
    Template,
    /// `svg` and `math`.
    Foreign,
    /// Joins with the text around it.
    Inline,
    /// Joins as well; words after the name show that text in angle brackets was meant, as in `if a <b and c> d`.
    ShortInline,
    /// Holds no text; without attributes text in angle brackets was meant, as in `see <link>`.
    Empty,
}

/// A lower-case name of at most 16 bytes as a number.
pub(super) type Name = u128;

/// The number of a name; zero, which is no name, if it is too long.
pub(super) const fn name(text: &[u8]) -> Name {
    let mut packed = 0;
    let mut at = 0;
    if text.len() > 16 {
        return 0;
    }
    while at < text.len() {
        packed = packed << 8 | text[at].to_ascii_lowercase() as Name;
        at += 1;
    }
    packed
}

/// What is known of the element of that name, if it is one.
pub(super) fn element(name: Name) -> Option<Element> {
    let mut slot = hash(name);
    while TABLE[slot].0 != 0 {
        if TABLE[slot].0 == name {
            return Some(TABLE[slot].1);
        }
        slot = (slot + 1) % SLOTS;
    }
    None
}

const SLOTS: usize = 512;

#[expect(clippy::cast_possible_truncation, reason = "a hash keeps the bits it needs")]
const fn hash(name: Name) -> usize {
    let folded = (name as u64) ^ ((name >> 64) as u64).rotate_left(29);
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55) as usize
}

static TABLE: [(Name, Element); SLOTS] = table();

const fn table() -> [(Name, Element); SLOTS] {
    let mut table = [(0, Element::Inline); SLOTS];
    let mut group = 0;
    while group < ELEMENTS.len() {
        let (element, names) = ELEMENTS[group];
        let names = names.as_bytes();
        let mut from = 0;
        while from < names.len() {
            let mut to = from;
            while to < names.len() && names[to] != b' ' {
                to += 1;
            }
            let key = name(names.split_at(to).0.split_at(from).1);
            let mut slot = hash(key);
            while table[slot].0 != 0 {
                slot = (slot + 1) % SLOTS;
            }
            table[slot] = (key, element);
            from = to + 1;
        }
        group += 1;
    }
    table
}

const ELEMENTS: &[(Element, &str)] = &[
    (Element::Page, "html head body"),
    (
        Element::Container,
        "address article aside blockquote center details dialog dir div dl fieldset figure footer form frameset header \
         hgroup main menu nav ol search section select table tbody tfoot thead ul",
    ),
    (Element::Line, "caption dd dt figcaption h1 h2 h3 h4 h5 h6 legend li optgroup option p summary"),
    (Element::Preformatted, "pre listing"),
    (Element::Row, "tr"),
    (Element::Cell, "td th"),
    (Element::Break, "br"),
    (Element::Rule, "hr"),
    (Element::Image, "img"),
    (Element::Hidden, "style iframe noembed noframes"),
    (Element::Script, "script"),
    (Element::Title, "title"),
    (Element::TextArea, "textarea"),
    (Element::Xmp, "xmp"),
    (Element::PlainText, "plaintext"),
    (Element::Template, "template"),
    (Element::Foreign, "svg math"),
    (
        Element::Inline,
        "abbr acronym applet audio basefont bdi bdo blink button canvas colgroup datalist del dfn font ins kbd label \
         marquee meter nobr noscript object output picture progress rp ruby samp slot span strong tt video wbr",
    ),
    (Element::ShortInline, "a b big cite code data em i map mark q rb rt rtc s small strike sub sup time u var"),
    (Element::Empty, "area base bgsound col embed frame input link meta param source track"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(element(name(b"BlockQuote")), Some(Element::Container));
        assert_eq!(element(name(b"FRAMESET")), Some(Element::Container));
        assert_eq!(element(name(b"stdio.h")), None);
        assert_eq!(element(name(b"a-name-longer-than-sixteen-bytes")), None);
    }
}
