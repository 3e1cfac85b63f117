//! ASCII marks that become Chinese ones.

use super::context::{Context, Side, is_han};
use super::pairs;
use super::protect::Span;
use super::scan;
use crate::unicode::offsets::{Record, Writer};
use std::ops::Range;

/// Bytes that become a mark.
pub(super) type Edit = (Range<usize>, &'static str);

/// Widens the marks among Chinese on these lines, outside the protected spans.
pub(super) fn widen<R: Record>(text: &str, spans: &[Span], lines: Vec<Range<usize>>, writer: &mut Writer<'_, R>) {
    let context = Context { text, spans };
    let (mut edits, mut spans) = (Vec::new(), spans);
    for line in lines {
        while let Some((first, others)) = spans.split_first()
            && first.range.end <= line.start
        {
            spans = others;
        }
        let free = gaps(line, spans);
        pairs::pairs(&context, &free, &mut edits);
        for gap in free {
            marks(&context, gap, &mut edits);
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut done = 0;
    for (range, mark) in edits {
        if range.start >= done {
            done = range.end;
            writer.replace(range, mark);
        }
    }
}

/// What of a line lies outside the spans, which do not end before it.
fn gaps(line: Range<usize>, spans: &[Span]) -> Vec<Range<usize>> {
    let mut gaps = Vec::new();
    let mut start = line.start;
    for span in spans.iter().take_while(|span| span.range.start < line.end) {
        gaps.push(start..span.range.start.max(start));
        start = span.range.end.max(start);
    }
    gaps.push(start..line.end.max(start));
    gaps.retain(|gap| !gap.is_empty());
    gaps
}

fn marks(context: &Context<'_>, gap: Range<usize>, edits: &mut Vec<Edit>) {
    let bytes = context.text.as_bytes();
    let mut from = gap.start;
    while let Some(at) = scan::next_mark(bytes, from, gap.end) {
        let edit = match bytes[at] {
            b',' => stop(context, at, "，"),
            b':' => colon(context, at),
            b';' => stop(context, at, "；"),
            b'?' => stop(context, at, "？"),
            b'!' => stop(context, at, "！"),
            b'.' => dots(context, at),
            b'-' => dashes(context, at),
            b'~' => wave(context, at),
            _ => None,
        };
        from = match edit {
            Some(edit) => {
                let end = edit.0.end;
                edits.push(edit);
                end.max(at + 1)
            }
            // A run of dots or dashes is judged once.
            None if matches!(bytes[at], b'.' | b'-') => at + run(context, at),
            None => at + 1,
        };
    }
}

/// How often the byte at `at` stands there.
fn run(context: &Context<'_>, at: usize) -> usize {
    let rest = context.text.as_bytes().get(at..).unwrap_or_default();
    rest.iter().take_while(|&&byte| byte == rest[0]).count()
}

/// A mark and, between Chinese, the one space after it.
fn with_space(context: &Context<'_>, mark: Range<usize>) -> Range<usize> {
    let space = context.next(mark.end) == Some(' ');
    let next = context.next(mark.end + 1);
    let followed = next.is_some_and(|next| !next.is_whitespace() && next != '|');
    let goes = space && followed && !joins(context.text.as_bytes()[mark.start], next);
    if goes && context.right(mark.end) == Side::Han { mark.start..mark.end + 1 } else { mark }
}

/// Whether a mark without a space before what follows would be an operator, once a normal form makes it narrow again.
fn joins(mark: u8, next: Option<char>) -> bool {
    match mark {
        b':' => next.is_some_and(|next| ":：/／\\＼=＝".contains(next)),
        b'!' => next.is_some_and(|next| "[［=＝".contains(next)),
        _ => false,
    }
}

fn stop(context: &Context<'_>, at: usize, mark: &'static str) -> Option<Edit> {
    let (previous, next) = (context.previous(at), context.next(at + 1));
    let is_word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    if is_word(previous) && is_word(next) || mark == "！" && matches!(next, Some('[' | '=')) {
        return None;
    }
    let ends = !matches!(mark, "，" | "：");
    let wide = match (context.left(at), context.right(at + 1)) {
        (Side::Edge, _) => false,
        (Side::Han, Side::Han | Side::Edge | Side::Other) | (Side::Other, Side::Han) => true,
        (Side::Han, Side::Latin) | (Side::Latin, Side::Han) | (_, Side::Edge) => context.is_chinese(at, ends),
        (Side::Latin | Side::Other, _) => false,
    };
    wide.then(|| (with_space(context, at..at + 1), mark))
}

fn colon(context: &Context<'_>, at: usize) -> Option<Edit> {
    let (previous, next) = (context.previous(at), context.next(at + 1));
    let is_operator = previous == Some(':') || matches!(next, Some(':' | '/' | '\\' | '='));
    if is_operator || is_short_code(context.text, at) {
        return None;
    }
    stop(context, at, "：")
}

/// Whether a colon begins or ends the name of a picture, as in `:smile:`.
fn is_short_code(text: &str, at: usize) -> bool {
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_+-".contains(letter);
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
    let (head, tail) = (before.trim_end_matches(is_name), after.trim_start_matches(is_name));
    let is_letter = |name: &str| name.contains(|letter: char| letter.is_ascii_lowercase());
    let ends = head.ends_with(':') && is_letter(before.get(head.len()..).unwrap_or_default());
    ends || tail.starts_with(':') && is_letter(after.get(..after.len() - tail.len()).unwrap_or_default())
}

fn dots(context: &Context<'_>, at: usize) -> Option<Edit> {
    match run(context, at) {
        1 => full_stop(context, at),
        2 => None,
        count => {
            let (left, right) = (context.left(at), context.right(at + count));
            let next = context.next(at + count);
            let wide = match (left, right) {
                (Side::Han, _) => !matches!(next, Some('/' | '\\')),
                (Side::Edge, Side::Han) => next.is_some_and(is_han),
                (Side::Latin | Side::Other, Side::Han) => context.is_chinese(at, false),
                _ => false,
            };
            wide.then_some((at..at + count, "……"))
        }
    }
}

#[allow(clippy::match_same_arms, reason = "the arms are cases, in order of precedence")]
fn full_stop(context: &Context<'_>, at: usize) -> Option<Edit> {
    let (previous, next) = (context.previous(at)?, context.next(at + 1));
    if matches!(next, Some('/' | '\\'))
        || matches!(previous, '/' | '\\' | ',' | ';' | ':' | '，' | '、' | '；' | '：')
        || previous.is_whitespace()
    {
        return None;
    }
    let (left, right) = (context.left(at), context.right(at + 1));
    let wide = match next {
        Some(next) if next.is_ascii_alphanumeric() => {
            is_han(previous)
                && next.is_ascii_uppercase()
                && !is_extension(context.text, at + 1)
                && context.is_chinese(at, true)
        }
        _ => match (left, right) {
            (Side::Edge, _) => false,
            (Side::Han, _) => right != Side::Latin || context.is_chinese(at, true),
            (_, Side::Latin | Side::Other) => false,
            (_, Side::Han) if previous.is_ascii_digit() => false,
            _ => !is_label(context.text, at) && context.is_chinese(at, true),
        },
    };
    wide.then(|| (with_space(context, at..at + 1), "。"))
}

/// Whether a file's extension starts at `at`, or a name such as `.NET`: few letters of one case, then no letter.
fn is_extension(text: &str, at: usize) -> bool {
    let name = text.get(at..).unwrap_or_default();
    let name = name.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    let lower = name.bytes().all(|byte| !byte.is_ascii_uppercase());
    name.len() <= 5 && (lower || name.len() > 1 && name.bytes().all(|byte| !byte.is_ascii_lowercase()))
}

/// Whether what stands before the full stop at `at` numbers an item: `A.`, or digits at the start of a line.
fn is_label(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let head = before.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric());
    let label = before.get(head.len()..).unwrap_or_default();
    let indent = head.trim_end_matches(|letter: char| " \t#>*-+(".contains(letter));
    let starts_line = indent.is_empty() || indent.ends_with('\n');
    let is_number = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let is_letter = label.len() == 1 && (starts_line || head.ends_with(char::is_whitespace));
    is_letter || is_number && starts_line
}

fn dashes(context: &Context<'_>, at: usize) -> Option<Edit> {
    let count = run(context, at);
    let (previous, next) = (context.previous(at), context.next(at + count));
    if !(2..=3).contains(&count) || next == Some('>') || next.is_some_and(|next| next.is_ascii_alphanumeric()) {
        return None;
    }
    let wide = match (context.left(at), context.right(at + count)) {
        (Side::Han, Side::Han) => true,
        (Side::Han, Side::Edge) => previous.is_some_and(is_han),
        _ => false,
    };
    wide.then_some((at..at + count, "——"))
}

fn wave(context: &Context<'_>, at: usize) -> Option<Edit> {
    let beside = |letter: Option<char>| letter.is_some_and(is_han);
    (beside(context.previous(at)) && beside(context.next(at + 1))).then_some((at..at + 1, "～"))
}
