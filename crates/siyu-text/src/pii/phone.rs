//! Phone numbers of other countries: with a country code, in the North American form, or behind a label.

use super::chunk::Word;
use super::context::{class, has_unit};
use super::kind::Kind;
use super::sequence::Site;

pub(super) fn in_chunk(site: &mut Site<'_>) {
    if !site.kinds.has(Kind::Phone) {
        return;
    }
    let mut index = 0;
    while index < site.chunk.words.len() {
        index = judge(site, index).map_or(index + 1, |last| last + 1);
    }
}

/// The last of as many words as one number can hold from `index` on, how many digits they have, and whether they end in
/// an extension, which is not counted.
fn gather(site: &Site<'_>, index: usize) -> (usize, usize, bool) {
    let words = &site.chunk.words;
    let (mut last, mut digits) = (index, words[index].len());
    while let Some(next) = words.get(last + 1)
        && is_gap(&site.chunk.folded[words[last].to..next.from])
    {
        if digits + LINE <= 15 && has_extension(site.chunk.word(*next)) {
            return (last + 1, digits + LINE, true);
        }
        if !next.is_number() || digits + next.len() > 15 {
            break;
        }
        digits += next.len();
        last += 1;
    }
    (last, digits, false)
}

/// Takes as many words as one number can hold and judges them; the last word taken.
fn judge(site: &mut Site<'_>, index: usize) -> Option<usize> {
    let first = site.chunk.words[index];
    if !first.is_number() {
        return None;
    }
    let plus = site.chunk.at(first.from.checked_sub(1)) == b'+';
    let (last, digits, extended) = gather(site, index);
    if digits < 7 {
        return None;
    }
    let to = site.chunk.words[last].to;
    let mut from = first.from - usize::from(plus);
    if site.chunk.at(from.checked_sub(1)) == b'(' && site.chunk.closes(from, to) {
        from -= 1;
    }
    let context = site.context(from, to);
    let (start, end) = site.chunk.span(from, to);
    let before = start.checked_sub(1).map_or(0, |at| site.text.as_bytes()[at]);
    let bound = matches!(before, b'_' | b'#' | b'.' | b'/' | b'$' | b'=') || before.is_ascii_alphanumeric();
    let labelled = context.labelled(class::PHONE);
    if context.is_thing() || has_unit(site.text, end) || site.in_url(from) || bound && !labelled {
        return None;
    }
    let whole = site.chunk.words.get(last + 1).is_none_or(|next| next.from > to + 1);
    let length = |word: &Word| if word.is_number() { word.len() } else { LINE };
    let groups: Vec<usize> = site.chunk.words[index..=last].iter().map(length).collect();
    let mixed = site.chunk.folded[from..to].contains(&b'.') && site.chunk.folded[from..to].contains(&b' ');
    let spaced = site.chunk.folded[from..to].iter().all(|&byte| byte.is_ascii_digit() || byte == b' ');
    if site.chunk.folded[first.from..].starts_with(b"000") || plus && mixed {
        return None;
    }
    if before == b'_' || is_calendar_day(site, index, last) {
        return None;
    }
    let mentioned = context.mentions(class::PHONE);
    let dialled = (!spaced || mentioned || last == index) && is_dialled(&site.chunk.folded[first.from..to], digits);
    let (rule, score) = if extended {
        if !is_north_american(site, index, &groups) && !labelled {
            return None;
        }
        ("phone_extension", 76)
    } else if dialled {
        ("phone_dialled", 78)
    } else if plus && is_international(site, index, last) {
        ("phone_international", 79)
    } else if whole && is_north_american(site, index, &groups) && (!spaced || mentioned) {
        ("phone_north_american", 70)
    } else if whole && context.clause & class::FOREIGN != 0 && is_national(site, index, &groups) {
        ("phone_national", 82)
    } else if whole && labelled && (7..=15).contains(&digits) {
        ("phone_labelled", 60)
    } else {
        return None;
    };
    let end = super::extension::spelled(site.text, end).unwrap_or(end);
    site.found.push(super::detector::Candidate { kind: Kind::Phone, start, end, score, rule });
    Some(last)
}

/// `2022-01-04`, which a label would make a number of eight digits.
fn is_calendar_day(site: &Site<'_>, index: usize, last: usize) -> bool {
    let words = &site.chunk.words[index..=last];
    let lengths = words.iter().map(|word| word.len());
    lengths.eq([4, 2, 2]) && {
        let digits: Vec<u8> = words.iter().flat_map(|&word| site.chunk.word(word).to_vec()).collect();
        super::date::is_date(&digits)
    }
}

/// Whether the digits behind a `+` begin with the code of a country and have a length that it allows (ITU-T E.164).
#[expect(clippy::match_same_arms, reason = "the arms follow the zones of the plan")]
fn is_international(site: &Site<'_>, index: usize, last: usize) -> bool {
    let digits: Vec<u8> =
        site.chunk.words[index..=last].iter().flat_map(|&word| site.chunk.word(word).to_vec()).collect();
    let fits = (8..=15).contains(&digits.len());
    match digits[..] {
        [b'1' | b'7', next, ..] => digits.len() == 11 && next != b'0' && next != b'1',
        [b'2', b'0' | b'7', ..] | [b'3', b'0'..=b'4' | b'6' | b'9', ..] | [b'4', b'0' | b'1' | b'3'..=b'9', ..] => fits,
        [b'5', b'1'..=b'8', ..] | [b'6', b'0'..=b'6', ..] | [b'8', b'1' | b'2' | b'4' | b'6', ..] => fits,
        [b'9', b'0'..=b'5' | b'8', ..] => fits,
        [b'2', b'1'..=b'6' | b'9', ..] | [b'3', b'5' | b'7' | b'8', ..] | [b'5', b'0' | b'9', ..] => fits,
        [b'4', b'2', b'0' | b'1' | b'3', ..] | [b'6', b'7'..=b'9', ..] => fits,
        [b'8', b'5', b'0' | b'2' | b'3' | b'5' | b'6', ..] | [b'8', b'8', b'0' | b'1'..=b'3' | b'6', ..] => fits,
        [b'9', b'6' | b'7' | b'9', ..] => fits,
        _ => false,
    }
}

