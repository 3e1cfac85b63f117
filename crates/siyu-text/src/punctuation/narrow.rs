//! Full-width characters that become ASCII.

use super::Style;
use super::protect::Span;
use super::scan;
use crate::unicode::offsets::{Record, Writer};
use std::ops::Range;
use unicode_normalization::char::canonical_combining_class;

/// Narrows what the style narrows, outside the protected spans.
pub(super) fn narrow<R: Record>(text: &str, spans: &[Span], style: Style, writer: &mut Writer<'_, R>) {
    let mut start = 0;
    for span in spans {
        narrow_between(text, start..span.range.start, style, writer);
        start = span.range.end;
    }
    narrow_between(text, start..text.len(), style, writer);
}

fn narrow_between<R: Record>(text: &str, range: Range<usize>, style: Style, writer: &mut Writer<'_, R>) {
    let piece = text.get(..range.end).expect("spans end between characters");
    let mut from = range.start;
    while let Some(at) = scan::next_wide(text.as_bytes(), from, range.end, style) {
        let rest = piece.split_at(at).1;
        let Some(letter) = rest.chars().next() else { break };
        from = at + letter.len_utf8();
        if is_wide_digit(letter) {
            from = at + number_length(rest);
            writer.replace(at..from, &narrowed(piece.get(at..from).unwrap_or_default()));
        } else if text.get(from..).is_some_and(|after| after.starts_with(composes)) {
            // Narrow it would be one character with the mark on it, in the normal form.
        } else if let Some(ascii) = alphanumeric(letter) {
            writer.replace(at..from, ascii.encode_utf8(&mut [0; 4]));
        } else if style == Style::Halfwidth
            && let Some(ascii) = counterpart(letter)
        {
            writer.replace(at..from, ascii);
        }
    }
}

/// Whether a mark, or one behind it, may be composed with the ASCII letter or sign before it.
fn composes(mark: char) -> bool {
    !mark.is_ascii() && canonical_combining_class(mark) != 0
}

fn is_wide_digit(letter: char) -> bool {
    matches!(letter, '０'..='９')
}

/// A full-width letter, digit or space in ASCII.
fn alphanumeric(letter: char) -> Option<char> {
    match letter {
        '\u{3000}' => Some(' '),
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => ascii(letter),
        _ => None,
    }
}

fn ascii(letter: char) -> Option<char> {
    match letter {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0),
        _ => None,
    }
}

fn narrowed(number: &str) -> String {
    number.chars().map(|letter| ascii(letter).unwrap_or(letter)).collect()
}

/// Bytes of the number that `text` starts with: digits of full width and the separators that belong to them.
fn number_length(text: &str) -> usize {
    let mut length = digits(text);
    let mut groups = length / 3;
    loop {
        let rest = text.split_at(length).1;
        let Some(separator) = rest.chars().next() else { return length };
        let after = rest.split_at(separator.len_utf8()).1;
        let count = digits(after) / 3;
        let belongs = match separator {
            '，' => groups <= 3 && count == 3,
            '．' | '：' | '－' | '／' => count > 0,
            '％' => {
                let number = after.starts_with(|next: char| is_wide_digit(next) || alphanumeric(next).is_some());
                return if number { length } else { length + separator.len_utf8() };
            }
            _ => false,
        };
        if !belongs {
            return length;
        }
        groups = if separator == '，' { 3 } else { 4 };
        length += separator.len_utf8() + count * 3;
    }
}

/// Bytes of the full-width digits at the start, three a digit.
fn digits(text: &str) -> usize {
    text.find(|letter| !is_wide_digit(letter)).unwrap_or(text.len())
}

/// What a mark becomes where all becomes ASCII.
fn counterpart(letter: char) -> Option<&'static str> {
    const ASCII: &str =
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    Some(match letter {
        '\u{FF01}'..='\u{FF5E}' => {
            let at = (u32::from(letter) - 0xFF01) as usize;
            return ASCII.get(at..=at);
        }
        '。' | '｡' => ".",
        '、' | '､' => ",",
        '“' | '”' | '「' | '」' | '｢' | '｣' | '〝' | '〞' | '〟' => "\"",
        '‘' | '’' | '『' | '』' => "'",
        '《' | '〈' => "<",
        '》' | '〉' => ">",
        '【' | '〔' | '〖' | '〘' | '〚' => "[",
        '】' | '〕' | '〗' | '〙' | '〛' => "]",
        '…' => "...",
        '—' => "-",
        '〜' => "~",
        _ => return None,
    })
}
