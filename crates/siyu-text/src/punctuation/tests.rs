use super::{Style, context, normalize, normalize_mapped, protect, round, widen};
use crate::unicode::offsets::Writer;
use proptest::prelude::*;
use std::borrow::Cow;

const STYLES: [Style; 3] = [Style::Alphanumeric, Style::Halfwidth, Style::Fullwidth];

fn check(style: Style, cases: &[(&str, &str)]) {
    for (given, expected) in cases {
        assert_eq!(normalize(given, style), *expected, "{style:?} of {given}");
    }
}

#[test]
fn digits_become_digits_and_chinese_punctuation_stays() {
    check(
        Style::Alphanumeric,
        &[
            ("第１２条　Ａｂ，《法》「甲」。", "第12条 Ab，《法》「甲」。"),
            ("价格１，０００．５元", "价格1,000.5元"),
            ("１２：３０开会，比分３：２，增长１０％", "12:30开会，比分3:2，增长10%"),
            ("１，２，３和１２３，４５", "1，2，3和123，45"),
            ("２０２４－０１－０５至２０２４／０２／０１", "2024-01-05至2024/02/01"),
            ("１．总则，Ｖ１．２．３", "1．总则，V1.2.3"),
        ],
    );
}

#[test]
fn halfwidth_takes_all_that_ascii_has() {
    check(
        Style::Halfwidth,
        &[
            ("（甲），１：２；“乙”。", "(甲),1:2;\"乙\"."),
            ("《法》「甲」【乙】、丙……丁——戊", "<法>\"甲\"[乙],丙......丁--戊"),
        ],
    );
}

/// The marks and their places: GB/T 15834-2011, sections 4 and 5.
#[test]
fn marks_among_chinese_become_chinese() {
    check(
        Style::Fullwidth,
        &[
            ("你好,世界", "你好，世界"),
            ("他说:\"你好.\"", "他说：“你好。”"),
            ("你好, 世界! 好吗?", "你好，世界！好吗？"),
            ("中国(北京)和 (上海) 等...", "中国（北京）和（上海）等……"),
            ("这--就是--答案;对", "这——就是——答案；对"),
            ("他用'苹果'和\"OK\"", "他用‘苹果’和“OK”"),
            ("（以下简称\"条例\")。", "（以下简称“条例”）。"),
            ("...中", "……中"),
            ("(中)", "（中）"),
            ("汉: :字", "汉： ：字"),
            ("我用的是 Python.", "我用的是 Python。"),
            ("使用Python,很好", "使用Python，很好"),
            ("**注意**:请看[文档](https://a.b/c,d),谢谢.", "**注意**：请看[文档](https://a.b/c,d)，谢谢。"),
            ("请访问https://a.b/c?x=1,2,谢谢", "请访问https://a.b/c?x=1,2，谢谢"),
            ("运行`ls -l,a`,然后", "运行`ls -l,a`，然后"),
            (
                "# 一,二\n\n- 三,四\n\n| 名:值 | 甲, |\n|:--|:-:|",
                "# 一，二\n\n- 三，四\n\n| 名：值 | 甲， |\n|:--|:-:|",
            ),
        ],
    );
}

#[test]
fn what_is_no_chinese_prose_stays() {
    let texts = [
        "共1,000元，12:30，3.14，1:2，10%，2024-01-05，5-10",
        "e.g. \"hello, world.\" It's fine.",
        "见 v1.2.3 和 报告.docx，C:\\用户\\a.txt",
        "1. 总则\n2. 分则\nA. 选项",
        "公式$f(x,y)=1$与\\(a,b\\)，`甲,乙`",
        "```\n甲,乙:丙\n```",
        "You can say 你好, which means hello.",
        "<a href=\"甲,乙\" title='丙'>丁</a>",
        "![图](a.png \"题\")",
        "{\"名\": \"甲,乙\", \"值\": 1}",
        "函数f(x)，main()，don't",
        "北京 std::vector 好 :smile: 好",
        "再来看，. 目录和 .. 目录",
    ];
    for text in texts {
        assert!(
            matches!(normalize(text, Style::Fullwidth), Cow::Borrowed(_)),
            "{text} -> {}",
            normalize(text, Style::Fullwidth)
        );
    }
}

