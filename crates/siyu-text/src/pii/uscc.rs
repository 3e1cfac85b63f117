//! Unified social credit codes: GB 32100-2015, check character modulo 31.

use super::context::class;
use super::kind::Kind;
use super::sequence::Site;

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

pub(super) fn judge(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    if !site.kinds.has(Kind::CnUscc) || word.len() != 18 || !is_code(site.chunk.word(word)) {
        return;
    }
    // One in thirty-one numbers of posts, orders and pictures has the right check character by chance.
    if word.is_number() {
        let context = site.context(word.from, word.to);
        if site.in_url(word.from) || context.is_thing() || context.labelled(class::ID | class::CARD) {
            return;
        }
    }
    // Eighteen digits that also pass as a card number are a company's only under the department of commerce.
    let score = if word.is_number() && site.chunk.folded[word.from] != b'9' { 80 } else { 94 };
    site.add(Kind::CnUscc, word.from, word.to, score);
}

/// The department that registers, and the sort of body registered (GB 32100-2015, table 1).
fn is_category(department: u8, sort: u8) -> bool {
    let sorts: &[u8] = match department {
        b'1' | b'5' | b'N' => b"1239",
        b'2' | b'6' | b'7' => b"129",
        b'3' => b"123459",
        b'4' | b'8' | b'A' => b"19",
        b'9' => b"123",
        b'Y' => b"1",
        _ => b"",
    };
    sorts.contains(&sort)
}

fn is_code(word: &[u8]) -> bool {
    let upper: Vec<u8> = word.iter().map(u8::to_ascii_uppercase).collect();
    let one_case = !word.iter().any(u8::is_ascii_lowercase) || !word.iter().any(u8::is_ascii_uppercase);
    let region = upper[2..8].iter().all(u8::is_ascii_digit)
        && (super::cn_id::is_province(&upper[2..4]) || upper[2..4] == *b"10");
    if !one_case || !region || !is_category(upper[0], upper[1]) {
        return false;
    }
    let mut weight = 1;
    let mut sum = 0;
    for (place, byte) in upper.iter().enumerate() {
        let Some(value) = ALPHABET.iter().position(|letter| letter == byte) else { return false };
        if place == 17 {
            return value == (31 - sum % 31) % 31;
        }
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn the_number_of_a_post_is_none() {
        finds_no("cn_uscc", "https://example.com/status/522175938952716289");
        finds("cn_uscc", "522175938952716289", "522175938952716289");
    }

    #[test]
    fn the_check_character_decides() {
        // A test number: the check character of the first is right, that of the second is not.
        finds("cn_uscc", "信用代码91350100M000100Y43。", "91350100M000100Y43");
        finds_no("cn_uscc", "信用代码91350100M000100Y44。");
    }
}
