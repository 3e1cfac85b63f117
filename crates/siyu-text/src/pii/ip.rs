//! IPv4 and IPv6 addresses with zone and prefix length (RFC 4291).

use std::net::Ipv6Addr;

use super::context::{Context, class};
use super::detector::Candidate;
use super::kind::{Kind, Kinds};
use super::sequence::Site;

/// Dotted quads in a chunk.
pub(super) fn in_chunk(site: &mut Site<'_>) {
    if !site.kinds.has(Kind::Ipv4) {
        return;
    }
    let mut index = 0;
    while index + 4 <= site.chunk.words.len() {
        let mut last = index;
        while site
            .chunk
            .words
            .get(last + 1)
            .is_some_and(|next| next.from == site.chunk.words[last].to + 1 && site.chunk.folded[next.from - 1] == b'.')
        {
            last += 1;
        }
        if last - index >= 3 {
            judge_quad(site, index, last - index + 1);
        }
        index = last + 1;
    }
}

fn judge_quad(site: &mut Site<'_>, index: usize, parts: usize) {
    let words = &site.chunk.words[index..index + 4];
    let mut octets = [0_u16; 4];
    for (octet, &word) in octets.iter_mut().zip(words) {
        let bytes = site.chunk.word(word);
        if bytes.len() > 3 || !word.is_number() || (bytes.len() > 1 && bytes[0] == b'0') {
            return;
        }
        *octet = bytes.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0'));
    }
    let private = matches!(octets, [10 | 127, ..] | [192, 168, ..] | [172, 16..=31, ..]);
    if octets.iter().any(|&octet| octet > 255) || parts > 5 || parts == 5 && !private {
        return;
    }
    let (from, mut to) = (words[0].from, words[3].to);
    let context = site.context(from, to);
    let (start, end) = site.chunk.span(from, to);
    let bytes = site.text.as_bytes();
    let before = site.byte_before(from);
    // Versions: `1.2.3.4`, `2.6.34.15`, `0.1.22.3`.
    let prefixed = bytes.get(end) == Some(&b'/') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    let small = octets.iter().all(|&octet| octet < 20)
        || octets[0] < 5 && octets.iter().all(|&octet| octet < 100)
        || octets[0] == 0;
    let resolver = matches!(octets, [8, 8, 8, 8] | [8, 8, 4, 4]);
    let version = context.labelled(class::VERSION | class::THING)
        || matches!(before, b'v' | b'V' | b'-' | b'_')
        || bytes[..start].ends_with(b"/") && !bytes[..start].ends_with(b"//");
    let numbered = bytes[..start].ends_with("第".as_bytes());
    let glued = before.is_ascii_alphanumeric() || matches!(before, b'.' | b'_');
    let dotted = before == b'.' || start > 0 && bytes[start - 1].is_ascii_alphanumeric();
    let listed = (context.clause | context.after) & class::IP != 0 || site.follows(&[Kind::Ipv4], from);
    if glued
        || dotted
        || numbered
        || version && (!private || octets[0] == 10 && context.labelled(class::VERSION))
        || small && !prefixed && !private && !listed && !resolver && octets != [0; 4]
        || bytes.get(end).is_some_and(u8::is_ascii_alphanumeric)
    {
        return;
    }
    if let Some(next) = site.chunk.words.get(index + 4)
        && site.chunk.at(Some(to)) == b'/'
        && next.from == to + 1
        && next.is_number()
        && next.len() <= 2
        && site.chunk.word(*next) <= b"32".as_slice().max(site.chunk.word(*next).get(..1).unwrap_or_default())
        && prefix(site.chunk.word(*next)) <= 32
    {
        to = next.to;
    }
    site.add(Kind::Ipv4, from, to, 75);
}

fn prefix(digits: &[u8]) -> u16 {
    digits.iter().take(4).fold(0, |value, digit| value * 10 + u16::from(digit.wrapping_sub(b'0') % 10))
}

/// The address around the colon at `at`, judged once at its first colon.
pub(super) fn at_colon(text: &str, at: usize, kinds: Kinds, found: &mut Vec<Candidate>) {
    let bytes = text.as_bytes();
    let inside = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    if !kinds.has(Kind::Ipv6) || bytes[at] != b':' {
        return;
    }
    let mut start = at;
    while start > 0 && bytes[start - 1].is_ascii_hexdigit() && at - start < 5 {
        start -= 1;
    }
    let before = start.checked_sub(1).map_or(0, |before| bytes[before]);
    if before == b':' && !behind_label(bytes, start - 1)
        || before.is_ascii_alphanumeric()
        || matches!(before, b'_' | b'.')
    {
        return;
    }
    let mut end = start + bytes[start..].iter().take(48).take_while(|&&byte| inside(byte)).count();
    while end > at && (bytes[end - 1] == b'.' || bytes[end - 1] == b':' && !bytes[..end].ends_with(b"::")) {
        end -= 1;
    }
    let behind = bytes.get(end).copied().unwrap_or(0);
    let Some(body) = text.get(start..end) else { return };
    if behind.is_ascii_alphanumeric() || behind == b'_' || body.parse::<Ipv6Addr>().is_err() {
        return;
    }
    if body == "::" && (before == b':' || !is_unspecified(text, start, end)) {
        return;
    }
    if body.bytes().filter(u8::is_ascii_hexdigit).count() < 2 && body != "::1" && body != "::" {
        return;
    }
    let whole = with_prefix(bytes, with_zone(bytes, end));
    // A path of names in code may have no other letters than these: `a::b`.
    if whole == end && !body.bytes().any(|byte| byte.is_ascii_digit()) && !is_told(text, start) && body != "::" {
        return;
    }
    let end = whole;
    found.push(Candidate { kind: Kind::Ipv6, start, end, score: 88, rule: "ipv6" });
}

