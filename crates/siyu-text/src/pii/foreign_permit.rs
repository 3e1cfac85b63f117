//! Permanent residence cards of foreigners: 15 characters from 2004, 18 digits from 2023.

use super::cn_id::{has_check_digit, is_province};
use super::context::class;
use super::date::is_date;
use super::kind::Kind;
use super::sequence::{Sequence, Site};

/// Three letters of the country, four digits of the area, six of the birth date, two more.
pub(super) fn judge(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    let bytes = site.chunk.word(word);
    if !site.kinds.has(Kind::ForeignPermit)
        || bytes.len() != 15
        || !bytes[..3].iter().all(u8::is_ascii_uppercase)
        || !bytes[3..].iter().all(u8::is_ascii_digit)
    {
        return;
    }
    let mut birth = *b"19000000";
    birth[2..].copy_from_slice(&bytes[7..13]);
    if is_province(&bytes[3..5]) && is_date(&birth) && !site.context(word.from, word.to).is_thing() {
        site.add_by("foreign_permit_letters", Kind::ForeignPermit, word.from, word.to, 90);
    }
}

/// `9`, the province, the country's ISO number, the birth date, a serial number, ISO 7064.
pub(super) fn judge_digits(site: &mut Site<'_>, sequence: &Sequence) {
    let digits = &sequence.digits;
    let shape = digits.len() == 18 && sequence.groups.len() == 1 && digits[0] == b'9';
    if site.kinds.has(Kind::ForeignPermit)
        && shape
        && is_province(&digits[1..3])
        && is_date(&digits[6..14])
        && has_check_digit(digits)
    {
        let score = if sequence.context.labelled(class::USCC) { 60 } else { 97 };
        site.add_by("foreign_permit_digits", Kind::ForeignPermit, sequence.from, sequence.to, score);
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn both_generations_are_found() {
        // Test numbers: the check digits of the first two are right, that of the last is not.
        finds("foreign_permit", "永居证911124198108030024", "911124198108030024");
        finds("foreign_permit", "永久居留证ARE110181080301".to_owned().as_str(), "ARE110181080301");
        finds_no("foreign_permit", "永居证911124198108030025");
    }
}
