//! Bank cards: ISO/IEC 7812 numbers with Luhn's check digit.

use super::context::{class, has_unit};
use super::kind::Kind;
use super::sequence::{Sequence, Site};

pub(super) fn judge(site: &mut Site<'_>, sequence: &Sequence) {
    let digits = &sequence.digits;
    if !site.kinds.has(Kind::BankCard) || !(12..=19).contains(&digits.len()) || !is_luhn(digits) {
        return;
    }
    if sequence.context.labelled(class::ID) && matches!(digits.len(), 15 | 18) {
        return;
    }
    let labelled = sequence.context.labelled(class::CARD);
    let card = sequence.context.mentions(class::CARD);
    let known = has_issuer(digits, card);
    let (start, end) = site.chunk.span(sequence.from, sequence.to);
    let follows = follows_card(site, sequence, start);
    let part = sequence.is_part() && !follows;
    if !known || !is_grouped(&sequence.groups) || part || sequence.separator == b'.' {
        return;
    }
    let against = sequence.context.is_thing()
        || has_unit(site.text, end)
        || !sequence.stands_alone() && !follows
        || site.in_url(sequence.from);
    let bound = matches!(site.byte_before(sequence.from), b'_' | b'#' | b'$') || site.byte_after(sequence.to) == b'_';
    let money = site.text.as_bytes()[..start].ends_with("￥".as_bytes());
    if !labelled && (against || bound || money || in_formula(site.text, start, end)) {
        return;
    }
    site.add(Kind::BankCard, sequence.from, sequence.to, if card { 95 } else { 85 });
}

/// Whether what joins the number from before is another card, so that it is no part of a longer number.
fn follows_card(site: &Site<'_>, sequence: &Sequence, start: usize) -> bool {
    let card = |found: &super::detector::Candidate| found.kind == Kind::BankCard && found.end + 1 == start;
    sequence.joined_after != sequence.separator && site.found.iter().any(card)
}

/// Whether the sign of an operation stands at either side.
fn in_formula(text: &str, start: usize, end: usize) -> bool {
    let (before, rest) = text.split_at(start);
    let after = rest.get(end - start..).expect("a candidate ends at a character boundary");
    if before.ends_with("**") && after.starts_with("**") {
        return false;
    }
    before.trim_end_matches(' ').ends_with(['+', '*', '/', '^'])
        || after.trim_start_matches(' ').starts_with(['+', '*', '/', '^'])
}

fn is_grouped(groups: &[u8]) -> bool {
    match groups {
        [_] | [4, 6, 4 | 5] | [6, 13 | 10] | [8, 8] => true,
        [rest @ .., last] => rest.iter().all(|&group| group == 4) && *last <= 4 && rest.len() >= 3,
        [] => false,
    }
}

/// Luhn's check digit; numbers of one repeated digit pass it too, and are none.
pub(super) fn is_luhn(digits: &[u8]) -> bool {
    if !digits.iter().all(u8::is_ascii_digit) || digits.iter().all(|digit| digit == &digits[0]) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') << (place % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Issuer prefixes and the lengths they come in; a card word nearby lets rarer ones through.
fn has_issuer(digits: &[u8], card: bool) -> bool {
    let four = digits[..4].iter().fold(0, |value: u32, digit| value * 10 + u32::from(digit - b'0'));
    let length = digits.len();
    match four {
        6200..=6299 | 8100..=8171 | 6011 | 6440..=6599 => (16..=19).contains(&length),
        3528..=3589 => length == 16 || card && (17..=19).contains(&length),
        4000..=4999 => length == 16 || length == 19 || (length == 13 && card),
        5100..=5599 | 2200..=2204 | 2221..=2720 => length == 16,
        3400..=3499 | 3700..=3799 | 1220 | 1920 => length == 15,
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => length == 14,
        5018..=5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => (16..=19).contains(&length) || card,
        9558 | 9111 | 9400 | 9843 | 6858 | 6859 | 6886..=6888 | 6900 | 6901 => card && length >= 16,
        5000..=5099 | 5600..=5899 | 6000..=6999 => card,
        _ => card && length >= 16 && four != 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    /// Test numbers in the forms of the card schemes; all pass the Luhn check.
    const CARDS: [&str; 15] = [
        "2223003122003222",
        "4012888888881881",
        "4012-8888-8888-1881",
        "4012 8888 8888 1881",
        "122000000000003",
        "371449635398431",
        "5555555555554444",
        "5019717010103742",
        "30569309025904",
        "6011000400000000",
        "3528000700000000",
        "6759649826438453",
        "4111111111111111",
        "4917300800000000",
        "4484070000000000",
    ];

    #[test]
    fn test_numbers_of_the_schemes_are_found_alone_and_in_chinese() {
        for card in CARDS {
            finds("bank_card", card, card);
            finds("bank_card", &format!("卡号{card}，"), card);
        }
    }

    #[test]
    fn a_short_label_overrules_the_amount_before_it() {
        finds("bank_card", "the last billed amount for cc 4012888888881881", "4012888888881881");
    }

    #[test]
    fn wrong_check_digits_and_order_numbers_are_no_cards() {
        for text in [
            "4012-8888-8888-1882",
            "my credit card number is 36168002586008",
            "订单号4012888888881881",
            "流水号2223003122003222",
            "2223003122003223",
            "2721003122003229",
            "4444444444444444",
            "2**-4 + 2702159776422298 / 2**(52 + 4)",
        ] {
            finds_no("bank_card", text);
        }
    }
}
