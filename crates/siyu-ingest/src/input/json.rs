//! JSON objects: finding them in an array, and taking the wanted fields out of one.

use std::borrow::Cow;

use memchr::{memchr, memchr2_iter, memchr3};
use sonic_rs::LazyValue;

use super::Limits;
use super::borders::{Span, Verdict};
use super::rows::{Fields, Reason};

/// Deepest nesting that is read; what is deeper could exhaust the stack of a recursive reader.
const MAX_DEPTH: usize = 128;

fn separates(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']')
}

/// The first value of `bytes`, or the separators before it.
pub(super) fn first(bytes: &[u8], ended: bool, limits: &Limits) -> Option<Span> {
    let separators = bytes.iter().position(|byte| !separates(*byte)).unwrap_or(bytes.len());
    if separators > 0 {
        return Some(Span { end: separators, next: separators, verdict: Verdict::Blank });
    }
    let end = match bytes.first()? {
        b'{' | b'[' => container(bytes, limits),
        b'"' => string(bytes, 1),
        _ => match bytes.iter().position(|byte| separates(*byte) || *byte == b'{') {
            Some(end) => Edge::At(end),
            None if ended => Edge::At(bytes.len()),
            None => Edge::Open,
        },
    };
    match end {
        Edge::At(end) => Some(Span { end, next: end, verdict: Verdict::Record }),
        Edge::Open if !ended && bytes.len() <= limits.record => None,
        Edge::Open | Edge::Damaged => resynchronise(bytes, ended),
    }
}

enum Edge {
    At(usize),
    /// Not in these bytes.
    Open,
    /// What is here cannot be JSON.
    Damaged,
}

/// The end of an object or array that starts `bytes`.
fn container(bytes: &[u8], limits: &Limits) -> Edge {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Edge::At(at);
                }
            }
            b'"' => match string(bytes, at) {
                Edge::At(end) => at = end,
                other => return other,
            },
            _ => {}
        }
        if at > limits.record {
            return Edge::Damaged;
        }
    }
    Edge::Open
}

/// The end of a string whose opening quote is before `start`.
fn string(bytes: &[u8], start: usize) -> Edge {
    let mut at = start;
    loop {
        let Some(rest) = bytes.get(at..) else { return Edge::Open };
        match memchr3(b'"', b'\\', b'\n', rest) {
            Some(found) if rest[found] == b'"' => return Edge::At(at + found + 1),
            Some(found) if rest[found] == b'\\' => at += found + 2,
            Some(_) => return Edge::Damaged,
            None => return Edge::Open,
        }
    }
}

/// A damaged value, up to the next line that starts an object.
///
/// It ends with its last byte that is no white space: how many blank lines follow in the buffer tells nothing.
fn resynchronise(bytes: &[u8], ended: bool) -> Option<Span> {
    let verdict = Verdict::Damaged("a value here is cut off or not JSON");
    let damaged = |next: usize| {
        let end = bytes.split_at(next).0.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        Some(Span { end: end.map_or(next, |last| last + 1), next, verdict })
    };
    let mut at = 0;
    while let Some(found) = memchr(b'\n', bytes.split_at(at).1) {
        at += found + 1;
        let rest = bytes.split_at(at).1;
        match rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            Some(b'{') => return damaged(at),
            Some(_) => {}
            None => break,
        }
    }
    if ended { damaged(bytes.len()) } else { None }
}

/// Takes the wanted fields out of an object.
pub(super) fn read<'a>(record: &'a str, fields: &Fields, values: &mut [Option<Cow<'a, str>>]) -> Result<(), Reason> {
    let record = record.trim_matches([' ', '\t', '\r', '\n']);
    if !record.starts_with('{') {
        return Err("not a JSON object".into());
    }
    if too_deep(record.as_bytes()) {
        return Err("JSON nested deeper than 128 levels".into());
    }
    let mut slots: Slots<'a> = Slots::new();
    slots.resize_with(values.len(), || None);
    let mut end = 1;
    for entry in sonic_rs::to_object_iter(record) {
        let (key, value) = entry.map_err(|error| invalid(&error))?;
        end = end_of(record, &value);
        if let Some(slot) = fields.names.iter().position(|name| *name == key) {
            fields.each_of(slot, |other| slots[other] = Some(value.clone()));
        }
    }
    let rest = record.as_bytes().get(end..).unwrap_or_default();
    if rest.trim_ascii() != b"}" {
        return Err("text follows the JSON object in the same record".into());
    }
    for (value, slot) in values.iter_mut().zip(slots) {
        *value = match slot {
            Some(slot) => text(record, &slot)?,
            None => None,
        };
    }
    Ok(())
}

