//! Finds what is no prose: code, formulas, addresses, markup, JSON.

mod address;
mod code;
mod markup;
mod math;

use super::lines::Lines;
use super::scan;
use crate::scan::Hits;
use std::ops::Range;

/// What a protected span is to the marks beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It stands for a word: code, a formula, an address.
    Object,
    /// It is not read: tags, link targets, escapes. Marks look past it.
    Markup,
}

/// Bytes that no style changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

impl Span {
    pub(super) fn object(range: Range<usize>) -> Self {
        Self { range, kind: Kind::Object }
    }

    fn markup(range: Range<usize>) -> Self {
        Self { range, kind: Kind::Markup }
    }
}

/// The protected spans in order; they do not overlap. With `lines`, the lines are noted that may change, and the spans of
/// others may be left out.
pub(super) fn spans(text: &str, mut lines: Option<&mut Lines<'_>>) -> Vec<Span> {
    let mut spans: Vec<Span> = code::front_matter(text).into_iter().collect();
    let mut at = spans.last().map_or(0, |span| span.range.end);
    let mut hits = Hits::<scan::OpeningOrMark>::new(text.as_bytes());
    while let Some(walk) = lines.as_mut().map_or(Some(at..text.len()), |lines| lines.walk(at)) {
        at = walk.start;
        while let Some(next) = hits.next(at, walk.end) {
            let free = spans.last().map_or(0, |span| span.range.end);
            if let Some(span) = span_at(text, next, free) {
                at = span.range.end.max(next + 1);
                spans.push(span);
            } else {
                if let Some(lines) = &mut lines {
                    lines.note(next);
                }
                at = next + 1;
            }
        }
        at = at.max(walk.end);
        if at >= text.len() {
            break;
        }
    }
    spans
}

/// The span that the byte at `at` gives away; it starts at or after `free`.
fn span_at(text: &str, at: usize, free: usize) -> Option<Span> {
    match text.as_bytes()[at] {
        b'`' => Some(code::fenced(text, at).unwrap_or_else(|| code::inline(text, at))),
        b'~' => code::fenced(text, at),
        b'{' | b'[' => code::json(text, at),
        b'(' => code::call(text, at),
        b'$' => math::dollars(text, at),
        b'\\' => math::command(text, at),
        b'<' => markup::tag(text, at),
        b'&' => markup::entity(text, at),
        b']' => markup::link_target(text, at),
        b':' => address::url(text, at, free),
        b'@' => address::email(text, at, free),
        b'.' => address::bare_host(text, at.checked_sub(3)?, free),
        _ => None,
    }
}

/// The text from `at` on.
fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// The text from `at` to the end of its line, or `limit` bytes of it at most.
fn line(text: &str, at: usize, limit: usize) -> &str {
    let rest = rest(text, at);
    let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()).min(limit);
    rest.get(..rest.floor_char_boundary(end)).unwrap_or_default()
}

/// The text from `at` to the next blank line, or `limit` bytes of it at most.
fn paragraph(text: &str, at: usize, limit: usize) -> &str {
    let rest = rest(text, at);
    let rest = rest.get(..rest.floor_char_boundary(limit.min(rest.len()))).unwrap_or_default();
    rest.find("\n\n").map_or(rest, |end| rest.split_at(end).0)
}

#[cfg(test)]
mod tests {
    use super::spans;

    fn found(text: &str) -> Vec<&str> {
        spans(text, None).into_iter().map(|span| text.get(span.range).unwrap()).collect()
    }

    #[test]
    fn addresses_end_before_the_marks_of_the_sentence() {
        assert_eq!(found("见https://a.b/c?x=1,2,谢谢"), ["https://a.b/c?x=1,2"]);
        assert_eq!(found("(http://a.b/c_(d)) 。www.a.cn."), ["http://a.b/c_(d)", "www.a.cn"]);
        assert_eq!(found("写信到a.b@example.com,好"), ["a.b@example.com"]);
    }

    #[test]
    fn code_is_protected_in_all_its_forms() {
        assert_eq!(found("用`a,b`或``a`,b``,好"), ["`a,b`", "``a`,b``"]);
        assert_eq!(found("前\n```py\n甲,乙\n```\n后,"), ["```py\n甲,乙\n```"]);
        assert_eq!(found("~~~\n甲,乙"), ["~~~\n甲,乙"]);
        assert_eq!(found("得{\"名\": \"甲,乙\"},好"), ["{\"名\": \"甲,乙\"}"]);
        assert_eq!(found("print(\"你好,世界\")"), ["(\"你好,世界\")"]);
    }

    #[test]
    fn formulas_are_protected_and_prices_are_not() {
        assert_eq!(found("若$x,y$则\\(a,b\\)和$$\nz,\n$$,"), ["$x,y$", "\\(a,b\\)", "$$\nz,\n$$"]);
        assert_eq!(found("价格$5,优惠$6,好"), Vec::<&str>::new());
    }

    #[test]
    fn markup_is_protected_and_its_text_is_not() {
        assert_eq!(found("<p class=\"甲,乙\">甲,乙</p>&nbsp;"), ["<p class=\"甲,乙\">", "</p>", "&nbsp;"]);
        assert_eq!(found("[甲,乙](a.md \"题,目\"),丙"), ["](a.md \"题,目\")"]);
        assert_eq!(found("1 < 2,甲 > 乙"), Vec::<&str>::new());
    }
}
