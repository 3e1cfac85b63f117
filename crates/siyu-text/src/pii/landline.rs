//! Fixed-line numbers of mainland China.

use super::context::{Context, class, has_unit};
use super::detector::Candidate;
use super::extension;
use super::kind::Kind;
use super::sequence::Site;

pub(super) fn in_chunk(site: &mut Site<'_>) {
    if !site.kinds.has(Kind::CnLandline) {
        return;
    }
    for index in 0..site.chunk.words.len() {
        judge(site, index);
    }
}

fn judge(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    if !word.is_number()
        || site.byte_before(word.from).is_ascii_alphanumeric() && site.chunk.at(word.from.checked_sub(1)) == 0
    {
        return;
    }
    let mut from = word.from;
    let joined = site.chunk.at(word.from.checked_sub(1));
    let china = if joined == b'.' { None } else { country_code(site, index) };
    let country = china.is_some();
    // Most numbers are told by their digits alone, without a look at the words around.
    if !may_begin(site.chunk.word(word), country) {
        return;
    }
    let mut context = site.context(word.from, word.to);
    if site.follows(&[Kind::CnLandline, Kind::CnMobile], word.from) {
        context.label |= class::PHONE;
    }
    let labelled = context.labelled(class::PHONE);
    let Some((last, rule)) = pattern(site, index, country, &context) else { return };
    let abroad = index > 0 && !country && {
        let before = site.chunk.words[index - 1];
        before.to + 1 == word.from && site.chunk.at(before.from.checked_sub(1)) == b'+'
    };
    // Four digits behind others over a space: the middle of a longer number, such as an account's.
    let middle =
        index > 0 && joined == b' ' && site.chunk.words[index - 1].to + 1 == word.from && !labelled && !country;
    if abroad || middle || context.clause & class::FOREIGN != 0 {
        return;
    }
    if let Some(china) = china {
        from = site.chunk.words[china].from;
    } else if index > 0
        && matches!(joined, b'-' | b'.' | b'/')
        && site.chunk.words[index - 1].to + 1 == word.from
        && !(joined == b'/' && labelled && is_second(site, index))
    {
        return;
    }
    from -= usize::from(site.chunk.at(from.checked_sub(1)) == b'+');
    let Some(last) = with_extension(site, last) else { return };
    let to = site.chunk.words[last].to;
    if site.chunk.at(from.checked_sub(1)) == b'(' && site.chunk.closes(from, to) {
        from -= 1;
    }
    let (_, end) = site.chunk.span(from, to);
    let bound = matches!(site.byte_after(to), b'_') || matches!(site.byte_before(from), b'_' | b'#' | b'/');
    if context.is_thing() || has_unit(site.text, end) || bound && !labelled || site.in_url(from) && !labelled {
        return;
    }
    let (start, _) = site.chunk.span(from, to);
    let end = extension::end(site.text, end).unwrap_or(end);
    site.found.push(Candidate { kind: Kind::CnLandline, start, end, score: 81, rule });
}

/// The word before the one at `index` that is China's country code, past the zero of `+86 (0)21`.
fn country_code(site: &Site<'_>, index: usize) -> Option<usize> {
    let word = |at: usize| site.chunk.word(site.chunk.words[at]);
    let before = index.checked_sub(1)?;
    let at = if word(before) == b"0" && site.chunk.at(Some(site.chunk.words[before].to)) == b')' {
        before.checked_sub(1)?
    } else {
        before
    };
    matches!(word(at), b"86" | b"0086").then_some(at)
}

/// Whether the word is as long as the one before it, as the second number of a list is.
fn is_second(site: &Site<'_>, index: usize) -> bool {
    let words = &site.chunk.words;
    words[index].len() >= 7 && words[index - 1].is_number() && words[index - 1].len() == words[index].len()
}

/// The zero and the area code of digits such as `8621`, where the country's code stands before it.
fn behind_country(digits: &[u8]) -> Option<Vec<u8>> {
    let area = [b"0", digits.strip_prefix(b"86")?].concat();
    is_area(&area).then_some(area)
}

