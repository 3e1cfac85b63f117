use encoding_rs::{BIG5, WINDOWS_1252};

use super::*;
use proptest::prelude::*;

const STATUTE: &str = "第一条 为了保护民事主体的合法权益，调整民事关系，维护社会和经济秩序，制定本法。";
const TRADITIONAL: &str = "第一條 為了保護民事主體的合法權益，調整民事關係，維護社會和經濟秩序，制定本法。";

fn encoded(text: &str, label: &str) -> Vec<u8> {
    match label {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => named(label).unwrap().encode(text).0.into_owned(),
    }
}

fn guessed(text: &str, label: &str) -> &'static str {
    detect(&encoded(text, label), true, false).encoding.name()
}

#[test]
fn chinese_is_told_apart_in_every_encoding_it_comes_in() {
    for label in ["gb18030", "utf-16le", "utf-16be", "utf-8"] {
        assert_eq!(guessed(STATUTE, label).to_lowercase(), label);
    }
    assert_eq!(guessed(TRADITIONAL, "big5"), "Big5");
}

#[test]
fn other_languages_are_not_taken_for_chinese() {
    let japanese = "吾輩は猫である。名前はまだ無い。どこで生れたか頓と見当がつかぬ。";
    assert_eq!(guessed(japanese, "euc-jp"), "EUC-JP");
    assert_eq!(guessed(japanese, "shift_jis"), "Shift_JIS");
    assert_eq!(guessed(japanese, "iso-2022-jp"), "ISO-2022-JP");
    assert_eq!(guessed("모든 국민은 법 앞에 평등하다. 누구든지 차별을 받지 아니한다.", "euc-kr"), "EUC-KR");
    assert_eq!(guessed("Все люди рождаются свободными и равными в своём достоинстве.", "windows-1251"), "windows-1251");
    let french = "Tous les êtres humains naissent libres et égaux en dignité et en droits.";
    assert_eq!(guessed(french, "windows-1252"), "windows-1252");
}

#[test]
fn a_sample_cut_inside_a_character_is_still_valid() {
    let bytes = STATUTE.as_bytes().split_at(4).0;
    assert_eq!(detect(bytes, false, false).evidence, Evidence::Valid);
    let gb18030 = encoded(STATUTE, "gb18030");
    assert_eq!(detect(gb18030.split_at(11).0, false, false).encoding, GB18030);
}

#[test]
fn a_byte_order_mark_wins_and_is_removed() {
    for (mark, label) in [(&b"\xEF\xBB\xBF"[..], "utf-8"), (b"\xFF\xFE", "utf-16le"), (b"\xFE\xFF", "utf-16be")] {
        let bytes = [mark, &encoded("<meta charset=gbk>法", label)].concat();
        let found = detect(&bytes, true, true);
        assert_eq!((found.evidence, found.bom_bytes), (Evidence::ByteOrderMark, mark.len()));
        assert_eq!(decode(&bytes, found.encoding), (Cow::Borrowed("<meta charset=gbk>法"), 0));
    }
}

#[test]
fn a_declaration_is_believed_until_the_bytes_contradict_it() {
    let page = |label: &str, body: Vec<u8>| [format!("<meta charset={label}><p>").into_bytes(), body].concat();
    for (declared, actual, text, answer) in [
        ("gb2312", "gb18030", STATUTE, GB18030),
        ("big5", "big5", TRADITIONAL, BIG5),
        ("gb2312", "utf-8", STATUTE, UTF_8),
        ("utf-8", "gb18030", STATUTE, GB18030),
        ("iso-8859-1", "gb18030", STATUTE, GB18030),
        ("gbk", "big5", TRADITIONAL, BIG5),
        ("big5", "gb18030", STATUTE, GB18030),
        ("windows-1252", "windows-1252", "déjà vu", WINDOWS_1252),
    ] {
        let found = detect(&page(declared, encoded(text, actual)), true, true);
        assert_eq!(found.encoding, answer, "{declared} for {actual}");
    }
}

#[test]
fn an_xml_declaration_counts_as_one() {
    let found = detect(b"<?xml version='1.0' encoding='EUC-JP'?><a/>", true, true);
    assert_eq!((found.encoding.name(), found.evidence), ("EUC-JP", Evidence::Declared));
}

#[test]
fn one_damaged_character_does_not_change_the_encoding() {
    for label in ["utf-8", "gb18030"] {
        let mut bytes = encoded(&STATUTE.repeat(3), label);
        bytes.insert(30, 0xFF);
        let found = detect(&bytes, true, false).encoding;
        let (text, malformed) = decode(&bytes, found);
        assert!(text.ends_with("制定本法。") && malformed <= 3, "{label}: {text}");
    }
}

#[test]
fn ascii_is_utf_8_even_with_stray_control_characters() {
    for bytes in [&b""[..], b"plain", b"a\x08b\x0bc plain text with stray controls", b"\x1b[31mred\x1b[0m"] {
        assert_eq!(detect(bytes, true, true).encoding, UTF_8);
    }
    assert_eq!(guessed("plain", "utf-16le"), "UTF-16LE");
}

#[test]
fn malformed_sequences_are_counted() {
    assert_eq!(decode(b"a\xFFb\xE4\xB8", UTF_8), (Cow::Borrowed("a\u{FFFD}b\u{FFFD}"), 2));
}

#[test]
fn an_unknown_label_is_refused_by_name() {
    assert_eq!(named("GB2312"), Ok(GB18030));
    assert!(named("utf-9").unwrap_err().to_string().starts_with("`utf-9` is not a WHATWG encoding label"));
}

/// Cases whose answer is the browser's default tell nothing about a declaration: they must find none.
#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn declarations_are_found_as_html5lib_tests_expect() {
    let Some(root) = std::env::var_os("SIYU_SHARED_DATA").map(std::path::PathBuf::from) else {
        eprintln!("skipped: set SIYU_SHARED_DATA to the folder that holds small/html/html5lib-tests");
        return;
    };
    let root = root.join("small/html/html5lib-tests");
    let mut wrong = Vec::new();
    for file in ["tests1.dat", "tests2.dat", "test-yahoo-jp.dat"] {
        let cases = std::fs::read(root.join("encoding").join(file)).unwrap();
        let cases = String::from_utf8(cases).unwrap();
        for case in cases.split("#data\n").skip(1) {
            let (input, label) = case.split_once("\n#encoding\n").unwrap();
            let expected = named(label.trim()).unwrap();
            let (found, mark) = (prescan::declaration(input.as_bytes()), input.starts_with('\u{FEFF}'));
            let found = if mark { Some(UTF_8) } else { found };
            if found.unwrap_or(WINDOWS_1252) != expected {
                wrong.push(format!("{input}\n=> {} not {}", found.map_or("none", Encoding::name), expected.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

proptest! {
    #[test]
    fn any_bytes_decode_without_panic(bytes: Vec<u8>, whole: bool) {
        let found = detect(&bytes, whole, true);
        decode(&bytes, found.encoding);
    }

    #[test]
    fn any_tags_are_scanned_without_panic(bytes in "[<>!/?a-c='\" -]{0,60}(<meta charset=|<meta content=)?[<>!/?a-c='\" -]{0,20}") {
        prescan::declaration(bytes.as_bytes());
    }
}
