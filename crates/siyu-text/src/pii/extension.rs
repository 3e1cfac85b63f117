//! The extension behind a fixed-line number, in words or signs: `转801`, `（分机801）`, ` ext. 801`, `#801`.

use super::context::has_unit;

/// What leads to an extension; of two that begin alike, the longer one comes first.
const LEADS: [&str; 14] =
    ["转接分机", "转分机", "转接", "转", "轉", "分机", "分機", "内线", "内線", "extension", "ext", "#", "＃", "*"];
/// What may stand between these words and the digits.
const JOINTS: [&str; 8] = ["号码", "号", "號", "：", ":", ".", "\u{3000}", " "];
/// What follows a number of minutes or steps, beside the units of amounts.
const UNITS: [&str; 9] = ["分", "秒", "小时", "天", "点", "月", "年", "路", "号线"];
/// Digits of an extension, as exchanges have them.
const DIGITS: std::ops::RangeInclusive<usize> = 1..=6;

/// The same behind a number of another country: only words lead there, and an `x` right before the digits.
pub(super) fn spelled(text: &str, end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let tail = rest.trim_start_matches(' ');
    if let Some(digits) = tail.strip_prefix(['x', 'X']) {
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        let goes_on = digits.as_bytes().get(count).is_some_and(u8::is_ascii_alphanumeric);
        return ((2..=5).contains(&count) && !goes_on).then(|| text.len() - digits.len() + count);
    }
    let word = tail.trim_start_matches(['(', '（']);
    word.starts_with(char::is_alphabetic).then(|| self::end(text, end)).flatten()
}

/// Where the extension ends that begins at `end`, right behind a number.
pub(super) fn end(text: &str, end: usize) -> Option<usize> {
    let rest = text.get(end..)?;
    let mut tail = rest.trim_start_matches([' ', '\u{3000}']);
    let closing = match tail.chars().next()? {
        '(' => Some(')'),
        '（' => Some('）'),
        _ => None,
    };
    if closing.is_some() {
        tail = tail.trim_start_matches(['(', '（', ' ']);
    }
    let lead = LEADS.iter().find(|lead| tail.get(..lead.len()).is_some_and(|head| head.eq_ignore_ascii_case(lead)))?;
    // A sign alone stands close to the number.
    let is_sign = !lead.starts_with(char::is_alphabetic);
    if is_sign && tail.len() < rest.len() {
        return None;
    }
    tail = tail.get(lead.len()..)?;
    while let Some(after) = JOINTS.iter().find_map(|joint| tail.strip_prefix(joint)) {
        tail = after;
    }
    let digits = tail.find(|letter: char| !matches!(letter, '0'..='9' | '０'..='９')).unwrap_or(tail.len());
    let (number, after) = tail.split_at(digits);
    if !DIGITS.contains(&number.chars().count()) || after.starts_with(|next: char| next.is_ascii_alphanumeric()) {
        return None;
    }
    let is_amount = has_unit(text, text.len() - after.len()) || UNITS.iter().any(|unit| after.starts_with(unit));
    match closing {
        Some(closing) => after.strip_prefix(closing).map(|after| text.len() - after.len()),
        None => (!is_amount).then_some(text.len() - after.len()),
    }
}
