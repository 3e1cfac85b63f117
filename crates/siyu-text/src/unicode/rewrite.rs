//! The walk over a text: plain stretches are skipped, the rest is cleaned and brought into the normal form.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::Form;
use super::context::judge;
use super::offsets::{Record, Writer};
use super::plain::{Action, action, is_plain};
use super::scan::{BLOCK, skip_plain_blocks};

pub(super) fn rewrite<R: Record>(text: &str, form: Form, record: R) -> (Cow<'_, str>, R) {
    let mut writer = Writer::new(text, record);
    let mut position = 0;
    while position < text.len() {
        position = skip_plain_blocks(text.as_bytes(), position, form);
        while !text.is_char_boundary(position) {
            // The character began in a block that was judged with a look ahead.
            position += 1;
        }
        position = rewrite_block(text, position, form, &mut writer);
    }
    writer.finish()
}

/// Walks the characters of about one block and returns where the next one starts.
fn rewrite_block<R: Record>(text: &str, start: usize, form: Form, writer: &mut Writer<'_, R>) -> usize {
    for (offset, character) in text.split_at(start).1.char_indices() {
        if offset >= BLOCK {
            return start + offset;
        }
        if is_plain(character, form) {
            continue;
        }
        let found = start + offset;
        let rest = text.split_at(found).1;
        let end = found + rest.find(|other| is_plain(other, form)).unwrap_or(rest.len());
        rewrite_piece(text, found, end, form, writer);
        return end;
    }
    text.len()
}

/// Rewrites the characters from `found` to `end`, none of which is plain, along with the plain one before them, on
/// which they may depend.
fn rewrite_piece<R: Record>(text: &str, found: usize, end: usize, form: Form, writer: &mut Writer<'_, R>) {
    let (before, rest) = text.split_at(found);
    let start = before.char_indices().next_back().map_or(0, |(at, _)| at);
    let (piece, after) = rest.split_at(end - found);
    if let Some(simple) = simple_replacement(piece, after, form) {
        return writer.replace(found..end, simple);
    }
    let before = text.split_at(start).0;
    let mut out = String::with_capacity(end - start);
    let mut characters = text.get(start..end).expect("both are ends of characters").chars().peekable();
    while let Some(character) = characters.next() {
        match action(character) {
            Action::Keep | Action::Judge => out.push(character),
            Action::Remove => {}
            Action::Space => out.push(' '),
            Action::Newline => {
                let next = characters.peek().copied().or_else(|| after.chars().next());
                if character != '\r' || next != Some('\n') {
                    out.push('\n');
                }
            }
        }
    }
    out = composed(out, form);
    if out.chars().any(|character| action(character) == Action::Judge)
        && let Some(judged) = judge(before, &out, after)
    {
        out = composed(judged, form);
    }
    writer.replace(start..end, &out);
}

/// What becomes of the commonest pieces, which depend on nothing around them.
fn simple_replacement(piece: &str, after: &str, form: Form) -> Option<&'static str> {
    match piece {
        "\r" if after.starts_with('\n') => Some(""),
        "\r" => Some("\n"),
        "\u{A0}" => Some(" "),
        "\u{3000}" if form == Form::Nfkc => Some(" "),
        _ => full_width_ascii(piece, form),
    }
}

/// The ASCII character of one full-width character, which is its only compatibility mapping.
fn full_width_ascii(piece: &str, form: Form) -> Option<&'static str> {
    const ASCII: &str =
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    let mut characters = piece.chars();
    match (form, characters.next(), characters.next()) {
        (Form::Nfkc, Some(wide @ '\u{FF01}'..='\u{FF5E}'), None) => {
            let at = (u32::from(wide) - 0xFF01) as usize;
            ASCII.get(at..=at)
        }
        _ => None,
    }
}

fn composed(text: String, form: Form) -> String {
    if text.chars().all(|character| is_plain(character, form)) {
        return text;
    }
    match form {
        Form::Nfc => text.nfc().collect(),
        Form::Nfkc => text.nfkc().collect(),
        Form::None => text,
    }
}
