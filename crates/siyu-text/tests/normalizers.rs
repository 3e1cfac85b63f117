//! The normalizers one after another, as a pipeline runs them.

use proptest::prelude::*;
use siyu_text::chinese::{Config, Converter};
use siyu_text::html::{StripOptions, strip};
use siyu_text::mojibake;
use siyu_text::punctuation::{self, Style};
use siyu_text::unicode::{self, Form};
use std::borrow::Cow;
use std::sync::LazyLock;

static SIMPLIFIED: LazyLock<Converter> = LazyLock::new(|| Converter::new(Config::T2s));

/// What interacts: invisible characters, full-width forms, quotes, numbers, variants, emoji, what garbled text leaves.
fn tricky() -> impl Strategy<Value = String> {
    let parts: Vec<&str> = "漢¦字¦后¦a¦B ¦1¦１¦２，０００¦，¦,¦.¦:¦;¦!¦\"¦'¦“¦”¦(¦)¦（¦）¦Ã¤¦Ã¦â€œ¦â€¦浣犲ソ¦Â ¦\u{a0}¦\u{200b}¦\u{200d}¦\u{fe0f}¦👩¦💻¦é¦e\u{301}¦ﬁ¦①¦㈱¦\u{f900}¦　¦\r\n¦\u{2028}¦\n¦ ¦`x,y`¦http://a.b/c,d¦x@y.cn¦...¦——¦\u{85}¦\u{93}"
        .split('¦')
        .collect();
    prop::collection::vec(prop::sample::select(parts), 0..14).prop_map(|parts| parts.concat())
}

/// What garbled text is made of, and what hides it from who does not normalize.
fn garbled() -> impl Strategy<Value = String> {
    let parts: Vec<&str> = "漢¦字¦a¦s ¦K¦é¦e\u{301}¦A\u{303}¦\u{301}¦\u{307}¦Ã¦Ã¤¦Â¦Å¦Â ¦â¦â€œ¦â€¦ã¦€¦™¦¤¦©¦￡¦\u{212b}¦Ð¦°¦Ñ\u{80}¦ð\u{9f}\u{98}¦浣犲ソ¦浣犲¦璐硅¦\u{fffd}¦呯殑¦\u{ad}¦\u{1}¦\u{80}¦\u{93}¦\u{85}¦\u{a0}¦\u{200b}¦\u{2028}¦\r\n¦ ¦　¦ｍ¦１¦２，０００¦？¦?¦\"¦(¦...¦--¦.¦;¦，¦㈱¦①"
        .split('¦')
        .collect();
    prop::collection::vec(prop::sample::select(parts), 0..10).prop_map(|parts| parts.concat())
}

/// Whether a character is one of the halves above.
fn is_half(letter: char) -> bool {
    matches!(letter, '浣' | '犲' | '璐' | '硅' | '呯' | '殑')
}

/// OpenCC's `TSCharacters` makes this 苧 and 苧 itself 苎: equal to OpenCC, conversion takes two steps here.
const CHAINED: char = '薴';

/// With conversion before or after punctuation.
fn repaired(text: &str, form: Form, style: Style, converts: fn(&str) -> Cow<'_, str>, early: bool) -> String {
    let text = mojibake::fix(text);
    let text = unicode::normalize(&text, form);
    let text = if early { converts(&text) } else { Cow::Borrowed(&*text) };
    let text = punctuation::normalize(&text, style);
    if early { text.into_owned() } else { converts(&text).into_owned() }
}

fn normalized(text: &str, form: Form, style: Style) -> String {
    let text = unicode::normalize(text, form);
    let text = punctuation::normalize(&text, style);
    SIMPLIFIED.convert(&text).into_owned()
}

proptest! {
    #![proptest_config({
        let config = ProptestConfig::default();
        // As many cases as the environment asks for, and no fewer than these.
        ProptestConfig { cases: config.cases.max(1000), ..config }
    })]

    #[test]
    fn a_normalized_text_is_normal(text in prop_oneof![any::<String>(), tricky()]) {
        prop_assume!(!text.contains(CHAINED));
        for form in [Form::Nfc, Form::Nfkc, Form::None] {
            for style in [Style::Alphanumeric, Style::Halfwidth, Style::Fullwidth] {
                let once = normalized(&text, form, style);
                let twice = normalized(&once, form, style);
                prop_assert_eq!(&once, &twice, "{:?} {:?} of {:?}", form, style, text);
            }
        }
    }

    #[test]
    fn a_repaired_and_normalized_text_needs_no_repair(text in prop_oneof![any::<String>(), tricky(), garbled()], early in any::<bool>()) {
        prop_assume!(!text.contains(CHAINED));
        let is_question = |letter: char| letter != '?' && unicode::normalize(&letter.to_string(), Form::Nfkc).contains('?');
        // Half of what GBK garbled may be left, and conversion change it.
        let converts: fn(&str) -> Cow<'_, str> = if text.contains(is_half) { |text| Cow::Borrowed(text) } else { |text| SIMPLIFIED.convert(text) };
        for form in [Form::Nfc, Form::Nfkc, Form::None] {
            if form == Form::Nfkc && text.contains(is_question) {
                continue;
            }
            for style in [Style::Alphanumeric, Style::Halfwidth, Style::Fullwidth] {
                let once = repaired(&text, form, style, converts, early);
                let twice = repaired(&once, form, style, converts, early);
                prop_assert_eq!(&once, &twice, "{:?} {:?} of {:?}", form, style, text);
            }
        }
    }

    #[test]
    fn simplified_text_is_simplified(text in "([一-龥㐀-䶵]|[a-z，。]){0,30}") {
        prop_assume!(!text.contains(CHAINED));
        let once = SIMPLIFIED.convert(&text).into_owned();
        prop_assert_eq!(SIMPLIFIED.convert(&once), once.as_str());
    }

    #[test]
    fn clean_prose_needs_nothing(text in "([一-龥]{2,8}[，。；！？]|“[一-龥]{2,5}”|[a-z]{2,8} [a-z]{2,8}|[0-9]{1,4}\\.[0-9]){0,12}") {
        prop_assume!(mojibake::fix(&text) == text);
        for style in [Style::Alphanumeric, Style::Fullwidth] {
            let plain = unicode::normalize(&text, Form::Nfc);
            prop_assert_eq!(&punctuation::normalize(&plain, style), text.as_str());
        }
        prop_assert_eq!(strip(&text, &StripOptions::default()), text.as_str());
    }
}
