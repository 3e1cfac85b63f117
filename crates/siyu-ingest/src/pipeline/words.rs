//! What the YAML reader finds wrong, in our words.

use super::diagnostic::nearest;
use super::places::{Kind, Places};
use crate::step::Step;
use serde_saphyr::Error as Yaml;
use std::fmt::Write;

/// What is wrong, where, and what to do.
pub(super) struct Words {
    /// Line and column, both from 1.
    pub(super) place: (u64, u64),
    pub(super) message: String,
    pub(super) help: String,
}

impl Words {
    /// The words for an error about `text`, a whole pipeline or only steps.
    ///
    /// A text that is no YAML, or whose steps have the wrong shape, is told so first: what the reader says then about
    /// types only follows from it.
    pub(super) fn new(text: &str, error: &Yaml, pipeline: bool) -> Self {
        let places = match Places::of(text) {
            Ok(places) => places,
            Err(syntax) => return of_error(syntax.without_snippet(), &Places::default(), text),
        };
        let misshapen = match (&places.kind, pipeline) {
            (Kind::Null, _) => None,
            (_, true) => misshapen(&places),
            (Kind::List(steps), false) => steps.iter().find_map(misshapen_step),
            (_, false) => misshapen_step(&places),
        };
        misshapen.unwrap_or_else(|| of_error(error, &places, text))
    }
}

/// What is wrong and what to do, without a place: for texts that no file holds.
pub(super) fn plain(error: &Yaml) -> String {
    let words = of_error(error, &Places::default(), "");
    let help = words.help.trim_end_matches("nothing was read or written").trim_end_matches([';', ' ']);
    if help.is_empty() { words.message } else { format!("{}; {help}", words.message) }
}

fn of_error(error: &Yaml, places: &Places, text: &str) -> Words {
    let place = error.location().map_or((1, 1), |place| (place.line(), place.column()));
    let mut help = String::new();
    let message = match error {
        Yaml::SerdeUnknownField { field, expected, .. } => {
            help = suggestion(field, expected);
            format!("unknown field `{field}`, expected one of {}", expected.join(", "))
        }
        Yaml::SerdeUnknownVariant { variant, expected, .. } => {
            help = suggestion(variant, expected);
            if expected.as_slice() == Step::NAMES {
                help.push_str("`siyu operators` explains the steps; ");
                format!("there is no step `{variant}`, only {}", expected.join(", "))
            } else {
                format!("unknown value `{variant}`, expected one of {}", expected.join(", "))
            }
        }
        Yaml::SerdeMissingField { field, .. } => format!("missing field `{field}`"),
        Yaml::SerdeInvalidType { unexpected, expected, .. } | Yaml::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("found {} where {} is expected", unexpected.trim_end(), kind(expected))
        }
        Yaml::InvalidScalar { ty, .. } => format!("expected {}", kind(ty)),
        Yaml::Unexpected { expected, .. } => format!("expected {}", kind(expected)),
        Yaml::DuplicateMappingKey { key, .. } => {
            "keep one of the two; ".clone_into(&mut help);
            key.as_ref().map_or_else(|| "a key is there twice".to_owned(), |key| format!("`{key}` is there twice"))
        }
        Yaml::Eof { .. } if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) => {
            "a pipeline has at least `input` and `output`; README.md and pipelines/ show some; ".clone_into(&mut help);
            "the file says nothing".to_owned()
        }
        Yaml::Eof { .. } => "the file ends too early".to_owned(),
        Yaml::MultipleDocuments { .. } => {
            "remove the line `---`; ".clone_into(&mut help);
            "a file holds one pipeline, and here begins a second".to_owned()
        }
        Yaml::UnknownAnchor { .. } => {
            "put a value that starts with `*` in quotes; ".clone_into(&mut help);
            "this refers to an anchor that is not there".to_owned()
        }
        other => external(other, &mut help),
    };
    if let Some(step) = places.step_at(place.0, place.1).filter(|step| Step::NAMES.contains(step)) {
        let _ = write!(help, "`siyu operators {step}` shows all settings; ");
    }
    Words { place, message, help: finished(&help) }
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

/// A pipeline that is no mapping, or whose steps are not a list of one name with its settings each.
fn misshapen(places: &Places) -> Option<Words> {
    if !matches!(places.kind, Kind::Mapping(_)) {
        let help = "start with the lines `input:`, `steps:` and `output:`";
        return told(places, "a pipeline is a mapping".to_owned(), help);
    }
    let steps = places.get("steps")?;
    match &steps.kind {
        Kind::List(list) => list.iter().find_map(misshapen_step),
        Kind::Mapping(_) => {
            told(steps, "`steps` is a list".to_owned(), "start each step with `- `, for their order counts")
        }
        Kind::Null | Kind::Scalar(_) => told(steps, "`steps` is a list".to_owned(), "write `steps: []` for none"),
    }
}

/// A step that is not one name with its settings.
fn misshapen_step(step: &Places) -> Option<Words> {
    let names = match &step.kind {
        Kind::Mapping(names) => names.as_slice(),
        Kind::Scalar(name) => return bare(step, name),
        Kind::Null | Kind::List(_) => {
            return told(step, "a step is its name and its settings".to_owned(), "write `- name: { setting: value }`");
        }
    };
    match names {
        [(name, settings)] if matches!(settings.kind, Kind::Null) => bare(step, name),
        [_] => None,
        _ => {
            let all = names.iter().map(|name| format!("`{}`", name.0)).collect::<Vec<_>>().join(" and ");
            let steps = names.iter().filter(|name| Step::NAMES.contains(&name.0.as_str())).count();
            let help = match steps {
                0 | 1 => "put the settings in braces, or indent them by four more spaces than the name",
                _ => "start each step with `- `",
            };
            told(step, format!("a step has one name, but here are {all}"), help)
        }
    }
}

/// A step's name alone.
fn bare(step: &Places, name: &str) -> Option<Words> {
    if !Step::NAMES.contains(&name) {
        let near = suggestion(name, Step::NAMES);
        let help = format!("{near}`siyu operators` lists the steps");
        return told(step, format!("there is no step `{}`", name.chars().take(40).collect::<String>()), &help);
    }
    told(step, format!("`{name}` stands without settings"), &format!("write `{name}: {{}}` for the defaults"))
}

#[expect(clippy::unnecessary_wraps, reason = "it ends functions that may have nothing to tell")]
fn told(place: &Places, message: String, help: &str) -> Option<Words> {
    Some(Words { place: (place.line, place.column), message, help: finished(&format!("{help}; ")) })
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

fn suggestion(name: &str, expected: &[&str]) -> String {
    nearest(name, expected).map_or_else(String::new, |near| format!("did you mean `{near}`? "))
}

fn finished(help: &str) -> String {
    let separator = if help.ends_with("; ") || help.ends_with("? ") || help.is_empty() { "" } else { "; " };
    format!("{help}{separator}nothing was read or written")
}
