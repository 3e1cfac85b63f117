//! Words for counting: runs of letters and digits, single marks, and characters of scripts without spaces.

mod cuts;

use super::sentences;
use unicode_normalization::char::is_combining_mark;

/// Parts of which a word between spaces has this many.
pub(super) const WHOLE: u32 = 8;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, maybe with digits among them.
    Letters,
    /// Digits without a letter.
    Digits,
    /// One character of a script that is written without spaces.
    Character,
    /// A punctuation mark or symbol, or a run of the same one.
    Mark,
    /// A punctuation mark of Chinese text, which is no word of its own; what English shares with it is one beside Han.
    Quiet,
}

/// A word, a character that stands for a part of one, or a mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) kind: Kind,
    /// Characters of the text.
    pub(super) chars: u32,
    /// Eighths of a word that it counts for.
    pub(super) parts: u32,
    /// Letters that it counts for.
    pub(super) letters: u32,
}

/// Whether a character is written by Chinese, Japanese or Korean as a Han character.
pub fn is_han(character: char) -> bool {
    matches!(u32::from(character), 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF)
        || matches!(character, '々' | '〇')
}

/// Whether a character is Han or kana.
pub(super) fn is_cjk(character: char) -> bool {
    character >= '\u{3005}'
        && (is_han(character)
            || matches!(character, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '\u{31F0}'..='\u{31FF}' | 'ｦ'..='ﾝ'))
}

/// Whether a character belongs to a script of South-East Asia that puts no space between words.
fn is_south_east_asian(character: char) -> bool {
    matches!(u32::from(character), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF)
}

/// Whether a character belongs to a script without spaces.
pub(super) fn is_unspaced(character: char) -> bool {
    is_cjk(character) || is_south_east_asian(character)
}

/// Whether a mark is one of Chinese typography.
pub(super) fn is_wide(character: char) -> bool {
    matches!(u32::from(character), 0x2010..=0x201F | 0x2026 | 0x3000..=0x303F | 0xFF01..=0xFF65 | 0xB7)
}

/// Whether a mark is one of Chinese typography and of no other.
fn is_full(character: char) -> bool {
    matches!(u32::from(character), 0x3000..=0x303F | 0xFF01..=0xFF65)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Letter,
    Digit,
    /// May hold a word together, by what stands around it.
    Joint,
    Cjk,
    SouthEastAsian,
    Mark,
}

fn class(character: char) -> Class {
    match character {
        'a'..='z' | 'A'..='Z' => Class::Letter,
        '0'..='9' => Class::Digit,
        '\'' | '.' | ',' | '_' | '@' | '&' | '-' | '/' | ':' | '\u{2019}' => Class::Joint,
        _ if character.is_ascii() => {
            if character.is_ascii_whitespace() || character == '\u{b}' {
                Class::Space
            } else {
                Class::Mark
            }
        }
        _ if is_cjk(character) => Class::Cjk,
        _ if is_plain_mark(character) => Class::Mark,
        _ if is_south_east_asian(character) => Class::SouthEastAsian,
        _ if character.is_alphabetic() || is_combining_mark(character) => Class::Letter,
        _ if character.is_numeric() => Class::Digit,
        _ if character.is_whitespace() => Class::Space,
        _ => Class::Mark,
    }
}

/// The frequent marks of Chinese text, which need no look into the tables of Unicode.
fn is_plain_mark(character: char) -> bool {
    matches!(u32::from(character), 0x2010..=0x2027 | 0x3001..=0x3003 | 0x3008..=0x3011 | 0xFF01..=0xFF0F | 0xFF1A..=0xFF20)
}