/// Whether a number with any of the patterns may begin with a word of these digits.
fn may_begin(digits: &[u8], country: bool) -> bool {
    let is_service = |digits: &[u8]| digits.starts_with(b"400") || digits.starts_with(b"800");
    match digits.len() {
        2..=5 => country || is_area(digits) || is_service(digits) || behind_country(digits).is_some(),
        7 | 8 => (b'2'..=b'9').contains(&digits[0]),
        10 => is_service(digits),
        11 | 12 => digits[0] == b'0',
        _ => false,
    }
}

/// The last word of the number that begins at the word, and the pattern that it fits.
fn pattern(site: &Site<'_>, index: usize, country: bool, context: &Context) -> Option<(usize, &'static str)> {
    let word = site.chunk.words[index];
    let bytes = site.chunk.word(word);
    let labelled = context.labelled(class::PHONE);
    let alone = || !follows_group(site, index) && !context.is_thing() && !site.in_url(word.from);
    match bytes.len() {
        2..=4 if is_area(bytes) || country && is_area(&[b"0", bytes].concat()) => {
            let area = bytes.len() + usize::from(bytes[0] != b'0');
            behind_area(site, index, area).map(|last| (last, "cn_landline_area"))
        }
        4 | 5 if labelled || site.chunk.at(word.from.checked_sub(1)) == b'+' => {
            let area = behind_country(bytes)?.len();
            behind_area(site, index, area).map(|last| (last, "cn_landline_area"))
        }
        3 if matches!(bytes, b"400" | b"800") => service(site, index).map(|last| (last, "cn_landline_service")),
        10 if matches!(&bytes[..3], b"400" | b"800") && labelled => Some((index, "cn_landline_service")),
        11 | 12 if labelled && (is_area(&bytes[..3]) || is_area(&bytes[..4])) => Some((index, "cn_landline_area")),
        7 | 8 if labelled && (b'2'..=b'9').contains(&bytes[0]) && alone() => Some((index, "cn_landline_labelled")),
        _ => None,
    }
}

/// The last word with the extension behind it; none where what follows is no extension.
fn with_extension(site: &Site<'_>, last: usize) -> Option<usize> {
    let words = &site.chunk.words;
    let joined = |last: usize| {
        words.get(last + 1).filter(|next| next.from == words[last].to + 1 && site.chunk.folded[next.from - 1] == b'-')
    };
    let Some(extension) = joined(last) else { return Some(last) };
    let fits = extension.is_number() && extension.len() <= 6 && joined(last + 1).is_none();
    fits.then_some(last + 1)
}

/// Whether a short group of digits stands right before, of which the number is the rest.
fn follows_group(site: &Site<'_>, index: usize) -> bool {
    let Some(before) = index.checked_sub(1).map(|before| site.chunk.words[before]) else { return false };
    before.is_number() && before.len() <= 4 && before.to + 1 == site.chunk.words[index].from
}

/// The number behind an area code: seven or eight digits, also as 4-4 or 3-4.
fn behind_area(site: &Site<'_>, index: usize, area: usize) -> Option<usize> {
    let words = &site.chunk.words;
    let gap = |left: usize| -> Option<&[u8]> { site.chunk.folded.get(words[left].to..words.get(left + 1)?.from) };
    let first_gap = gap(index)?;
    if is_london(site, index) {
        return None;
    }
    if !matches!(first_gap, b"-" | b" " | b")" | b") " | b")-" | b"--" | b" - ") {
        return None;
    }
    let number = words[index + 1];
    // No exchange begins with 1, but examples do; a space alone joins an area code to none of them.
    let starts = if first_gap == b" " { b'2'..=b'9' } else { b'1'..=b'9' };
    if !number.is_number() || !starts.contains(&site.chunk.folded[number.from]) {
        return None;
    }
    match number.len() {
        8 => Some(index + 1),
        7 if area == 4 || first_gap != b" " => Some(index + 1),
        3 | 4 => {
            let split = matches!(gap(index + 1)?, b"-" | b" ");
            let second = words[index + 2];
            (split && second.is_number() && second.len() == 4).then_some(index + 2)
        }
        _ => None,
    }
}

