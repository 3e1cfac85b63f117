//! The repair of one line.

use super::code_page::{self, CodePage, is_known, may_lead};
use super::evidence::{ENOUGH, weigh};
use super::gbk;
use super::repair::Repair;

/// Least mean evidence of the sequences in a run: long enough, any hopeless garble would have enough together.
const MEAN: f32 = 0.6;

/// Undoes one garbling of a line, or of the parts of it that are surely garbled.
pub(super) fn fix(line: &str) -> Option<Repair> {
    let characters: Vec<char> = line.chars().collect();
    // Most lines under suspicion hold a character that no page has: these are not garbled as a whole.
    let may_be_whole = characters.iter().all(|&letter| letter.is_ascii() || letter == '\u{FFFD}' || is_known(letter));
    let whole = || code_page::all().iter().filter(|_| may_be_whole).find_map(|page| fix_whole(&characters, page));
    whole().or_else(|| gbk::fix(line)).or_else(|| fix_parts(&characters)).or_else(|| fix_controls(line))
}

/// A UTF-8 sequence among garbled characters.
struct Sequence {
    /// Characters it takes.
    length: usize,
    meant: char,
    evidence: f32,
}

/// The line read back through a page, where each character beyond ASCII belongs to UTF-8 then.
fn fix_whole(characters: &[char], page: &CodePage) -> Option<Repair> {
    let (mut repair, mut evidence, mut at) = (Repair::default(), 0.0, 0);
    while let Some(&character) = characters.get(at) {
        let (length, with) = if character.is_ascii() || character == '\u{FFFD}' {
            (1, character.into())
        } else if let Some(found) = sequence(characters, at, page) {
            evidence += found.evidence.max(0.0) + 0.2;
            (found.length, found.meant.into())
        } else {
            let (length, with, found) = space_restored(characters, at, page)?;
            evidence += found;
            (length, with)
        };
        repair.give(&characters[at..at + length], &with);
        at += length;
    }
    (evidence >= ENOUGH).then_some(repair)
}

/// Each run of sequences whose evidence suffices.
fn fix_parts(characters: &[char]) -> Option<Repair> {
    let (mut repair, mut changed, mut at) = (Repair::default(), false, 0);
    while let Some(&character) = characters.get(at) {
        let found = if may_lead(character) { longest_run(characters, at) } else { None };
        if let Some((run, length)) = found {
            repair.append(&run);
            changed = true;
            at += length;
        } else if let Some(with) = (character == 'Ã').then(|| a_grave(characters, at)).flatten() {
            repair.give(&characters[at..at + 2], with);
            changed = true;
            at += 2;
        } else {
            repair.give_one(&characters[at..=at], character);
            at += 1;
        }
    }
    changed.then_some(repair)
}

/// The longest run that starts at `at`, by the first page that gives it.
fn longest_run(characters: &[char], at: usize) -> Option<(Repair, usize)> {
    let runs = code_page::all().iter().rev().filter_map(|page| run(characters, at, page));
    runs.max_by_key(|&(_, length)| length)
}

/// The sequences that follow each other from `at` on, and how many characters they take.
fn run(characters: &[char], at: usize, page: &CodePage) -> Option<(Repair, usize)> {
    let before = at.checked_sub(1).map(|before| characters[before]);
    // What continues a sequence in most pages goes before no other.
    let continues = |before: char| matches!(before, '\u{80}'..='\u{BF}');
    if before.is_some_and(|before| continues(before) || page.byte(before).is_some_and(|byte| byte < 0xC0)) {
        return None;
    }
    let (mut repair, mut evidence, mut least, mut end) = (Repair::default(), 0.0, 0.0, at);
    while let Some(found) = sequence(characters, end, page) {
        evidence += found.evidence;
        least += MEAN;
        repair.give_one(&characters[end..end + found.length], found.meant);
        end += found.length;
    }
    (evidence >= ENOUGH && evidence >= least).then_some((repair, end - at))
}

