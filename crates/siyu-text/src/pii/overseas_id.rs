//! Identity cards of Hong Kong and Taiwan, by their check digits.

use super::context::class;
use super::kind::Kind;
use super::sequence::Site;

pub(super) fn judge(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    let bytes: Vec<u8> = site.chunk.word(word).to_vec();
    if !bytes[0].is_ascii_uppercase() {
        return;
    }
    if site.kinds.has(Kind::TwId) && is_taiwan(&bytes) {
        let context = site.context(word.from, word.to);
        if !context.is_thing() && !site.in_url(word.from) && !matches!(site.byte_before(word.from), b'-' | b'_' | b'/')
        {
            site.add(Kind::TwId, word.from, word.to, 86);
        }
    }
    if site.kinds.has(Kind::HkId) {
        judge_hong_kong(site, index, &bytes);
    }
}

/// `A123456(3)`; without brackets only behind a label.
fn judge_hong_kong(site: &mut Site<'_>, index: usize, bytes: &[u8]) {
    let word = site.chunk.words[index];
    let context = site.context(word.from, word.to);
    if site.chunk.at(Some(word.to)) == b'(' && site.chunk.at(Some(word.to + 2)) == b')' {
        let check = site.chunk.at(Some(word.to + 1));
        if is_hong_kong(bytes, check) {
            site.add_by("hk_id_bracketed", Kind::HkId, word.from, word.to + 3, 93);
        }
    } else if let Some(width) = bracketed_letter(site, word.to) {
        let (start, end) = site.chunk.span(word.from, word.to);
        if is_hong_kong(bytes, b'A') {
            let (end, rule) = (end + width, "hk_id_bracketed");
            site.found.push(super::detector::Candidate { kind: Kind::HkId, start, end, score: 93, rule });
        }
    } else if let Some((&check, body)) = bytes.split_last()
        && (context.label | context.after) & (class::ID | class::HONG_KONG) != 0
        && is_hong_kong(body, check)
    {
        site.add_by("hk_id_labelled", Kind::HkId, word.from, word.to, 85);
    }
}

/// The width of `(A)` behind the folded index `to`: letters behind a bracket are beyond the chunk.
fn bracketed_letter(site: &Site<'_>, to: usize) -> Option<usize> {
    let (_, end) = site.chunk.span(to - 1, to);
    let rest = site.text.as_bytes().get(end..)?;
    ["(A)", "（A）", "(Ａ)", "（Ａ）", "（A)", "(A）"]
        .iter()
        .find(|writing| rest.starts_with(writing.as_bytes()))
        .map(|writing| writing.len())
}

/// Weights 9 (a space for one letter) 8 7 … 2, modulo 11; letters count from ten.
fn is_hong_kong(body: &[u8], check: u8) -> bool {
    let letters = body.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    if !(1..=2).contains(&letters) || body.len() != letters + 6 || !body[letters..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let value = |byte: u8| if byte.is_ascii_digit() { u32::from(byte - b'0') } else { u32::from(byte - b'A') + 10 };
    let blank = if letters == 1 { 36 * 9 } else { 0 };
    let sum: u32 = body.iter().rev().zip(2..).map(|(&byte, weight)| value(byte) * weight).sum::<u32>() + blank;
    let expected = (11 - sum % 11) % 11;
    u32::from(check) == if expected == 10 { u32::from(b'A') } else { u32::from(b'0') + expected }
}

/// A letter, 1, 2, 8 or 9, seven digits and a check digit.
fn is_taiwan(bytes: &[u8]) -> bool {
    const PLACES: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    if bytes.len() != 10 || !bytes[1..].iter().all(u8::is_ascii_digit) || !matches!(bytes[1], b'1' | b'2' | b'8' | b'9')
    {
        return false;
    }
    let Some(place) = PLACES.iter().position(|letter| *letter == bytes[0]) else { return false };
    let region = place + 10;
    let digits: usize =
        bytes[1..9].iter().zip((1..=8).rev()).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    let sum = region / 10 + region % 10 * 9 + digits + usize::from(bytes[9] - b'0');
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn check_digits_decide() {
        finds("hk_id", "香港身份证A123456(3)。", "A123456(3)");
        finds("hk_id", "香港身份证号码A1234563", "A1234563");
        finds("tw_id", "身分證A123456789", "A123456789");
        finds("tw_id", "台湾居民，身份证统一编号A123456789", "A123456789");
        finds("hk_id", "A1234563（HKID）", "A1234563");
        finds_no("hk_id", "香港身份证A123456(4)");
        finds_no("tw_id", "身分證A123456788");
        finds_no("tw_id", "序列号A123456789");
    }
}
