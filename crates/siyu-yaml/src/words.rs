//! What the YAML reader finds wrong, in our words.

use crate::nearest;
use serde_saphyr::Error as Yaml;

/// What a file is called in messages.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Its kind, such as `pipeline`.
    pub name: &'static str,
    /// What to do with an empty one.
    pub empty: &'static str,
}

/// What is wrong, where, and what to do.
#[derive(Clone, Debug)]
pub struct Words {
    /// Line and column, both from 1.
    pub place: (u64, u64),
    /// What is wrong.
    pub message: String,
    /// What to do: empty, or sentences that end in `; ` or `? `.
    pub help: String,
}

impl Words {
    /// The words for an error about `text`, without its excerpt.
    pub fn of(error: &Yaml, text: &str, subject: Subject) -> Self {
        let error = error.without_snippet();
        let place = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        let mut help = String::new();
        let message = match error {
            Yaml::SerdeUnknownField { field, expected, .. } => {
                help = suggestion(field, expected);
                format!("unknown field `{field}`, expected one of {}", expected.join(", "))
            }
            Yaml::SerdeUnknownVariant { variant, expected, .. } => {
                help = suggestion(variant, expected);
                format!("unknown value `{variant}`, expected one of {}", expected.join(", "))
            }
            Yaml::SerdeMissingField { field, .. } => format!("missing field `{field}`"),
            Yaml::SerdeInvalidType { unexpected, expected, .. }
            | Yaml::SerdeInvalidValue { unexpected, expected, .. } => {
                format!("found {} where {} is expected", unexpected.trim_end(), kind(expected))
            }
            Yaml::InvalidScalar { ty, .. } => format!("expected {}", kind(ty)),
            Yaml::Unexpected { expected, .. } => format!("expected {}", kind(expected)),
            Yaml::DuplicateMappingKey { key, .. } => {
                "keep one of the two; ".clone_into(&mut help);
                key.as_ref().map_or_else(|| "a key is there twice".to_owned(), |key| format!("`{key}` is there twice"))
            }
            Yaml::Eof { .. }
                if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) =>
            {
                help = format!("{}; ", subject.empty);
                "the file says nothing".to_owned()
            }
            Yaml::Eof { .. } => "the file ends too early".to_owned(),
            Yaml::MultipleDocuments { .. } => {
                "remove the line `---`; ".clone_into(&mut help);
                format!("a file holds one {}, and here begins a second", subject.name)
            }
            Yaml::UnknownAnchor { .. } => {
                "put a value that starts with `*` in quotes; ".clone_into(&mut help);
                "this refers to an anchor that is not there".to_owned()
            }
            other => external(other, &mut help),
        };
        Self { place, message, help }
    }
}

/// What the parser below says, without its own place and with what to do about the commonest slips.
fn external(error: &Yaml, help: &mut String) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    if text.starts_with("tabs disallowed") {
        "indent with spaces; ".clone_into(help);
        return "a tab stands where YAML allows only spaces".to_owned();
    }
    if text.starts_with("unclosed quote") {
        "close the quote, and write a quote inside as \\\"; ".clone_into(help);
    } else if text.starts_with("unclosed bracket") || text.starts_with("while parsing a flow") {
        "close the bracket or brace in front of this place; ".clone_into(help);
    } else {
        "put texts with `: `, `#`, `{`, `[`, `*`, `&` or `%` in quotes; ".clone_into(help);
    }
    text.to_owned()
}

/// A type as people say it.
fn kind(expected: &str) -> String {
    let word = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" | "NonZeroUsize" | "a nonzero usize" => {
            "a whole number, 0 or more and without quotes"
        }
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number, without quotes",
        "f32" | "f64" => "a number, such as 0.5",
        "bool" | "a boolean" => "true or false",
        "a string" | "string scalar" => "a text",
        "sequence start" | "a sequence" => "a list, such as [one, two]",
        "mapping start" | "a map" => "a mapping, such as { name: value }",
        other if other.starts_with("struct ") => "settings, such as { name: value }",
        other => other,
    };
    word.to_owned()
}

/// `did you mean …? `, or nothing where no candidate is near.
pub fn suggestion(name: &str, expected: &[&str]) -> String {
    nearest(name, expected).map_or_else(String::new, |near| format!("did you mean `{near}`? "))
}
