//! E-mail addresses, plain, in full-width letters and obfuscated.

mod han_domain;

use super::context::{steps_back, steps_forward};
use super::detector::Candidate;
use super::kind::{Kind, Kinds};

const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 253;
/// What follows the dot in names of files and units, which also hold `@`.
const NO_DOMAINS: [&[u8]; 20] = [
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"js", b"css", b"html", b"json", b"service", b"socket",
    b"target", b"timer", b"mount", b"slice", b"ts", b"vue", b"conf", b"txt",
];
/// Dots that are written out.
const DOTS: [&str; 16] = [
    "(dot)",
    "[dot]",
    "{dot}",
    "（dot）",
    "【dot】",
    "[.]",
    "(.)",
    " (dot) ",
    " [dot] ",
    "（点）",
    "(DOT)",
    "[DOT]",
    "{DOT}",
    " [DOT] ",
    " dot ",
    " DOT ",
];
/// How many of them also stand in addresses whose `@` is no word.
const BRACKETED: usize = DOTS.len() - 2;
/// Domains that people spell out.
const SPELLED_TOPS: [&[u8]; 16] = [
    b"com", b"net", b"org", b"edu", b"gov", b"cn", b"io", b"co", b"uk", b"de", b"fr", b"jp", b"hk", b"tw", b"me",
    b"info",
];
/// Words before `at` that lead to a site, not to a person: `visit us at example dot com`.
const NO_NAMES: [&[u8]; 16] = [
    b"us",
    b"me",
    b"it",
    b"him",
    b"her",
    b"them",
    b"look",
    b"is",
    b"are",
    b"be",
    b"site",
    b"page",
    b"online",
    b"out",
    b"available",
    b"here",
];
/// Domains behind the names of ciphers (RFC 4250, section 4.6.1).
const ALGORITHMS: [&[u8]; 3] = [b"openssh.com", b"libssh.org", b"lysator.liu.se"];
/// Signs that stand for `@` where a note such as `#换@` says so.
const STAND_INS: [&str; 6] = ["#", "＃", "*", "☆", "★", "&"];
/// How far before its note an address with a stand-in is looked for, in characters.
const NOTE_REACH: usize = 80;

/// An address around the `@` at `at`, a password before a host, or an address that a `#换@` behind it explains.
pub(super) fn at_sign(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    let bytes = text.as_bytes();
    if let Some(start) = password_start(bytes, at) {
        if kinds.has(Kind::Secret) && at - start >= 4 && !is_shown(&bytes[start..at]) {
            found.push(Candidate { kind: Kind::Secret, start, end: at, score: 93, rule: "secret_in_url" });
        }
        return;
    }
    if !kinds.has(Kind::Email) {
        return;
    }
    let width = if bytes[at] == b'@' { 1 } else { 3 };
    address(bytes, at, at + width, "email", found);
    let low = steps_back(bytes, at, 6);
    let high = steps_forward(bytes, at + width, 6);
    for sign in STAND_INS {
        let note = |range: std::ops::Range<usize>| memchr::memmem::find(&bytes[range], sign.as_bytes()).is_some();
        if note(low..at) || note(at + width..high) {
            let from = steps_back(bytes, at, NOTE_REACH);
            for place in memchr::memmem::find_iter(&bytes[from..low.max(from)], sign.as_bytes()) {
                address(bytes, from + place, from + place + sign.len(), "email_explained", found);
            }
        }
    }
}

