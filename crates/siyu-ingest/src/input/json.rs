//! Rows of JSON objects. Only the fields that the pipeline needs are kept.

use super::table::Table;
use super::{Part, Source};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Reads a JSON object per line; blank lines are no rows.
pub(super) fn lines(part: &Part, source: &Source, table: &mut Table) {
    let (mut start, mut row) = (0, part.first_row);
    for end in memchr::memchr_iter(b'\n', &part.bytes).chain(std::iter::once(part.bytes.len())) {
        if end > start {
            object(part, (start, end), row, source, table);
        }
        row += 1;
        start = end + 1;
    }
}

/// Reads the elements of a JSON array.
pub(super) fn elements(part: &Part, places: &[(usize, usize)], source: &Source, table: &mut Table) {
    for (row, &place) in (part.first_row..).zip(places) {
        object(part, place, row, source, table);
    }
}

fn object(part: &Part, range: (usize, usize), row: u64, source: &Source, table: &mut Table) {
    let bytes = part.bytes[range.0..range.1].trim_ascii();
    if bytes.is_empty() {
        return;
    }
    let Ok(text) = simdutf8::basic::from_utf8(bytes) else {
        return table.bad(part, row, range, "not valid UTF-8; is `encoding` right?".to_owned());
    };
    let names: Vec<&str> = table.wanted.iter().map(|column| source.field(&column.name)).collect();
    let fields = Fields { names: &names, id: source.field("id") };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = fields.deserialize(&mut deserializer).and_then(|row| deserializer.end().map(|()| row));
    match parsed {
        Ok((id, values)) => {
            let values: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
            table.row(part, source, row, range, id.as_deref(), &values);
        }
        Err(error) => table.bad(part, row, range, reason(&error)),
    }
}

/// What is wrong, without serde's message, which can quote the row.
fn reason(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "JSON breaks off",
        serde_json::error::Category::Data => "not a JSON object of plain fields",
        _ => "not valid JSON",
    };
    format!("{what} at column {}", error.column())
}

/// The wanted fields of one object.
struct Fields<'a> {
    names: &'a [&'a str],
    id: &'a str,
}

type Row<'de> = (Option<Cow<'de, str>>, Vec<Option<Cow<'de, str>>>);

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = Row<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = Row<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut row: Row<'de> = (None, vec![None; self.names.len()]);
        while let Some(key) = map.next_key_seed(Text)? {
            let key = key.unwrap_or_default();
            if key == self.id {
                row.0 = map.next_value_seed(Text)?;
                if let Some(slot) = self.names.iter().position(|name| *name == key) {
                    row.1[slot].clone_from(&row.0);
                }
                continue;
            }
            let mut slots = self.names.iter().enumerate().filter(|(_, name)| **name == key).map(|(slot, _)| slot);
            let Some(first) = slots.next() else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value_seed(Text)?;
            for slot in slots {
                row.1[slot].clone_from(&value);
            }
            row.1[first] = value;
        }
        Ok(row)
    }
}

/// A value as text: strings as they are, null as none, anything else as its JSON.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        json(serde::Deserialize::deserialize(serde::de::value::SeqAccessDeserializer::new(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        json(serde::Deserialize::deserialize(serde::de::value::MapAccessDeserializer::new(fields)))
    }
}

fn json<'de, E>(value: Result<serde_json::Value, E>) -> Result<Option<Cow<'de, str>>, E> {
    value.map(|value| Some(Cow::Owned(value.to_string())))
}
