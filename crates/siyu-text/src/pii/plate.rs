//! Number plates of mainland China: GA 36.

use super::context::class;
use super::detector::Candidate;
use super::kind::Kind;
use super::sequence::Site;

const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
/// The armed forces and the embassies; such plates count only behind a label.
const FORCES: &str = "军海空";
const SUFFIXES: &str = "学警港澳挂试超使领";

/// A plate whose digits and letters are the word at `index`.
pub(super) fn judge(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    if !site.kinds.has(Kind::CnPlate) || !(4..=8).contains(&word.len()) {
        return;
    }
    let bytes: Vec<u8> = site.chunk.word(word).to_ascii_uppercase();
    let (start, end) = site.chunk.span(word.from, word.to);
    let before = site.text.get(..start).expect("a word begins at a character boundary");
    let behind = site.text.get(end..).expect("a word ends at a character boundary");
    let suffix = behind.chars().next().filter(|sign| SUFFIXES.contains(*sign)).map_or(0, char::len_utf8);
    let Some((from, series)) = head(before, &bytes) else {
        let labelled = || site.context(word.from, word.to).labelled(class::PLATE);
        if let Some(place) = before.chars().next_back().filter(|&place| is_special(place, &bytes))
            && labelled()
        {
            let start = start - place.len_utf8();
            site.found.push(Candidate { kind: Kind::CnPlate, start, end, score: 83, rule: "cn_plate_special" });
        }
        return;
    };
    let length = series.len() + usize::from(suffix > 0);
    let letters = series.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let plain = length == 5 && letters <= 2;
    let energy = length == 6
        && (matches!(series[0], b'A'..=b'K') && series[2..].iter().all(u8::is_ascii_digit)
            || series[..5].iter().all(u8::is_ascii_digit) && letters == 1);
    let clean = series.iter().all(|byte| byte.is_ascii_digit() || !matches!(byte, b'I' | b'O'));
    if clean && (plain || energy) && !site.context(word.from, word.to).labelled(class::THING) {
        site.found.push(Candidate { kind: Kind::CnPlate, start: from, end: end + suffix, score: 83, rule: "cn_plate" });
    }
}

/// `使014578`, `军A12345`.
fn is_special(place: char, bytes: &[u8]) -> bool {
    let digits =
        |from: usize, count: usize| bytes.len() == from + count && bytes[from..].iter().all(u8::is_ascii_digit);
    place == '使' && digits(0, 6) || FORCES.contains(place) && bytes[0].is_ascii_uppercase() && digits(1, 5)
}

/// Where the plate begins, and the characters behind its place.
fn head<'a>(before: &str, bytes: &'a [u8]) -> Option<(usize, &'a [u8])> {
    let last = before.chars().next_back()?;
    if PROVINCES.contains(last) {
        let from = before.len() - last.len_utf8();
        let armed = before.get(..from).is_some_and(|rest| rest.ends_with("WJ"));
        if armed {
            return Some((from - 2, bytes));
        }
        return (bytes[0].is_ascii_uppercase() && bytes[0] != b'I').then(|| (from, &bytes[1..]));
    }
    // The dot behind the letter: `京A·12345`.
    let rest = before.trim_end_matches(['·', '•', '・', '.', ' ', '-']);
    let mut signs = rest.chars().rev();
    let (letter, place) = (signs.next()?, signs.next()?);
    let dotted = rest.len() < before.len() && letter.is_ascii_uppercase() && PROVINCES.contains(place);
    dotted.then(|| (rest.len() - 1 - place.len_utf8(), bytes))
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn plates_of_all_sorts_are_found() {
        for plate in
            ["京A12345", "沪AD12345", "粤B12345F", "京A1234警", "粤Z1234港", "苏E·12345", "川A1234学", "冀B1234挂"]
        {
            finds("cn_plate", &format!("车牌{plate}，"), plate);
        }
    }

    #[test]
    fn plates_of_embassies_and_forces_need_a_label() {
        finds("cn_plate", "车牌号：使014578", "使014578");
        finds("cn_plate", "车牌军A12345", "军A12345");
        finds_no("cn_plate", "即使014578");
    }

    #[test]
    fn case_numbers_are_no_plates() {
        for text in ["（2021）京0105民初12345号", "沪C12", "京I12345"] {
            finds_no("cn_plate", text);
        }
    }
}