/// Calls `f` with each word and mark of a text in order.
pub(super) fn for_each<'a>(text: &'a str, mut f: impl FnMut(Word<'a>)) {
    let mut rest = text.chars();
    // Marks in a row since the last word of a script without spaces.
    let mut quiet = 0u32;
    loop {
        let here = rest.as_str();
        let Some(first) = rest.next() else { break };
        let mut apostrophe = None;
        let (kind, chars, parts, letters) = match class(first) {
            Class::Space => continue,
            Class::Cjk => (Kind::Character, 1, 5, 3),
            Class::SouthEastAsian => (Kind::Character, 1, 2, 1),
            Class::Letter | Class::Digit => {
                let taken = fixed(here, &mut rest).unwrap_or_else(|| word(first, &mut rest));
                let taken = with_point(text, here, taken, &mut rest);
                apostrophe = Some(taken.apostrophe);
                let kind = if taken.lettered { Kind::Letters } else { Kind::Digits };
                (kind, taken.chars, WHOLE, taken.chars)
            }
            Class::Joint if matches!(first, '-' | '.' | '@') && begins_word(text, here, first) => {
                let signs = 1 + run(first, &mut rest);
                let taken = rest.next().map_or(Taken::default(), |first| word(first, &mut rest));
                let kind = if taken.lettered { Kind::Letters } else { Kind::Digits };
                (kind, signs + taken.chars, WHOLE, signs + taken.chars)
            }
            Class::Joint | Class::Mark => {
                let chinese = quiet > 0 || is_full(first) || (is_wide(first) && rest.clone().take(2).any(is_cjk));
                let run_is_one = chinese || !stands_alone(first);
                let chars = 1 + if run_is_one { run(first, &mut rest) } else { 0 };
                if chinese && quiet < 3 { (Kind::Quiet, chars, 0, 0) } else { (Kind::Mark, chars, WHOLE, 0) }
            }
        };
        quiet = match kind {
            Kind::Character => 1,
            Kind::Letters | Kind::Digits => 0,
            Kind::Quiet => quiet + 1,
            Kind::Mark => quiet,
        };
        let text = here.get(..here.len() - rest.as_str().len()).expect("iterators stop between characters");
        let found = Word { text, kind, chars, parts, letters };
        let cut = match apostrophe {
            Some(true) => cuts::contraction(&found),
            Some(false) if kind == Kind::Letters && !rest.as_str().starts_with(is_cjk) => cuts::unmarked(&found),
            _ => None,
        };
        match cut {
            Some((stem, ending)) => {
                f(stem);
                f(ending);
            }
            None => f(found),
        }
    }
}

/// A word that was read.
#[derive(Default)]
struct Taken {
    chars: u32,
    lettered: bool,
    apostrophe: bool,
}

/// Takes the rest of what is one word whatever it holds: the address of a page, `and/or`, `US$`.
fn fixed<'a>(here: &'a str, rest: &mut std::str::Chars<'a>) -> Option<Taken> {
    let known = |word: &str| here.strip_prefix(word).filter(|after| !after.starts_with(char::is_alphanumeric));
    let dollars = || ["US$", "C$", "A$"].into_iter().find_map(|sign| here.strip_prefix(sign));
    if let Some(after) = known("and/or").or_else(dollars) {
        *rest = after.chars();
        let chars = u32::try_from(here.len() - after.len()).unwrap_or(u32::MAX);
        return Some(Taken { chars, lettered: true, apostrophe: false });
    }
    let scheme = ["http://", "https://", "ftp://"].into_iter().find(|scheme| here.starts_with(scheme))?;
    let end = here.find(|c: char| c.is_whitespace() || is_unspaced(c) || is_wide(c)).unwrap_or(here.len());
    let url = here.get(..end)?.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '/');
    let after = here.get(url.len()..).filter(|_| url.len() > scheme.len())?;
    *rest = after.chars();
    let chars = u32::try_from(url.chars().count()).unwrap_or(u32::MAX);
    Some(Taken { chars, lettered: true, apostrophe: false })
}

/// Takes the point of an initial or an abbreviation into its word.
fn with_point(text: &str, here: &str, taken: Taken, rest: &mut std::str::Chars<'_>) -> Taken {
    let after = rest.as_str();
    if !after.starts_with('.') || after.starts_with("..") || !taken.lettered {
        return taken;
    }
    let start = text.len() - here.len();
    if !sentences::keeps_point(text.get(..start).unwrap_or_default(), here, here.len() - after.len()) {
        return taken;
    }
    rest.next();
    Taken { chars: taken.chars + 1, ..taken }
}