/// An address whose dot at `dot` is a word, and its `@` as well: `zhang at example dot com`.
pub(super) fn at_spelled_dot(bytes: &[u8], dot: usize, found: &mut Vec<Candidate>) {
    let top = bytes[dot + " dot ".len()..].iter().take(5).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let top = &bytes[dot + " dot ".len()..][..top];
    if !SPELLED_TOPS.iter().any(|known| known.eq_ignore_ascii_case(top)) {
        return;
    }
    let low = dot.saturating_sub(MAX_LOCAL);
    let mut right = dot;
    loop {
        let label = bytes[low..right].iter().rev().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'-');
        right -= label.count();
        let before = &bytes[low..right];
        if before.ends_with(b" at ") || before.ends_with(b" AT ") {
            break;
        }
        match before.strip_suffix(b" dot ").or_else(|| before.strip_suffix(b" DOT ")) {
            Some(rest) => right = low + rest.len(),
            None => return,
        }
    }
    let left = right - " at ".len();
    let name = bytes[low.min(left)..left].rsplit(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or_default();
    if !NO_NAMES.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        address(bytes, left, right, "email_spelled", found);
    }
}

/// Where the password of `scheme://user:password@host` begins, if the `@` at `at` ends one.
fn password_start(bytes: &[u8], at: usize) -> Option<usize> {
    let low = at.saturating_sub(128);
    let run = &bytes[low..at];
    let from = run.iter().rposition(|&byte| byte <= b' ' || byte >= 0x80 || byte == b'/')? + 1;
    let scheme = run[..from].ends_with(b"://");
    let colon = run[from..].iter().position(|&byte| byte == b':')?;
    let mail = run[from..from + colon].ends_with(b"mailto");
    (scheme && !mail).then_some(low + from + colon + 1)
}

/// Whether documentation shows where a password belongs: `password`, `<password>`, `${TOKEN}`.
fn is_shown(value: &[u8]) -> bool {
    const SHOWN: [&[u8]; 5] = [b"password", b"passwd", b"pass", b"secret", b"token"];
    SHOWN.iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.iter().any(|byte| b"<>{}[]$'\"`*".contains(byte))
        || value.to_ascii_lowercase().ends_with(b"here")
}

/// Characters folded to ASCII, each with where it begins and ends.
type Folded = Vec<(u8, usize, usize)>;

/// An address whose sign for `@` lies between `left` and `right`.
pub(super) fn address(bytes: &[u8], left: usize, right: usize, rule: &'static str, found: &mut Vec<Candidate>) {
    let local = local_part(bytes, left);
    let dots = if rule == "email_spelled" { &DOTS[..] } else { &DOTS[..BRACKETED] };
    let domain = domain_part(bytes, right, dots);
    let Some(length) = domain_length(&domain) else {
        // Where `@` itself is spelled, Han behind it is the sentence.
        let han = if rule == "email" { han_domain::end(bytes, right) } else { None };
        if let (Some(&(_, start, _)), Some(end)) = (local.first(), han) {
            found.push(Candidate { kind: Kind::Email, start, end, score: 92, rule });
        }
        return;
    };
    let name: Vec<u8> = local.iter().map(|letter| letter.0).collect();
    let host: Vec<u8> = domain[..length].iter().map(|letter| letter.0).collect();
    let Some(&(_, start, _)) = local.first() else { return };
    let end = domain[length - 1].2;
    let git = name == b"git" && bytes.get(end) == Some(&b':');
    // OpenSSH names its own algorithms like addresses: `aes256-gcm@openssh.com`.
    let algorithm = ALGORITHMS.contains(&host.as_slice()) && name.contains(&b'-');
    if name.ends_with(b".") || git || algorithm {
        return;
    }
    found.push(Candidate { kind: Kind::Email, start, end, score: 92, rule });
}

/// The letters before `left` that can belong to an address.
fn local_part(bytes: &[u8], left: usize) -> Folded {
    let mut letters = Folded::new();
    let mut at = left;
    while at > 0 && letters.len() < MAX_LOCAL {
        let start = super::chunk::previous(bytes, at);
        match fold(bytes, start) {
            Some(0) => {}
            Some(letter) if letter.is_ascii_alphanumeric() || b".!$%&'*+-/=?^_{|}~".contains(&letter) => {
                letters.push((letter, start, at));
            }
            _ => break,
        }
        at = start;
    }
    letters.reverse();
    // What precedes a name in prose, assignments and URLs is not part of it.
    if let Some(cut) = (0..letters.len()).rev().find(|&at| match letters[at].0 {
        b'\'' => !is_inside_name(&letters, at),
        sign => b"=/?&|{}!$%*^~".contains(&sign),
    }) {
        letters.drain(..=cut);
    }
    let begin = letters.iter().take_while(|letter| matches!(letter.0, b'.' | b'-' | b'+')).count();
    letters.drain(..begin);
    letters
}

