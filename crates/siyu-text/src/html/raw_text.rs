//! Where text that holds no tags ends: `title`, `style`, `script`.

use memchr::{memchr, memchr2};

use super::tokenizer::is_space;

/// The offset of the end tag of `element`.
pub(super) fn end(bytes: &[u8], element: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(b'<', &bytes[from..])?;
        if is_end_tag(&bytes[at + 1..], element) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Like [`end`], for scripts: an end tag after `<!--<script` closes only that.
pub(super) fn script_end(bytes: &[u8], element: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(b'<', &bytes[from..])?;
        let after = &bytes[at + 1..];
        if is_end_tag(after, element) {
            return Some(at);
        }
        from = at + 1;
        if after.starts_with(b"!--") {
            match escaped(bytes, at + 2, element) {
                Escaped::Element(end) => return Some(end),
                Escaped::Escape(end) => from = end,
                Escaped::Input => return None,
            }
        }
    }
}

/// What ends, and where.
enum Escaped {
    Element(usize),
    Escape(usize),
    Input,
}

/// The "script data escaped" and "double escaped" states, from the dashes of `<!--`.
fn escaped(bytes: &[u8], dashes: usize, element: &[u8]) -> Escaped {
    let mut from = dashes;
    let mut is_double = false;
    while let Some(found) = memchr2(b'<', b'>', &bytes[from..]) {
        let at = from + found;
        let after = &bytes[at + 1..];
        if bytes[at] == b'>' {
            if at >= dashes + 2 && bytes[..at].ends_with(b"--") {
                return Escaped::Escape(at + 1);
            }
        } else if is_double {
            is_double = !is_end_tag(after, b"script");
        } else if is_end_tag(after, element) {
            return Escaped::Element(at);
        } else {
            is_double = is_tag(after, b"script");
        }
        from = at + 1;
    }
    Escaped::Input
}

/// Whether what follows a `<` is the end tag of `element`.
fn is_end_tag(after: &[u8], element: &[u8]) -> bool {
    after.strip_prefix(b"/").is_some_and(|name| is_tag(name, element))
}

fn is_tag(after: &[u8], element: &[u8]) -> bool {
    !element.is_empty()
        && after.split_at_checked(element.len()).is_some_and(|(name, rest)| {
            name.eq_ignore_ascii_case(element) && rest.first().is_some_and(|&b| is_space(b) || b == b'/' || b == b'>')
        })
}
