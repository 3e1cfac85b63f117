use super::{fix, fix_mapped};
use proptest::prelude::*;
use std::borrow::Cow;

/// Made by `scripts/mojibake_cases.py`.
#[test]
fn repairs_what_ftfy_repairs_and_nothing_else() {
    let cases = include_str!("../../tests/fixtures/mojibake_cases.json");
    let cases: Vec<(String, String)> = serde_json::from_str(cases).unwrap();
    let wrong: Vec<_> = cases.iter().filter(|(given, expected)| fix(given) != *expected).collect();
    assert!(wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), cases.len());
}

#[test]
fn clean_text_is_borrowed() {
    for text in ["plain", "你好，世界。恪守“条例”", "été, Müller, «É»", "┌─┬─┐\n├─┼─┤", "Привет"]
    {
        assert!(matches!(fix(text), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn each_line_is_judged_by_itself() {
    assert_eq!(fix("schÃ¶n\nschön\n浣犲ソ\n\nfin"), "schön\nschön\n你好\n\nfin");
}

/// As ftfy 6.3.1 has it, but for the letter that is quoted, which it takes for garbled.
#[test]
fn what_may_be_either_stays_among_other_text() {
    for text in ["Bremer/Mccoy – DrÃ¥ber", "ã¢â‚¬Å“中文", "字母“Â”"] {
        assert!(matches!(fix(text), Cow::Borrowed(_)), "{text} -> {}", fix(text));
    }
    assert_eq!(fix("中文ã‚¦，ã€‚â™€"), "中文ウ，。♀");
}

#[test]
fn control_characters_become_what_windows_has_there() {
    assert_eq!(fix("a\u{93}b\u{94} \u{96} c"), "a“b” – c");
}

/// The byte 0xA0 of UTF-8 became a space that cannot break, and that a plain one.
#[test]
fn a_plain_space_stands_for_the_lost_byte_of_a_character() {
    assert_eq!(fix("ä½ å¥½"), "你好");
    assert_eq!(fix("â€œä½ å¥½â€\u{9d}ï¼Œä»–è¯´ã€‚"), "“你好”，他说。");
    assert_eq!(fix("ç›–ç« ä¹‹æ—¥èµ·"), "盖章之日起");
    for text in ["ä ö ü", "été à £5", "må ½", "ä½ und so"] {
        assert!(matches!(fix(text), Cow::Borrowed(_)), "{text} -> {}", fix(text));
    }
}

/// What Python's codec makes of UTF-8, with a question mark or U+FFFD for each byte that has no pair in GBK.
#[test]
fn bytes_that_gbk_lost_cost_a_character_each() {
    for (garbled, expected) in [
        ("琚�鍛婂簲浜庡垽鍐崇敓鏁堜箣鏃ヨ捣鍗佹棩鍐呮敮浠樿揣娆俱��", "�告应于判决生效之日起十日内支付货款��"),
        ("鐧诲綍澶辫触锛岃�烽噸璇�", "登录失败，�重�"),
        ("鐧诲綍澶辫触锛岃?烽噸璇?", "登录失败，�重�"),
        ("淇濇姢娑堣垂鑰呯殑鍚堟硶鏉冪泭", "保护消费者的合法权益"),
        ("淇濇姢娑堣垂鑰?鍚堟硶鏉冪泭", "保护消费�合法权益"),
        ("浣犲ソ?浣犲ソ", "你好?你好"),
    ] {
        assert_eq!(fix(garbled), expected);
    }
    for text in ["鐧?否?是", "请问�在吗�", "锛?", "涓?鏂?", "他问：去吗?好"] {
        assert!(matches!(fix(text), Cow::Borrowed(_)), "{text} -> {}", fix(text));
    }
}

#[test]
fn halves_of_a_character_are_joined() {
    // U+1F600 in CESU-8, read as Latin-1.
    assert_eq!(fix("\u{ed}\u{a0}\u{bd}\u{ed}\u{b8}\u{80}"), "😀");
}

#[test]
fn offsets_lead_back_to_what_was_garbled() {
    // What is garbled is half as long again as what was meant, line by line.
    let (text, map) = fix_mapped("前schÃ¶n\n浣犲ソ\n尾");
    assert_eq!(text, "前schön\n你好\n尾");
    let source = |piece: &str| {
        let at = text.find(piece).unwrap();
        map.source_range(at..at + piece.len())
    };
    assert_eq!((source("sch"), source("ö"), source("n\n")), (3..6, 6..10, 10..12));
    assert_eq!((source("你好"), source("尾")), (12..21, 22..25));
}

#[test]
fn a_pile_of_lead_bytes_is_taken_down_to_the_ground() {
    let once = fix(&format!("k {}\u{82}\u{8d}k", "Â".repeat(200))).into_owned();
    assert!(matches!(fix(&once), Cow::Borrowed(_)), "{once}");
}

/// Text made of what garbled text is made of.
fn tricky() -> impl Strategy<Value = String> {
    let parts = [
        "Ã", "Â", "â", "€", "™", "œ", "\u{80}", "\u{93}", "\u{a0}", " ", "é", "©", "Ð", "Ñ", "°", "Ÿ", "ð", "˜",
        "\u{fffd}", "?", "浣", "犲", "ソ", "好", "├", "┬", "⌐", "√", "‚", "Ä", "Р", "џ", "С", "Ђ", "Γ", "β", "a", "Z",
        "\n", "，", "ì", "í", "½", "¸",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..12).prop_map(|parts| parts.concat())
}

/// The 3,755 characters of GB 2312's first level, common ones, at random, and marks.
fn common_chinese() -> impl Strategy<Value = String> {
    let bytes: Vec<u8> = (0xB0..=0xD7).flat_map(|row| (0xA1..=0xFE).flat_map(move |cell| [row, cell])).collect();
    let (level, _, _) = encoding_rs::GBK.decode(&bytes[..2 * 3755]);
    let mut letters: Vec<char> = level.chars().collect();
    letters.extend("，。、：；“”《》（）".chars().cycle().take(300));
    prop::collection::vec(prop::sample::select(letters), 0..30).prop_map(String::from_iter)
}

/// Lines of classical poems: two rare characters in a row that GBK writes with the bytes of another letter.
#[test]
fn rare_characters_of_traditional_text_stay() {
    let lines = [
        "何如便與塵寰絕，醉倒莫嫌茅店拙。",
        "廟芝楹疊璧，帝樂字連奎。",
        "庶幾得涓塵，聊以助海嶽。",
        "有匪瞻淇奧，忘機學漢陰。",
        "道在紆宸睠，風行動睿篇。",
        "復此休浣時，閑爲疇昔言。",
        "叩閽無路。",
        "調用鏈碼。",
        "當沒有密鑰時",
    ];
    for line in lines {
        assert!(matches!(fix(line), Cow::Borrowed(_)), "{}", fix(line));
        for phrase in line.split(['，', '。']) {
            assert!(matches!(fix(phrase), Cow::Borrowed(_)), "{}", fix(phrase));
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_repaired_once_and_for_all(text in prop_oneof![any::<String>(), tricky()]) {
        let once = fix(&text).into_owned();
        prop_assert!(matches!(fix(&once), Cow::Borrowed(_)), "{text:?} -> {once:?} -> {:?}", fix(&once));
    }

    #[test]
    fn offsets_are_monotone(text in tricky()) {
        let (out, map) = fix_mapped(&text);
        prop_assert_eq!(&out, &fix(&text));
        let mut last = 0;
        for (at, letter) in out.char_indices() {
            let range = map.source_range(at..at + letter.len_utf8());
            prop_assert!(last <= range.start && text.get(range.clone()).is_some(), "{text:?} {out:?} {range:?}");
            last = range.start;
        }
    }

    #[test]
    fn common_chinese_stays(text in common_chinese()) {
        prop_assert!(matches!(fix(&text), Cow::Borrowed(_)), "{text:?} -> {:?}", fix(&text));
    }
}
