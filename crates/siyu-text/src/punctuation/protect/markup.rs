//! HTML tags and entities, the targets of Markdown links.

use super::{Span, line, rest};

/// Longest tag or link target that is looked for.
const REACH: usize = 4_000;
/// Longest content of an element that is protected as a whole.
const CONTENT_REACH: usize = 100_000;
/// Elements whose content is no prose.
const OPAQUE: [&str; 6] = ["code", "pre", "script", "style", "math", "kbd"];

/// A tag or comment that starts at `at`; with its content where that is code.
pub(super) fn tag(text: &str, at: usize) -> Option<Span> {
    let scope = rest(text, at);
    let scope = scope.get(..scope.floor_char_boundary(scope.len().min(CONTENT_REACH)))?;
    if scope.starts_with("<!--") {
        return scope.find("-->").map(|end| Span::markup(at..at + end + 3));
    }
    let inner = scope.get(1..)?;
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    if !inner.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '!' || letter == '?') {
        return None;
    }
    let end = tag_length(scope.get(..scope.floor_char_boundary(scope.len().min(REACH)))?)?;
    let name = inner.split(|letter: char| !letter.is_ascii_alphanumeric()).next()?;
    let is_opaque = OPAQUE.iter().any(|opaque| opaque.eq_ignore_ascii_case(name));
    if is_opaque && !closing {
        let close = format!("</{name}");
        if let Some(found) = scope.get(end..)?.find(&close) {
            return Some(Span::object(at..at + end + found));
        }
    }
    Some(Span::markup(at..at + end))
}

/// Bytes of a tag. Its name is followed by white space, a slash or its end, and what follows is attributes.
fn tag_length(text: &str) -> Option<usize> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"</!?:-".contains(&byte);
    let name_end = text.bytes().position(|byte| !is_name(byte))?;
    if !matches!(text.as_bytes()[name_end], b'>' | b' ' | b'\t' | b'\n' | b'\x0C' | b'\r') {
        return None;
    }
    let mut quote = None;
    for (offset, byte) in text.bytes().enumerate().skip(name_end) {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(offset + 1),
            (None, b'<') => return None,
            _ => {}
        }
    }
    None
}

/// A character reference such as `&nbsp;` that starts at `at`.
pub(super) fn entity(text: &str, at: usize) -> Option<Span> {
    let name = line(text, at, 34).get(1..)?.split_once(';')?.0;
    let body = name.strip_prefix('#').unwrap_or(name);
    let is_name = !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| Span::markup(at..at + name.len() + 2))
}

/// What follows the text of a Markdown link or image, from its closing bracket at `at` on, or the mark of a reference.
///
/// # Source
/// CommonMark 0.31, sections 4.7 and 6.3.
pub(super) fn link_target(text: &str, at: usize) -> Option<Span> {
    let after = rest(text, at).as_bytes().get(1)?;
    if !matches!(after, b':' | b'(') {
        return None;
    }
    let before = &text.as_bytes()[at.saturating_sub(REACH)..at];
    let open = memchr::memrchr2(b'[', b'\n', before).filter(|&open| before[open] == b'[');
    if *after == b':' {
        // Only the mark of a reference starts its line.
        let line = memchr::memrchr(b'\n', before).map_or(before, |end| &before[end + 1..]);
        let is_whole = line.len() < before.len() || at == before.len();
        return (is_whole && line.trim_ascii_start().starts_with(b"[")).then(|| Span::markup(at..at + 2));
    }
    open?;
    let target = line(text, at, REACH).get(2..)?;
    let mut depth = 1;
    for (offset, byte) in target.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            let address = target.get(..offset)?.split(char::is_whitespace).next()?;
            let is_address = address.is_ascii() || address.contains(['/', '.', '#']);
            return is_address.then(|| Span::markup(at..at + offset + 3));
        }
    }
    None
}
