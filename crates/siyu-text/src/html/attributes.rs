//! The attributes of a tag, read when somebody asks.

#![expect(clippy::string_slice, reason = "all offsets are those of ASCII bytes found in the text itself")]

use std::borrow::Cow;

use memchr::memchr;

use super::reference;
use super::tokenizer::is_space;

/// The value of the first attribute of that name, in lower case; `source` is the tag between its name and `>`.
pub(super) fn value<'a>(source: &'a str, name: &str) -> Option<Cow<'a, str>> {
    Attributes(source).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| decoded(value))
}

/// Names and undecoded values.
pub(super) struct Attributes<'a>(pub(super) &'a str);

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let source = self.0.trim_start_matches(|c: char| c == '/' || c.is_ascii_whitespace());
        let bytes = source.as_bytes();
        let first = bytes.first()?;
        let skip = usize::from(*first == b'=');
        let length = bytes[skip..].iter().position(|&b| is_space(b) || b == b'/' || b == b'=');
        let (name, rest) = source.split_at(length.map_or(bytes.len(), |length| length + skip));
        let Some(rest) = rest.trim_ascii_start().strip_prefix('=') else {
            self.0 = rest;
            return Some((name, ""));
        };
        let rest = rest.trim_ascii_start();
        let (value, rest) = match rest.as_bytes() {
            [quote @ (b'"' | b'\''), inner @ ..] => {
                let end = memchr(*quote, inner).unwrap_or(inner.len());
                (&rest[1..=end], rest.get(end + 2..).unwrap_or_default())
            }
            bytes => rest.split_at(bytes.iter().position(|&b| is_space(b)).unwrap_or(bytes.len())),
        };
        self.0 = rest;
        Some((name, value))
    }
}

/// An attribute's value with its references decoded.
fn decoded(value: &str) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    let mut text = String::new();
    let (mut from, mut search) = (0, 0);
    while let Some(found) = memchr(b'&', &bytes[search..]) {
        let at = search + found;
        search = at + 1;
        if let Some((characters, length)) = reference::read(&bytes[at + 1..], true) {
            text.push_str(&value[from..at]);
            characters.push_to(&mut text);
            from = at + 1 + length;
            search = from;
        }
    }
    if from == 0 {
        return Cow::Borrowed(value);
    }
    text.push_str(&value[from..]);
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_however_they_are_written() {
        let source = r#" a b=1 / C = 'x > "y"' alt="a &amp; b&copy=2" =e f="#;
        let found: Vec<_> = Attributes(source).collect();
        let expected = [("a", ""), ("b", "1"), ("C", r#"x > "y""#), ("alt", "a &amp; b&copy=2"), ("=e", ""), ("f", "")];
        assert_eq!(found, expected);
        assert_eq!(value(source, "alt").as_deref(), Some("a & b&copy=2"));
        assert_eq!(value(source, "c").as_deref(), Some(r#"x > "y""#));
        assert_eq!(value(source, "src"), None);
    }
}
