//! Mobile numbers of mainland China: eleven digits from 13 to 19, after the numbering plan of the ministry.

use super::chunk::Word;
use super::context::{Context, class, has_unit};
use super::detector::Candidate;
use super::kind::{Kind, Kinds};
use super::sequence::{Sequence, Site, in_url};

/// Ways of grouping that people use.
const GROUPINGS: [&[u8]; 7] = [&[11], &[3, 4, 4], &[3, 8], &[7, 4], &[4, 4, 3], &[4, 3, 4], &[3, 3, 5]];

pub(super) fn judge(site: &mut Site<'_>, sequence: &Sequence) {
    if !site.kinds.has(Kind::CnMobile) {
        return;
    }
    let Some((country, groups)) = split_country(sequence) else { return };
    let number = &sequence.digits[country..];
    if !is_mobile(number) {
        return;
    }
    let context = sequence.context;
    let labelled = context.labelled(class::PHONE | class::WECHAT) && !site.in_doi(sequence.from);
    let ahead = if country == 0 { country_ahead(site, sequence.from) } else { None };
    // With a point in it, eleven digits are a decimal fraction: `132.77311215`.
    let fraction = sequence.separator == b'.' && groups != [3, 4, 4];
    let grouped =
        !fraction && (GROUPINGS.contains(&groups) || labelled && (groups.first() > Some(&1) || groups.len() == 11));
    let foreign = country == 0 && site.chunk.at(sequence.from.checked_sub(1)) == b'+';
    let trunk = country == 1 && !labelled;
    let (_, end) = site.chunk.span(sequence.from, sequence.to);
    let [before, behind] = listed(site, sequence);
    let is_alone = sequence.stands_among(before, behind);
    let boundary = ahead.is_some() && sequence.joined_after == 0 || is_alone || labelled && !sequence.is_part();
    if !grouped
        || foreign
        || trunk
        || !boundary
        || context.is_thing()
        || has_unit(site.text, end)
        || !labelled && blocked(site, sequence, before)
    {
        return;
    }
    if !labelled && (site.in_url(sequence.from) || !is_allocated(number)) {
        return;
    }
    let mut from = ahead.unwrap_or(sequence.from);
    if from < sequence.from || country > 0 {
        from -= usize::from(site.chunk.at(from.checked_sub(1)) == b'+');
        let bracket = site.chunk.at(from.checked_sub(1)) == b'(' && site.chunk.closes(from, sequence.from);
        from -= usize::from(bracket);
    }
    site.add(Kind::CnMobile, from, sequence.to, 80);
}

/// The end of a number whose groups underscores join, `138_0013_8000`, if one begins at `at`. Underscores are no
/// separators elsewhere: they bind a number to a name.
pub(super) fn underscored(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) -> Option<usize> {
    let bytes = text.as_bytes();
    let [first, second, third] = [at..at + 3, at + 4..at + 8, at + 9..at + 13];
    let (start, end) = (at, third.end);
    if bytes.get(first.end) != Some(&b'_') || bytes.get(second.end) != Some(&b'_') || !kinds.has(Kind::CnMobile) {
        return None;
    }
    let number = [bytes.get(first)?, bytes.get(second)?, bytes.get(third)?].concat();
    let binds = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(byte));
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    let behind = bytes.get(end).filter(|&&byte| byte != b'.' || binds(bytes.get(end + 1)));
    if binds(before) || binds(behind) || !is_mobile(&number) || !is_allocated(&number) {
        return None;
    }
    if Context::before(text, start).is_thing() || in_url(bytes, start) {
        return None;
    }
    found.push(Candidate { kind: Kind::CnMobile, start, end, score: 80, rule: "cn_mobile" });
    Some(end)
}

/// Whether a slash parts the number from another mobile number before it, and behind it.
fn listed(site: &Site<'_>, sequence: &Sequence) -> [bool; 2] {
    let words = &site.chunk.words;
    let before = || words.iter().find(|word| word.to + 1 == sequence.from);
    let behind = || words.iter().find(|word| word.from == sequence.to + 1);
    let is_other = |word: Option<&Word>| word.is_some_and(|word| is_mobile(site.chunk.word(*word)));
    [sequence.joined_before == b'/' && is_other(before()), sequence.joined_after == b'/' && is_other(behind())]
}

