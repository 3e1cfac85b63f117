//! The words around a candidate, which raise or lower confidence.
//!
//! The nearest label before a value in the same clause governs it: `订单号` speaks against a number, a later `电话`
//! overrules it. Words further away only help.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

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
    /// Numbers of things: orders, parcels, cases, versions.
    pub(in super::super) const THING: u32 = 1 << 20;
    /// Version and release words, which speak against dotted numbers.
    pub(in super::super) const VERSION: u32 = 1 << 21;
}
use class::{
    BIRTH, CARD, EMAIL, HONG_KONG, ID, IP, MAC, PASSPORT, PERMIT, PHONE, PLATE, QQ, SSN, TAIWAN, THING, US, USCC,
    VERSION, WECHAT,
};

/// Characters of context before and after a value.
const BEFORE: usize = 20;
const AFTER: usize = 10;

/// A label may end in `号`, `号码` or `no.`, so only stems are listed.
const WORDS: &[(u32, &[&str])] = &[
    (
        PHONE,
        &[
            "电话",
            "手机",
            "联系方式",
            "联系号码",
            "联系人",
            "机号",
            "致电",
            "拨打",
            "来电",
            "呼叫",
            "热线",
            "传真",
            "座机",
            "固话",
            "短信",
            "通话",
            "聯絡電話",
            "電話",
            "手機",
            "联络",
            "whatsapp",
            "tel",
            "tel.",
            "phone",
            "phones",
            "telephone",
            "mobile",
            "cell",
            "cellphone",
            "call",
            "calling",
            "called",
            "contact",
            "fax",
            "hotline",
            "sms",
            "reach me",
            "text me",
            "ring",
        ],
    ),
    (
        ID,
        &[
            "身份证",
            "身份證",
            "身分證",
            "公民身份",
            "身份号码",
            "证件",
            "證件",
            "居民证",
            "居住证",
            "身份",
            "identity",
            "id card",
            "id no",
            "id number",
            "identification",
            "national id",
            "idcard",
            "id_card",
            "hkid",
        ],
    ),
    (
        CARD,
        &[
            "卡号",
            "银行卡",
            "信用卡",
            "储蓄卡",
            "借记卡",
            "工资卡",
            "账号",
            "帐号",
            "账户",
            "帐户",
            "賬號",
            "賬戶",
            "卡號",
            "收款",
            "汇款",
            "转账",
            "打款",
            "开户",
            "刷卡",
            "card",
            "credit",
            "debit",
            "visa",
            "mastercard",
            "amex",
            "american express",
            "discover",
            "maestro",
            "diners",
            "jcb",
            "bank account",
            "account no",
            "account number",
            "账戶",
        ],
    ),
    (USCC, &["信用代码", "税号", "纳税人识别号", "组织机构", "营业执照", "uscc"]),
    (PASSPORT, &["护照", "護照", "passport", "passports"]),
    (
        PERMIT,
        &[
            "通行证",
            "通行證",
            "回乡证",
            "回鄉證",
            "台胞证",
            "臺胞證",
            "台胞證",
            "港澳证",
            "往来港澳",
            "往来台湾",
            "往来内地",
            "来往内地",
            "往来大陆",
            "travel permit",
            "home return permit",
        ],
    ),
    (PLATE, &["车牌", "号牌", "牌照", "車牌", "车辆", "轿车", "驾驶", "车号", "plate", "license plate"]),
    (HONG_KONG, &["香港", "hong kong", "hkid"]),
    (TAIWAN, &["台湾", "台灣", "臺灣", "臺湾", "taiwan"]),
    (QQ, &["qq", "qq号", "qq号码", "qq群", "扣扣", "企鹅号", "q号", "加q"]),
    (WECHAT, &["微信", "wechat", "weixin", "vx", "薇信", "威信"]),
    (
        BIRTH,
        &[
            "出生",
            "生日",
            "生于",
            "誕生",
            "诞辰",
            "born",
            "birth",
            "birthday",
            "birthdate",
            "dob",
            "d.o.b",
            "date of birth",
        ],
    ),
    (
        IP,
        &[
            "ip",
            "ipv4",
            "ipv6",
            "ip地址",
            "地址",
            "服务器",
            "主机",
            "网关",
            "子网",
            "内网",
            "host",
            "server",
            "address",
            "addr",
            "ping",
            "ssh",
            "subnet",
            "gateway",
            "dns",
            "listen",
            "connect",
            "route",
            "src",
            "dst",
            "unspecified",
            "bind",
            "network",
            "telnet",
            "localhost",
            "inet",
            "nameserver",
            "登录",
            "访问",
            "curl",
            "proxy",
        ],
    ),
    (SSN, &["ssn", "ssns", "social security", "社会安全", "社安号", "itin", "social"]),
    (MAC, &["mac", "网卡", "物理地址", "hardware address", "ethernet", "hwaddr"]),
    (EMAIL, &["邮箱", "邮件", "电邮", "email", "e-mail", "mail", "郵箱", "邮址"]),
    (US, &["美国", "美國", "u.s.", "american", "united states", "usa"]),
    (
        THING,
        &[
            "订单",
            "訂單",
            "单号",
            "单据",
            "流水",
            "编号",
            "序列号",
            "序号",
            "货号",
            "批号",
            "运单",
            "快递",
            "物流",
            "包裹",
            "条码",
            "条形码",
            "合同",
            "凭证",
            "票号",
            "发票",
            "车次",
            "交易号",
            "交易",
            "商户",
            "案号",
            "文号",
            "档案",
            "备案",
            "批准",
            "注册号",
            "登记号",
            "型号",
            "产品",
            "时间戳",
            "校验",
            "哈希",
            "阅读",
            "浏览",
            "播放",
            "访问量",
            "缺陷",
            "工单",
            "任务",
            "商品",
            "设备号",
            "设备",
            "钢号",
            "牌号",
            "标准",
            "许可证",
            "准字",
            "证书",
            "专利",
            "申请号",
            "资产",
            "库存",
            "模型",
            "题号",
            "代号",
            "端口",
            "进程",
            "行号",
            "字节",
            "样本",
            "期号",
            "书号",
            "刊号",
            "统计",
            "人口",
            "总数",
            "总计",
            "共计",
            "金额",
            "合计",
            "价格",
            "单价",
            "余额",
            "营收",
            "总额",
            "数量",
            "面积",
            "圆周率",
            "随机数",
            "種子",
            "种子",
            "order",
            "orders",
            "tracking",
            "serial",
            "invoice",
            "sku",
            "isbn",
            "issn",
            "doi",
            "uuid",
            "guid",
            "timestamp",
            "commit",
            "hash",
            "build",
            "pid",
            "bug",
            "issue",
            "ticket",
            "part no",
            "part number",
            "model",
            "case no",
            "case number",
            "patent",
            "receipt",
            "ref",
            "reference",
            "transaction",
            "barcode",
            "ean",
            "upc",
            "imei",
            "seed",
            "checksum",
            "port",
            "size",
            "bytes",
            "page",
            "pages",
            "lot",
            "batch",
            "oid",
            "epoch",
            "amount",
            "total",
            "price",
            "inode",
            "shipment",
            "parcel",
            "waybill",
            "product",
            "item",
            "revision",
            "cve",
            "rfc",
        ],
    ),
    (
        VERSION,
        &[
            "版本", "版", "version", "versions", "ver", "ver.", "release", "v", "rev", "firmware", "固件", "内核",
            "kernel", "driver", "驱动", "升级", "更新", "章", "节", "section", "chapter", "clause", "条款", "条",
        ],
    ),
];

