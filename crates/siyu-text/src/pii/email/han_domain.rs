//! Domains with labels of Han: `zhang@例子.中国`, `zhang@例子.cn`.

use super::super::chunk::{Atom, atom};

/// Top-level domains of Han.
///
/// # Source
/// IANA's root zone database, the names in the scripts Hans and Hant.
const TOPS: [&str; 60] = [
    "中国",
    "中國",
    "公司",
    "网络",
    "网址",
    "网店",
    "网站",
    "中文网",
    "商城",
    "商店",
    "商标",
    "在线",
    "中信",
    "政务",
    "政府",
    "公益",
    "慈善",
    "集团",
    "手机",
    "移动",
    "我爱你",
    "香港",
    "台湾",
    "台灣",
    "澳門",
    "新加坡",
    "信息",
    "游戏",
    "娱乐",
    "广东",
    "佛山",
    "企业",
    "餐厅",
    "健康",
    "世界",
    "时尚",
    "组织机构",
    "机构",
    "大拿",
    "谷歌",
    "嘉里",
    "嘉里大酒店",
    "购物",
    "联通",
    "亚马逊",
    "点看",
    "招聘",
    "食品",
    "微博",
    "天主教",
    "家電",
    "香格里拉",
    "電訊盈科",
    "淡马锡",
    "八卦",
    "新闻",
    "書籍",
    "澳门",
    "臺灣",
    "飞利浦",
];
/// Characters of a label.
const MAX_LABEL: usize = 20;

/// The end of a domain that begins at `at`, has a label of Han and ends in a known name.
pub(super) fn end(bytes: &[u8], at: usize) -> Option<usize> {
    let (mut here, mut has_han, mut end) = (at, false, None);
    for _ in 0..4 {
        let begin = here;
        let (mut letters, mut han) = (0, false);
        while here < bytes.len() && letters < MAX_LABEL {
            let is_han = matches!(bytes[here..], [0xE4..=0xE9, 0x80..=0xBF, 0x80..=0xBF, ..]);
            let is_letter = matches!(bytes[here], b'-') || matches!(atom(bytes, here), (Atom::Alnum(_), 1));
            if !is_han && !is_letter {
                break;
            }
            han |= is_han;
            here += if is_han { 3 } else { 1 };
            letters += 1;
        }
        if begin > at {
            let top = top_end(bytes, begin, here, han).filter(|_| has_han || han);
            end = top.or(end);
        }
        has_han |= han;
        if letters == 0 || bytes.get(here) != Some(&b'.') {
            break;
        }
        here += 1;
    }
    end
}

/// Where the name at the top ends that the label at `begin` is, or begins with: prose may follow Han without a space.
fn top_end(bytes: &[u8], begin: usize, end: usize, is_han: bool) -> Option<usize> {
    if is_han {
        let known = TOPS.iter().filter(|top| bytes[begin..end].starts_with(top.as_bytes()));
        return known.map(|top| begin + top.len()).max();
    }
    let label = &bytes[begin..end];
    ((2..=18).contains(&label.len()) && label.iter().all(u8::is_ascii_alphabetic)).then_some(end)
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn labels_of_han_belong_to_the_address() {
        for address in ["test@例子.中国", "zhang@公司.cn", "info@中文网.网络", "a.b@mail.例子.公司", "me@example.中国"]
        {
            finds("email", &format!("邮箱：{address}，谢谢"), address);
        }
        finds("email", "请发test@例子.中国的信箱", "test@例子.中国");
    }

    #[test]
    fn mentions_and_prose_are_none() {
        for text in ["请@张三.李四看", "user@主机 登录", "weibo@央视新闻.客户端", "root@服务器.", "a@你好。cn"]
        {
            finds_no("email", text);
        }
    }
}
