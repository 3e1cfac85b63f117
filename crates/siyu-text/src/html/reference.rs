//! Character references: `&amp;`, `&#20013;`, `&copy`.

use std::sync::LazyLock;

/// The standard's named references, made by `scripts/entities.py`.
static NAMED: LazyLock<Vec<(&str, Characters)>> = LazyLock::new(|| {
    include_str!("entities.tsv")
        .lines()
        .map(|line| {
            let (name, codes) = line.split_once('\t').expect("each line is a name, a tab and code points");
            let mut characters = codes.split(' ').map(|code| {
                let code = u32::from_str_radix(code, 16).expect("code points are hexadecimal");
                char::from_u32(code).expect("code points are characters")
            });
            (name, Characters(characters.next().expect("a reference has a value"), characters.next()))
        })
        .collect()
});

/// The longest name that does without its semicolon.
const LONGEST_BARE: usize = 6;

/// What a reference stands for: one character, at times two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Characters(char, Option<char>);

impl Characters {
    /// Appends them to `text`.
    pub(super) fn push_to(self, text: &mut String) {
        text.push(self.0);
        text.extend(self.1);
    }
}

/// Reads the reference at the start of `bytes`, which follow an ampersand; also returns its length in bytes.
///
/// With `careful`, as in attribute values, a name without semicolon before `=`, a letter or a digit is no reference, so
/// that `?a=1&copy=2` stays an address.
pub(super) fn read(bytes: &[u8], careful: bool) -> Option<(Characters, usize)> {
    match bytes {
        [b'#', b'x' | b'X', digits @ ..] => numeric(digits, 16).map(|(value, length)| (value, length + 2)),
        [b'#', digits @ ..] => numeric(digits, 10).map(|(value, length)| (value, length + 1)),
        [b'a'..=b'z' | b'A'..=b'Z', ..] => named(bytes, careful),
        _ => None,
    }
}

fn named(bytes: &[u8], careful: bool) -> Option<(Characters, usize)> {
    const NO_BREAK_SPACE: Characters = Characters('\u{A0}', None);
    if bytes.starts_with(b"nbsp;") {
        return Some((NO_BREAK_SPACE, 5));
    }
    let length = bytes.iter().take(40).take_while(|b| b.is_ascii_alphanumeric()).count();
    if bytes.get(length) == Some(&b';')
        && let Some(value) = lookup(bytes.split_at(length + 1).0)
    {
        return Some((value, length + 1));
    }
    (2..=length.min(LONGEST_BARE)).rev().find_map(|length| {
        let (name, after) = bytes.split_at(length);
        let value = lookup(name)?;
        let continues = after.first().is_some_and(|&b| b == b'=' || b.is_ascii_alphanumeric());
        (!(careful && continues)).then_some((value, length))
    })
}

fn lookup(name: &[u8]) -> Option<Characters> {
    let found = NAMED.binary_search_by(|(known, _)| known.as_bytes().cmp(name)).ok()?;
    Some(NAMED[found].1)
}

fn numeric(digits: &[u8], radix: u32) -> Option<(Characters, usize)> {
    let mut code: u32 = 0;
    let mut length = 0;
    while let Some(digit) = digits.get(length).and_then(|&b| char::from(b).to_digit(radix)) {
        code = code.saturating_mul(radix).saturating_add(digit);
        length += 1;
    }
    if length == 0 {
        return None;
    }
    let character = match u8::try_from(code) {
        Ok(0) => char::REPLACEMENT_CHARACTER,
        // Pages written in windows-1252 number their characters by its bytes.
        Ok(byte @ 0x80..=0x9F) => {
            let byte = [byte];
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
            text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        Ok(byte) => char::from(byte),
        Err(_) => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    Some((Characters(character, None), length + usize::from(digits.get(length) == Some(&b';'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str, careful: bool) -> Option<(String, usize)> {
        let (characters, length) = read(text.as_bytes(), careful)?;
        let mut value = String::new();
        characters.push_to(&mut value);
        Some((value, length))
    }

    #[test]
    fn the_longest_name_wins() {
        assert_eq!(decoded("notin; x", false), Some(("∉".into(), 6)));
        assert_eq!(decoded("notit; x", false), Some(("¬".into(), 3)));
        assert_eq!(decoded("NotEqualTilde;", false), Some(("≂\u{338}".into(), 14)));
        assert_eq!(decoded("hellip", false), None);
    }

    #[test]
    fn a_bare_name_in_an_address_is_no_reference() {
        assert_eq!(decoded("copy=2", true), None);
        assert_eq!(decoded("copy 2", true), Some(("©".into(), 4)));
    }

    #[test]
    fn numbers_beyond_unicode_are_replaced_and_windows_1252_is_understood() {
        assert_eq!(decoded("#x4E2D;", false), Some(("中".into(), 7)));
        assert_eq!(decoded("#150-", false), Some(("–".into(), 4)));
        assert_eq!(decoded("#99999999999999;", false), Some(("\u{FFFD}".into(), 16)));
        assert_eq!(decoded("#xD800;", false), Some(("\u{FFFD}".into(), 7)));
        assert_eq!(decoded("#;", false), None);
    }

    #[test]
    fn the_table_is_the_standards() {
        assert_eq!(NAMED.len(), 2231);
        assert!(NAMED.is_sorted_by_key(|(name, _)| name.as_bytes()));
        let longest = NAMED.iter().filter(|(name, _)| !name.ends_with(';')).map(|(name, _)| name.len()).max();
        assert_eq!(longest, Some(LONGEST_BARE));
    }
}