/// `020 7946 0958`: no line of Guangzhou begins with 7, many of London do.
fn is_london(site: &Site<'_>, index: usize) -> bool {
    let [area, number] =
        [0, 1].map(|step| site.chunk.words.get(index + step).map_or(&[][..], |&word| site.chunk.word(word)));
    area == b"020" && number.starts_with(b"7")
}

/// `400-810-8888`, `400-8108888`, `400 8108 888`.
fn service(site: &Site<'_>, index: usize) -> Option<usize> {
    let mut digits = 3;
    for last in index + 1..site.chunk.words.len().min(index + 4) {
        let (word, before) = (site.chunk.words[last], site.chunk.words[last - 1]);
        if !word.is_number() || word.from != before.to + 1 || !matches!(site.chunk.folded[before.to], b'-' | b' ') {
            return None;
        }
        digits += word.len();
        if digits >= 10 {
            return (digits == 10).then_some(last);
        }
    }
    None
}

fn is_area(digits: &[u8]) -> bool {
    match digits {
        [b'0', b'1', b'0'] => true,
        [b'0', b'2', last] => !matches!(last, b'6'),
        [b'0', family, second, _] => match family {
            b'3' => matches!(second, b'1' | b'3'..=b'7' | b'9'),
            b'4' => matches!(second, b'1'..=b'8'),
            b'5' => matches!(second, b'1'..=b'9'),
            b'6' => matches!(second, b'3' | b'6' | b'9'),
            b'7'..=b'9' => true,
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no, values};

    #[test]
    fn area_codes_brackets_and_extensions_belong_to_the_number() {
        for number in [
            "010-12345678",
            "(010)62345678",
            "（021）62345678",
            "（0755）-26234567",
            "(021)12345678",
            "（021） 6234 5678",
            "021-6234 5678",
            "0755-26234567-8001",
            "400-810-8888",
            "+86-10-62345678",
            "+86(10)62345678",
            "+86 (0)21 6234 5678",
            "(86-21)62345678",
            "（8621）62345678",
            "+8621-62345678",
        ] {
            finds("cn_landline", &format!("请致电{number}。"), number);
            finds("cn_landline", &format!("联系电话为{number}"), number);
        }
        assert_eq!(values("cn_landline", "传真：0571-88881234/88881235"), ["0571-88881234", "88881235"]);
        assert_eq!(values("cn_landline", "0571-88881234/88881235"), ["0571-88881234", "88881235"]);
        finds("cn_landline", "0571-88881234/2021", "0571-88881234");
        finds("cn_landline", "电话：62345678", "62345678");
        finds("cn_landline", "固话01062345678", "01062345678");
    }

    /// Forms of GB/T 15834 prose, letterheads and business cards.
    #[test]
    fn an_extension_in_words_belongs_to_the_number() {
        for extension in [
            "转801",
            " 转 801",
            "转分机801",
            "转接8001",
            "分机：801",
            "分机号801",
            "（分机801）",
            "（转８０１）",
            "(ext. 801)",
            " ext 801",
            "#801",
        ] {
            for number in ["010-62345678", "（021）12345678", "0755-26234567", "400-810-8888"] {
                let number = format!("{number}{extension}");
                finds("cn_landline", &format!("电话：{number}，传真另告"), &number);
            }
        }
        finds("cn_landline", "电话62345678转801", "62345678转801");
        for text in [
            "010-62345678转人工",
            "010-62345678转2次",
            "010-62345678 转3分钟",
            "010-62345678（转下页）",
            "010-62345678 #801",
        ] {
            finds("cn_landline", &format!("电话{text}"), "010-62345678");
        }
    }

    #[test]
    fn bare_numbers_and_orders_stay() {
        for text in ["62345678", "订单号010-62345678", "2010-12345678", "http://example.com/cell-hacking/8545106"] {
            finds_no("cn_landline", text);
        }
    }
}