/// Whether the apostrophe at `at` is one of a name such as `o'brien`, and no quotation mark.
fn is_inside_name(letters: &Folded, at: usize) -> bool {
    let letter = |at: usize| letters.get(at).map_or(0, |letter| letter.0.to_ascii_lowercase());
    let particle = at > 0 && matches!(letter(at - 1), b'o' | b'd') && letter(at + 1).is_ascii_lowercase();
    particle && (at == 1 || matches!(letter(at - 2), b'.' | b'_' | b'-'))
}

/// The letters behind `right` that can belong to a domain.
fn domain_part(bytes: &[u8], right: usize, dots: &[&str]) -> Folded {
    let mut letters = Folded::new();
    let mut at = right;
    while at < bytes.len() && letters.len() < MAX_DOMAIN {
        if let Some(dot) = dots.iter().find(|dot| bytes[at..].starts_with(dot.as_bytes())) {
            letters.push((b'.', at, at + dot.len()));
            at += dot.len();
            continue;
        }
        let end = steps_forward(bytes, at, 1);
        match fold(bytes, at) {
            Some(0) => {}
            Some(letter) if letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'-') => {
                letters.push((letter, at, end));
            }
            _ => break,
        }
        at = end;
    }
    letters
}

/// The character at `at` in ASCII, zero for an invisible one.
fn fold(bytes: &[u8], at: usize) -> Option<u8> {
    match bytes[at..] {
        [byte @ 0..0x80, ..] => Some(byte),
        [0xEF, 0xBC, low @ 0x81..=0xBF, ..] => Some(low - 0x60),
        [0xEF, 0xBD, low @ 0x80..=0x9E, ..] => Some(low - 0x20),
        [0xE2, 0x80, 0x8B..=0x8D, ..] | [0xEF, 0xBB, 0xBF, ..] | [0xE2, 0x81, 0xA0, ..] => Some(0),
        _ => None,
    }
}

/// How many of the letters make a domain with a name at its top.
fn domain_length(letters: &Folded) -> Option<usize> {
    let bytes: Vec<u8> = letters.iter().map(|letter| letter.0).collect();
    let mut domain = bytes.as_slice();
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
            return labels.then_some(domain.len());
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
        finds("email", "to o'brien@example.ie or", "o'brien@example.ie");
        finds("email", "f'zhang@example.com'", "zhang@example.com");
        finds("email", "邮箱zhang＠example.com", "zhang＠example.com");
        finds("email", "邮箱ｚｈａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ。", "ｚｈａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ");
    }

    #[test]
    fn obfuscated_addresses_are_found() {
        for address in ["zhang(at)example.com", "zhang (at) example.com", "zhang[at]example(dot)com"] {
            finds("email", &format!("请发{address}。"), address);
        }
        for address in ["zhang at example dot com", "zhang AT mail DOT example DOT com", "li_ming[AT]126[DOT]com"] {
            finds("email", &format!("mail {address}, please"), address);
        }
        finds_no("email", "look at this dot com, or visit us at example dot com");
        for note in ["（#换@）", "（请把#换成@）", "，@替换#"] {
            finds("email", &format!("请发zhang#example.com{note}"), "zhang#example.com");
        }
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

    #[test]
    fn a_password_in_a_url_is_a_secret_and_no_address() {
        finds("secret", "mysql://root:S3cretPw@db.example.com/x", "S3cretPw");
        finds_no("email", "mysql://root:S3cretPw@db.example.com/x");
    }
}
