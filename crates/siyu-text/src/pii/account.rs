//! QQ numbers, `WeChat` ids and other values that only a word before them makes personal.

use super::context::class;
use super::date;
use super::detector::Candidate;
use super::email;
use super::kind::{Kind, Kinds};
use super::scan;
use super::secret;
use super::sequence::{Sequence, Site};

pub(super) fn judge_qq(site: &mut Site<'_>, sequence: &Sequence) {
    let single = sequence.groups.len() == 1 && sequence.digits.iter().all(u8::is_ascii_digit);
    if site.kinds.has(Kind::Qq)
        && single
        && (5..=11).contains(&sequence.len())
        && sequence.digits[0] != b'0'
        && (sequence.context.labelled(class::QQ)
            || sequence.context.clause & class::QQ != 0 && sequence.context.labelled(class::WECHAT))
    {
        site.add(Kind::Qq, sequence.from, sequence.to, 82);
    }
}

/// What the first, the next and so on of [`ANCHORS`] lead to.
const AT_SIGNS: usize = 8;
const DOTS: usize = AT_SIGNS + 2;
const WORDS_OF_SECRETS: usize = DOTS + 7;
const WORDS_OF_WECHAT: usize = WORDS_OF_SECRETS + 27;
const ANCHORS: [&str; WORDS_OF_WECHAT + 4] = [
    "(at)",
    "[at]",
    "{at}",
    "（at）",
    "【at】",
    "(AT)",
    "[AT]",
    "<at>",
    " dot ",
    " DOT ",
    "密码",
    "密碼",
    "口令",
    "Bearer ",
    "Basic ",
    "password is ",
    "Password is ",
    "加微信",
    "微信号",
    "微信",
    "WeChat",
    "wechat",
    "Wechat",
    "WECHAT",
    "weixin",
    "Weixin",
    "薇信",
    "VX",
    "vx",
    "wxid_",
    "加V",
    "Vx",
    "威信",
    "加v",
    "加微",
    "微 信",
    "徽信",
    "v信",
    "V信",
    "➕V",
    "➕v",
    "wx",
    "WX",
    "Wx",
    "九",
    "〇",
    "○",
    "零",
];

/// The first anchor at or after `from`: where it starts, and its place in [`ANCHORS`].
fn next_anchor(bytes: &[u8], mut from: usize) -> Option<(usize, usize)> {
    loop {
        let stop = scan::next_anchor(bytes, from)?;
        // The scan stops at years of Chinese numerals one byte before the sign that is listed here.
        let start = stop + usize::from(bytes[stop] == 0x80 || bytes[stop] == 0x8C);
        let rest = &bytes[start..];
        // Most are told apart by their first and third bytes, without a call.
        let begins = |anchor: &[u8]| {
            anchor[0] == rest[0]
                && anchor.get(2).is_none_or(|third| rest.get(2) == Some(third))
                && rest.starts_with(anchor)
        };
        if let Some(index) = ANCHORS.iter().position(|anchor| begins(anchor.as_bytes())) {
            return Some((start, index));
        }
        from = start + 1;
    }
}

/// Values behind words that need no digit: the scan does not stop at them.
pub(super) fn find_anchored(text: &str, kinds: Kinds, found: &mut Vec<Candidate>) {
    if ![Kind::Wechat, Kind::Email, Kind::Secret, Kind::DateOfBirth].iter().any(|kind| kinds.has(*kind)) {
        return;
    }
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some((start, index)) = next_anchor(bytes, from) {
        let end = start + ANCHORS[index].len();
        from = end;
        if index >= WORDS_OF_WECHAT {
            date::at_year(text, start, kinds, found);
        } else if index < AT_SIGNS {
            if kinds.has(Kind::Email) {
                let spaced = bytes[..start].ends_with(b" ") && bytes[end..].starts_with(b" ");
                let space = usize::from(spaced);
                email::address(bytes, start - space, end + space, "email_spelled", found);
            }
        } else if index < DOTS {
            if kinds.has(Kind::Email) {
                email::at_spelled_dot(bytes, start, found);
            }
        } else if index < WORDS_OF_SECRETS {
            if kinds.has(Kind::Secret) {
                secret::behind_word(text, start, end, found);
            }
        } else if kinds.has(Kind::Wechat) {
            wechat(bytes, start, end, found);
        }
    }
}