#[test]
fn offsets_lead_back_through_all_rounds() {
    let (text, map) = normalize_mapped("价１：２,好, \"是\"", Style::Fullwidth);
    assert_eq!(text, "价1:2，好，“是”");
    let at = text.find('是').unwrap();
    assert_eq!(map.source_range(at..at + 3), 19..22);
    assert_eq!(map.source_range(3..6), 3..12);
}

/// As many cases as the environment asks for, and no fewer than these.
fn at_least(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(cases), ..config }
}

/// Text made of what interacts.
fn tricky() -> impl Strategy<Value = String> {
    let parts: Vec<&str> = "中¦文¦a¦B1¦1¦１¦２¦，¦．¦：¦,¦.¦:¦;¦?¦!¦(¦)¦（¦）¦\"¦'¦“¦”¦`¦``¦```¦\n¦\n\n¦ ¦　¦$¦＄¦｀¦\\¦＼¦<b>¦＜¦</code>¦<code>¦https://a.b¦x@y.cn¦[¦](¦]:¦{\"¦\"}¦...¦…¦--¦—¦~¦|¦*¦=¦&lt;¦％¦－¦。¦、¦《¦》¦%¦é¦💬"
        .split('¦')
        .collect();
    prop::collection::vec(prop::sample::select(parts), 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(at_least(2000))]

    #[test]
    fn normalizing_twice_changes_nothing_more(text in prop_oneof![any::<String>(), tricky()]) {
        for style in STYLES {
            let once = normalize(&text, style).into_owned();
            prop_assert!(matches!(normalize(&once, style), Cow::Borrowed(_)), "{style:?} {text:?} {once:?}");
        }
    }

    #[test]
    fn offsets_are_monotone(text in tricky()) {
        for style in STYLES {
            let (out, map) = normalize_mapped(&text, style);
            prop_assert_eq!(&out, &normalize(&text, style));
            let mut last = 0;
            for (at, letter) in out.char_indices() {
                let range = map.source_range(at..at + letter.len_utf8());
                prop_assert!(last <= range.start && range.end <= text.len(), "{text:?} {out:?} {range:?}");
                last = range.start;
            }
        }
    }

}

/// One round in full width that looks at every line.
fn widened(text: &str) -> Option<String> {
    let mut writer = Writer::new(text, ());
    let lines = text.split_inclusive('\n').scan(0, |start, line| {
        *start += line.len();
        Some(*start - line.len()..*start)
    });
    let lines = lines.filter(|line| text.get(line.clone()).unwrap().chars().any(context::is_han)).collect();
    widen::widen(text, &protect::spans(text, None), lines, &mut writer);
    writer.changed().map(|changed| changed.0)
}

proptest! {
    #![proptest_config(at_least(2000))]

    #[test]
    fn marks_that_are_passed_over_would_not_change(text in prop_oneof![tricky(), "([一-三]{1,2}|[a-c1 ]{1,3}|[!-/:-@\\[-`{-~]{1,2}|https://|[，。]|\n){0,20}"]) {
        let text = normalize(&text, Style::Alphanumeric);
        prop_assert_eq!(round::<()>(&text, Style::Fullwidth, &[]).map(|changed| changed.0), widened(&text), "{:?}", text);
    }
}

proptest! {
    #[test]
    fn protected_text_stays_among_chinese(object in prop::sample::select(vec![
        "https://a.b/c?x=1,2&y=(3)", "a.b@c.org", "`x, y`", "1,000", "3.14", "12:30", "1:2", "v1.2.3", "$f(a, b)$", "2024-01-05", "data.tar.gz",
        "don't", "<br/>", "std::io", "10%", "1-2",
    ]), before in "[一-龥]{0,3}", after in "[一-龥]{0,3}") {
        let text = format!("{before}{object}{after},中");
        for style in [Style::Alphanumeric, Style::Fullwidth] {
            let out = normalize(&text, style);
            prop_assert!(out.contains(object), "{out}");
        }
    }

    #[test]
    fn letters_and_digits_never_change_but_in_width(text in tricky()) {
        let read = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).map(|letter| match letter {
            '１' => '1',
            '２' => '2',
            other => other,
        }).collect::<String>();
        for style in STYLES {
            prop_assert_eq!(read(&normalize(&text, style)), read(&text));
        }
    }

    #[test]
    fn text_without_chinese_keeps_its_ascii(text in "[ -~\n]{0,60}") {
        for style in STYLES {
            prop_assert!(matches!(normalize(&text, style), Cow::Borrowed(_)));
        }
    }
}