/// Whether the colon at `colon` closes a word that is no group of an address: `server:2001:db8::1`.
fn behind_label(bytes: &[u8], colon: usize) -> bool {
    let word = bytes[..colon].iter().rev().take(16).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let other = |byte: &u8| *byte >= 0x80 || matches!(byte, b'"' | b')' | b']');
    word > 1 && bytes[colon - word..colon].iter().any(|byte| !byte.is_ascii_hexdigit())
        || word == 0 && bytes[..colon].last().is_some_and(other)
}

/// `::` is an address only beside a word that says so; in code it is a path separator.
fn is_unspecified(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let slash = bytes.get(end) == Some(&b'/') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    let open = bytes.get(end).is_none_or(|&byte| byte <= b' ' || byte >= 0x80 || byte == b',');
    slash || open && is_told(text, start)
}

/// Whether a word before says that an address follows.
fn is_told(text: &str, start: usize) -> bool {
    Context::before(text, start).mentions(class::IP)
}

fn with_zone(bytes: &[u8], end: usize) -> usize {
    if bytes.get(end) != Some(&b'%') {
        return end;
    }
    let zone = bytes[end + 1..].iter().take(16).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    if zone == 0 { end } else { end + 1 + zone }
}

fn with_prefix(bytes: &[u8], end: usize) -> usize {
    if bytes.get(end) != Some(&b'/') {
        return end;
    }
    let digits = bytes[end + 1..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=3).contains(&digits) && prefix(&bytes[end + 1..=end + digits]) <= 128 { end + 1 + digits } else { end }
}

#[cfg(test)]
mod tests {
    use crate::pii::detector::tests::{finds, finds_no, values};

    #[test]
    fn addresses_with_prefix_and_zone_are_found_whole() {
        finds("ipv4", "add banthis 1.9.75.8/32", "1.9.75.8/32");
        for ip in ["192.168.0.1", "10.0.0.0/8", "0.0.0.0/0", "255.255.255.255", "169.254.1.1"] {
            finds("ipv4", &format!("Server {ip}, next"), ip);
            finds("ipv4", &format!("地址{ip}。"), ip);
        }
        finds("ipv6", "ping dead:beef::cafe", "dead:beef::cafe");
        for ip in [
            "2001:db8::1",
            "fe80::1%eth0/64",
            "::1",
            "::ffff:192.0.2.1",
            "::ffff:1.2.3.4",
            "64:ff9b::192.0.2.0/96",
            "684D:1111:222:3333:4444:5555:6:77",
        ] {
            finds("ipv6", &format!("my ip: {ip}"), ip);
            finds("ipv6", &format!("地址{ip}。"), ip);
        }
    }

    /// The addresses of public resolvers look like versions.
    #[test]
    fn what_a_list_leads_to_from_an_address_is_one() {
        assert_eq!(values("ipv4", "DNS：1.1.1.1，1.0.0.1"), ["1.1.1.1", "1.0.0.1"]);
        assert_eq!(values("ipv4", "IP为1.2.3.4、5.6.7.8和9.10.11.12"), ["1.2.3.4", "5.6.7.8", "9.10.11.12"]);
        finds_no("ipv4", "升级到1.2.3.4，1.2.3.5已停用");
    }

    #[test]
    fn versions_code_and_times_are_no_addresses() {
        for text in [
            "版本1.2.3.4",
            "Longterm 2.6.34.15",
            "Curlew 0.1.22.3发布",
            "256.256.256.256",
            "192.168.1",
            "text192.168.1.1",
            "IP192.168.1.1text",
        ] {
            finds_no("ipv4", text);
        }
        for text in [
            "std::cout",
            "Time 12:34:56",
            "Ratio 1:2:3:4",
            "MyClass::toString",
            "use a::b;",
            "dead::beef()",
            ":::",
            "2001::db8::1",
            "fe80::1text",
            "aa:bb:cc:dd:ee:ff",
        ] {
            finds_no("ipv6", text);
        }
    }
}
