//! Dates with the name of a month.

use super::{is_day, number, past_space};

const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];

/// Start and end of the date whose day stands at `at`.
pub(super) fn date(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let (day, 1 | 2, end) = number(bytes, at)? else { return None };
    if !matches!(bytes.get(end)?, b' ' | b'-' | b',' | b's' | b'n' | b'r' | b't') {
        return None;
    }
    let ordinal = [b"st", b"nd", b"rd", b"th"].iter().any(|suffix| bytes[end..].starts_with(*suffix));
    let end = if ordinal { end + 2 } else { end };
    if let Some((start, month)) = month_before(bytes, at) {
        let year = past_space(bytes, end + usize::from(bytes.get(end) == Some(&b',')));
        let (year, 4, end) = number(bytes, year)? else { return None };
        return is_day(year, month, day).then_some((start, end));
    }
    if !matches!(bytes.get(end)?, b' ' | b'-') {
        return None;
    }
    let name = end + 1 + if bytes[end + 1..].starts_with(b"of ") { 3 } else { 0 };
    let length = bytes[name..].iter().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let month = month(&bytes[name..name + length])?;
    let mut year = name + length;
    year += usize::from(matches!(bytes.get(year), Some(b'.' | b',' | b'-')));
    let (year, 4, end) = number(bytes, past_space(bytes, year))? else { return None };
    is_day(year, month, day).then_some((at, end))
}

/// The month that ends before the day at `at`, and where its name begins.
fn month_before(bytes: &[u8], at: usize) -> Option<(usize, u32)> {
    let head = bytes[..at].strip_suffix(b" ")?;
    let head = head.strip_suffix(b".").unwrap_or(head);
    let length = head.iter().rev().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let start = head.len() - length;
    month(&head[start..]).map(|month| (start, month))
}

/// The number of a month by its name, by the first three letters of that, or by `Sept`.
fn month(name: &[u8]) -> Option<u32> {
    if !(3..=9).contains(&name.len()) {
        return None;
    }
    let fits = |month: &&[u8]| {
        let short = name.len() == 3 || name.len() == 4 && month.get(3) == Some(&b't');
        name.eq_ignore_ascii_case(if short { &month[..name.len()] } else { month })
    };
    (1..).zip(MONTHS.iter()).find(|(_, month)| fits(month)).map(|(number, _)| number)
}