fn sequence(characters: &[char], at: usize, page: &CodePage) -> Option<Sequence> {
    let lead = page.byte(*characters.get(at)?)?;
    let length = match lead {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let garbled = characters.get(at..at + length)?;
    let before = at.checked_sub(1).map(|before| characters[before]);
    let mut bytes = [lead, 0, 0, 0];
    let (mut lost, mut asked) = (false, false);
    for (place, &character) in garbled.iter().enumerate().skip(1) {
        if page.is_sloppy && (character == '\u{FFFD}' || !lost && character == '?' && (length > 2 || lead <= 0xC3)) {
            lost = true;
            asked |= character == '?';
            bytes[place] = 0xBF;
        } else {
            bytes[place] = page.byte(character).filter(|byte| matches!(byte, 0x80..=0xBF))?;
        }
    }
    if lost {
        // A question mark is one where nothing else is garbled.
        let evidence = if asked { ENOUGH / 2.0 } else { ENOUGH };
        return Some(Sequence { length, meant: '\u{FFFD}', evidence });
    }
    let Ok(text) = std::str::from_utf8(&bytes[..length]) else { return surrogates(characters, at, page) };
    let meant = text.chars().next()?;
    Some(Sequence { length, meant, evidence: weigh(before, garbled, characters.get(at + length).copied(), meant) })
}

/// Two sequences of three bytes that are the halves of one character, as in CESU-8.
///
/// # Source
/// Unicode Technical Report 26.
fn surrogates(characters: &[char], at: usize, page: &CodePage) -> Option<Sequence> {
    let mut units = [0_u16; 2];
    for (half, unit) in units.iter_mut().enumerate() {
        let mut bytes = [0; 3];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = page.byte(*characters.get(at + 3 * half + place)?)?;
        }
        let continues = bytes[1..].iter().all(|byte| matches!(byte, 0x80..=0xBF));
        if bytes[0] != 0xED || !continues {
            return None;
        }
        *unit = 0xD000 | u16::from(bytes[1] & 0x3F) << 6 | u16::from(bytes[2] & 0x3F);
    }
    let meant = char::decode_utf16(units).next()?.ok()?;
    Some(Sequence { length: 6, meant, evidence: 4.0 })
}

/// A sequence whose byte 0xA0 was read as a space that cannot break and then became a plain one: its length, what it
/// was meant to be, and the evidence.
fn space_restored(characters: &[char], at: usize, page: &CodePage) -> Option<(usize, String, f32)> {
    let lead = page.byte(characters[at]).filter(|_| page.restores_spaces)?;
    if lead == 0xC3 {
        return a_grave(characters, at).map(|with| (2, with.to_owned(), ENOUGH));
    }
    let length = match lead {
        0xC2 | 0xC5 | 0xCE | 0xD0 | 0xD9 => 2,
        0xE0..=0xE9 => 3,
        _ => return None,
    };
    let mut bytes = vec![lead];
    for &character in characters.get(at + 1..at + length)? {
        bytes.push(if character == ' ' { 0xA0 } else { page.byte(character)? });
    }
    if length == 3 && (bytes[1] == 0xA0 && lead < 0xE2 || bytes[1..] == [0xA0, 0xA0]) {
        return None;
    }
    // Of what no page of Europe leads to, only the common ideographs: `ä½ å¥½`.
    let meant = String::from_utf8(bytes).ok()?;
    let is_han = meant.starts_with(|meant| ('\u{4E00}'..='\u{9FFF}').contains(&meant));
    (lead < 0xE4 || is_han).then_some((length, meant, 0.5))
}

/// What `Ã ` at `at` was meant to be, which is the word or the ending `à`. The space belongs to it before another one
/// and in Portuguese words such as `às` and `àquele`; elsewhere it parts words and stays.
fn a_grave(characters: &[char], at: usize) -> Option<&'static str> {
    let word = characters[..at].iter().rev().find(|&&before| before != ' ');
    let capitals = word.is_some_and(|before| before.is_uppercase());
    if !matches!(characters.get(at..at + 2)?, ['Ã' | 'Г' | 'Ă' | 'Γ', ' ']) || capitals {
        return None;
    }
    let tail: String = characters.iter().skip(at + 2).take(5).collect();
    let is_part = [" ", "s ", "quele", "quela", "quilo"].iter().any(|rest| tail.starts_with(rest));
    Some(if is_part { "à" } else { "à " })
}

fn fix_controls(line: &str) -> Option<Repair> {
    let is_control = |character: char| matches!(character, '\u{80}'..='\u{9F}');
    if !line.contains(is_control) {
        return None;
    }
    let mut repair = Repair::default();
    for letter in line.chars() {
        let with = if is_control(letter) { code_page::windows_1252(letter) } else { letter };
        repair.give_one(&[letter], with);
    }
    (repair.text() != line).then_some(repair)
}
