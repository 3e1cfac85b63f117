//! SVG and `MathML` inside a page, whose tags mean other things.

use super::elements::{Element, Name, name};
use super::tokenizer::Tag;

const SVG: Name = name(b"svg");
const MATH: Name = name(b"math");

/// Elements of SVG that are not drawn as text.
const UNDRAWN: [Name; 5] = [name(b"style"), name(b"script"), name(b"title"), name(b"desc"), name(b"metadata")];

/// Elements inside which HTML's rules apply again.
const INTEGRATION_POINTS: [Name; 7] = [
    name(b"foreignobject"),
    name(b"mi"),
    name(b"mo"),
    name(b"mn"),
    name(b"ms"),
    name(b"mtext"),
    name(b"annotation-xml"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Realm {
    Svg,
    Math,
    /// HTML inside of one of them.
    Html,
}

/// The open elements that switch between HTML and the others, outermost first.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    open: Vec<Realm>,
    /// The open element of SVG whose text is not drawn.
    undrawn: Option<Name>,
}

impl Foreign {
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether the text at hand belongs to SVG or `MathML` itself.
    pub(super) fn is_innermost(&self) -> bool {
        self.open.last().is_some_and(|realm| *realm != Realm::Html)
    }

    pub(super) fn is_drawing(&self) -> bool {
        self.open.last() == Some(&Realm::Svg)
    }

    pub(super) fn hides_text(&self) -> bool {
        self.undrawn.is_some()
    }

    /// Takes note of a start tag; answers whether it is one of SVG or `MathML`, and of no further meaning.
    pub(super) fn start(&mut self, tag: &Tag<'_>, name: Name, element: Option<Element>) -> bool {
        if self.undrawn.is_some() {
            return true;
        }
        let realm = match name {
            SVG => Some(Realm::Svg),
            MATH => Some(Realm::Math),
            _ => None,
        };
        if let Some(realm) = realm {
            if !tag.is_self_closing {
                self.open.push(realm);
            }
            return true;
        }
        if !self.is_innermost() {
            return false;
        }
        if breaks_out(element) {
            // Pages that forget to close a drawing go on as pages.
            while self.is_innermost() {
                self.open.pop();
            }
            return false;
        }
        if !tag.is_self_closing {
            if self.open.last() == Some(&Realm::Svg) && UNDRAWN.contains(&name) {
                self.undrawn = Some(name);
            } else if INTEGRATION_POINTS.contains(&name) {
                self.open.push(Realm::Html);
            }
        }
        true
    }

    /// Takes note of an end tag; answers whether it is one of SVG or `MathML`.
    pub(super) fn end(&mut self, name: Name) -> bool {
        if self.open.is_empty() {
            return false;
        }
        if self.undrawn.is_some() {
            if self.undrawn == Some(name) || name == SVG {
                self.undrawn = None;
            }
            if name != SVG {
                return true;
            }
        }
        if name == SVG || name == MATH {
            let realm = if name == SVG { Realm::Svg } else { Realm::Math };
            while self.open.pop().is_some_and(|open| open != realm) {}
            return true;
        }
        if self.open.last() == Some(&Realm::Html) && INTEGRATION_POINTS.contains(&name) {
            self.open.pop();
            return true;
        }
        self.is_innermost()
    }
}

/// Whether the element ends SVG and `MathML` around it: most of HTML's that have a meaning for layout.
fn breaks_out(element: Option<Element>) -> bool {
    matches!(
        element,
        Some(
            Element::Page
                | Element::Container
                | Element::Line
                | Element::Preformatted
                | Element::Break
                | Element::Rule
                | Element::Image
        )
    )
}
