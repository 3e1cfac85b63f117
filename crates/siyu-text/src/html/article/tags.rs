//! The names of elements that tell where an article lies.

use super::super::elements::{Name, name};

macro_rules! names {
    ($($constant:ident: $name:literal),* $(,)?) => { $(pub(super) const $constant: Name = name($name);)* };
}

names! {
    A: b"a", ADDRESS: b"address", ARTICLE: b"article", ASIDE: b"aside", BLOCKQUOTE: b"blockquote", BODY: b"body", BR: b"br",
    BUTTON: b"button", CAPTION: b"caption", CODE: b"code", DD: b"dd", DIV: b"div", DL: b"dl", DT: b"dt",
    EMBED: b"embed", FIELDSET: b"fieldset", FIGURE: b"figure", FOOTER: b"footer", FORM: b"form",
    H1: b"h1", H2: b"h2", H3: b"h3", H4: b"h4", H5: b"h5", H6: b"h6", HR: b"hr", IMG: b"img",
    INPUT: b"input", LI: b"li", LINK: b"link", MAIN: b"main", MARQUEE: b"marquee", META: b"meta",
    NOSCRIPT: b"noscript", OBJECT: b"object", OL: b"ol", OPTION: b"option", P: b"p", PRE: b"pre",
    SECTION: b"section", SELECT: b"select", SPAN: b"span", TABLE: b"table", TBODY: b"tbody", TD: b"td",
    TEMPLATE: b"template", TFOOT: b"tfoot", TH: b"th", THEAD: b"thead", TIME: b"time", TR: b"tr", UL: b"ul",
    AREA: b"area", BASE: b"base", COL: b"col", PARAM: b"param", SOURCE: b"source", TRACK: b"track", WBR: b"wbr",
    VIDEO: b"video", AUDIO: b"audio", CANVAS: b"canvas", DATALIST: b"datalist", DIALOG: b"dialog",
}

/// The name of a text node.
pub(super) const TEXT: Name = 0;

/// Any name that is too long to be told.
pub(super) const OTHER: Name = Name::MAX;

/// Elements that hold nothing.
pub(super) fn is_void(name: Name) -> bool {
    matches!(name, AREA | BASE | BR | COL | EMBED | HR | IMG | INPUT | LINK | META | PARAM | SOURCE | TRACK | WBR)
}

pub(super) fn is_table_part(name: Name) -> bool {
    matches!(name, TABLE | TBODY | THEAD | TFOOT | TR | TD | TH | CAPTION)
}

/// Elements whose content no end tag from outside the table closes.
pub(super) fn is_scope(name: Name) -> bool {
    matches!(name, TD | TH | TABLE | CAPTION)
}

pub(super) fn is_heading(name: Name) -> bool {
    matches!(name, H1 | H2 | H3 | H4 | H5 | H6)
}
