//! Chinese names beside a word for a role or a title.
//!
//! A heuristic: a surname of the hundred most frequent, one or two characters behind it, and a word that says a person
//! is meant. Where the name ends and the next word begins is guessed from that word's first character.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::context::{steps_back, steps_forward};
use super::detector::Candidate;
use super::kind::Kind;

/// Words before a name.
#[rustfmt::skip] // One word a line would make a page of it.
const ROLES: [&str; 62] = [
    "被告人", "原告人", "原告", "被告", "上诉人", "被上诉人", "申请人", "被申请人", "申请执行人", "被执行人", "第三人", "委托人",
    "受托人", "委托代理人", "诉讼代理人", "代理人", "辩护人", "法定代表人", "法人代表", "负责人", "联系人", "收件人", "收货人", "寄件人",
    "姓名", "证人", "被害人", "受害人", "自诉人", "审判长", "审判员", "代理审判员", "人民陪审员", "书记员", "法官助理", "经办人", "患者",
    "户名", "持卡人", "开户人", "投保人", "被保险人", "受益人", "我叫", "我是", "名叫", "出租人", "承租人", "借款人", "担保人", "贷款人",
    "出借人", "犯罪嫌疑人", "嫌疑人", "监护人", "当事人", "罪犯", "死者",
    "签字）：", "签名）：", "签字：", "签名：",
];
/// Words behind a name; the first three also behind a surname alone.
const TITLES: [&str; 14] =
    ["先生", "女士", "小姐", "同志", "律师", "法官", "医生", "教授", "老师", "经理", "主任", "警官", "大夫", "检察官"];
const TITLES_OF_SURNAMES: usize = 3;
/// The hundred most frequent surnames and some more, without those that are frequent words.
const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易武乔贺赖龚庞樊兰殷施陶洪翟颜倪严牛温芦季俞章鲁葛伍韦尤毕聂柴焦柳邢岳齐梅庄辛管祝左涂谷祁舒耿牟卜詹苗凌费纪靳盛童欧甄曲游阳裴席卫查屈鲍覃霍翁隋甘薄包柏宁柯阮桂闵丛华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫嵇高肖闫";
const COMPOUND: [&str; 10] = ["欧阳", "司马", "上官", "诸葛", "司徒", "东方", "皇甫", "尉迟", "慕容", "夏侯"];
/// First characters of words that follow a name, and characters that are in none.
const NO_NAME: &str = "的了在是不为与和或及其应当须可以将已由向对从按被等所者之此该每各如若但而且则并也都又还就才再更最很诉辩称认提出具有无系因经到说男女至未即住于年日月时后公司人民院你我他她们这那什么吗呢吧啊号第款条项均另方要做去来给让把用证犯涉";
/// Words that begin like a name.
const WORDS: [&str; 23] = [
    "许多", "许可", "谢谢", "感谢", "多谢", "康复", "高血", "高度", "高级", "高龄", "高中", "方便", "方案", "田间",
    "白天", "金额", "安全", "包括", "毛病", "何时", "何种", "万一", "主任",
];
/// What may stand between a role and a name.
const JOINTS: [&str; 14] = ["：", ":", " ", "　", "是", "为", "（", "(", "）", ")", "、", "\"", "“", "|"];

static ANCHORED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(ROLES.iter().chain(&TITLES))
        .expect("a short list of words builds")
});

/// Names behind roles and before titles.
pub(super) fn find(text: &str, found: &mut Vec<Candidate>) {
    for anchor in ANCHORED.find_iter(text) {
        let index = anchor.pattern().as_usize();
        let name = if index < ROLES.len() {
            behind(text, anchor.end())
        } else {
            before(text, anchor.start(), index - ROLES.len() < TITLES_OF_SURNAMES)
        };
        if let Some((start, end)) = name {
            found.push(Candidate { kind: Kind::Person, start, end, score: 50, rule: "person" });
        }
    }
}

fn behind(text: &str, mut start: usize) -> Option<(usize, usize)> {
    let rest = |at: usize| text.get(at..).expect("words end at character boundaries");
    while let Some(joint) = JOINTS.iter().find(|joint| rest(start).starts_with(**joint)) {
        start += joint.len();
    }
    let mut signs = rest(start).chars();
    let compound = COMPOUND.iter().any(|name| rest(start).starts_with(name));
    if compound {
        signs.next();
    }
    let surname = signs.next()?;
    if !compound && !SURNAMES.contains(surname) {
        return None;
    }
    if WORDS.iter().any(|word| rest(start).starts_with(word)) {
        return None;
    }
    let given: usize = signs.take(2).take_while(|&sign| is_given(sign)).map(char::len_utf8).sum();
    let head = surname.len_utf8() * if compound { 2 } else { 1 };
    (given > 0).then_some((start, start + head + given))
}

/// The longest name that ends at `end`: surname and two characters, surname and one, or the surname alone.
fn before(text: &str, end: usize, alone: bool) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    for length in [4, 3, 2] {
        let start = steps_back(bytes, end, length);
        let Some(name) = text.get(start..end).filter(|name| name.chars().count() == length) else { continue };
        let compound = COMPOUND.iter().any(|surname| name.starts_with(surname));
        let given = if compound { 2 } else { 1 };
        let fits = if compound { length > 2 } else { length < 4 && name.starts_with(|sign| SURNAMES.contains(sign)) };
        let word = |at: usize| WORDS.iter().any(|word| text.get(at..).is_some_and(|rest| rest.starts_with(word)));
        if fits && name.chars().skip(given).all(is_given) && !word(start) && !word(steps_back(bytes, start, 1)) {
            return Some((start, end));
        }
    }
    let start = steps_back(bytes, end, 1);
    let surname = text.get(start..end)?.chars().next()?;
    let further = text.get(..start)?.chars().next_back();
    let free = further.is_none_or(|sign| !is_han(sign) || NO_NAME.contains(sign));
    (alone && free && SURNAMES.contains(surname)).then_some((start, steps_forward(bytes, start, 1)))
}

fn is_given(sign: char) -> bool {
    (is_han(sign) || matches!(sign, '×' | '＊' | '*')) && !NO_NAME.contains(sign)
}

fn is_han(sign: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&sign)
}

#[cfg(test)]
mod tests {
    use super::super::detector::Detector;
    use super::super::kind::Kind;

    fn names(text: &str) -> Vec<&str> {
        let found = Detector::new(&[Kind::Person]).find(text);
        found.iter().map(|one| text.get(one.start..one.end).unwrap()).collect()
    }

    #[test]
    fn names_stand_behind_roles_and_before_titles() {
        assert_eq!(names("被告人王小明辩称，委托人：欧阳修远。"), ["王小明", "欧阳修远"]);
        assert_eq!(names("法定代表人李静，总经理"), ["李静"]);
        assert_eq!(names("请联系张伟先生或刘女士"), ["张伟", "刘"]);
        assert_eq!(names("被害人陈某某的亲属"), ["陈某某"]);
        assert_eq!(names("被告人张伟犯盗窃罪"), ["张伟"]);
        assert_eq!(names("被上诉人（原审被告）：周丽，甲方（签字）：何静"), ["周丽", "何静"]);
        assert_eq!(names("班主任罗文老师"), ["罗文"]);
    }

    #[test]
    fn roles_alone_are_no_names() {
        for text in ["被告人应当出庭", "原告向法院提出", "申请人的义务", "当事人有权", "委托人和受托人"]
        {
            assert!(names(text).is_empty(), "{text}: {:?}", names(text));
        }
    }
}
