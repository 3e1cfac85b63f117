//! What the YAML reader finds wrong with a pipeline, in our words.

use crate::step::Step;
use serde_saphyr::Error as Yaml;
use siyu_yaml::{Kind, Places, Subject, Words, suggestion};
use std::fmt::Write;

/// What pipelines are called in messages.
const PIPELINE: Subject = Subject {
    name: "pipeline",
    empty: "a pipeline has at least `input` and `output`; README.md and pipelines/ show some",
};

/// The words for an error about `text`, a whole pipeline or only steps.
///
/// A text that is no YAML, or whose steps have the wrong shape, is told so first: what the reader says then about
/// types only follows from it.
pub(super) fn words(text: &str, error: &Yaml, pipeline: bool) -> Words {
    let places = match Places::of(text) {
        Ok(places) => places,
        Err(syntax) => return of_error(&syntax, &Places::default(), text),
    };
    let misshapen = match (&places.kind, pipeline) {
        (Kind::Null, _) => None,
        (_, true) => misshapen(&places),
        (Kind::List(steps), false) => steps.iter().find_map(misshapen_step),
        (_, false) => misshapen_step(&places),
    };
    misshapen.unwrap_or_else(|| of_error(error, &places, text))
}

/// What is wrong and what to do, without a place: for texts that no file holds.
pub(super) fn plain(error: &Yaml) -> String {
    let words = of_error(error, &Places::default(), "");
    let help = words.help.trim_end_matches([';', ' ']);
    if help.is_empty() { words.message } else { format!("{}; {help}", words.message) }
}

fn of_error(error: &Yaml, places: &Places, text: &str) -> Words {
    let mut words = Words::of(error, text, PIPELINE);
    if let Yaml::SerdeUnknownVariant { variant, expected, .. } = error.without_snippet()
        && expected.as_slice() == Step::NAMES
    {
        words.help.push_str("`siyu operators` explains the steps; ");
        words.message = format!("there is no step `{variant}`, only {}", expected.join(", "));
    }
    if let Some(step) = step_at(places, words.place).filter(|step| Step::NAMES.contains(step)) {
        let _ = write!(words.help, "`siyu operators {step}` shows all settings; ");
    }
    words
}

/// Name of the step around a place, if there is one.
fn step_at(places: &Places, place: (u64, u64)) -> Option<&str> {
    let Kind::List(steps) = &places.get("steps")?.kind else { return None };
    let step = steps.iter().rfind(|step| (step.line, step.column) <= place)?;
    let behind = match &places.kind {
        Kind::Mapping(entries) => entries.iter().map(|entry| entry.1.line).find(|&other| other > step.line),
        _ => None,
    };
    let Kind::Mapping(names) = &step.kind else { return None };
    (behind.is_none_or(|behind| place.0 < behind)).then(|| names.first().map(|name| name.0.as_str()))?
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
    Some(Words { place: (place.line, place.column), message, help: format!("{help}; ") })
}

#[cfg(test)]
mod tests {
    use super::{Places, step_at};

    const TEXT: &str =
        "input: [{ path: a }]\nsteps:\n  - text_length:\n      min_chars: 3\n  - filter: 'a > 1'\nseed: 4\n";

    #[test]
    fn the_step_around_a_place_is_known() {
        let places = Places::of(TEXT).unwrap();
        assert_eq!(step_at(&places, (4, 7)), Some("text_length"));
        assert_eq!(step_at(&places, (5, 13)), Some("filter"));
        assert_eq!(step_at(&places, (6, 1)), None);
        assert_eq!(step_at(&places, (1, 3)), None);
    }
}
