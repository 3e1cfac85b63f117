//! Resident identity cards: GB 11643, check digit after ISO 7064 MOD 11-2.

use super::context::class;
use super::date::is_date;
use super::kind::Kind;
use super::sequence::{Sequence, Site};

pub(super) fn judge(site: &mut Site<'_>, sequence: &Sequence) {
    if !site.kinds.has(Kind::CnId) || sequence.is_part() {
        return;
    }
    let digits = &sequence.digits;
    let grouping = matches!(
        sequence.groups[..],
        [15 | 18] | [6, 8, 4] | [6, 4, 4, 4] | [6, 4, 8] | [14, 4] | [6, 12] | [3, 3, 4, 4, 4] | [4, 4, 4, 4, 2]
    );
    match digits.len() {
        18 if grouping && is_id(digits) => site.add_by("cn_id_18", Kind::CnId, sequence.from, sequence.to, 98),
        15 if is_old_id(digits) && sequence.context.labelled(class::ID) => {
            site.add_by("cn_id_15", Kind::CnId, sequence.from, sequence.to, 90);
        }
        _ => {}
    }
}

/// Whether 18 digits are a card of a real province, a real day and the right check digit.
pub(super) fn is_id(digits: &[u8]) -> bool {
    is_province(digits) && is_date(&digits[6..14]) && has_check_digit(digits)
}

pub(super) fn is_province(digits: &[u8]) -> bool {
    matches!(
        (digits[0], digits[1]),
        (b'1' | b'6', b'1'..=b'5')
            | (b'2' | b'8', b'1'..=b'3')
            | (b'3', b'1'..=b'7')
            | (b'4', b'1'..=b'6')
            | (b'5', b'0'..=b'4')
            | (b'7', b'1')
    )
}

/// ISO 7064 MOD 11-2.
pub(super) fn has_check_digit(digits: &[u8]) -> bool {
    let Some((&check, rest)) = digits.split_last() else { return false };
    if !rest.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum = rest.iter().fold(0_u32, |sum, &digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    let expected = (12 - sum) % 11;
    u32::from(check) == if expected == 10 { u32::from(b'X') } else { u32::from(b'0') + expected }
}

fn is_old_id(digits: &[u8]) -> bool {
    let mut birth = *b"19000000";
    birth[2..].copy_from_slice(&digits[6..12]);
    digits.iter().all(u8::is_ascii_digit) && is_province(digits) && is_date(&birth)
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn a_card_with_its_check_digit_is_found() {
        // The worked example of GB 11643-1999.
        for id in ["11010519491231002X", "11010519491231002x", "440524188001010014", "110105 19491231 002X"] {
            finds("cn_id", &format!("身份证号{id}。"), id);
        }
        finds("cn_id", "11010519491231002X", "11010519491231002X");
    }

    #[test]
    fn wrong_check_digits_dates_and_provinces_are_no_card() {
        for text in ["身份证110105194912310021", "11010519491331002X", "99010519491231002X"] {
            finds_no("cn_id", text);
        }
    }

    #[test]
    fn the_old_card_needs_its_label() {
        finds("cn_id", "身份证号：110105491231002", "110105491231002");
        finds_no("cn_id", "110105491231002");
    }
}
