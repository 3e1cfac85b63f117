//! Scripts, and the languages that they alone tell.

use crate::quality::is_han;
use whatlang::Lang;

/// A script, or the three that Chinese, Japanese and Korean are written in together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    EastAsian,
    Cyrillic,
    Arabic,
    Devanagari,
    Thai,
    Greek,
    Hebrew,
    Bengali,
    Gurmukhi,
    Gujarati,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Sinhala,
    Lao,
    Tibetan,
    Burmese,
    Georgian,
    Armenian,
    Ethiopic,
    Khmer,
    Mongolian,
}

/// Languages in Cyrillic.
pub(super) const CYRILLIC: &[(&str, Lang)] =
    &[("ru", Lang::Rus), ("uk", Lang::Ukr), ("bg", Lang::Bul), ("sr", Lang::Srp), ("be", Lang::Bel), ("mk", Lang::Mkd)];

/// Languages in Devanagari.
pub(super) const DEVANAGARI: &[(&str, Lang)] = &[("hi", Lang::Hin), ("mr", Lang::Mar), ("ne", Lang::Nep)];

impl Script {
    pub(super) const ALL: [Self; 24] = [
        Self::Latin,
        Self::EastAsian,
        Self::Cyrillic,
        Self::Arabic,
        Self::Devanagari,
        Self::Thai,
        Self::Greek,
        Self::Hebrew,
        Self::Bengali,
        Self::Gurmukhi,
        Self::Gujarati,
        Self::Tamil,
        Self::Telugu,
        Self::Kannada,
        Self::Malayalam,
        Self::Sinhala,
        Self::Lao,
        Self::Tibetan,
        Self::Burmese,
        Self::Georgian,
        Self::Armenian,
        Self::Ethiopic,
        Self::Khmer,
        Self::Mongolian,
    ];

    /// The script of a letter.
    ///
    /// # Source
    /// Unicode 16, block names.
    pub(super) fn of(character: char) -> Option<Self> {
        if character.is_ascii() {
            return character.is_ascii_alphabetic().then_some(Self::Latin);
        }
        if !(character.is_alphabetic() || unicode_normalization::char::is_combining_mark(character)) {
            return None;
        }
        Some(match u32::from(character) {
            0xAA..=0x24F | 0x1E00..=0x1EFF | 0x2C60..=0x2C7F | 0xFF21..=0xFF5A => Self::Latin,
            0x370..=0x3FF | 0x1F00..=0x1FFF => Self::Greek,
            0x400..=0x52F | 0x1C80..=0x1C8F => Self::Cyrillic,
            0x531..=0x58F => Self::Armenian,
            0x591..=0x5FF | 0xFB1D..=0xFB4F => Self::Hebrew,
            0x600..=0x6FF | 0x750..=0x77F | 0x8A0..=0x8FF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFE => Self::Arabic,
            0x900..=0x97F => Self::Devanagari,
            0x980..=0x9FF => Self::Bengali,
            0xA00..=0xA7F => Self::Gurmukhi,
            0xA80..=0xAFF => Self::Gujarati,
            0xB80..=0xBFF => Self::Tamil,
            0xC00..=0xC7F => Self::Telugu,
            0xC80..=0xCFF => Self::Kannada,
            0xD00..=0xD7F => Self::Malayalam,
            0xD80..=0xDFF => Self::Sinhala,
            0xE00..=0xE7F => Self::Thai,
            0xE80..=0xEFF => Self::Lao,
            0xF00..=0xFFF => Self::Tibetan,
            0x1000..=0x109F => Self::Burmese,
            0x10A0..=0x10FF => Self::Georgian,
            0x1200..=0x139F => Self::Ethiopic,
            0x1780..=0x17FF => Self::Khmer,
            0x1800..=0x18AF => Self::Mongolian,
            code if is_kana(code) || is_hangul(code) || is_han(character) => Self::EastAsian,
            _ => return None,
        })
    }

    /// The language of a script that has one only, or one that nearly all text in it is.
    pub(super) fn only_language(self) -> &'static str {
        match self {
            Self::Latin | Self::EastAsian | Self::Cyrillic | Self::Arabic | Self::Devanagari => "",
            Self::Thai => "th",
            Self::Greek => "el",
            Self::Hebrew => "he",
            Self::Bengali => "bn",
            Self::Gurmukhi => "pa",
            Self::Gujarati => "gu",
            Self::Tamil => "ta",
            Self::Telugu => "te",
            Self::Kannada => "kn",
            Self::Malayalam => "ml",
            Self::Sinhala => "si",
            Self::Lao => "lo",
            Self::Tibetan => "bo",
            Self::Burmese => "my",
            Self::Georgian => "ka",
            Self::Armenian => "hy",
            Self::Ethiopic => "am",
            Self::Khmer => "km",
            Self::Mongolian => "mn",
        }
    }
}

fn is_kana(code: u32) -> bool {
    matches!(code, 0x3041..=0x309F | 0x30A1..=0x30FA | 0x30FC..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9F)
}

fn is_hangul(code: u32) -> bool {
    matches!(code, 0x1100..=0x11FF | 0x3131..=0x318E | 0xAC00..=0xD7A3)
}

/// The language of a text in Arabic letters, by those that Arabic lacks.
pub(super) fn arabic(text: &str) -> &'static str {
    let (mut letters, mut urdu, mut persian) = (0u32, 0u32, 0u32);
    for letter in text.chars().filter(|&letter| Script::of(letter) == Some(Script::Arabic)) {
        letters += 1;
        urdu += u32::from(matches!(letter, 'ٹ' | 'ڈ' | 'ڑ' | 'ے' | 'ں' | 'ہ' | 'ھ'));
        persian += u32::from(matches!(letter, 'پ' | 'چ' | 'ژ' | 'گ' | 'ک' | 'ی'));
    }
    match () {
        () if urdu * 25 > letters => "ur",
        () if persian * 25 > letters => "fa",
        () => "ar",
    }
}

/// How much of a text is in which script.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By the order of [`Script::ALL`], weighed.
    scripts: [u64; 24],
    pub(super) han: u64,
    pub(super) kana: u64,
    pub(super) hangul: u64,
}

impl Tally {
    pub(super) fn of(text: &str) -> Self {
        let mut tally = Self::default();
        for character in text.chars() {
            let Some(script) = Script::of(character) else { continue };
            let code = u32::from(character);
            let weight = match script {
                Script::EastAsian if is_hangul(code) => {
                    tally.hangul += 1;
                    2
                }
                Script::EastAsian => {
                    *(if is_kana(code) { &mut tally.kana } else { &mut tally.han }) += 1;
                    3
                }
                _ => 1,
            };
            tally.scripts[script as usize] += weight;
        }
        tally
    }

    /// The script that says the most, and its share.
    pub(super) fn main(&self) -> Option<(Script, f64)> {
        let all: u64 = self.scripts.iter().sum();
        let most = *self.scripts.iter().max()?;
        let place = self.scripts.iter().position(|&weight| weight == most && most > 0)?;
        Some((Script::ALL[place], most as f64 / all as f64))
    }
}
