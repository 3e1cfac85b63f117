//! The words around a candidate, which raise or lower confidence.
//!
//! The nearest label before a value in the same clause governs it: `订单号` speaks against a number, a later `电话`
//! overrules it. Words further away only help.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

mod words;

use crate::work;

use words::WORDS;

/// Classes of label words, as bits.
pub(super) mod class {
    pub(in super::super) const PHONE: u32 = 1;
    pub(in super::super) const ID: u32 = 1 << 1;
    pub(in super::super) const CARD: u32 = 1 << 2;
    pub(in super::super) const USCC: u32 = 1 << 3;
    pub(in super::super) const PASSPORT: u32 = 1 << 4;
    pub(in super::super) const PERMIT: u32 = 1 << 5;
    pub(in super::super) const PLATE: u32 = 1 << 6;
    pub(in super::super) const HONG_KONG: u32 = 1 << 7;
    pub(in super::super) const TAIWAN: u32 = 1 << 8;
    pub(in super::super) const QQ: u32 = 1 << 9;
    pub(in super::super) const WECHAT: u32 = 1 << 10;
    pub(in super::super) const BIRTH: u32 = 1 << 11;
    pub(in super::super) const IP: u32 = 1 << 12;
    pub(in super::super) const SSN: u32 = 1 << 13;
    pub(in super::super) const MAC: u32 = 1 << 14;
    pub(in super::super) const EMAIL: u32 = 1 << 15;
    pub(in super::super) const US: u32 = 1 << 16;
    /// Other countries, whose telephone numbers may look like Chinese ones.
    pub(in super::super) const FOREIGN: u32 = 1 << 17;
    /// Numbers of things: orders, parcels, cases, versions.
    pub(in super::super) const THING: u32 = 1 << 20;
    /// Version and release words, which speak against dotted numbers.
    pub(in super::super) const VERSION: u32 = 1 << 21;
}
/// Columns of context before a value: twenty of Han, twice as many of ASCII.
const BEFORE: usize = 40;
/// Characters of context behind a value.
const AFTER: usize = 10;
/// Columns between the label of a thing and a value above which the label no longer governs.
const THING_GAP: usize = 14;

/// Marks that end a clause: a label before one does not govern the value behind it as closely.
const CLAUSE_ENDS: [&str; 8] = ["，", "。", "；", "、", ",", ";", "\n", "|"];

/// What stands between a label and its value, beside ASCII signs.
const CONNECTORS: [&str; 20] = [
    "：", "号", "码", "號", "碼", "是", "为", "為", "于", "＝", "（", "【", "「", "『", "“", "‘", "　", "\u{a0}", "－",
    "—",
];

/// Units that make the number before them an amount.
const UNITS: [&str; 30] = [
    "元",
    "万元",
    "亿",
    "万",
    "人民币",
    "美元",
    "港元",
    "欧元",
    "人次",
    "次",
    "人",
    "个",
    "件",
    "吨",
    "公里",
    "千米",
    "米",
    "公斤",
    "平方",
    "bytes",
    "idle",
    "ticks",
    "packets",
    "sectors",
    "blocks",
    "KiB",
    "KB",
    "%",
    "％",
    "字节",
];

struct Words {
    automaton: AhoCorasick,
    classes: Vec<u32>,
}

static TABLE: LazyLock<Words> = LazyLock::new(|| {
    let pairs = || WORDS.iter().flat_map(|(class, words)| words.iter().map(move |word| (*class, *word)));
    let ends = CLAUSE_ENDS.iter().copied();
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(pairs().map(|(_, word)| word).chain(ends))
        .expect("a short list of words builds");
    Words { automaton, classes: pairs().map(|(class, _)| class).chain(CLAUSE_ENDS.iter().map(|_| 0)).collect() }
});

/// What the words before and after a value say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context {
    /// Classes of the nearest label before the value in the same clause.
    pub(super) label: u32,
    /// Classes of the labels before the value in the same clause.
    pub(super) clause: u32,
    /// Classes of all labels before the value.
    pub(super) near: u32,
    /// Classes of the labels after the value in the same clause.
    pub(super) after: u32,
    /// Columns between the governing label and the value, other than connecting signs.
    gap: usize,
}

impl Context {
    /// Reads the words before `start`.
    pub(super) fn before(text: &str, start: usize) -> Self {
        let bytes = text.as_bytes();
        let from = columns_back(bytes, start, BEFORE);
        let window = &bytes[from..start];
        work::add(window.len());
        let mut context = Self::default();
        let (mut label_end, mut broken) = (0, false);
        for found in TABLE.automaton.find_iter(window) {
            let class = TABLE.classes[found.pattern().as_usize()];
            if class == 0 {
                // A cell or a line may hold the label alone, and the next one its value.
                broken = matches!(window[found.start()], b'|' | b'\n');
                if !broken {
                    (context.label, context.clause) = (0, 0);
                }
            } else if is_word(bytes, from + found.start(), from + found.end()) {
                context.label = class;
                context.clause |= class;
                context.near |= class;
                (label_end, broken) = (found.end(), false);
            }
        }
        context.gap = columns_between(&window[label_end..]);
        if broken && context.gap > 0 {
            context.label = 0;
        }
        context
    }

