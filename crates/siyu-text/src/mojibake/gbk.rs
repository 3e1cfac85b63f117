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
        let runs = runs(rest);
        let (before, after) = rest.split_at(runs[0].start);
        repair.push(before.len(), before);
        let pieces = runs.map(|run| after.split_at(run.len()));
        let fixed = pieces.iter().find_map(|&(piece, after)| Some((fix_piece(piece)?, after)));
        if let Some((fixed, after)) = fixed {
            changed = true;
            repair.append(&fixed);
            rest = after;
        } else {
            let [_, (piece, after)] = pieces;
            repair.push(piece.len(), piece);
            rest = after;
        }
    }
    changed.then_some(repair)
}

/// The first run of characters beyond ASCII that begins with a suspect one, with the question marks that torn bytes
/// leave between them and at the end; and the part of it up to the first question mark.
fn runs(text: &str) -> [Range<usize>; 2] {
    let Some(start) = text.find(may_begin) else { return [text.len()..text.len(), text.len()..text.len()] };
    let tail = text.split_at(start).1;
    let wide = |from: usize| {
        let rest = tail.split_at(from).1;
        from + rest.find(|letter: char| letter.is_ascii()).unwrap_or(rest.len())
    };
    let torn = |end: usize| end + usize::from(tail.split_at(end).1.starts_with('?'));
    let short = torn(wide(0));
    let mut long = short;
    while wide(long) > long {
        long = torn(wide(long));
    }
    [start..start + long, start..start + short]
}

fn fix_piece(piece: &str) -> Option<Repair> {
    let mut repair = Repair::default();
    // Bytes that are no whole characters yet, how much of the source they come from, and how many bytes may follow of a
    // character that has lost one.
    let (mut bytes, mut taken, mut left) = (Vec::new(), 0, 0);
    for letter in piece.chars() {
        taken += letter.len_utf8();
        let is_lost = matches!(letter, '\u{FFFD}' | '?') && !bytes.is_empty();
        if is_lost || letter == '\u{FFFD}' {
            left = missing(&bytes);
            repair.push_whole(taken, &if is_lost { torn(&bytes)? } else { letter.into() });
            (bytes, taken) = (Vec::new(), 0);
            continue;
        }
        let mut buffer = [0; 4];
        let (encoded, _, failed) = GBK.encode(letter.encode_utf8(&mut buffer));
        if failed {
            return None;
        }
        let is_rest = |byte: &&u8| matches!(byte, 0x80..=0xBF);
        let skipped = encoded.iter().take(left).take_while(is_rest).count();
        left = if skipped == encoded.len() { left - skipped } else { 0 };
        bytes.extend_from_slice(encoded.split_at(skipped).1);
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
/// left of the bytes is half a letter or ASCII, which GBK's second bytes may be as well. Where no letter is whole, what is
/// garbled says more than the repair.
fn is_chance(piece: &str, fixed: &str) -> bool {
    let ascii = |text: &str| text.chars().filter(char::is_ascii).count();
    let lost = |text: &str| text.matches(['?', '\u{FFFD}']).count();
    let whole = fixed.chars().filter(|letter| !letter.is_ascii() && *letter != '\u{FFFD}').count();
    whole == 0 || whole < 3 && ascii(fixed) > ascii(piece) || whole < 2 && lost(fixed) > lost(piece)
}

/// How many bytes may follow the one that was lost behind these, the last of which begin a character.
fn missing(bytes: &[u8]) -> usize {
    let Some(lead) = bytes.iter().rposition(|&byte| byte >= 0xC0) else { return 0 };
    let length = match bytes[lead] {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    };
    (length - 1_usize).saturating_sub(bytes.len() - lead)
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
