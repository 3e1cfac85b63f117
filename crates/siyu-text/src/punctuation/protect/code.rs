//! Code in Markdown, JSON, calls, front matter.

use super::{Span, line, rest};
use serde::de::IgnoredAny;

/// Longest code span or call that is looked for.
const REACH: usize = 10_000;

/// YAML between two lines of three dashes at the start of a text.
pub(super) fn front_matter(text: &str) -> Option<Span> {
    let body = text.strip_prefix("---\n")?;
    let end = body.find("\n---\n").map(|end| end + 4).or_else(|| body.ends_with("\n---").then_some(body.len()))?;
    let yaml = body.get(..end)?;
    let is_key = |line: &str| line.split_once(':').is_some_and(|(key, _)| !key.trim().is_empty());
    let first = yaml.lines().next().filter(|line| is_key(line))?;
    (!first.is_empty() && !yaml.contains("\n\n")).then(|| Span::object(0..4 + end))
}

/// A fenced block whose opening fence starts at `at`; without a closing one it ends with the text.
///
/// # Source
/// CommonMark 0.31, section 4.5.
pub(super) fn fenced(text: &str, at: usize) -> Option<Span> {
    let (before, rest) = text.split_at(at);
    let fence = char::from(text.as_bytes()[at]);
    let size = rest.len() - rest.trim_start_matches(fence).len();
    if size < 3 {
        return None;
    }
    let margin = before.rsplit('\n').next()?;
    let is_margin = margin.chars().all(|letter| matches!(letter, ' ' | '\t' | '>' | '-' | '*' | '+'))
        || margin.trim().trim_end_matches(['.', ')']).bytes().all(|byte| byte.is_ascii_digit());
    if !is_margin || fence == '`' && line(text, at, usize::MAX).split_at(size).1.contains('`') {
        return None;
    }
    let mut lines = rest.split_inclusive('\n');
    let mut end = at + lines.next().map_or(0, str::len);
    for line in lines {
        let closing = line.trim_matches([' ', '\t', '>', '\n', '\r']);
        if closing.len() >= size && closing.bytes().all(|byte| char::from(byte) == fence) {
            return Some(Span::object(at..end + line.trim_end_matches(['\n', '\r']).len()));
        }
        end += line.len();
    }
    Some(Span::object(at..text.len()))
}

/// A code span whose opening backticks start at `at`, or backticks that close nothing.
///
/// # Source
/// CommonMark 0.31, section 6.1.
pub(super) fn inline(text: &str, at: usize) -> Span {
    let rest = rest(text, at).as_bytes();
    let run = |from: usize| rest[from..].iter().take_while(|&&byte| byte == b'`').count();
    let size = run(0);
    let mut from = size;
    while let Some(found) = memchr::memchr2(b'`', b'\n', &rest[from..rest.len().min(REACH).max(from)]) {
        from += found;
        if rest[from] == b'\n' {
            if rest.get(from + 1) == Some(&b'\n') {
                break;
            }
            from += 1;
            continue;
        }
        let closing = run(from);
        from += closing;
        if closing == size {
            return Span::object(at..at + from);
        }
    }
    // Backticks that close nothing are passed over together.
    Span::markup(at..at + size)
}

/// A JSON object or array of strings or objects that starts at `at`.
pub(super) fn json(text: &str, at: usize) -> Option<Span> {
    let inner = rest(text, at + 1).trim_start();
    if !inner.starts_with(['"', '{', '[']) {
        return None;
    }
    let scope = rest(text, at);
    let scope = scope.get(..scope.floor_char_boundary(scope.len().min(10 * REACH)))?;
    let mut values = serde_json::Deserializer::from_str(scope).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let end = values.byte_offset();
    scope.get(..end)?.contains('"').then(|| Span::object(at..at + end))
}

/// The arguments of a call whose first is a string: `print("…")`.
pub(super) fn call(text: &str, at: usize) -> Option<Span> {
    let named = text.as_bytes().get(at.checked_sub(1)?)?;
    if !named.is_ascii_alphanumeric() && *named != b'_' {
        return None;
    }
    let scope = line(text, at, REACH);
    if !scope.get(1..)?.starts_with(['"', '\'']) {
        return None;
    }
    let (mut quote, mut escaped) = (None, false);
    for (offset, letter) in scope.char_indices().skip(1) {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, ')') => return Some(Span::object(at..at + offset + 1)),
            _ => {}
        }
    }
    None
}
