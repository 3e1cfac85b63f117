//! URLs, e-mail addresses, bare hosts.

use super::{Span, rest};

/// A URL whose scheme ends at the colon at `at`.
///
/// # Source
/// RFC 3986: the characters of a URL are ASCII; marks at its end and brackets that nothing opened are the sentence's.
pub(super) fn url(text: &str, at: usize, free: usize) -> Option<Span> {
    let after = rest(text, at + 1);
    let is_scheme = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '.' | '-');
    let before = text.get(free..at)?;
    let scheme = before.rsplit(|letter| !is_scheme(letter)).next()?;
    let scheme = scheme.trim_start_matches(|letter: char| !letter.is_ascii_alphabetic());
    let opaque = ["mailto", "tel", "data", "doi", "urn"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let begins = match after.strip_prefix("//") {
        Some(host) => host.starts_with(|letter: char| letter.is_ascii_graphic()),
        None => opaque && after.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '+'),
    };
    if scheme.len() < 2 || !begins {
        return None;
    }
    Some(Span::object(at - scheme.len()..at + 1 + address_length(after)))
}

/// A host that starts at `at` with `www.`, with its path.
pub(super) fn bare_host(text: &str, at: usize, free: usize) -> Option<Span> {
    if at < free || !text.as_bytes()[at..].get(..4)?.eq_ignore_ascii_case(b"www.") {
        return None;
    }
    let starts_word = text.get(..at)?.chars().next_back().is_none_or(|last| !last.is_ascii_alphanumeric());
    let rest = rest(text, at);
    let is_host = rest.as_bytes().get(4)?.is_ascii_alphanumeric();
    (starts_word && is_host).then(|| Span::object(at..at + address_length(rest)))
}

/// An e-mail address around the sign at `at`.
pub(super) fn email(text: &str, at: usize, free: usize) -> Option<Span> {
    let is_local = |letter: char| letter.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(letter);
    let local = text.get(free..at)?.rsplit(|letter| !is_local(letter)).next()?;
    let local = local.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let rest = rest(text, at + 1);
    let is_host = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    let host = rest.split(|letter| !is_host(letter)).next()?.trim_end_matches(['.', '-']);
    let domain = host.split_once('.').is_some_and(|(name, domain)| !name.is_empty() && domain.len() > 1);
    (domain && !local.is_empty()).then(|| Span::object(at - local.len()..at + 1 + host.len()))
}

/// Bytes of the address that `text` starts with.
fn address_length(text: &str) -> usize {
    let mut length = 0;
    let mut open = Vec::new();
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' => length = at + 1,
            b'<' | b'>' | b'"' | b'`' => break,
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b')' | b']' | b'}' => {
                if open.pop() != Some(byte) {
                    break;
                }
                length = at + 1;
            }
            b',' | b'.' | b';' | b':' | b'!' | b'?' | b'\'' | b'*' | b'_' | b'~' | b'|' | b'\\' => {}
            _ if byte.is_ascii_graphic() => length = at + 1,
            _ => break,
        }
    }
    length
}
