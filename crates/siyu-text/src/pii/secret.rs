//! Keys, tokens and passwords.

use super::detector::Candidate;
use super::kind::{Kind, Kinds};
use super::sequence::Site;
use crate::work;

/// Prefixes of issued tokens and the fewest characters behind them.
const PREFIXES: &[(&[u8], usize)] = &[
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"ABIA", 16),
    (b"ACCA", 16),
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
    (b"rk_live_", 16),
    (b"rk_test_", 16),
    (b"xoxb-", 20),
    (b"xoxp-", 20),
    (b"xoxa-", 20),
    (b"xoxe-", 16),
    (b"xoxe.", 16),
    (b"xapp-", 20),
    (b"xwfp-", 20),
    (b"AIza", 35),
    (b"ya29.", 20),
    (b"npm_", 36),
    (b"hf_", 30),
    (b"pypi-", 50),
    (b"SG.", 40),
    (b"dop_v1_", 60),
    (b"doo_v1_", 60),
    (b"shpat_", 32),
    (b"shpss_", 32),
    (b"whsec_", 24),
    (b"dckr_pat_", 27),
    (b"rubygems_", 48),
    (b"glrt-", 20),
    (b"gsk_", 40),
    (b"nvapi-", 60),
    (b"lin_api_", 40),
    (b"figd_", 40),
    (b"tskey-", 20),
    (b"sq0csp-", 40),
    (b"GOCSPX-", 24),
    (b"hvs.", 20),
    (b"ATATT3", 60),
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
    if word.is_number() && !matches!(site.byte_before(word.from), b'-' | b'_') {
        return;
    }
    let bytes = site.text.as_bytes();
    let (start, _) = site.chunk.span(word.from, word.to);
    in_element(site.text, start, site.found);
    let low = start.saturating_sub(160);
    let from = bytes[low..start].iter().rposition(|&byte| !is_token(byte)).map_or(low, |at| low + at + 1);
    let head = &bytes[from..];
    work::add(start - from);
    // Most words are looked at in vain: the token's first letters tell.
    let begins = |prefix: &[u8]| prefix.first() == head.first() && head.starts_with(prefix);
    if !begins(b"eyJ") && !PREFIXES.iter().any(|(prefix, _)| begins(prefix)) {
        return;
    }
    let length = head.iter().take(4096).take_while(|&&byte| is_token(byte)).count();
    work::add(length);
    let mut end = from + length;
    while end > from && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let token = &bytes[from..end];
    let issued = PREFIXES.iter().any(|(prefix, fewest)| {
        token.strip_prefix(*prefix).is_some_and(|rest| rest.len() >= *fewest && rest.iter().any(u8::is_ascii_digit))
    });
    let amazon = [b"AKIA", b"ASIA", b"ABIA", b"ACCA"].iter().any(|prefix| token.starts_with(*prefix));
    let cloud = amazon && token.len() != 20;
    // Header and payload of a web token are JSON objects, which begin with `eyJ` in base64.
    let mut parts = token.split(|&byte| byte == b'.');
    let object = |part: Option<&[u8]>| part.is_some_and(|part| part.starts_with(b"eyJ"));
    let web = length > 30 && object(parts.next()) && object(parts.next()) && parts.count() == 1;
    if issued && !cloud || web {
        let rule = if web { "secret_web_token" } else { "secret_issued" };
        site.found.push(Candidate { kind: Kind::Secret, start: from, end, score: 96, rule });
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
    let reach = &rest[..rest.len().min(16_384)];
    let foot = memchr::memmem::find(reach, b"-----END ");
    work::add(foot.unwrap_or(reach.len()));
    let Some(foot) = foot else { return };
    // `ENCRYPTED PRIVATE KEY-----` and the like.
    let behind = &rest[foot + 9..];
    let behind = &behind[..behind.len().min(64)];
    let dashes = memchr::memmem::find(behind, b"-----");
    work::add(dashes.unwrap_or(behind.len()));
    let Some(dashes) = dashes else { return };
    found.push(Candidate {
        kind: Kind::Secret,
        start: at,
        end: at + foot + 9 + dashes + 5,
        score: 100,
        rule: "secret_private_key",
    });
}

const NAMES: [&str; 33] = [
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
    "密碼",
    "秘钥",
    "私钥",
    "令牌",
    "account_key",
    "accountkey",
    "signing_key",
    "encryption_key",
    "access-key",
    "secret-key",
    "passcode",
    "authtoken",
];

