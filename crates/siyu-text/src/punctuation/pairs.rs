//! Quotation marks and brackets, which change in pairs.

use super::context::{Context, Side, is_han};
use super::scan;
use super::widen::Edit;
use std::ops::Range;

/// Parentheses inside so many others stay as they are.
const MAX_DEPTH: usize = 64;

/// Finds the pairs of a line, whose unprotected parts are `gaps`, and widens those among Chinese.
pub(super) fn pairs(context: &Context<'_>, gaps: &[Range<usize>], edits: &mut Vec<Edit>) {
    let (mut double, mut single) = (None, None);
    let mut brackets: Vec<(usize, char)> = Vec::new();
    let mut deeper = 0;
    for (at, letter) in gaps.iter().flat_map(|gap| marks(context.text, gap)) {
        match letter {
            '"' => match double.take() {
                Some(open) => quotes(context, open, at, ["“", "”"], edits),
                None if context.previous(at).is_some_and(|previous| previous.is_ascii_digit()) => {}
                None => double = Some(at),
            },
            '\'' => match single {
                _ if is_apostrophe(context, at) => {}
                Some(open) if closes(context, at) => {
                    single = None;
                    quotes(context, open, at, ["‘", "’"], edits);
                }
                _ if opens(context, at) => single = Some(at),
                _ => {}
            },
            '(' | '（' if brackets.len() == MAX_DEPTH => deeper += 1,
            '(' | '（' => brackets.push((at, letter)),
            ')' | '）' if deeper > 0 => deeper -= 1,
            ')' | '）' => {
                if let Some(open) = brackets.pop() {
                    parentheses(context, open, (at, letter), edits);
                }
            }
            _ => {}
        }
    }
}

/// What may be half of a pair.
fn marks<'a>(text: &'a str, gap: &Range<usize>) -> impl Iterator<Item = (usize, char)> + 'a {
    let Range { start: mut from, end } = gap.clone();
    std::iter::from_fn(move || {
        let at = scan::next_pair_mark(text.as_bytes(), from, end)?;
        from = at + 1;
        Some((at, text.get(at..)?.chars().next()?))
    })
}

fn is_ascii_word(letter: Option<char>) -> bool {
    letter.is_some_and(|letter| letter.is_ascii_alphanumeric())
}

fn is_apostrophe(context: &Context<'_>, at: usize) -> bool {
    is_ascii_word(context.previous(at)) && is_ascii_word(context.next(at + 1))
}

/// Whether a single mark may open: it follows no word, and neither a space nor a year such as '98 follows it.
fn opens(context: &Context<'_>, at: usize) -> bool {
    let next = context.next(at + 1);
    !is_ascii_word(context.previous(at)) && next.is_some_and(|next| !next.is_whitespace() && !next.is_ascii_digit())
}

fn closes(context: &Context<'_>, at: usize) -> bool {
    !is_ascii_word(context.next(at + 1)) && context.previous(at).is_some_and(|previous| !previous.is_whitespace())
}

#[allow(clippy::match_same_arms, reason = "the arms are cases, in order of precedence")]
fn quotes(context: &Context<'_>, open: usize, close: usize, marks: [&'static str; 2], edits: &mut Vec<Edit>) {
    // `name="值"` is an attribute or an assignment.
    let before = context.text.get(..open).unwrap_or_default().trim_end_matches(' ');
    if before.ends_with('=') || close == open + 1 {
        return;
    }
    let (has_han, is_chinese) = context.weigh(open + 1, close);
    let wide = match (context.left(open), context.right(close + 1)) {
        (Side::Han, Side::Latin) | (Side::Latin, Side::Han) => has_han || context.is_chinese(open, false),
        (Side::Han, _) | (_, Side::Han) => true,
        (Side::Edge, Side::Edge) => is_chinese,
        (Side::Latin, Side::Latin) => false,
        _ => has_han && context.is_chinese(open, false),
    };
    if wide {
        edits.push((open..open + 1, marks[0]));
        edits.push((close..close + 1, marks[1]));
    }
}

fn parentheses(context: &Context<'_>, open: (usize, char), close: (usize, char), edits: &mut Vec<Edit>) {
    let (start, inner, end) = (open.0, open.0 + open.1.len_utf8(), close.0);
    let wide = match (open.1, close.1) {
        ('（', '）') => return,
        ('(', ')') => are_chinese(context, start, end),
        // A pair has one width.
        _ => true,
    };
    if !wide {
        return;
    }
    if open.1 == '(' {
        let space = context.text.get(..start).unwrap_or_default().strip_suffix(' ');
        let joined = space.is_some_and(|before| before.chars().next_back().is_some_and(is_han));
        edits.push((start - usize::from(joined)..inner, "（"));
    }
    if close.1 == ')' {
        let space = context.text.get(end + 1..).unwrap_or_default().strip_prefix(' ');
        let joined = space.is_some_and(|after| after.chars().next().is_some_and(is_han));
        edits.push((end..end + 1 + usize::from(joined), "）"));
    }
}

#[allow(clippy::match_same_arms, reason = "the arms are cases, in order of precedence")]
fn are_chinese(context: &Context<'_>, open: usize, close: usize) -> bool {
    let (has_han, _) = context.weigh(open + 1, close);
    let is_call =
        context.previous(open).is_some_and(|previous| previous.is_ascii_alphanumeric() || "_])".contains(previous));
    let is_empty = context.text.get(open + 1..close).is_none_or(|inner| inner.trim().is_empty());
    if is_empty || is_call && !has_han {
        return false;
    }
    match (context.left(open), context.right(close + 1)) {
        (Side::Latin, Side::Latin) => has_han && context.is_chinese(open, false),
        (Side::Han, Side::Latin) | (Side::Latin, Side::Han) => context.is_chinese(open, false),
        (Side::Han, _) | (_, Side::Han) => true,
        (Side::Edge, Side::Edge) => has_han,
        _ => has_han && context.is_chinese(open, false),
    }
}
