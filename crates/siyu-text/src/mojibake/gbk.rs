//! UTF-8 that was read as GBK: `浣犲ソ` for 你好.

use super::repair::Repair;
use encoding_rs::GBK;
use std::ops::Range;
use std::sync::LazyLock;

/// How many more rare characters a text must have than its repair.
const ENOUGH: usize = 2;

/// The characters that GBK makes of the first two bytes of a Chinese character or mark in UTF-8; few other texts have
/// one. One bit for each character of the basic plane.
pub(super) struct First([u64; 1024]);

impl First {
    fn has(&self, letter: char) -> bool {
        let code = u32::from(letter) as usize;
        self.0.get(code / 64).is_some_and(|word| word >> (code % 64) & 1 == 1)
    }

    /// One where such a character of three bytes starts at `at`, and zero.
    #[inline]
    pub(super) fn begins_at(&self, bytes: &[u8], at: usize) -> u64 {
        let Some(&[a, b, c]) = bytes.get(at..at + 3) else { return 0 };
        let code = usize::from(a & 0x0F) << 12 | usize::from(b & 0x3F) << 6 | usize::from(c & 0x3F);
        self.0[code / 64] >> (code % 64) & 1
    }
}

pub(super) fn first() -> &'static First {
    static FIRST: LazyLock<First> = LazyLock::new(|| {
        let mut first = [0; 1024];
        for pair in (0xE3..=0xE9_u8).flat_map(|lead| (0x80..=0xBF_u8).map(move |next| [lead, next])) {
            let decoded = GBK.decode_without_bom_handling_and_without_replacement(&pair);
            if let Some(letter) = decoded.and_then(|text| text.chars().next()) {
                let code = u32::from(letter) as usize;
                first[code / 64] |= 1 << (code % 64);
            }
        }
        First(first)
    });
    &FIRST
}

fn may_begin(letter: char) -> bool {
    first().has(letter)
}

/// Undoes the garbling of a line, or of the runs of Chinese in it.
pub(super) fn fix(line: &str) -> Option<Repair> {
    if !line.chars().any(may_begin) {
        return None;
    }
    if let Some(fixed) = fix_piece(line) {
        return Some(fixed);
    }
    let (mut repair, mut changed, mut rest) = (Repair::default(), false, line);
    while !rest.is_empty() {
        let run = run(rest);
        let (before, after) = rest.split_at(run.start);
        let (garbled, after) = after.split_at(run.end - run.start);
        repair.push(before.len(), before);
        match fix_piece(garbled) {
            Some(fixed) => {
                changed = true;
                repair.append(&fixed);
            }
            None => repair.push(garbled.len(), garbled),
        }
        rest = after;
    }
    changed.then_some(repair)
}

/// The first run of characters beyond ASCII that begins with a suspect one, with the question mark a torn byte leaves.
fn run(text: &str) -> Range<usize> {
    let Some(start) = text.find(may_begin) else { return text.len()..text.len() };
    let tail = text.split_at(start).1;
    let length = tail.find(|letter: char| letter.is_ascii()).unwrap_or(tail.len());
    let torn = tail.split_at(length).1.starts_with('?');
    start..start + length + usize::from(torn)
}

fn fix_piece(piece: &str) -> Option<Repair> {
    let mut repair = Repair::default();
    // Bytes that are no whole characters yet, and how much of the source they come from.
    let (mut bytes, mut taken) = (Vec::new(), 0);
    for letter in piece.chars() {
        taken += letter.len_utf8();
        if matches!(letter, '\u{FFFD}' | '?') && !bytes.is_empty() {
            repair.push_whole(taken, &torn(&bytes)?);
            (bytes, taken) = (Vec::new(), 0);
            continue;
        }
        let mut buffer = [0; 4];
        let (encoded, _, failed) = GBK.encode(letter.encode_utf8(&mut buffer));
        if failed || letter == '\u{FFFD}' {
            return None;
        }
        bytes.extend_from_slice(&encoded);
        match std::str::from_utf8(&bytes) {
            Ok(whole) => {
                repair.push_whole(taken, whole);
                bytes.clear();
                taken = 0;
            }
            Err(error) if error.error_len().is_some() => return None,
            Err(_) => {}
        }
    }
    if !bytes.is_empty() {
        repair.push_whole(taken, &torn(&bytes)?);
    }
    let fixed = repair.text();
    let is_surer = rare(piece) >= rare(fixed) + ENOUGH && fixed.chars().all(is_plausible);
    (is_surer && fixed != piece && !is_chance(piece, fixed)).then_some(repair)
}

/// Whether rare characters next to each other may read so by chance, as `寰絕` reads `徽^`: a letter or two, and what is
/// left of the bytes is half a letter or ASCII, which GBK's second bytes may be as well.
fn is_chance(piece: &str, fixed: &str) -> bool {
    let ascii = |text: &str| text.chars().filter(char::is_ascii).count();
    let lost = |text: &str| text.matches(['?', '\u{FFFD}']).count();
    let whole = fixed.chars().filter(|letter| !letter.is_ascii() && *letter != '\u{FFFD}').count();
    whole < 3 && ascii(fixed) > ascii(piece) || whole < 2 && lost(fixed) > lost(piece)
}

/// UTF-8 whose last sequence lost its end, with U+FFFD in its place.
fn torn(bytes: &[u8]) -> Option<String> {
    let Err(error) = std::str::from_utf8(bytes) else { return None };
    let whole = bytes.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())?;
    error.error_len().is_none().then(|| format!("{whole}\u{FFFD}"))
}

/// Characters that common Chinese text has not: all but the first level of GB 2312, its marks, and ASCII.
fn rare(text: &str) -> usize {
    text.chars().filter(|&letter| !is_common(letter)).count()
}

fn is_common(letter: char) -> bool {
    let mut buffer = [0; 4];
    let (bytes, _, failed) = GBK.encode(letter.encode_utf8(&mut buffer));
    letter.is_ascii() || letter == '\u{FFFD}' || !failed && matches!(*bytes, [0xB0..=0xD7 | 0xA1 | 0xA3, 0xA1..=0xFE])
}

/// Whether Chinese text may have this character.
fn is_plausible(letter: char) -> bool {
    matches!(u32::from(letter), 0..=0x7E | 0xA0..=0x24F | 0x370..=0x4FF | 0x2000..=0x27BF | 0x3000..=0x30FF | 0x4E00..=0x9FFF | 0xFF00..=0xFFEF | 0xFFFD | 0x1F000..=0x1FAFF)
        && letter >= ' '
        || letter == '\t'
}