/// What may stand between a name and the sign behind it.
const AROUND: [char; 5] = [' ', '"', '\'', '`', '*'];

/// The value behind `password=` or `密码：`.
pub(super) fn at_assignment(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    if !kinds.has(Kind::Secret) {
        return;
    }
    let bytes = text.as_bytes();
    let name = text.get(..at).expect("a trigger begins a character").trim_end_matches(AROUND);
    // `name="password" value="…"`, as settings in XML have it.
    let is_value = || name.strip_suffix("value").is_some_and(|name| is_named(name.trim_end_matches(AROUND)));
    if !is_named(name) && !is_value() {
        bot_token(text, at, found);
        return;
    }
    let mut start = at + if bytes[at] == 0xEF { 3 } else { 1 };
    let mut quote = 0;
    while let Some(&byte) = bytes.get(start)
        && matches!(byte, b' ' | b'"' | b'\'' | b'=' | b'*')
    {
        start += 1;
        if matches!(byte, b'"' | b'\'') {
            quote = byte;
            break;
        }
    }
    let length = quoted(&bytes[start..], quote).unwrap_or_else(|| bare(&bytes[start..]));
    let value = &bytes[start..start + length];
    let digits = value.iter().any(u8::is_ascii_digit);
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    let marks = value.iter().any(|byte| b"!@#%^~+$*&".contains(byte));
    let called = bytes.get(start + length).is_some_and(|byte| matches!(byte, b'(' | b'[' | b'<' | b'{'));
    let strong = length >= 6 && (digits || marks && letters || quote != 0 && letters && length >= 8);
    // `密钥：API_KEY=…`: the inner name is nearer to the value.
    let inner = memchr::memchr(b'=', value).is_some_and(|sign| text.get(start..start + sign).is_some_and(is_named));
    if strong && !called && !inner && !is_path(value) && !is_placeholder(value) {
        found.push(Candidate { kind: Kind::Secret, start, end: start + length, score: 77, rule: "secret_assigned" });
    }
}

/// A bot's number, the colon at `at`, and its key, as Telegram issues them.
fn bot_token(text: &str, at: usize, found: &mut Vec<Candidate>) {
    const KEY: usize = 35;
    let bytes = text.as_bytes();
    let in_key = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !bytes[at..].starts_with(b":AA") || bytes[at + 1..].iter().take(KEY + 1).take_while(in_key).count() != KEY {
        return;
    }
    let digits = bytes[..at].iter().rev().take(11).take_while(|byte| byte.is_ascii_digit()).count();
    if (8..=10).contains(&digits) {
        let (start, end) = (at - digits, at + 1 + KEY);
        found.push(Candidate { kind: Kind::Secret, start, end, score: 96, rule: "secret_issued" });
    }
}

/// The value of `<password>…</password>` that holds the byte at `at`.
fn in_element(text: &str, at: usize, found: &mut Vec<Candidate>) {
    let bytes = text.as_bytes();
    let ends = |byte: &u8| *byte <= b' ' || *byte >= 0x7F || matches!(byte, b'<' | b'>');
    let low = at.saturating_sub(64);
    let Some(open) = bytes[low..at].iter().rposition(ends).filter(|open| bytes[low + open] == b'>') else { return };
    let start = low + open + 1;
    let Some(length) = bytes[start..].iter().take(256).position(ends) else { return };
    let value = &bytes[start..start + length];
    let named = || text.get(..start - 1).is_some_and(is_named) && !bytes[..start - 1].ends_with(b"/");
    if bytes[start + length..].starts_with(b"</") && length >= 6 && !value.starts_with(b"$") && named() {
        found.push(Candidate { kind: Kind::Secret, start, end: start + length, score: 77, rule: "secret_assigned" });
    }
}