    /// Adds the words behind `end`.
    pub(super) fn with_after(mut self, text: &str, end: usize) -> Self {
        let bytes = text.as_bytes();
        let to = steps_forward(bytes, end, AFTER);
        self.after = 0;
        work::add(to - end);
        for found in TABLE.automaton.find_iter(&bytes[end..to]) {
            let class = TABLE.classes[found.pattern().as_usize()];
            if class == 0 {
                break;
            }
            if is_word(bytes, end + found.start(), end + found.end()) {
                self.after |= class;
            }
        }
        self
    }

    /// Whether the governing label, or one in brackets right behind, is of one of `classes`.
    pub(super) const fn labelled(self, classes: u32) -> bool {
        self.label & classes != 0
    }

    /// Whether any word around is of one of `classes`.
    pub(super) const fn mentions(self, classes: u32) -> bool {
        (self.near | self.after) & classes != 0
    }

    /// Whether the governing label says that this is the number of a thing.
    pub(super) const fn is_thing(self) -> bool {
        self.label & class::THING != 0 && self.gap <= THING_GAP
    }
}

/// Whether an amount's unit stands right behind `end`.
pub(super) fn has_unit(text: &str, end: usize) -> bool {
    let rest = text.get(end..).expect("a candidate ends at a character boundary").trim_start_matches(' ');
    UNITS.iter().any(|unit| rest.starts_with(unit)) && !rest.starts_with("人民法院") && !rest.starts_with("个人")
}

/// Words of ASCII letters count only between other characters, and not inside a token that masking left.
fn is_word(bytes: &[u8], start: usize, end: usize) -> bool {
    if !bytes[start].is_ascii_alphabetic() {
        return true;
    }
    let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic);
    if letter(start.checked_sub(1)) || (letter(Some(end)) && letter(Some(end - 1))) {
        return false;
    }
    let in_name = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b':');
    // No such token is longer; a text without spaces can be.
    let open = bytes[..start].iter().rev().take(32).find(|byte| {
        work::add(1);
        !in_name(byte)
    });
    open != Some(&b'<')
}

/// The offset at most `columns` before `at`: a character of ASCII is one wide, any other two.
fn columns_back(bytes: &[u8], mut at: usize, columns: usize) -> usize {
    let mut width = 0;
    while at > 0 {
        let before = super::chunk::previous(bytes, at);
        width += if at - before == 1 { 1 } else { 2 };
        if width > columns {
            break;
        }
        at = before;
    }
    at
}

/// The columns of what is not a sign that joins a label to its value.
fn columns_between(gap: &[u8]) -> usize {
    let mut at = 0;
    let mut columns = 0;
    while at < gap.len() {
        let next = steps_forward(gap, at, 1);
        let sign = &gap[at..next];
        columns += match sign {
            [
                b' ' | b':' | b'=' | b'"' | b'\'' | b'(' | b'[' | b'|' | b'\n' | b'\r' | b'\t' | b'-' | b'#' | b'*'
                | b'>',
            ] => 0,
            [_] => 1,
            _ if CONNECTORS.iter().any(|connector| connector.as_bytes() == sign) => 0,
            _ => 2,
        };
        at = next;
    }
    columns
}

/// The offset `count` characters before `at`.
pub(super) fn steps_back(bytes: &[u8], mut at: usize, count: usize) -> usize {
    for _ in 0..count {
        if at == 0 {
            break;
        }
        at = super::chunk::previous(bytes, at);
    }
    at
}

/// The offset `count` characters behind `at`.
pub(super) fn steps_forward(bytes: &[u8], mut at: usize, count: usize) -> usize {
    for _ in 0..count {
        if at >= bytes.len() {
            break;
        }
        at += 1;
        while at < bytes.len() && bytes[at] & 0xC0 == 0x80 {
            at += 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::class::PHONE;
    use super::*;

    fn before(text: &str) -> Context {
        Context::before(text, text.len())
    }

    #[test]
    fn the_nearest_label_of_the_clause_governs() {
        assert!(before("订单号：").is_thing());
        assert!(before("订单号1，电话").labelled(PHONE));
        assert!(!before("订单已发出，").is_thing());
        assert!(before("call me at ").labelled(PHONE));
    }

    #[test]
    fn english_words_count_only_whole() {
        assert_eq!(before("recall ").near, 0);
        assert!(before("user_phone=").labelled(PHONE));
    }

    #[test]
    fn tokens_of_a_masked_text_are_no_context() {
        assert_eq!(before("<cn_mobile> ").near, 0);
        assert_eq!(before("<phone:00aa11bb22cc> ").near, 0);
    }
}