/// `00852-21234567`, `0081 3 1234 5678`: the prefix of international calls and the code of a country (ITU-T E.164).
///
/// Without a separator only the neighbours' numbers, whose length is fixed, are told from other long numbers.
fn is_dialled(number: &[u8], digits: usize) -> bool {
    const CODES: [&[u8]; 34] = [
        b"1", b"7", b"20", b"27", b"31", b"32", b"33", b"34", b"39", b"41", b"43", b"44", b"45", b"46", b"47", b"48",
        b"49", b"52", b"54", b"55", b"60", b"61", b"62", b"63", b"64", b"65", b"66", b"81", b"82", b"84", b"91",
        b"852", b"853", b"886",
    ];
    let Some(rest) = number.strip_prefix(b"00") else { return false };
    let solid = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if rest.contains(&b'.') {
        return false;
    }
    if solid == rest.len() {
        return (rest.starts_with(b"852") || rest.starts_with(b"853")) && digits == 13
            || rest.starts_with(b"886") && matches!(digits, 13 | 14);
    }
    CODES.contains(&&rest[..solid]) && (10..=16).contains(&digits)
}

/// Digits of a line's number in the North American form.
const LINE: usize = 4;

/// `0132x739`: the end of a number and an extension.
fn has_extension(word: &[u8]) -> bool {
    word.split_at_checked(LINE).is_some_and(|(line, extension)| {
        let inner = extension.strip_prefix(b"x").unwrap_or_default();
        line.iter().chain(inner).all(u8::is_ascii_digit) && (2..=5).contains(&inner.len())
    })
}

fn is_gap(gap: &[u8]) -> bool {
    matches!(gap, b" " | b"-" | b"." | b")" | b") " | b")-" | b" (" | b"(" | b"-(")
}

/// `09-7625400`, `020 7946 0958`: groups behind a trunk zero.
fn is_national(site: &Site<'_>, index: usize, groups: &[usize]) -> bool {
    let digits: usize = groups.iter().sum();
    groups.len() > 1 && (8..=12).contains(&digits) && site.chunk.word(site.chunk.words[index]).starts_with(b"0")
}

/// `415-555-0132`, `(415) 555-0132`, `1-415-555-0132`: area and exchange begin with two to nine.
fn is_north_american(site: &Site<'_>, index: usize, groups: &[usize]) -> bool {
    let area = match groups {
        [3, 3, 4] => index,
        [1, 3, 3, 4] if site.chunk.word(site.chunk.words[index]) == b"1" => index + 1,
        [3, 3, 3, 4] if site.chunk.word(site.chunk.words[index]) == b"001" => index + 1,
        [2, 3, 3, 4] if matches!(site.chunk.word(site.chunk.words[index]), b"91" | b"01") => index + 1,
        _ => return false,
    };
    [area, area + 1].iter().all(|&at| (b'2'..=b'9').contains(&site.chunk.folded[site.chunk.words[at].from]))
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn country_codes_forms_and_labels() {
        finds("phone", "My US number is (415) 555-0132, and", "(415) 555-0132");
        finds("phone", "international one is +1 415 555 0132", "+1 415 555 0132");
        finds("phone", "电话+44 20 7946 0958。", "+44 20 7946 0958");
        finds("phone", "call me at (96) 627-277", "(96) 627-277");
        finds_no("phone", "tracking 415-555-0132");
        for label in ["Tel: ", "Call ", "电话：", "伦敦电话 "] {
            finds("phone", &format!("{label}020 7946 0958。"), "020 7946 0958");
        }
        finds_no("phone", "广州电话020 8765 4321");
        finds("phone", "call 415 555 0132", "415 555 0132");
    }

    #[test]
    fn an_extension_belongs_to_its_number() {
        for number in ["(251)500-2136x739", "001-204-821-0538x16944", "+1-203-305-2492x5662", "730.347.5681x8340"] {
            finds("phone", &format!("Fax {number}, or"), number);
            finds("phone", &format!("电话{number}，"), number);
        }
        finds("phone", "Phone: 415.555.2671 x123", "415.555.2671 x123");
        finds("phone", "call +44 20 7946 0958 ext. 12", "+44 20 7946 0958 ext. 12");
        finds_no("phone", "显示器 1920x1080，版本 20-1080x72");
    }

    #[test]
    fn columns_of_numbers_and_padded_records_are_none() {
        for text in [
            "2021-2022 12345678",
            "drwxr-xr-x. 2 500 500 4096 Aug 2 01:52 Music",
            "rx ring 256/4096",
            "634/400/4507 MHz",
            "TELEPHONE 00000000069,14",
            "89m +6.293 14.345 +30ms",
            "10.1016/j.cell.2020.01.001",
        ] {
            finds_no("phone", text);
        }
    }
}
