//! Social security numbers and passports of the United States.

use super::context::class;
use super::kind::Kind;
use super::sequence::{Sequence, Site};

pub(super) fn judge(site: &mut Site<'_>, sequence: &Sequence) {
    if sequence.len() != 9 || !sequence.digits.iter().all(u8::is_ascii_digit) {
        return;
    }
    let context = sequence.context;
    let labelled = context.mentions(class::SSN);
    if site.kinds.has(Kind::UsSsn) && is_ssn(&sequence.digits) {
        let alone = sequence.stands_alone() && !context.is_thing() && !site.in_url(sequence.from);
        let governed = context.labelled(class::SSN) || context.after & class::SSN != 0;
        let hyphened = matches!(sequence.separator, b'-' | 0);
        match sequence.groups[..] {
            [3, 2, 4] if labelled || alone => {
                site.add_by("us_ssn_grouped", Kind::UsSsn, sequence.from, sequence.to, 80);
            }
            [9] | [3, 6] | [5, 4] if governed && hyphened => {
                site.add_by("us_ssn_labelled", Kind::UsSsn, sequence.from, sequence.to, 80);
            }
            _ => {}
        }
    }
    let single = sequence.groups.len() == 1;
    if single && context.labelled(class::PASSPORT) && site.kinds.has(Kind::UsPassport) {
        site.add_by("us_passport_digits", Kind::UsPassport, sequence.from, sequence.to, 78);
    }
}

/// The newer passports: a letter and eight digits.
pub(super) fn judge_word(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    let bytes = site.chunk.word(word);
    let shape = bytes.len() == 9 && bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_digit);
    if shape && site.kinds.has(Kind::UsPassport) {
        // Letters of Chinese, Hong Kong and Macao passports.
        let chinese = matches!(bytes[0], b'E' | b'G' | b'D' | b'S' | b'P' | b'K' | b'M' | b'H');
        let context = site.context(word.from, word.to);
        let american = context.clause & class::US != 0;
        let named = context.label & class::PASSPORT != 0 || context.label == 0 && context.mentions(class::PASSPORT);
        if named && (!chinese || american) && !context.is_thing() {
            site.add_by("us_passport_letter", Kind::UsPassport, word.from, word.to, 85);
        }
    }
}

/// Ranges that were never issued, and the numbers that advertisements made known.
fn is_ssn(digits: &[u8]) -> bool {
    let area = &digits[..3];
    let issued =
        area != b"000" && area != b"666" && area[0] != b'9' && &digits[3..5] != b"00" && &digits[5..] != b"0000";
    issued && digits != b"078051120" && digits != b"123456789"
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn social_security_numbers_by_form_or_label() {
        for ssn in ["078-05-1123", "078.05.1123", "078 05 1123"] {
            finds("us_ssn", ssn, ssn);
        }
        finds("us_ssn", "ssn 078051121", "078051121");
        for text in ["0780511201", "078051120", "000000000", "666000000", "078-05-0000", "078 00 1123", "693-09.4444"] {
            finds_no("us_ssn", text);
        }
    }

    #[test]
    fn passports_need_their_label() {
        finds("us_passport", "US passport 912803456", "912803456");
        finds_no("us_passport", "912803456");
    }
}
