//! Passports of China and permits between the mainland, Hong Kong, Macao and Taiwan: form and label together.

use super::context::class;
use super::kind::Kind;
use super::sequence::{Sequence, Site};

pub(super) fn judge(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    let bytes: Vec<u8> = site.chunk.word(word).to_ascii_uppercase();
    let digits = |from: usize| bytes[from..].iter().all(u8::is_ascii_digit);
    if !(9..=11).contains(&bytes.len()) {
        return;
    }
    let passport = bytes.len() == 9
        && match bytes[0] {
            b'E' => digits(1) || bytes[1].is_ascii_uppercase() && digits(2),
            b'G' => digits(1),
            b'D' | b'S' | b'P' | b'K' | b'M' | b'H' => digits(1) || matches!(bytes[1], b'E' | b'A' | b'J') && digits(2),
            _ => false,
        };
    let permit = match bytes[0] {
        b'C' | b'W' => bytes.len() == 9 && (digits(1) || bytes[1].is_ascii_uppercase() && digits(2)),
        b'H' | b'M' => digits(1) && matches!(bytes.len(), 9 | 11),
        b'T' | b'L' => bytes.len() == 9 && digits(1),
        _ => false,
    };
    if !passport && !permit {
        return;
    }
    let context = site.context(word.from, word.to);
    let said = context.near | context.after;
    if context.is_thing() {
        return;
    }
    if permit && said & class::PERMIT != 0 && site.kinds.has(Kind::TravelPermit) {
        site.add_by("travel_permit_letter", Kind::TravelPermit, word.from, word.to, 84);
    } else if passport && said & class::PASSPORT != 0 && !context.is_thing() && site.kinds.has(Kind::CnPassport) {
        site.add_by("cn_passport_letter", Kind::CnPassport, word.from, word.to, 84);
    }
}

/// Eight digits of a Taiwan compatriot permit, in some issues with two more for the time of issue; passports of the series 14 and 15.
pub(super) fn judge_digits(site: &mut Site<'_>, sequence: &Sequence) {
    if sequence.groups.len() != 1 {
        return;
    }
    let context = sequence.context;
    if matches!(sequence.len(), 8 | 10) && context.labelled(class::PERMIT) && site.kinds.has(Kind::TravelPermit) {
        site.add_by("travel_permit_digits", Kind::TravelPermit, sequence.from, sequence.to, 82);
    }
    let series = matches!(&sequence.digits[..2], b"14" | b"15");
    if sequence.len() == 9
        && series
        && context.labelled(class::PASSPORT)
        && !context.mentions(class::US)
        && site.kinds.has(Kind::CnPassport)
    {
        site.add_by("cn_passport_digits", Kind::CnPassport, sequence.from, sequence.to, 82);
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn form_and_label_make_a_document() {
        finds("cn_passport", "护照号E12345678，", "E12345678");
        finds("cn_passport", "护照号码：EA1234567", "EA1234567");
        finds("travel_permit", "港澳通行证C12345678", "C12345678");
        finds("travel_permit", "回乡证H1234567890", "H1234567890");
        finds("travel_permit", "台胞证号12345678", "12345678");
        finds("travel_permit", "台胞证1234567801", "1234567801");
        finds("cn_passport", "护照编号：E12345678", "E12345678");
        finds_no("cn_passport", "型号E12345678");
        finds_no("travel_permit", "产品C12345678");
    }
}
