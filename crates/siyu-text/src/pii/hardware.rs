//! MAC addresses: six pairs over `:` or `-`, three groups of four over `.`.

use super::context::class;
use super::detector::Candidate;
use super::kind::{Kind, Kinds};
use super::sequence::Site;

/// The address whose first separator stands at `at`.
pub(super) fn at_separator(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    let bytes = text.as_bytes();
    let separator = bytes[at];
    let (size, groups) = if separator == b'.' { (4, 3) } else { (2, 6) };
    let step = size + 1;
    if !kinds.has(Kind::Mac) || bytes.get(at + step) != Some(&separator) || at < size {
        return;
    }
    let (start, end) = (at - size, at - size + groups * step - 1);
    let Some(address) = bytes.get(start..end) else { return };
    let shaped = address
        .iter()
        .enumerate()
        .all(|(place, &byte)| if place % step == size { byte == separator } else { byte.is_ascii_hexdigit() });
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let before = start.checked_sub(1).map_or(0, |before| bytes[before]);
    let behind = bytes.get(end).copied().unwrap_or(0);
    let further = bytes.get(end + 1).copied().unwrap_or(0);
    let pair = bytes[..start].iter().rev().skip(1).take(3).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let longer = before == separator && pair == size.min(3) && bytes[start - 2].is_ascii_hexdigit()
        || behind == separator && further.is_ascii_hexdigit();
    let repeated = address.iter().filter(|&&byte| byte != separator).all(|byte| byte.eq_ignore_ascii_case(&address[0]));
    let named = || super::context::Context::before(text, start).labelled(class::MAC);
    let decimal = separator == b'.' && address.iter().all(|byte| !byte.is_ascii_alphabetic()) && !named();
    if !shaped || goes_on(before) || goes_on(behind) || longer || repeated || decimal {
        return;
    }
    found.push(Candidate { kind: Kind::Mac, start, end, score: 90, rule: "mac" });
}

/// Twelve digits without separators, which only a label makes an address: `MAC地址：A483E7123456`.
pub(super) fn judge_word(site: &mut Site<'_>, index: usize) {
    let word = site.chunk.words[index];
    let bytes = site.chunk.word(word);
    let shaped = bytes.len() == 12 && bytes.iter().all(u8::is_ascii_hexdigit);
    if shaped && site.kinds.has(Kind::Mac) && site.context(word.from, word.to).labelled(class::MAC) {
        site.add_by("mac_labelled", Kind::Mac, word.from, word.to, 84);
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn the_three_writings_are_found() {
        for mac in ["00:1A:2B:3C:4D:5E", "AA-BB-CC-DD-EE-FF", "0012.3456.789a", "aabb.ccdd.eeff", "00:11:22:33:44:55"] {
            finds("mac", &format!("My MAC is {mac}"), mac);
            finds("mac", &format!("网卡{mac}，"), mac);
        }
    }

    #[test]
    fn a_label_makes_twelve_digits_an_address() {
        finds("mac", "MAC地址：A483E7123456，", "A483E7123456");
        finds_no("mac", "commit A483E7123456");
    }

    #[test]
    fn broadcast_short_and_longer_runs_are_none() {
        for text in ["FF:FF:FF:FF:FF:FF", "00:1A:2B:3C:4D", "ZZ:ZZ:ZZ:ZZ:ZZ:ZZ", "aa:bb:cc:dd:ee:ff:00:11"] {
            finds_no("mac", text);
        }
    }
}
