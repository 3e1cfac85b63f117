//! E-mail addresses, plain and obfuscated.

use super::detector::Candidate;
use super::kind::{Kind, Kinds};

const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 253;
/// What follows the dot in names of files and units, which also hold `@`.
const NO_DOMAINS: [&[u8]; 20] = [
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"js", b"css", b"html", b"json", b"service", b"socket",
    b"target", b"timer", b"mount", b"slice", b"ts", b"vue", b"conf", b"txt",
];

/// Domains behind the names of ciphers (RFC 4250, section 4.6.1).
const ALGORITHMS: [&[u8]; 3] = [b"openssh.com", b"libssh.org", b"lysator.liu.se"];

/// An address around the `@` at `at`, or one written with `#` that a `#换@` behind it explains.
pub(super) fn at_sign(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    if !kinds.has(Kind::Email) {
        return;
    }
    let bytes = text.as_bytes();
    let width = if bytes[at] == b'@' { 1 } else { 3 };
    address(bytes, at, at + width, found);
    let low = super::context::steps_back(bytes, at, 8);
    if bytes[low..at].contains(&b'#') {
        let from = super::context::steps_back(bytes, at, 80);
        for sign in memchr::memchr_iter(b'#', &bytes[from..low.max(from)]) {
            address(bytes, from + sign, from + sign + 1, found);
        }
    }
}

/// An address whose sign for `@` lies between `left` and `right`.
pub(super) fn address(bytes: &[u8], left: usize, right: usize, found: &mut Vec<Candidate>) {
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!$%&'*+-/=?^_{|}~".contains(&byte);
    let low = left.saturating_sub(MAX_LOCAL);
    let mut start = left;
    while start > low && is_local(bytes[start - 1]) {
        start -= 1;
    }
    // What precedes a name in prose, assignments and URLs is not part of it.
    if let Some(cut) = bytes[start..left].iter().rposition(|byte| b"=/?&|{}!$%*'^~".contains(byte)) {
        start += cut + 1;
    }
    while start < left && matches!(bytes[start], b'.' | b'-' | b'+') {
        start += 1;
    }
    let Some(end) = domain_end(bytes, right) else { return };
    let git = &bytes[start..left] == b"git" && bytes.get(end) == Some(&b':');
    // OpenSSH names its own algorithms like addresses: `aes256-gcm@openssh.com`.
    let algorithm = ALGORITHMS.contains(&&bytes[right..end]) && bytes[start..left].contains(&b'-');
    if start == left || bytes[left - 1] == b'.' || git || algorithm {
        return;
    }
    found.push(Candidate { kind: Kind::Email, start, end, score: 92 });
}

fn domain_end(bytes: &[u8], from: usize) -> Option<usize> {
    let length = bytes[from..]
        .iter()
        .take(MAX_DOMAIN)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        .count();
    let mut domain = &bytes[from..from + length];
    while let [rest @ .., b'.' | b'-'] = domain {
        domain = rest;
    }
    while domain.contains(&b'.') {
        let last = domain.rsplit(|&byte| byte == b'.').next()?;
        let head = &domain[..domain.len() - last.len() - 1];
        let top = last.len() >= 2 && last.len() <= 18 && last.iter().all(u8::is_ascii_alphabetic)
            || last.starts_with(b"xn--");
        if NO_DOMAINS.iter().any(|name| name.eq_ignore_ascii_case(last)) {
            return None;
        }
        if top {
            let labels = head
                .split(|&byte| byte == b'.')
                .all(|label| !label.is_empty() && !label.starts_with(b"-") && !label.ends_with(b"-"));
            return labels.then_some(from + domain.len());
        }
        domain = head;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn addresses_are_found_behind_han_and_before_punctuation() {
        finds("email", "邮箱zhang@qq.com。", "zhang@qq.com");
        finds("email", "my email is info@presidio.site.", "info@presidio.site");
        finds("email", "a.b+c@mail.example.co.uk, x", "a.b+c@mail.example.co.uk");
        finds("email", "邮箱zhang＠example.com", "zhang＠example.com");
    }

    #[test]
    fn obfuscated_addresses_are_found() {
        finds("email", "请发zhang(at)example.com", "zhang(at)example.com");
        finds("email", "请发zhang#example.com（#换@）", "zhang#example.com");
    }

    #[test]
    fn file_names_and_broken_addresses_are_none() {
        for text in
            ["the email is info@presidio.", "icon@2x.png", "getty@tty1.service", "git@github.com:a/b.git", "@user"]
        {
            finds_no("email", text);
        }
        for text in ["ciphers aes256-gcm@openssh.com", "kex curve25519-sha256@libssh.org"] {
            finds_no("email", text);
        }
    }
}