/// Marks that end a clause: a label before one does not govern the value behind it as closely.
const CLAUSE_ENDS: [&str; 8] = ["，", "。", "；", "、", ",", ";", "\n", "|"];

/// Units that make the number before them an amount.
const UNITS: [&str; 22] = [
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
    /// Classes of all labels before the value.
    pub(super) near: u32,
    /// Classes of the labels after the value in the same clause.
    pub(super) after: u32,
}

impl Context {
    /// Reads the words before `start`.
    pub(super) fn before(text: &str, start: usize) -> Self {
        let bytes = text.as_bytes();
        let from = steps_back(bytes, start, BEFORE);
        let window = &bytes[from..start];
        let mut context = Self::default();
        for found in TABLE.automaton.find_iter(window) {
            let class = TABLE.classes[found.pattern().as_usize()];
            if class == 0 {
                context.label = 0;
            } else if is_word(bytes, from + found.start(), from + found.end()) {
                context.label = class;
                context.near |= class;
            }
        }
        context
    }

    /// Adds the words behind `end`.
    pub(super) fn with_after(mut self, text: &str, end: usize) -> Self {
        let bytes = text.as_bytes();
        let to = steps_forward(bytes, end, AFTER);
        self.after = 0;
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
        self.label & class::THING != 0
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
    let in_name = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_' || byte.is_ascii_digit();
    let open = bytes[..start].iter().rposition(|byte| !in_name(byte)).map(|at| bytes[at]);
    open != Some(b'<')
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
