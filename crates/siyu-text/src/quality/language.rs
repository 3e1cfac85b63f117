//! In which language a text is written, without a model file.
//!
//! The script decides where it can. Chinese is told apart by its characters, Latin by three witnesses: whatlang's
//! trigrams (69 languages), whichlang's linear model (sharp on short texts, 16 languages), and function words.

mod chinese;
mod latin;
mod script;

use script::{Script, Tally};
use std::borrow::Cow;

/// Bytes of a text that Latin, Cyrillic and Devanagari are judged by, taken from its middle.
const SAMPLE: usize = 1000;

/// A language and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Language {
    /// BCP 47 tag: `zh-Hans`, `zh-Hant`, `lzh` (classical Chinese), else two letters where there are two.
    pub tag: &'static str,
    /// From 0 to 1: the share of the text in the language's script, times how clearly the language leads in it.
    pub confidence: f64,
}

/// The main language of a text, or `None` where it has no letters.
///
/// Good from about 20 characters on. Letters of Han and kana weigh three, of Hangul two, as they say as much.
pub fn detect(text: &str) -> Option<Language> {
    let tally = Tally::of(text);
    let (script, share) = tally.main()?;
    let (tag, clarity) = match script {
        Script::EastAsian => chinese::detect(text, &tally),
        Script::Latin => latin::detect(&sample(text, script)),
        Script::Cyrillic => by_trigrams(&sample(text, script), script::CYRILLIC, "ru"),
        Script::Devanagari => by_trigrams(&sample(text, script), script::DEVANAGARI, "hi"),
        Script::Arabic => (script::arabic(text), 1.0),
        other => (other.only_language(), 1.0),
    };
    Some(Language { tag, confidence: share * clarity })
}

/// Whether a language is meant by a tag that may be wider: `zh` means `zh-Hans`, `zh-Hant` and `lzh`.
pub fn is_meant(tag: &str, language: &str) -> bool {
    let rest = language
        .get(..tag.len())
        .filter(|start| start.eq_ignore_ascii_case(tag))
        .map(|_| &language.as_bytes()[tag.len()..]);
    rest.is_some_and(|rest| rest.first().is_none_or(|&next| next == b'-'))
        || (language == "lzh" && tag.eq_ignore_ascii_case("zh"))
}

/// All tags that [`detect`] gives.
pub fn tags() -> Vec<&'static str> {
    let mut tags = vec!["zh-Hans", "zh-Hant", "lzh", "ja", "ko", "ar", "fa", "ur"];
    tags.extend(Script::ALL.iter().map(|script| script.only_language()).filter(|tag| !tag.is_empty()));
    tags.extend(latin::LANGUAGES.iter().map(|language| language.tag));
    tags.extend(script::CYRILLIC.iter().chain(script::DEVANAGARI).map(|(tag, _)| *tag));
    tags
}

/// The letters of one script in the middle of a text, other letters and marks as single spaces.
fn sample(text: &str, script: Script) -> Cow<'_, str> {
    let skipped = text.len().saturating_sub(SAMPLE * 4) / 2;
    let mut sample = String::with_capacity(SAMPLE + 4);
    for character in text.get(text.ceil_char_boundary(skipped)..).unwrap_or_default().chars() {
        let fits = Script::of(character) == Some(script) || matches!(character, '\'' | '’');
        match (fits, sample.ends_with(' ') || sample.is_empty()) {
            (true, _) => sample.push(character),
            (false, false) => sample.push(' '),
            (false, true) => {}
        }
        if sample.len() >= SAMPLE {
            break;
        }
    }
    Cow::Owned(sample)
}

