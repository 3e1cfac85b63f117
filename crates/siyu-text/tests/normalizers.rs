//! The normalizers one after another, as a pipeline runs them.

use proptest::prelude::*;
use siyu_text::chinese::{Config, Converter};
use siyu_text::html::{StripOptions, strip};
use siyu_text::mojibake;
use siyu_text::punctuation::{self, Style};
use siyu_text::unicode::{self, Form};
use std::sync::LazyLock;

static SIMPLIFIED: LazyLock<Converter> = LazyLock::new(|| Converter::new(Config::T2s));

/// What interacts: invisible characters, full-width forms, quotes, numbers, variants, emoji, what garbled text leaves.
fn tricky() -> impl Strategy<Value = String> {
    let parts: Vec<&str> = "漢¦字¦后¦a¦B ¦1¦１¦２，０００¦，¦,¦.¦:¦;¦!¦\"¦'¦“¦”¦(¦)¦（¦）¦Ã¤¦Ã¦â€œ¦â€¦浣犲ソ¦Â ¦\u{a0}¦\u{200b}¦\u{200d}¦\u{fe0f}¦👩¦💻¦é¦e\u{301}¦ﬁ¦①¦㈱¦\u{f900}¦　¦\r\n¦\u{2028}¦\n¦ ¦`x,y`¦http://a.b/c,d¦x@y.cn¦...¦——¦\u{85}¦\u{93}"
        .split('¦')
        .collect();
    prop::collection::vec(prop::sample::select(parts), 0..14).prop_map(|parts| parts.concat())
}

/// OpenCC's `TSCharacters` makes this 苧 and 苧 itself 苎: equal to OpenCC, conversion takes two steps here.
const CHAINED: char = '薴';

/// Narrowed, a question mark of full width may look like a lost byte.
const LOST: [char; 2] = ['?', '？'];

fn normalized(text: &str, form: Form, style: Style) -> String {
    let text = mojibake::fix(text);
    let text = unicode::normalize(&text, form);
    let text = punctuation::normalize(&text, style);
    SIMPLIFIED.convert(&text).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_normalized_text_is_normal(text in prop_oneof![any::<String>(), tricky()]) {
        prop_assume!(!text.contains(CHAINED) && !text.contains(LOST));
        for form in [Form::Nfc, Form::Nfkc, Form::None] {
            for style in [Style::Alphanumeric, Style::Halfwidth, Style::Fullwidth] {
                let once = normalized(&text, form, style);
                let twice = normalized(&once, form, style);
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
