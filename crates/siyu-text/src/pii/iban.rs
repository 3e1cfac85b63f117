//! International bank account numbers: ISO 13616, check digits modulo 97.

use super::chunk::{Atom, atom};
use super::detector::Candidate;
use super::kind::Kind;
use super::sequence::Site;

/// Countries and the lengths of their numbers, after the IBAN registry.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

pub(super) fn judge(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    let bytes = site.chunk.word(word);
    if !site.kinds.has(Kind::Iban) || bytes.len() < 4 || !bytes[2..4].iter().all(u8::is_ascii_digit) {
        return;
    }
    let Some((_, length)) = LENGTHS.iter().find(|(country, _)| country.eq_ignore_ascii_case(&bytes[..2])) else {
        return;
    };
    let (start, _) = site.chunk.span(word.from, word.to);
    if site.byte_before(word.from).is_ascii_alphanumeric() {
        return;
    }
    if let Some(end) = end(site.text.as_bytes(), start, *length) {
        site.found.push(Candidate { kind: Kind::Iban, start, end, score: 99, rule: "iban" });
    }
}

/// Reads exactly `length` letters, all of one case, and digits over single spaces and checks them.
fn end(bytes: &[u8], start: usize, length: usize) -> Option<usize> {
    let (mut here, mut read, mut spaced) = (start, Vec::with_capacity(length), false);
    let lower = bytes[start].is_ascii_lowercase();
    while read.len() < length {
        let (atom, width) = if here < bytes.len() { atom(bytes, here) } else { return None };
        match atom {
            Atom::Alnum(byte) if byte.is_ascii_digit() || byte.is_ascii_lowercase() == lower => {
                read.push(byte.to_ascii_uppercase());
                spaced = false;
            }
            Atom::Separator(b' ' | b'-') if !spaced => spaced = true,
            _ => return None,
        }
        here += width;
    }
    if here < bytes.len() && matches!(atom(bytes, here).0, Atom::Alnum(_)) {
        return None;
    }
    let rotated = read[4..].iter().chain(&read[..4]);
    let remainder = rotated.fold(0_u32, |rest, &byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    (remainder == 1).then_some(here)
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn registry_examples_are_found_plain_and_in_groups() {
        for iban in [
            "GB29NWBK60161331926819",
            "AL47 2121 1009 0000 0002 3569 8741",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "BR97 0036 0305 0000 1000 9795 493P 1",
        ] {
            finds("iban", iban, iban);
            finds("iban", &format!("账号{iban}，"), iban);
        }
    }

    #[test]
    fn a_text_in_small_letters_keeps_its_numbers() {
        finds("iban", "iban gb29nwbk60161331926819,", "gb29nwbk60161331926819");
        finds_no("iban", "Gb29NWBK60161331926819");
    }

    #[test]
    fn wrong_check_digits_and_lengths_are_none() {
        for text in
            ["GB29NWBK60161331926818", "BE6853900754703", "GI75 aWBK 0000 0000 7099 453", "AZ21NABZ000000001370100019"]
        {
            finds_no("iban", text);
        }
    }
}
