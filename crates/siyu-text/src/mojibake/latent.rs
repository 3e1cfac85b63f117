//! Garbling that comes to light when a text is normalized: `Ã` and `¤` with an invisible character between them.
//!
//! Whoever repairs before normalizing would have to repair again after it. So a line is also looked at as the
//! normalizers would have it.

use super::code_page::{is_known, may_lead};
use super::{gbk, visible};
use crate::chinese::{Config, Converter};
use crate::punctuation::{self, Style};
use crate::unicode::{self, Form};
use std::borrow::Cow;
use std::sync::LazyLock;

static SIMPLIFIED: LazyLock<Converter> = LazyLock::new(|| Converter::new(Config::T2s));

/// The line as it was meant, if one of the normalizers would leave it garbled. What has lost bytes stays: a question
/// mark in full width ends a question.
pub(super) fn fix(line: &str) -> Option<String> {
    let changes = |normalized: &Cow<'_, str>| matches!(normalized, Cow::Owned(_));
    let is_chinese = line.chars().any(gbk::may_begin)
        && (changes(&unicode::normalize(line, Form::Nfkc)) || changes(&SIMPLIFIED.convert(line)));
    if !is_chinese && !may_hide(line) {
        return None;
    }
    for form in [Form::None, Form::Nfc, Form::Nfkc] {
        let plain = unicode::normalize(line, form);
        for style in [Style::Alphanumeric, Style::Halfwidth, Style::Fullwidth] {
            let seen = punctuation::normalize(&plain, style);
            let simplified = if is_chinese { SIMPLIFIED.convert(&seen) } else { Cow::Borrowed(&*seen) };
            let fixed = [&seen, &simplified].into_iter().find_map(|seen| repaired(seen));
            if fixed.is_some() {
                return fixed;
            }
        }
    }
    None
}

fn repaired(seen: &str) -> Option<String> {
    let lost = |text: &str| text.matches('\u{FFFD}').count();
    match visible(seen) {
        Cow::Owned(fixed) if lost(&fixed) <= lost(seen) => Some(fixed),
        _ => None,
    }
}

/// Whether a character that may be the first of garbled ones is followed, past what normalizing takes away, by one that
/// may be the second.
fn may_hide(line: &str) -> bool {
    let mut leads = false;
    for letter in line.chars() {
        // What most lines are made of is neither.
        if matches!(letter, '!'..='~' | '\u{3001}'..='\u{3163}' | '\u{3165}'..='\u{D7FF}') {
            leads = false;
            continue;
        }
        if leads && (is_known(letter) || may_become_known(letter)) {
            return true;
        }
        leads = letter.is_alphabetic() && may_lead(letter)
            || may_become_known(letter)
            || leads && (letter.is_whitespace() || letter.is_control() || unicode::is_invisible(letter));
    }
    false
}

/// Combining marks, letterlike symbols, mathematical letters, and signs of full width.
fn may_become_known(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36F}' | '\u{2100}'..='\u{214F}' | '\u{3000}' | '\u{FFE0}'..='\u{FFE6}' | '\u{1D400}'..='\u{1D7FF}')
}
