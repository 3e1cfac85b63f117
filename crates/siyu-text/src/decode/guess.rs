//! Encodings told by the bytes alone.
//!
//! chardetng knows many encodings but rejects one at its first malformed byte and is unsure of short Chinese. So Chinese
//! is asked for first: the characters that make up most of any Chinese text are few, and bytes read in a wrong encoding
//! hardly ever give them.

use std::sync::LazyLock;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, GB18030, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memmem;

use super::{decode, widened};

/// Bytes looked at for statistics; more would not change the answer.
const ENOUGH: usize = 1 << 16;

/// The 600 most frequent characters of simplified Chinese in statutes, technical articles, medical answers, poems and
/// instructions, with their traditional forms; sorted.
static COMMON_HAN: LazyLock<Vec<char>> =
    LazyLock::new(|| include_str!("common_han.txt").chars().filter(|c| *c != '\n').collect());

/// How far bytes are UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Utf8 {
    /// Entirely, but for a character cut at the sample's end.
    Valid,
    /// Nearly: most characters beyond ASCII are well-formed.
    Damaged,
    /// Not at all.
    Not,
}

/// Judges whether `sample` is UTF-8.
pub(super) fn utf8(sample: &[u8], whole: bool) -> Utf8 {
    match std::str::from_utf8(sample) {
        Ok(_)
            if memmem::find(sample, b"\x1b$").is_some()
                && sample.is_ascii()
                && !malformed(sample, true, ISO_2022_JP) =>
        {
            Utf8::Not
        }
        Ok(_) => Utf8::Valid,
        Err(error) if !whole && error.error_len().is_none() => Utf8::Valid,
        Err(_) => {
            let (mut well_formed, mut broken) = (0, 0);
            for chunk in head(sample).utf8_chunks() {
                well_formed += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
                broken += usize::from(!chunk.invalid().is_empty());
            }
            if well_formed > 4 * broken { Utf8::Damaged } else { Utf8::Not }
        }
    }
}

/// Tells UTF-16 without a byte order mark from everything else.
pub(super) fn utf16(sample: &[u8]) -> Option<&'static Encoding> {
    let sample = head(sample);
    let has_control = sample.iter().any(|&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | 0x0C | b'\r' | 0x1B));
    if sample.len() < 2 || (sample.is_ascii() && !has_control) {
        return None;
    }
    let little = Units::of(sample, u16::from_le_bytes);
    let big = Units::of(sample, u16::from_be_bytes);
    let (units, encoding) = if little.plausible + little.common >= big.plausible + big.common {
        (little, UTF_16LE)
    } else {
        (big, UTF_16BE)
    };
    // Pairs of ASCII letters read as one unit are Han too, but rare ones.
    let sure = if has_control {
        units.plausible * 10 >= units.total * 9 && units.common * 5 >= units.han
    } else {
        units.common * 5 >= units.total * 3
    };
    (sure && units.total >= 2).then_some(encoding)
}

/// What UTF-16 code units are made of.
struct Units {
    total: usize,
    /// Of scripts and punctuation in use.
    plausible: usize,
    han: usize,
    /// Common Han and Chinese punctuation.
    common: usize,
}

impl Units {
    fn of(sample: &[u8], read: fn([u8; 2]) -> u16) -> Self {
        let (pairs, _) = sample.as_chunks::<2>();
        let mut units = Self { total: pairs.len(), plausible: 0, han: 0, common: 0 };
        for character in char::decode_utf16(pairs.iter().map(|pair| read(*pair))) {
            let Ok(character) = character else { continue };
            let common = is_common(character);
            let han = matches!(character, '\u{4E00}'..='\u{9FFF}');
            let plausible = common
                || han
                || matches!(character, '\t' | '\n' | '\r' | ' '..='~' | '\u{A0}'..='\u{6FF}' | '\u{E00}'..='\u{E7F}'
                    | '\u{2010}'..='\u{2027}' | '\u{3040}'..='\u{30FF}' | '\u{AC00}'..='\u{D7A3}');
            units.han += usize::from(han);
            units.common += usize::from(common);
            units.plausible += usize::from(plausible);
        }
        units
    }
}