/// The value right behind `密码`, `口令`, `Bearer`, `Basic` or `password is`, or after `是` and `为`.
pub(super) fn behind_word(text: &str, word: usize, end: usize, found: &mut Vec<Candidate>) {
    const VERBS: [&str; 9] = ["是", "为", "設為", "设为", "改为", "重置为", "改成", "設定為", " "];
    let bytes = text.as_bytes();
    let mut start = end;
    while let Some(verb) = VERBS.iter().find(|verb| bytes[start..].starts_with(verb.as_bytes())) {
        start += verb.len();
    }
    let length = bare(&bytes[start..]);
    let value = &bytes[start..start + length];
    let digits = value.iter().any(u8::is_ascii_digit);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let called = bytes.get(start + length).is_some_and(|byte| matches!(byte, b'(' | b'[' | b'<' | b'{'))
        || value.starts_with(b"-");
    let told = start > end && bytes[end] >= 0x80;
    let strong = match &bytes[word..end] {
        b"Bearer " => length >= 20 && digits,
        b"Basic " => is_credentials(value),
        _ => length >= 6 && digits && (lower || told && value.iter().all(u8::is_ascii_digit)),
    };
    if strong && !called && !is_path(value) && !is_placeholder(value) {
        found.push(Candidate { kind: Kind::Secret, start, end: start + length, score: 76, rule: "secret_behind_word" });
    }
}

/// Whether this looks like a user and a password in base64 (RFC 7617).
fn is_credentials(value: &[u8]) -> bool {
    let body = value.strip_suffix(b"==").or_else(|| value.strip_suffix(b"=")).unwrap_or(value);
    let mixed = body.iter().any(u8::is_ascii_lowercase) && body.iter().any(u8::is_ascii_uppercase);
    let told = body.len() < value.len() || body.iter().any(u8::is_ascii_digit);
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    value.len() >= 12 && value.len().is_multiple_of(4) && mixed && told && body.iter().all(base64)
}

/// The length of a value up to its closing quote on the same line.
fn quoted(rest: &[u8], quote: u8) -> Option<usize> {
    let line = &rest[..rest.len().min(256)];
    let end = line.iter().position(|&byte| byte == quote || !(b' '..0x7F).contains(&byte))?;
    let whole = quote != 0 && line[end] == quote && !line[..end].iter().any(|byte| b" <>{}$(".contains(byte));
    whole.then_some(end)
}

/// The length of a value up to white space, Han or a sign that ends values.
fn bare(rest: &[u8]) -> usize {
    let stops = |byte: u8| byte <= b' ' || byte >= 0x7F || b"\"'`<>,;&)({}[]|$*".contains(&byte);
    // A dollar or an asterisk inside is one of the password, before a brace the start of a variable.
    let is_inside = |at: usize| {
        let next = rest.get(at + 1).copied().unwrap_or(b' ');
        at > 0 && (rest[at] == b'$' && !matches!(next, b'{' | b'(') || rest[at] == b'*' && next.is_ascii_alphanumeric())
    };
    let ends = |at: &usize| stops(rest[*at]) && !is_inside(*at);
    let most = rest.len().min(256);
    let length = (0..most).find(ends).unwrap_or(most);
    // A sentence ends in a point, a password seldom.
    let point = rest[..length].ends_with(b".") && rest.get(length).is_none_or(|&byte| byte <= b' ');
    length - usize::from(point)
}

fn is_path(value: &[u8]) -> bool {
    value.starts_with(b"/") || value.starts_with(b"http") || value.starts_with(b"--")
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
    let repeated = !value[0].is_ascii_digit() && value.iter().all(|byte| byte == &value[0]);
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
        finds("secret", "<password>Passw0rd!</password>", "Passw0rd!");
        finds("secret", "<property name=\"password\" value=\"Passw0rd!\"/>", "Passw0rd!");
        finds(
            "secret",
            "bot 123456789:AAEhBOweik9ai2o01r5QVzpQhl1bD2x3c4w",
            "123456789:AAEhBOweik9ai2o01r5QVzpQhl1bD2x3c4w",
        );
        finds("secret", "wifi密码是88888888", "88888888");
        for password in ["Zx9$kk21", "P@ssw0rd$99", "abc*12345", "Qwer1234$"] {
            finds("secret", &format!("pwd: {password}"), password);
            finds("secret", &format!("**密码：**{password}，"), password);
        }
        finds("secret", "password=Abc12345&user=x", "Abc12345");
        finds("secret", "your initial password is Welcome@123.", "Welcome@123");
        finds("secret", "Authorization: Basic dXNlcjpwYXNzd29yZDEyMw==", "dXNlcjpwYXNzd29yZDEyMw==");
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
            "Basic Instructions for the password is optional",
            "read -sp \"Password : \" passcode1",
            "api_key=\"Paste-API-key-here\"",
            "secret=\"YYYYYYYYYYYY\"",
            "password=$PASS1",
            "password=x${PASS_1}",
        ] {
            finds_no("secret", text);
        }
    }
}
