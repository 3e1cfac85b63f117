//! Keys, tokens and passwords.

use super::detector::Candidate;
use super::kind::{Kind, Kinds};
use super::sequence::Site;

/// Prefixes of issued tokens and the fewest characters behind them.
const PREFIXES: &[(&[u8], usize)] = &[
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"LTAI", 12),
    (b"AKID", 13),
    (b"ghp_", 36),
    (b"gho_", 36),
    (b"ghu_", 36),
    (b"ghs_", 36),
    (b"ghr_", 36),
    (b"github_pat_", 40),
    (b"glpat-", 20),
    (b"sk-", 20),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"pk_live_", 16),
    (b"rk_live_", 16),
    (b"xoxb-", 20),
    (b"xoxp-", 20),
    (b"xoxa-", 20),
    (b"AIza", 35),
    (b"ya29.", 20),
    (b"npm_", 36),
    (b"hf_", 30),
    (b"pypi-", 50),
    (b"SG.", 40),
    (b"dop_v1_", 60),
];

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The token around the word at `index`.
pub(super) fn judge_word(site: &mut Site<'_>, index: usize) {
    if !site.kinds.has(Kind::Secret) {
        return;
    }
    let word = site.chunk.words[index];
    if word.is_number() {
        return;
    }
    let bytes = site.text.as_bytes();
    let (start, _) = site.chunk.span(word.from, word.to);
    let low = start.saturating_sub(160);
    let from = bytes[low..start].iter().rposition(|&byte| !is_token(byte)).map_or(low, |at| low + at + 1);
    let length = bytes[from..].iter().take(4096).take_while(|&&byte| is_token(byte)).count();
    let mut end = from + length;
    while end > from && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let token = &bytes[from..end];
    let issued = PREFIXES.iter().any(|(prefix, fewest)| {
        token.strip_prefix(*prefix).is_some_and(|rest| rest.len() >= *fewest && rest.iter().any(u8::is_ascii_digit))
    });
    let cloud = token.starts_with(b"AKIA") && token.len() != 20;
    let web = token.starts_with(b"eyJ") && length > 30 && memchr::memchr_iter(b'.', token).count() == 2;
    if issued && !cloud || web {
        site.found.push(Candidate { kind: Kind::Secret, start: from, end, score: 96 });
    }
}

/// A private key from its first dash to its last.
pub(super) fn at_dash(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    let Some(rest) = text.as_bytes().get(at..) else { return };
    if !kinds.has(Kind::Secret) || !rest.starts_with(b"-----BEGIN ") {
        return;
    }
    let head = &rest[..rest.len().min(64)];
    if memchr::memmem::find(head, b"PRIVATE KEY").is_none() {
        return;
    }
    let Some(foot) = memchr::memmem::find(&rest[..rest.len().min(16_384)], b"-----END ") else { return };
    let Some(dashes) = memchr::memmem::find(&rest[foot + 9..], b"-----") else { return };
    found.push(Candidate { kind: Kind::Secret, start: at, end: at + foot + 9 + dashes + 5, score: 100 });
}

const NAMES: [&str; 22] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secret_key",
    "secretkey",
    "client_secret",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "access_token",
    "accesskey",
    "auth_token",
    "token",
    "private_key",
    "密码",
    "口令",
    "密钥",
    "secret_access_key",
    "登录密码",
];

/// The value behind `password=` or `密码：`.
pub(super) fn at_assignment(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    if !kinds.has(Kind::Secret) {
        return;
    }
    let bytes = text.as_bytes();
    let name = text.get(..at).expect("a trigger begins a character").trim_end_matches([' ', '"', '\'', '`', '*']);
    if !is_named(name) {
        return;
    }
    let mut start = at + if bytes[at] == 0xEF { 3 } else { 1 };
    let mut quote = 0;
    while let Some(&byte) = bytes.get(start)
        && matches!(byte, b' ' | b'"' | b'\'' | b'=')
    {
        start += 1;
        if matches!(byte, b'"' | b'\'') {
            quote = byte;
            break;
        }
    }
    let stops = |byte: u8| {
        byte <= b' '
            || byte >= 0x7F
            || matches!(
                byte,
                b'"' | b'\''
                    | b'`'
                    | b'<'
                    | b'>'
                    | b','
                    | b';'
                    | b'&'
                    | b')'
                    | b'('
                    | b'{'
                    | b'}'
                    | b'['
                    | b']'
                    | b'|'
                    | b'$'
                    | b'*'
            )
    };
    let length = bytes[start..].iter().take(256).take_while(|&&byte| !stops(byte)).count();
    let value = &bytes[start..start + length];
    let digits = value.iter().any(u8::is_ascii_digit);
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    let marks = value.iter().any(|byte| b"!@#%^~+".contains(byte));
    let called = bytes.get(start + length).is_some_and(|byte| matches!(byte, b'(' | b'[' | b'<' | b'{'));
    let strong =
        length >= 6 && (digits && (letters || length >= 6) || marks && letters || quote != 0 && letters && length >= 8);
    let path = value.starts_with(b"/") || value.starts_with(b"http") || value.starts_with(b"--");
    if strong && !called && !path && !is_placeholder(value) {
        found.push(Candidate { kind: Kind::Secret, start, end: start + length, score: 77 });
    }
}

/// Whether a text ends in the name of a secret.
fn is_named(text: &str) -> bool {
    // Most colons and equals signs stand in code behind other names: their last byte tells.
    let Some(last) = text.as_bytes().last().map(u8::to_ascii_lowercase) else { return false };
    if !NAMES.iter().any(|name| name.as_bytes().ends_with(&[last])) {
        return false;
    }
    let low = super::context::steps_back(text.as_bytes(), text.len(), 24);
    let tail = text.get(low..).expect("steps end at character boundaries").to_ascii_lowercase();
    NAMES.iter().any(|name| tail.ends_with(name)) && !tail.ends_with("/passwd")
}

/// Whether documentation shows where a value belongs: `your_password`, `Paste-API-key-here`, `YYYYYYYY`.
fn is_placeholder(value: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(value).to_ascii_lowercase();
    let said = lower.starts_with("your") || lower.ends_with("here") || NAMES.iter().any(|name| lower.contains(name));
    let repeated = value.iter().all(|byte| byte == &value[0]);
    repeated || said && !value.iter().any(|byte| byte.is_ascii_digit() || b"!@#%^~+".contains(byte))
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no};

    #[test]
    fn tokens_assignments_and_key_blocks_are_found() {
        finds("secret", "key AKIAIOSFODNN7EXAMPLE.", "AKIAIOSFODNN7EXAMPLE");
        finds("secret", "password=Hunter2!x", "Hunter2!x");
        finds("secret", "密码：abc12345，", "abc12345");
        let key = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----";
        finds("secret", key, key);
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTIz";
        finds("secret", &format!("Bearer {token}"), token);
    }

    #[test]
    fn code_that_reads_a_password_is_none() {
        for text in [
            "password = getpass()",
            "密码：请输入",
            "token: string",
            "password:",
            "password='your_password'",
            "--mysql-password= --test=int_1.lua",
            "/etc/passwd:me:x:1000:1000:me",
            "read -sp \"Password : \" passcode1",
            "api_key=\"Paste-API-key-here\"",
            "secret=\"YYYYYYYYYYYY\"",
        ] {
            finds_no("secret", text);
        }
    }
}