type Slots<'a> = Vec<Option<LazyValue<'a>>>;

/// Where in the record a value ends.
fn end_of(record: &str, value: &LazyValue<'_>) -> usize {
    let raw = value.as_raw_str();
    (raw.as_ptr() as usize).wrapping_sub(record.as_ptr() as usize).wrapping_add(raw.len())
}

/// A value as text; null is nothing.
fn text<'a>(record: &'a str, value: &LazyValue<'a>) -> Result<Option<Cow<'a, str>>, Reason> {
    let end = end_of(record, value);
    let raw = end.checked_sub(value.as_raw_str().len()).and_then(|start| record.get(start..end));
    let raw = raw.expect("a value is a slice of its record");
    if raw == "null" {
        return Ok(None);
    }
    let Some(quoted) = raw.strip_prefix('"') else { return Ok(Some(Cow::Borrowed(raw))) };
    let plain = quoted.strip_suffix('"').expect("a checked string ends with a quote");
    if memchr(b'\\', plain.as_bytes()).is_none() {
        return Ok(Some(Cow::Borrowed(plain)));
    }
    match sonic_rs::from_str::<String>(raw) {
        Ok(text) => Ok(Some(Cow::Owned(text))),
        Err(_) => Err("a string holds an escape that is no character".into()),
    }
}

fn invalid(error: &sonic_rs::Error) -> Reason {
    if error.is_eof() {
        "the JSON ends too early".into()
    } else {
        format!("invalid JSON near byte {} of the record", error.offset()).into()
    }
}

/// Whether brackets outside of strings nest deeper than [`MAX_DEPTH`].
fn too_deep(record: &[u8]) -> bool {
    if memchr2_iter(b'{', b'[', record).nth(MAX_DEPTH).is_none() {
        return false;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = record.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => match string(record, at) {
                Edge::At(end) => at = end,
                _ => return false,
            },
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(names: &[&str]) -> Fields {
        Fields { names: names.iter().map(|name| (*name).to_owned()).collect(), required: vec![false; names.len()] }
    }

    fn take(record: &str) -> Result<Option<String>, Reason> {
        let mut values = vec![None];
        read(record, &fields(&["text"]), &mut values)?;
        Ok(values.remove(0).map(Cow::into_owned))
    }

    #[test]
    fn values_of_any_kind_become_text() {
        let cases = [
            (r#"{"text":"a\n\u6211\ud83d\ude00"}"#, Some("a\n我😀")),
            (r#"{"text":1.50}"#, Some("1.50")),
            (r#" {"text" : true }"#, Some("true")),
            (r#"{"text":[1, {"a":"b"}]}"#, Some(r#"[1, {"a":"b"}]"#)),
            (r#"{"text":null}"#, None),
            ("{}", None),
            (r#"{"text":"a","text":"b"}"#, Some("b")),
            (r#"{"te\u0078t":"a"}"#, Some("a")),
        ];
        for (record, expected) in cases {
            assert_eq!(take(record).unwrap().as_deref(), expected, "{record}");
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        let deep = format!(r#"{{"text":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let records = [
            r#"{"text":"a"} x"#,
            r#"{"text":"a"}{}"#,
            r#"{"text":"a""#,
            r#"{"text":"a"#,
            "{",
            "{}}",
            "[1]",
            "7",
            r#"{"text":"\ud800"}"#,
            r#"{"text":01}"#,
            r#"{"text":[}"#,
            r#"{"text" "a"}"#,
            r#"{"text":"a",}"#,
            "{\"text\":\"a\0\"}",
            &deep,
        ];
        for record in records {
            assert!(take(record).is_err(), "{}", record.get(..20).unwrap_or(record));
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(record in r#"[{}\[\]",:a0-9.\\u nulte-]{0,24}"#) {
            let ours = take(&record).is_ok();
            let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&record).is_ok();
            prop_assert_eq!(ours, theirs, "{}", record);
        }
    }
}