fn wechat(bytes: &[u8], anchor: usize, end: usize, found: &mut Vec<Candidate>) {
    let letter_before = anchor > 0 && bytes[anchor].is_ascii() && bytes[anchor - 1].is_ascii_alphanumeric();
    if letter_before {
        return;
    }
    let own = bytes[anchor..].starts_with(b"wxid_");
    let start = if own { anchor } else { skip_label(bytes, end) };
    let signed = own || start > end || bytes[anchor] >= 0x80;
    let length = bytes[start..]
        .iter()
        .take(24)
        .take_while(|&&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    let id = &bytes[start..start + length];
    let shape = (6..=20).contains(&length) && id[0].is_ascii_alphabetic();
    let label = bytes.get(end..start).unwrap_or_default();
    let named =
        label.contains(&b':') || label.windows(3).any(|sign| sign == "：".as_bytes() || sign == "号".as_bytes());
    // Code has variables of this name; `wxid_` is no label.
    let short = !own && matches!(bytes[anchor..end], [b'w' | b'W', b'x' | b'X']);
    let tells = (!short && id.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))) || named;
    let name = bytes.get(start + length).is_some_and(|byte| matches!(byte, b'.' | b'@' | b'/' | b'('));
    if shape && signed && (own || tells) && !name {
        found.push(Candidate { kind: Kind::Wechat, start, end: start + length, score: 72, rule: "wechat" });
    }
}

/// What may stand between the word and the id.
const LABELS: [&str; 36] = [
    "号码", "号", "码", "號", "账号", "帐号", "ID", "id", "Id", "是", "为", "：", ":", " ", "　", "(", "（", "=", "＝",
    "加我", "添加", "同步", "搜索", "搜", "联系", "\"", "'", "|", "\n", "\t", "【", "「", "“", "-", "如", "同号",
];

/// Passes `号`, `ID`, `是`, colons and spaces between the word and the id.
fn skip_label(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let rest = &bytes[at..];
        match LABELS.iter().find(|label| rest.starts_with(label.as_bytes())) {
            Some(label) => at += label.len(),
            None => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ANCHORS, WORDS_OF_WECHAT, next_anchor};
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn every_anchor_is_found_where_it_begins() {
        for (index, anchor) in ANCHORS.iter().enumerate() {
            let century = if *anchor == "九" { "一" } else { "二" };
            let before = "前x (".repeat(9) + if index < WORDS_OF_WECHAT { "" } else { century };
            let found = next_anchor(format!("{before}{anchor}：").as_bytes(), 0).unwrap();
            assert_eq!(found, (before.len(), index), "{anchor}");
        }
    }

    #[test]
    fn a_label_makes_the_account() {
        finds("qq", "QQ：12345678，", "12345678");
        finds("qq", "QQ12345678", "12345678");
        finds("wechat", "微信号：zhang_san88。", "zhang_san88");
        finds("wechat", "加我wxid_ab12cd34ef", "wxid_ab12cd34ef");
        finds_no("qq", "订单12345678");
        finds_no("qq", "QQ音乐 12345678");
        finds("qq", "加Q223344556，备注", "223344556");
        finds("qq", "ＱＱ：１２３４５６７８", "１２３４５６７８");
        finds("qq", "QQ/微信：34534534", "34534534");
        for label in ["v信：", "徽信", "加微 ", "加微信", "wx:", "WX号：", "微信同步：", "➕V", "微信搜"]
        {
            finds("wechat", &format!("{label}hao_2233，备注来意"), "hao_2233");
        }
        finds_no("wechat", "微信 Android 客户端");
        finds_no("wechat", "let wx = app_2023;");
    }
}
