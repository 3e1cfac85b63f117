use std::borrow::Cow;

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::{Form, count_odd, normalize, normalize_mapped};

const FORMS: [Form; 3] = [Form::Nfc, Form::Nfkc, Form::None];

fn nfc(text: &str) -> String {
    normalize(text, Form::Nfc).into_owned()
}

/// Text made of what interacts: letters, marks, jamo, joiners, selectors, tags, pictures, line ends.
fn tricky() -> impl Strategy<Value = String> {
    const PARTS: &[char] = &[
        'a',
        'A',
        'é',
        '\u{301}',
        '\u{338}',
        '=',
        '中',
        '，',
        '１',
        '\u{3000}',
        '\r',
        '\n',
        '\u{A0}',
        '\u{200B}',
        '\u{200C}',
        '\u{200D}',
        '\u{FE0E}',
        '\u{FE0F}',
        '\u{20E3}',
        '❤',
        '👨',
        '👩',
        '🏻',
        '™',
        '\u{1F3F4}',
        '\u{E0067}',
        '\u{E007F}',
        'ক',
        '\u{9CD}',
        '\u{9BE}',
        '\u{9BC}',
        'م',
        '\u{64B}',
        '\u{1100}',
        '\u{1161}',
        '\u{11A8}',
        '가',
        '\u{F900}',
        '\u{1820}',
        '\u{180B}',
        '\u{93C}',
        'क',
        '\u{958}',
        '\u{3099}',
        'か',
        '\u{1F1E8}',
        '\u{1D15F}',
        '\u{FFFD}',
        '\u{3164}',
        '\u{115F}',
        '\u{AD}',
        '⒈',
        '…',
        'ﬁ',
        '\u{34F}',
        ' ',
    ];
    prop::collection::vec(prop::sample::select(PARTS), 0..12).prop_map(|parts| parts.into_iter().collect())
}

proptest! {
    #[test]
    fn is_idempotent_on_any_text(text in prop_oneof![".*", tricky(), (tricky(), "中{20,90}", tricky()).prop_map(|(a, b, c)| a + &b + &c)]) {
        for form in FORMS {
            let once = normalize(&text, form).into_owned();
            prop_assert!(matches!(normalize(&once, form), Cow::Borrowed(_)), "{form:?} {text:?} -> {once:?} -> {:?}", normalize(&once, form));
        }
    }

    #[test]
    fn equals_the_standards_normal_form_but_for_what_is_removed(text in "[\\PC&&[^\\p{Cn}\\p{Z}\\p{Co}\u{34F}\u{3164}\u{FFA0}\u{17B4}\u{17B5}\\p{Variation_Selector}]]{0,30}") {
        prop_assert_eq!(normalize(&text, Form::Nfc), text.nfc().collect::<String>());
        prop_assert_eq!(normalize(&text, Form::Nfkc), text.nfkc().collect::<String>().nfkc().collect::<String>());
    }

    #[test]
    fn offsets_lead_back_to_the_same_characters(text in tricky()) {
        for form in FORMS {
            let (out, map) = normalize_mapped(&text, form);
            prop_assert_eq!(&out, &normalize(&text, form));
            let mut last = 0;
            for (at, character) in out.char_indices() {
                let range = map.source_range(at..at + character.len_utf8());
                prop_assert!(last <= range.start && range.end <= text.len(), "{text:?} {out:?} {range:?}");
                last = range.start;
            }
            prop_assert_eq!(map.source_range(0..out.len()).end <= text.len(), true);
        }
    }
}

#[test]
fn line_ends_become_line_feeds() {
    assert_eq!(nfc("a\r\nb\rc\u{2028}d\u{2029}e\u{85}f\u{b}g\u{c}h\r"), "a\nb\nc\nd\ne\nf\ng\nh\n");
}

#[test]
fn invisible_and_control_characters_go() {
    assert_eq!(nfc("\u{FEFF}私\u{200B}语\u{AD}\u{200E}\u{202E}\u{2066}\0\u{1B}\u{7F}\u{90}\u{2060}x"), "私语x");
    assert_eq!(nfc("a\tb\nc"), "a\tb\nc");
}

#[test]
fn removal_lets_the_marks_behind_it_compose() {
    assert_eq!(nfc("e\u{200B}\u{301}"), "é");
    assert_eq!(nfc("中\u{200D}文\u{FE0F}"), "中文");
}

#[test]
fn spaces_of_other_widths_become_a_space_but_the_full_width_one_stays() {
    assert_eq!(nfc("a\u{A0}b\u{2009}c\u{202F}d\u{3000}e"), "a b c d\u{3000}e");
    assert_eq!(normalize("甲\u{3000}乙", Form::Nfkc), "甲 乙");
}

#[test]
fn emoji_sequences_stay_whole() {
    for emoji in ["👨‍👩‍👧", "❤️", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏳️‍🌈", "🏃🏻‍♀️", "✔︎"]
    {
        assert!(matches!(normalize(emoji, Form::Nfc), Cow::Borrowed(_)), "{emoji}");
    }
    assert_eq!(nfc("1\u{FE0F}号 \u{E0067}a"), "1号 a");
}

#[test]
fn joiners_stay_where_a_script_needs_them() {
    for word in ["می‌خواهم", "ক্‌ষ", "ශ්‍රී", "র‍্যাব"] {
        assert_eq!(nfc(word), word);
    }
    assert_eq!(nfc("a\u{200C}b می\u{200C} ب"), "ab می ب");
}

#[test]
fn compatibility_forms_change_in_nfkc_only() {
    assert_eq!(normalize("１２，ﬁ①㈱ｶﾞ", Form::Nfkc), "12,fi1(株)ガ");
    assert_eq!(nfc("１２，ﬁ①㈱ｶﾞ"), "１２，ﬁ①㈱ｶﾞ");
}

#[test]
fn a_long_clean_text_is_borrowed() {
    let text = "第一条 为了规范口岸开放，提高通关效率（以下简称“条例”），制定本条例。\n".repeat(50);
    for form in [Form::Nfc, Form::None] {
        assert!(matches!(normalize(&text, form), Cow::Borrowed(_)));
    }
}

#[test]
fn lost_characters_are_counted_and_kept() {
    let text = "锟\u{FFFD}斤\u{E003}拷，。\u{10FFFF}\u{FFFE}💬";
    assert_eq!((count_odd(text), nfc(text).as_str()), (4, text));
}

#[test]
fn a_joiner_behind_a_space_is_judged_the_same_twice() {
    for tail in ["", "中", "中中中中中中中中中中中中中中中中中中中中"] {
        let text = format!("ᠠ\u{a0}\u{9cd}\u{200c}{tail}");
        for form in FORMS {
            let once = normalize(&text, form).into_owned();
            assert_eq!(normalize(&once, form), once.as_str(), "{form:?} {text:?}");
            assert!(matches!(normalize(&once, form), Cow::Borrowed(_)), "{form:?} {text:?} {once:?}");
        }
    }
}
