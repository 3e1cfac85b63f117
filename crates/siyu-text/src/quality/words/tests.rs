use super::{Kind, for_each};
use proptest::prelude::*;

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each(text, |word| words.push(word.text.to_owned()));
    words
}

// Expected words: spaCy 3.8, `spacy.blank("en")`.
#[test]
fn english_is_cut_as_by_spacy() {
    let text = "I don't know... it's 3.5%, isn’t (see) a@b.com foo/bar x-ray IL-10 84/100 end.";
    let expected = [
        "I", "do", "n't", "know", "...", "it", "'s", "3.5", "%", ",", "is", "n’t", "(", "see", ")", "a@b.com", "foo",
        "/", "bar", "x", "-", "ray", "IL-10", "84/100", "end", ".",
    ];
    assert_eq!(words(text), expected);
    let text = "Mr. J. Doe (U.S. Co.) pays vol. 2, p. 3 at 5 p.m. Go on.Stop!! See http://a.example/B.C?d=e. ## -- ((";
    let expected = [
        "Mr.",
        "J.",
        "Doe",
        "(",
        "U.S.",
        "Co.",
        ")",
        "pays",
        "vol",
        ".",
        "2",
        ",",
        "p.",
        "3",
        "at",
        "5",
        "p.m.",
        "Go",
        "on",
        ".",
        "Stop",
        "!",
        "!",
        "See",
        "http://a.example/B.C?d=e",
        ".",
        "#",
        "#",
        "--",
        "(",
        "(",
    ];
    assert_eq!(words(text), expected);
}

// Expected words: spaCy 3.8, `spacy.blank("en")`.
#[test]
fn numbers_units_and_hyphens_are_cut_as_by_spacy() {
    for (text, expected) in [
        ("12-15 covid-19 IL-2b 3-year F-16s", "12 - 15 covid-19 IL-2b 3 - year F-16s"),
        ("2024-01-05 i5-8250U a-1-b", "2024 - 01 - 05 i5 - 8250U a-1 - b"),
        ("-foo -5 --bar 6- (-5) (positive-)", "-foo -5 --bar 6- ( -5 ) ( positive- )"),
        ("10K 5kg 4x4m 100mph 3.5km, 4GB v2M 3D", "10 K 5 kg 4x4 m 100 mph 3.5 km , 4 GB v2 M 3D"),
        (".309 .zip @alex ..x", ".309 .zip @alex .. x"),
        ("7am 12pm 13pm 10m)", "7 am 12 pm 13pm 10 m )"),
        ("US$5 C$5 US$", "US$ 5 C$ 5 US$"),
        ("cannot Cannot CANNOT dont Dont went", "can not Can not CANNOT do nt Do nt went"),
    ] {
        assert_eq!(words(text).join(" "), expected);
    }
}

#[test]
fn chinese_is_cut_into_characters_and_quiet_marks() {
    use Kind::{Character, Digits, Mark, Quiet};
    let mut kinds = Vec::new();
    for_each("合同2份，“甲”。★", |word| kinds.push(word.kind));
    assert_eq!(kinds, [Character, Character, Digits, Character, Quiet, Quiet, Character, Quiet, Quiet, Mark]);
}

#[test]
fn plain_marks_are_marks_by_the_tables_of_unicode() {
    for character in ('\0'..=char::MAX).filter(|&character| super::is_plain_mark(character)) {
        let word = character.is_alphanumeric() || super::is_combining_mark(character);
        assert!(!word && !character.is_whitespace(), "{character}");
    }
}

proptest! {
    #[test]
    fn words_hold_all_that_is_no_space(text in r"(\PC|[一-龥，。]{1,4}|\s|[a-z'’.0-9]{1,6}){0,40}") {
        let solid: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        prop_assert_eq!(words(&text).concat(), solid);
        for_each(&text, |word| assert_eq!(word.text.chars().count(), word.chars as usize));
    }
}
