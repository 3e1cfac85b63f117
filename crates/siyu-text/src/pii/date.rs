//! Dates, and dates of birth beside a word that says so.

mod chinese;
mod english;

use super::chunk::{Atom, atom};
use super::context::{Context, class};
use super::detector::Candidate;
use super::kind::{Kind, Kinds};
use super::sequence::Site;

/// Whether eight digits are a real day between 1880 and 2035.
pub(super) fn is_date(digits: &[u8]) -> bool {
    let number =
        |digits: &[u8]| digits.iter().fold(0, |value: u32, digit| value * 10 + u32::from(digit.wrapping_sub(b'0')));
    is_day(number(&digits[..4]), number(&digits[4..6]), number(&digits[6..8]))
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1880..=2035).contains(&year) && (1..=days).contains(&day)
}

/// A date that begins at one of the chunk's words.
pub(super) fn in_chunk(site: &mut Site<'_>) {
    for index in 0..site.chunk.words.len() {
        let word = site.chunk.words[index];
        let ordinal = word.len() <= 4 && site.chunk.word(word)[0].is_ascii_digit();
        if word.is_number() || ordinal {
            let (start, _) = site.chunk.span(word.from, word.to);
            at_digit(site.text, start, site.kinds, site.found);
        }
    }
}

/// A date that begins at `at`: `1990年1月2日`, `1990-01-02`, `1990-01`, `19900102`, `01/02/1990`; or `2 January 1990` and
/// `January 2, 1990` whose day stands there.
pub(super) fn at_digit(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    if !kinds.has(Kind::DateOfBirth) {
        return;
    }
    let bytes = text.as_bytes();
    if let Some(end) = date_end(bytes, at) {
        judge(text, at, end, found);
    } else if let Some((start, end)) = english::date(bytes, at) {
        judge(text, start, end, found);
    }
}

/// A date of Chinese numerals whose year has its second digit at `at`: `一九八五年六月十二日`.
pub(super) fn at_year(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    if kinds.has(Kind::DateOfBirth)
        && let Some((start, end)) = chinese::date(text, at)
    {
        judge(text, start, end, found);
    }
}

/// Adds the date where a word says that someone was born on it.
fn judge(text: &str, at: usize, end: usize, found: &mut Vec<Candidate>) {
    let rest = text.get(end..).expect("a date ends at a character boundary");
    let born = ["生", "出生", "（生", "生人"].iter().any(|word| rest.starts_with(word))
        && !["生效", "生产", "生成", "生活", "生态"].iter().any(|word| rest.starts_with(word));
    // The birth of a file has fractions of a second: `Birth: 2021-08-17 18:26:57.281330711`.
    let clock: Vec<u8> = rest.bytes().take(10).map(|byte| if byte.is_ascii_digit() { b'0' } else { byte }).collect();
    if clock == b" 00:00:00." {
        return;
    }
    let context = Context::before(text, at);
    if born || context.labelled(class::BIRTH) {
        found.push(Candidate { kind: Kind::DateOfBirth, start: at, end, score: 70, rule: "date_of_birth" });
    }
}

/// Reads up to three numbers and the signs behind them.
fn date_end(bytes: &[u8], at: usize) -> Option<usize> {
    let (first, length, mut here) = number(bytes, at)?;
    if length == 8 {
        return is_day(first / 10_000, first / 100 % 100, first % 100).then_some(here);
    }
    let (sign, next) = sign(bytes, here)?;
    let (second, second_length, after) = number(bytes, if sign == '年' { past_space(bytes, next) } else { next })?;
    if second_length > 2 {
        return None;
    }
    here = after;
    if sign == '年' {
        here = past_space(bytes, here);
        let month = bytes[here..].strip_prefix("月".as_bytes())?;
        here += 3;
        return match number(bytes, past_space(bytes, here)) {
            Some((day, 1 | 2, end)) if !month.is_empty() => {
                let spaced = past_space(bytes, end);
                let end = if bytes[spaced..].starts_with("日".as_bytes()) { spaced } else { end };
                let day_sign = ["日", "号"].iter().any(|sign| bytes[end..].starts_with(sign.as_bytes()));
                (length == 4 && is_day(first, second, day)).then_some(end + if day_sign { 3 } else { 0 })
            }
            _ => (length == 4 && is_day(first, second, 1)).then_some(here),
        };
    }
    let third = self::sign(bytes, here).and_then(|(again, next)| Some((again, number(bytes, next)?)));
    let Some((again, (third, third_length, end))) = third else {
        // A month of birth: `1990.03`.
        return (length == 4 && is_day(first, second, 1)).then_some(here);
    };
    let real = match (length, third_length) {
        (4, 1 | 2) => is_day(first, second, third),
        (1 | 2, 4) => is_day(third, first, second) || is_day(third, second, first),
        _ => false,
    };
    (again == sign && real).then_some(end)
}

fn number(bytes: &[u8], mut at: usize) -> Option<(u32, usize, usize)> {
    let (mut value, mut length) = (0_u32, 0);
    while at < bytes.len() && length < 9 {
        match atom(bytes, at) {
            (Atom::Alnum(byte), width) if byte.is_ascii_digit() => {
                value = value * 10 + u32::from(byte - b'0');
                length += 1;
                at += width;
            }
            _ => break,
        }
    }
    (length > 0).then_some((value, length, at))
}

/// Past one space, which some write around the signs of a date.
fn past_space(bytes: &[u8], at: usize) -> usize {
    at + usize::from(bytes.get(at) == Some(&b' '))
}

fn sign(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let at = if bytes.get(at..)?.starts_with(" 年".as_bytes()) { at + 1 } else { at };
    match bytes.get(at..)? {
        [sign @ (b'-' | b'/' | b'.'), ..] => Some((char::from(*sign), at + 1)),
        [0xE5, 0xB9, 0xB4, ..] => Some(('年', at + 3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn a_date_needs_a_word_of_birth() {
        for date in [
            "1990年1月2日",
            "1990-01-02",
            "1990.03",
            "1990.3",
            "1990/1/2",
            "19900102",
            "01/02/1990",
            "1990 年 1 月 2 日",
        ] {
            finds("date_of_birth", &format!("出生日期：{date}，"), date);
            finds_no("date_of_birth", &format!("自{date}起"));
        }
        finds("date_of_birth", "张某，1990年1月2日出生", "1990年1月2日");
        for date in [
            "2 January 1990",
            "Jan 2, 1990",
            "2nd of Jan. 1990",
            "January 2nd, 1990",
            "02-Jan-1990",
            "一九九〇年一月二日",
            "二〇〇一年十二月三十一日",
        ] {
            finds("date_of_birth", &format!("出生日期：{date}，"), date);
            finds("date_of_birth", &format!("born on {date}."), date);
            finds_no("date_of_birth", &format!("signed on {date}."));
        }
        finds("date_of_birth", "男，一九六六年十月一日出生", "一九六六年十月一日");
        finds_no("date_of_birth", "生日快乐！2024年5月6日");
        finds_no("date_of_birth", "born on 31 February 1990");
        finds_no("date_of_birth", "本法自1990年1月2日生效");
        finds_no("date_of_birth", "纠纷发生于1987年1月1日以前");
        finds_no("date_of_birth", " Birth: 2021-08-17 18:26:57.281330711 +1200");
        finds("date_of_birth", "birthday: 1990-01-02 00:00:00", "1990-01-02");
    }
}
