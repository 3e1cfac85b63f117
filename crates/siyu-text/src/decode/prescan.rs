//! The encoding a document declares about itself.
//!
//! Follows "prescan a byte stream to determine its encoding" of the HTML standard, section 13.2.3.2, but over the
//! whole sample: browsers look at 1,024 bytes first and reload on finding a later `meta`.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use memchr::{memchr, memmem};

use super::widened;

/// The encoding named by a `meta` element or an XML declaration.
pub(super) fn declaration(sample: &[u8]) -> Option<&'static Encoding> {
    if sample.starts_with(b"<\0?\0x\0") {
        return Some(UTF_16LE);
    }
    if sample.starts_with(b"\0<\0?\0x") {
        return Some(UTF_16BE);
    }
    meta(sample).or_else(|| xml(sample))
}

fn meta(sample: &[u8]) -> Option<&'static Encoding> {
    let mut at = 0;
    while let Some(found) = memchr(b'<', tail(sample, at)) {
        let start = at + found;
        let after = tail(sample, start + 1);
        at = match after {
            [b'!', b'-', b'-', ..] => start + 3 + memmem::find(tail(after, 1), b"-->")? + 2,
            [b'/', letter, ..] if letter.is_ascii_alphabetic() => skip_tag(sample, start + 2)?,
            [b'!' | b'?' | b'/', ..] => start + memchr(b'>', after)? + 2,
            [letter, ..] if letter.is_ascii_alphabetic() => {
                if is_meta(after) {
                    let mut attributes = Attributes { bytes: sample, at: start + 5 };
                    let encoding = meta_encoding(&mut attributes)?;
                    if encoding.is_some() {
                        return encoding;
                    }
                    attributes.at
                } else {
                    skip_tag(sample, start + 1)?
                }
            }
            _ => start + 1,
        };
    }
    None
}

fn is_meta(tag: &[u8]) -> bool {
    tag.len() > 4 && tag.split_at(4).0.eq_ignore_ascii_case(b"meta") && (is_space(tag[4]) || tag[4] == b'/')
}

/// Moves past the attributes of the tag whose name starts at `at`; nothing if the sample ends inside it.
fn skip_tag(sample: &[u8], at: usize) -> Option<usize> {
    let name = tail(sample, at).iter().position(|&b| is_space(b) || b == b'>')?;
    let mut attributes = Attributes { bytes: sample, at: at + name };
    while attributes.next()?.is_some() {}
    Some(attributes.at)
}

/// The outer `None` says that the sample ended inside the tag, the inner one that the tag declares nothing.
#[expect(clippy::option_option, reason = "end of the sample and end of the tag are different ends")]
fn meta_encoding(attributes: &mut Attributes) -> Option<Option<&'static Encoding>> {
    let (mut seen, mut is_pragma, mut needs_pragma) = (Vec::new(), false, None);
    let mut charset: Option<Option<&'static Encoding>> = None;
    while let Some((name, value)) = attributes.next()? {
        if seen.contains(&name) {
            continue;
        }
        match name.as_slice() {
            b"http-equiv" => is_pragma = value == b"content-type",
            b"content" if charset.is_none() => {
                if let Some(encoding) = from_content(&value) {
                    charset = Some(Some(encoding));
                    needs_pragma = Some(true);
                }
            }
            b"charset" => {
                charset = Some(Encoding::for_label_no_replacement(&value));
                needs_pragma = Some(false);
            }
            _ => {}
        }
        seen.push(name);
    }
    let declared = match needs_pragma {
        Some(true) if !is_pragma => None,
        _ => charset.flatten(),
    };
    Some(declared.map(|encoding| match encoding {
        e if e == UTF_16LE || e == UTF_16BE => UTF_8,
        e if e == X_USER_DEFINED => WINDOWS_1252,
        e => widened(e),
    }))
}

/// "Extracting a character encoding from a meta element", section 2.6.5 of the standard; `value` is in lower case.
fn from_content(value: &[u8]) -> Option<&'static Encoding> {
    let mut rest = value;
    loop {
        rest = tail(rest, memmem::find(rest, b"charset")? + 7).trim_ascii_start();
        if let [b'=', after @ ..] = rest {
            rest = after.trim_ascii_start();
            break;
        }
    }
    let label = match rest {
        [quote @ (b'"' | b'\''), after @ ..] => after.split_at(memchr(*quote, after)?).0,
        _ => rest.split(|&b| is_space(b) || b == b';').next()?,
    };
    Encoding::for_label_no_replacement(label)
}

fn xml(sample: &[u8]) -> Option<&'static Encoding> {
    let head = sample.strip_prefix(b"<?xml")?;
    let head = head.split_at(memchr(b'>', head)?).0;
    let rest = tail(head, memmem::find(head, b"encoding")? + 8).trim_ascii_start();
    let [b'=', rest @ ..] = rest else { return None };
    let [quote @ (b'"' | b'\''), rest @ ..] = rest.trim_ascii_start() else { return None };
    let label = rest.split_at(memchr(*quote, rest)?).0;
    if label.iter().any(|&b| b <= b' ') {
        return None;
    }
    let encoding = Encoding::for_label_no_replacement(label)?;
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { widened(encoding) })
}

/// A name and a value, in lower case.
type Attribute = (Vec<u8>, Vec<u8>);

/// "Get an attribute" of the standard; names and values in lower case.
struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Attributes<'_> {
    /// The next attribute, or nothing at the tag's end, which is passed over; the outer `None` is the sample's end.
    #[expect(clippy::option_option, reason = "end of the sample and end of the tag are different ends")]
    fn next(&mut self) -> Option<Option<Attribute>> {
        while is_space(self.byte()?) || self.byte()? == b'/' {
            self.at += 1;
        }
        if self.byte()? == b'>' {
            self.at += 1;
            return Some(None);
        }
        let mut name = Vec::new();
        while name.is_empty() || self.byte()? != b'=' {
            let byte = self.byte()?;
            if byte == b'/' || byte == b'>' {
                return Some(Some((name, Vec::new())));
            }
            if is_space(byte) {
                self.skip_space()?;
                break;
            }
            name.push(byte.to_ascii_lowercase());
            self.at += 1;
        }
        if self.byte()? != b'=' {
            return Some(Some((name, Vec::new())));
        }
        self.at += 1;
        self.skip_space()?;
        Some(Some((name, self.value()?)))
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let first = self.byte()?;
        let rest = tail(self.bytes, self.at);
        let (value, length) = if first == b'"' || first == b'\'' {
            let inner = tail(rest, 1);
            let end = memchr(first, inner)?;
            (inner.split_at(end).0, end + 2)
        } else {
            let end = rest.iter().position(|&b| is_space(b) || b == b'>')?;
            (rest.split_at(end).0, end)
        };
        self.at += length;
        Some(value.to_ascii_lowercase())
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) -> Option<()> {
        while is_space(self.byte()?) {
            self.at += 1;
        }
        Some(())
    }
}

fn tail(bytes: &[u8], from: usize) -> &[u8] {
    bytes.get(from..).unwrap_or_default()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}