/// Takes the rest of a word.
fn word(first: char, rest: &mut std::str::Chars<'_>) -> Taken {
    let mut taken = Taken { chars: 1, lettered: class(first) == Class::Letter, apostrophe: false };
    let mut last = first;
    loop {
        // Most of a Latin word goes in one stride.
        let ascii = rest.as_str().as_bytes().iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if let Some((run, after)) = rest.as_str().split_at_checked(ascii).filter(|(run, _)| !run.is_empty()) {
            taken.lettered |= run.bytes().any(|byte| byte.is_ascii_alphabetic());
            taken.chars += u32::try_from(ascii).unwrap_or(u32::MAX);
            last = run.chars().next_back().unwrap_or(last);
            *rest = after.chars();
        }
        let mut ahead = rest.clone();
        let Some(next) = ahead.next() else { break };
        match class(next) {
            Class::Letter => taken.lettered = true,
            Class::Digit => {}
            Class::Joint if ahead.clone().next().is_some_and(|after| joins(last, next, after)) => {
                taken.apostrophe |= matches!(next, '\'' | '\u{2019}');
            }
            // A hyphen at the end of a word stays on it.
            Class::Joint if next == '-' && ahead.as_str().trim_start_matches('-').starts_with(ends_word) => {}
            Class::Joint if next == '-' && ahead.as_str().trim_start_matches('-').is_empty() => {}
            _ => break,
        }
        taken.chars += 1;
        last = next;
        *rest = ahead;
    }
    taken
}

/// Whether a sign stays on the word behind it: hyphens, a point or an `@` that nothing but a space or an opening mark
/// comes before.
fn begins_word(text: &str, here: &str, sign: char) -> bool {
    let opens = |before: char| before.is_whitespace() || matches!(before, '(' | '[' | '{' | '"' | '\'' | '“' | '‘');
    let behind = here.trim_start_matches(sign);
    (sign == '-' || here.len() - behind.len() == 1)
        && behind.starts_with(|next| matches!(class(next), Class::Letter | Class::Digit))
        && text.get(..text.len() - here.len()).unwrap_or_default().chars().next_back().is_none_or(opens)
}

/// Whether a character ends a word and what is joined to it.
fn ends_word(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, ')' | ']' | '}' | ',' | '.' | ';' | ':' | '!' | '?' | '"' | '”' | '’')
}

/// Whether a mark between two characters leaves them one word: `3.5`, `10:43`, `IL-10` and `AT&T`, but not `one/two`
/// and `12-15`.
fn joins(before: char, joint: char, after: char) -> bool {
    let digit = class(after) == Class::Digit;
    match joint {
        // Where a space was forgotten.
        '.' if before.is_lowercase() && after.is_uppercase() => false,
        ',' | '/' | ':' => digit,
        '-' => digit && class(before) == Class::Letter,
        _ => digit || class(after) == Class::Letter,
    }
}

/// Whether a mark is one of its own beside another of its kind: `((`, but not `--`.
fn stands_alone(mark: char) -> bool {
    matches!(mark, ',' | ':' | ';' | '!' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '_' | '#' | '*' | '&')
        || matches!(mark, '"' | '\'' | '`' | '=' | '%' | '§' | '…')
}

/// Takes what repeats a mark.
fn run(mark: char, rest: &mut std::str::Chars<'_>) -> u32 {
    let mut chars = 0;
    loop {
        let mut ahead = rest.clone();
        if ahead.next() != Some(mark) {
            return chars;
        }
        *rest = ahead;
        chars += 1;
    }
}

#[cfg(test)]
mod tests {
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
            "I", "do", "n't", "know", "...", "it", "'s", "3.5", "%", ",", "is", "n’t", "(", "see", ")", "a@b.com",
            "foo", "/", "bar", "x", "-", "ray", "IL-10", "84/100", "end", ".",
        ];
        assert_eq!(words(text), expected);
        let text =
            "Mr. J. Doe (U.S. Co.) pays vol. 2, p. 3 at 5 p.m. Go on.Stop!! See http://a.example/B.C?d=e. ## -- ((";
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
}
