//! Where the values of a YAML text stand.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error as Yaml, Spanned};
use std::fmt;

/// A value of a YAML text with its place; lines and columns count from 1.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Its line.
    pub line: u64,
    /// Its column.
    pub column: u64,
    /// What it is.
    pub kind: Kind,
}

/// What stands there.
#[derive(Clone, Debug, Default)]
pub enum Kind {
    /// Nothing, or the word `null`.
    #[default]
    Null,
    /// A single value as text.
    Scalar(String),
    /// The items of a list.
    List(Vec<Places>),
    /// Keys and values of a mapping.
    Mapping(Vec<(String, Places)>),
}

impl Places {
    /// Reads any YAML.
    ///
    /// # Errors
    /// Where the text is no YAML at all.
    pub fn of(text: &str) -> Result<Self, Yaml> {
        serde_saphyr::from_str(text)
    }

    /// The value at a path of keys and indices, or the nearest above it that there is.
    pub fn nearest(&self, path: &[&str]) -> &Self {
        let mut here = self;
        for name in path {
            let next = match &here.kind {
                Kind::Mapping(entries) => entries.iter().find(|entry| entry.0 == *name).map(|entry| &entry.1),
                Kind::List(items) => name.parse().ok().and_then(|index: usize| items.get(index)),
                Kind::Null | Kind::Scalar(_) => None,
            };
            let Some(next) = next else { break };
            here = next;
        }
        here
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Kind::Mapping(entries) = &self.kind else { return None };
        entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.1)
    }
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { line: value.referenced.line(), column: value.referenced.column(), kind: value.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Kind;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Scalar(value.to_owned()))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Kind, E> {
        Ok(Kind::Scalar(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut mapping = Vec::new();
        while let Some(key) = entries.next_key::<Kind>()? {
            match key {
                Kind::Scalar(key) => mapping.push((key, entries.next_value()?)),
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Kind::Mapping(mapping))
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    const TEXT: &str =
        "input: [{ path: a }]\nsteps:\n  - text_length:\n      min_chars: 3\n  - filter: 'a > 1'\nseed: 4\n";

    #[test]
    fn values_are_found_by_their_path_or_the_nearest_above() {
        let places = Places::of(TEXT).unwrap();
        let at = |path: &[&str]| {
            let place = places.nearest(path);
            (place.line, place.column)
        };
        assert_eq!(at(&["steps", "0", "text_length", "min_chars"]), (4, 18));
        assert_eq!(at(&["steps", "1", "filter", "condition"]), (5, 13));
        assert_eq!(at(&["seed"]), (6, 7));
    }
}
