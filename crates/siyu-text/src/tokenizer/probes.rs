//! Texts on which the fast engine must agree with the exact one before it is trusted with a tokenizer.

/// What tokenizers differ on: runs of white space, letter and digit borders, contractions, combining characters,
/// widths, scripts, emoji sequences, code, long words, and the text around added tokens.
const PROBES: &[&str] = &[
    "",
    " ",
    "  ",
    "\n",
    "\r\n\r\n",
    "\t\t x \t",
    " leading and trailing ",
    "第一条  为了保护民事主体的合法权益,调整民事关系,维护社会和经济秩序,根据宪法,制定本法。",
    "中华人民共和国最高人民法院关于适用《中华人民共和国民法典》时间效力的若干规定(法释〔2020〕15号)",
    "第一章\u{3000}总则\n\u{3000}\u{3000}第一条\u{3000}本条例自2024年1月1日起施行。\n\n",
    "龘靐齉爩𠮷𪚥㐀䶵々〇",
    "繁體中文與標點符號,「引號」、『書名』——省略……",
    "ABC１２３，。！？“”‘’（）【】《》",
    "今天天气不错 let's go to the 公园,it's 25℃,价格¥1,234.56元(约$170.99)。",
    "The quick brown fox doesn't JUMP over the lazy dog's back; we'll see, they've I'M You'Re HE'S.",
    "don’t can’t naïve café cafe\u{301} e\u{301}\u{323} ﬁ ﬃ Å Å ½ ² ①",
    "0 12 123 1234 12345 1234567890 3.14159 1,000,000 0x1F 1e-9 １２３４５",
    "fn main() {\n    let x: Vec<u8> = vec![0; 16];\n\tprintln!(\"{:?}\", x);\n}\n",
    "def f(a, b=None):\r\n    return a  if b is None else  a+b   # comment\r\n\r\n\r\n",
    "<p class=\"a\">&nbsp;https://example.com/a/b?c=d&e=%20f#g</p>\n```rust\n//// ====\n```",
    "a\u{a0}b\u{2003}c\u{200b}d\u{feff}e\u{2028}f\u{85}g\u{b}h\u{c}i",
    "👍👍🏽👨‍👩‍👧‍👦🇨🇳❤️ emoji🙂text😀中文🎉",
    "مرحبا بالعالم שלום עולם Привет, мир! Γειά σου 안녕하세요 ひらがなカタカナ漢字 ภาษาไทย हिन्दी",
    "각 각 か\u{3099} が ｶﾞ Ω Ω ﷺ ㍿ ㈱",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈",
    "----------------====////////****####........,,,,,,!!!!!!??????",
    "word                                                                   word\n\n\n\n\n\n\n\n\nword",
    "\u{0}\u{1}\u{7f}\u{80}\u{fffd}\u{e000}\u{10ffff}",
    "▁ ▁▁a Ġ Ċ <0x0A> <unk> </s> <s> [CLS] [UNK] ##ing @@",
    "CamelCaseHTTPServer snake_case_name kebab-case UPPER lower Title x1y2z3 2nd 第3个",
    " 中 文 a b 1 2 , , ",
];

/// The probes, and each added token in the middle of text.
pub(super) fn texts<'a>(added: impl Iterator<Item = &'a str>) -> Vec<String> {
    let around = added.map(|token| format!("前{token}后 {token} end{token}{token}\n{token}  x"));
    PROBES.iter().map(|probe| (*probe).to_owned()).chain(around).collect()
}
