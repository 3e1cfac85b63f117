//! Formulas and escapes.

use super::{Span, line, paragraph, rest};

/// Longest formula between single dollars, and between other delimiters.
const INLINE_REACH: usize = 1_000;
const DISPLAY_REACH: usize = 10_000;

/// A formula between dollars. Single ones stand close to it and on one line, as pandoc has it, and no digit follows;
/// so prices are none.
pub(super) fn dollars(text: &str, at: usize) -> Option<Span> {
    if rest(text, at).starts_with("$$") {
        return match paragraph(text, at + 2, DISPLAY_REACH).find("$$") {
            Some(end) => Some(Span::object(at..at + end + 4)),
            None => Some(Span::markup(at..at + 2)),
        };
    }
    let scope = line(text, at, INLINE_REACH).strip_prefix('$')?;
    if scope.starts_with(|letter: char| letter.is_whitespace()) {
        return None;
    }
    let (mut from, mut escaped) = (0, false);
    for (offset, letter) in scope.char_indices() {
        if letter == '$' && !escaped && from < offset {
            let (formula, after) = scope.split_at(offset);
            let closes = !formula.ends_with(char::is_whitespace)
                && !after.get(1..)?.starts_with(|next: char| next.is_ascii_digit());
            return (closes && is_formula(formula)).then(|| Span::object(at..at + offset + 2));
        }
        from = from.max(usize::from(offset == 0));
        escaped = letter == '\\' && !escaped;
    }
    None
}

/// Formulas name words only within commands such as `\text`.
fn is_formula(formula: &str) -> bool {
    formula.contains('\\') || formula.chars().all(|letter| letter < '\u{2E80}' || ('０'..='ｚ').contains(&letter))
}

/// A formula that a backslash opens, or an escaped mark.
pub(super) fn command(text: &str, at: usize) -> Option<Span> {
    let next = *text.as_bytes().get(at + 1)?;
    let closing = match next {
        b'(' => Some("\\)".to_owned()),
        b'[' => Some("\\]".to_owned()),
        b'b' => rest(text, at)
            .strip_prefix("\\begin{")
            .and_then(|_| line(text, at + 7, INLINE_REACH).split_once('}'))
            .map(|(name, _)| format!("\\end{{{name}}}")),
        _ => None,
    };
    if let Some(closing) = closing
        && let Some(end) = paragraph(text, at, DISPLAY_REACH).find(&closing)
    {
        return Some(Span::object(at..at + end + closing.len()));
    }
    next.is_ascii_punctuation().then(|| Span::markup(at..at + 2))
}