/// `_`, `=` and the like bind a number to an identifier, and `第` makes it an ordinal.
fn blocked(site: &Site<'_>, sequence: &Sequence, listed: bool) -> bool {
    let (start, _) = site.chunk.span(sequence.from, sequence.to);
    let before = &site.text.as_bytes()[..start];
    matches!(site.byte_before(sequence.from), b'_' | b'#' | b'$' | b'~' | b'%' | b'&')
        || site.byte_after(sequence.to) == b'_'
        || ["￥", "¥", "第"].iter().any(|sign| before.ends_with(sign.as_bytes()))
        || sequence.joined_before == b'/' && !listed
}

/// Where a country code that another separator sets off begins: `+86 138-0013-8000`, `(+86)13800138000`.
fn country_ahead(site: &Site<'_>, from: usize) -> Option<usize> {
    let before = site.chunk.words.iter().rev().find(|word| word.to <= from && word.to < from)?;
    let gap = &site.chunk.folded[before.to..from];
    let sets_off = matches!(gap, b" " | b"-" | b")" | b") " | b")-" | b" - ");
    (sets_off && matches!(site.chunk.word(*before), b"86" | b"0086")).then_some(before.from)
}

/// The digits of the country code at the start, and the groups behind them.
fn split_country(sequence: &Sequence) -> Option<(usize, &[u8])> {
    let digits = &sequence.digits;
    match digits.len() {
        11 => Some((0, &sequence.groups)),
        12 if digits[0] == b'0' && sequence.groups.len() == 1 => Some((1, &[11])),
        13 if digits.starts_with(b"86") => Some((2, behind(&sequence.groups, 2))),
        15 if digits.starts_with(b"0086") => Some((4, behind(&sequence.groups, 4))),
        _ => None,
    }
}

fn behind(groups: &[u8], country: u8) -> &[u8] {
    match groups.split_first() {
        Some((&first, rest)) if first == country => rest,
        _ if groups.len() == 1 => &[11],
        _ => &[],
    }
}

fn is_mobile(number: &[u8]) -> bool {
    number.len() == 11
        && number[0] == b'1'
        && (b'3'..=b'9').contains(&number[1])
        && number.iter().all(u8::is_ascii_digit)
        && number[3..].iter().any(|&digit| digit != number[3])
}

/// Prefixes that no operator was given.
fn is_allocated(number: &[u8]) -> bool {
    !matches!(
        &number[..3],
        b"142" | b"143" | b"154" | b"160" | b"161" | b"163" | b"164" | b"168" | b"169" | b"179" | b"194"
    )
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no, values};

    #[test]
    fn a_slash_parts_two_numbers_and_an_ordinal_is_none() {
        assert_eq!(values("cn_mobile", "13912345678/13812345678均可"), ["13912345678", "13812345678"]);
        finds_no("cn_mobile", "13912345678/2021");
        finds_no("cn_mobile", "第13912345678号");
    }

    #[test]
    fn every_common_writing_is_found_whole() {
        for number in [
            "13800138000",
            "+8613800138000",
            "+86 138 0013 8000",
            "0086-13800138000",
            "138-0013-8000",
            "１３８００１３８０００",
            "138\u{200b}0013\u{200b}8000",
            "8613800138000",
            "+86-138-0013-8000",
            "138_0013_8000",
        ] {
            finds("cn_mobile", &format!("请打{number}，谢谢"), number);
            finds("cn_mobile", number, number);
        }
    }

    #[test]
    fn an_id_beside_a_phone_is_no_label_of_it() {
        finds("cn_mobile", "user_id: 88, user_phone: 13800138000", "13800138000");
        finds("cn_mobile", "微信ID：13800138000", "13800138000");
    }

    #[test]
    fn longer_runs_urls_orders_and_amounts_stay() {
        for text in [
            "订单号13800138000",
            "https://a.cn/p/13800138000.html",
            "138001380001234",
            "金额13800138000元",
            "0.13800138000",
            "[132.77311215 132.45757733]",
            "19327352832 bytes",
            "12345678901",
            "IMG_13800138000.jpg",
            "IMG_138_0013_8000.jpg",
            "138_0013_8000.png",
            "x138_0013_8000",
            "138_0013_8000_1",
            "订单号138_0013_8000",
            "user_id: 13800138000",
            "\"uid\": 13800138000,",
            "用户ID：13800138000",
            "DOI: 10.1016/j.cell.13812345678",
            "快递单号：13800138000",
        ] {
            finds_no("cn_mobile", text);
        }
    }
}