/// The language of a script that whatlang's trigrams find, and how clearly.
fn by_trigrams(sample: &str, languages: &[(&'static str, whatlang::Lang)], usual: &'static str) -> (&'static str, f64) {
    let allowed = languages.iter().map(|(_, language)| *language).collect();
    let found = whatlang::Detector::with_allowlist(allowed).detect(sample);
    found.map_or((usual, 0.5), |found| {
        let tag = languages.iter().find(|(_, language)| *language == found.lang()).map_or(usual, |(tag, _)| *tag);
        (tag, 0.5 + found.confidence() / 2.0)
    })
}

#[cfg(test)]
mod tests {
    use super::{detect, is_meant, tags};
    use proptest::prelude::*;

    /// Sentences of our own, each with its language.
    const SENTENCES: &[(&str, &str)] = &[
        ("zh-Hans", "这份合同自双方签字之日起生效。"),
        ("zh-Hant", "這份合約自雙方簽字之日起生效，請妥善保管。"),
        ("zh-Hans", "请用 Python 写一个函数，读取文件并统计词数。"),
        ("lzh", "學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？"),
        ("lzh", "床前明月光，疑是地上霜。举头望明月，低头思故乡。"),
        ("ja", "この契約は署名の日から有効となります。"),
        ("ja", "東京都知事選挙の結果について発表"),
        ("ko", "이 계약은 서명한 날부터 효력이 있습니다."),
        ("en", "This contract takes effect on the day it is signed."),
        ("en", "Please send the report before Friday"),
        ("fr", "Ce contrat prend effet le jour de sa signature."),
        ("de", "Dieser Vertrag tritt am Tag der Unterschrift in Kraft."),
        ("es", "Este contrato entra en vigor el día de su firma."),
        ("pt", "Este contrato entra em vigor no dia da assinatura."),
        ("it", "Questo contratto entra in vigore il giorno della firma."),
        ("nl", "Dit contract gaat in op de dag van ondertekening."),
        ("vi", "Hợp đồng này có hiệu lực kể từ ngày ký."),
        ("pl", "Umowa wchodzi w życie z dniem jej podpisania."),
        ("tr", "Bu sözleşme imzalandığı gün yürürlüğe girer."),
        ("id", "Perjanjian ini berlaku sejak tanggal ditandatangani."),
        ("ru", "Договор вступает в силу со дня его подписания."),
        ("uk", "Цей договір набирає чинності з дня його підписання."),
        ("ar", "يدخل هذا العقد حيز التنفيذ من تاريخ توقيعه."),
        ("fa", "این قرارداد از تاریخ امضا لازم‌الاجرا می‌گردد."),
        ("th", "สัญญานี้มีผลบังคับใช้ตั้งแต่วันที่ลงนาม"),
        ("he", "הסכם זה ייכנס לתוקף ביום חתימתו."),
        ("el", "Η σύμβαση τίθεται σε ισχύ την ημέρα της υπογραφής."),
        ("hi", "यह अनुबंध हस्ताक्षर की तारीख से प्रभावी होगा।"),
    ];

    #[test]
    fn a_sentence_is_enough() {
        for (tag, sentence) in SENTENCES {
            let found = detect(sentence).unwrap();
            assert_eq!(found.tag, *tag, "{sentence} {}", found.confidence);
        }
    }

    #[test]
    fn what_has_no_letters_has_no_language() {
        assert_eq!(detect(""), None);
        assert_eq!(detect("13800138000 —— 100%"), None);
    }

    #[test]
    fn a_mixed_text_is_less_sure() {
        let clear = detect("这份合同自双方签字之日起生效。").unwrap().confidence;
        let mixed = detect("这份合同自双方签字之日起生效。 The contract takes effect when signed.").unwrap();
        assert!(mixed.confidence < clear);
    }

    #[test]
    fn a_wide_tag_means_the_narrow_ones() {
        for language in ["zh-Hans", "zh-Hant", "lzh"] {
            assert!(is_meant("zh", language));
        }
        assert!(is_meant("zh-hant", "zh-Hant") && is_meant("EN", "en"));
        assert!(!is_meant("zh-Hant", "zh-Hans") && !is_meant("e", "en") && !is_meant("en", "zh-Hans"));
    }

    proptest! {
        #[test]
        fn every_text_has_a_listed_language_or_none(text in r"(\PC|[a-zé]{1,9}|[一-龥]|[а-я]{2,5}| ){0,40}") {
            if let Some(found) = detect(&text) {
                prop_assert!(tags().contains(&found.tag), "{}", found.tag);
                prop_assert!((0.0..=1.0).contains(&found.confidence));
            }
        }
    }
}