/// Whether the bytes cannot reasonably be what the document declares.
pub(super) fn contradicts(sample: &[u8], whole: bool, declared: &'static Encoding) -> bool {
    let is_utf8 = utf8(sample, whole);
    if declared == UTF_8 {
        return is_utf8 == Utf8::Not;
    }
    if is_utf8 == Utf8::Valid {
        // Two or three bytes can be UTF-8 by accident, not more.
        let beyond_ascii = sample.iter().filter(|b| !b.is_ascii()).count();
        return beyond_ascii > 4 && declared != UTF_16LE && declared != UTF_16BE;
    }
    let (chinese, share) = chinese(sample, whole);
    if declared == GB18030 || declared == BIG5 {
        let own = Chinese::read(sample, whole, declared);
        return chinese != declared && share.is_sure() && own.share() < 0.3;
    }
    (declared.is_single_byte() && share.is_sure() && share.han >= 4) || malformed(sample, whole, declared)
}

/// Guesses among the encodings that are not Unicode.
pub(super) fn legacy(sample: &[u8], whole: bool) -> &'static Encoding {
    let (encoding, found) = chinese(sample, whole);
    if found.is_sure() {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, whole);
    widened(detector.guess(None, Utf8Detection::Deny))
}

/// Whether more than a few sequences of the sample are malformed in `encoding`.
fn malformed(sample: &[u8], whole: bool, encoding: &'static Encoding) -> bool {
    let sample = head(sample);
    let (text, malformed) = decode(sample, encoding);
    let beyond_ascii = text.chars().filter(|c| !c.is_ascii()).count() as u64;
    malformed.saturating_sub(u64::from(!whole)) > beyond_ascii / 50
}

/// The likelier of the two encodings of Chinese, with what reading the sample in it gives.
fn chinese(sample: &[u8], whole: bool) -> (&'static Encoding, Chinese) {
    let simplified = Chinese::read(sample, whole, GB18030);
    let traditional = Chinese::read(sample, whole, BIG5);
    if simplified.share() >= traditional.share() { (GB18030, simplified) } else { (BIG5, traditional) }
}

/// What a sample read as Chinese is made of.
struct Chinese {
    beyond_ascii: usize,
    common: usize,
    han: usize,
    malformed: usize,
}

impl Chinese {
    fn read(sample: &[u8], whole: bool, encoding: &'static Encoding) -> Self {
        let cut = head(sample);
        let (text, malformed) = decode(cut, encoding);
        let malformed = usize::try_from(malformed).unwrap_or(usize::MAX);
        let may_be_cut = !whole || cut.len() < sample.len();
        let mut found =
            Self { beyond_ascii: 0, common: 0, han: 0, malformed: malformed.saturating_sub(usize::from(may_be_cut)) };
        for character in text.chars().filter(|c| !c.is_ascii()) {
            found.beyond_ascii += 1;
            found.common += usize::from(is_common(character));
            found.han += usize::from(matches!(character, '\u{4E00}'..='\u{9FFF}'));
        }
        found
    }

    fn share(&self) -> f64 {
        if self.malformed > self.beyond_ascii / 20 {
            return 0.0;
        }
        self.common as f64 / self.beyond_ascii.max(1) as f64
    }

    fn is_sure(&self) -> bool {
        self.han > 0 && self.share() >= 0.45
    }
}

fn is_common(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{3002}' | '\u{3008}'..='\u{3011}' | '，' | '：' | '；' | '？' | '！' | '（' | '）'
        | '“' | '”' | '…')
        || (matches!(character, '\u{4E00}'..='\u{9FFF}') && COMMON_HAN.binary_search(&character).is_ok())
}

fn head(sample: &[u8]) -> &[u8] {
    sample.split_at_checked(ENOUGH).map_or(sample, |(head, _)| head)
}
