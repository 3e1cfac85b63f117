//! What differs between the run that wrote something and the one that would go on with it, in words.

use super::state::{Identity, first, named, version};
use crate::error::Result;
use crate::files;
use crate::input::Source;
use crate::pipeline::Pipeline;
use rayon::prelude::*;
use serde_json::{Map, Value};
use siyu_dataset::Manifest;
use std::collections::{BTreeMap, BTreeSet};

/// How an input is called.
pub(super) const INPUT: &str = "the input `";
/// How the variable of a secret is called.
pub(super) const KEY: &str = "the value of the environment variable `";
/// How an entry of `steps` is called.
const STEP: &str = "step";

/// What differs since a dataset was written, in words. The inputs are hashed: sizes and times prove nothing.
pub(super) fn since(
    manifest: &Manifest,
    pipeline: &Pipeline,
    sources: &[Source],
    identity: &Identity,
) -> Result<Option<String>> {
    if let Some(change) = version(&manifest.siyu_version) {
        return Ok(Some(change));
    }
    let record = &manifest.pipeline;
    let changes = match Pipeline::from_record(&record.text) {
        Ok(earlier) => differences(&decisive(&earlier), &decisive(pipeline)),
        Err(_) => vec!["its recorded pipeline cannot be read".to_owned()],
    };
    let sizes = manifest.inputs.iter().map(|input| (input.source.clone(), input.bytes)).collect();
    let own_sizes = sources.iter().map(|source| (source.name.clone(), source.bytes)).collect();
    let change = first(&changes)
        .or_else(|| named("`", &record.files, &identity.files))
        .or_else(|| named(KEY, &record.keys, &identity.keys))
        .or_else(|| named(INPUT, &sizes, &own_sizes));
    if change.is_some() {
        return Ok(change);
    }
    let hashes: BTreeMap<String, String> =
        manifest.inputs.iter().map(|input| (input.source.clone(), input.blake3.clone())).collect();
    let own_hashes: BTreeMap<String, String> = sources
        .par_iter()
        .map(|source| Ok((source.name.clone(), files::hash(&source.path)?)))
        .collect::<Result<_>>()?;
    Ok(named(INPUT, &hashes, &own_hashes))
}

/// The part of a pipeline that decides what its dataset holds.
///
/// Left out are `output.directory`, which may be moved, `tests`, and the bounds on bad rows, which are judged anew by
/// every run.
pub(super) fn decisive(pipeline: &Pipeline) -> Value {
    let mut value = serde_json::to_value(pipeline).expect("a pipeline consists of strings, numbers, lists and maps");
    let fields = value.as_object_mut().expect("a pipeline is a map");
    for name in ["tests", "max_bad_rows", "max_bad_ratio"] {
        fields.shift_remove(name);
    }
    if let Some(output) = fields.get_mut("output").and_then(Value::as_object_mut) {
        output.shift_remove("directory");
    }
    value
}

/// Every difference between two pipelines, step by step.
pub(super) fn differences(before: &Value, now: &Value) -> Vec<String> {
    let empty = Map::new();
    let (before, now) = (before.as_object().unwrap_or(&empty), now.as_object().unwrap_or(&empty));
    let mut found = Vec::new();
    entries("input", list(before, "input"), list(now, "input"), &mut found);
    entries(STEP, list(before, "steps"), list(now, "steps"), &mut found);
    let rest = |fields: &Map<String, Value>| {
        let kept = fields.iter().filter(|(name, _)| !["input", "steps"].contains(&name.as_str()));
        Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    settings("", "", &rest(before), &rest(now), &mut found);
    found
}

fn list<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    fields.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Differences between two lists of inputs or steps: those that came or went between equal neighbours, else pair by pair.
fn entries(kind: &str, before: &[Value], now: &[Value], found: &mut Vec<String>) {
    let head = before.iter().zip(now).take_while(|(one, other)| one == other).count();
    let (before, now) = (&before[head..], &now[head..]);
    let tail = before.iter().rev().zip(now.iter().rev()).take_while(|(one, other)| one == other).count();
    let (before, now) = (&before[..before.len() - tail], &now[..now.len() - tail]);
    let name_of = |entry: &Value| if kind == STEP { step_name(entry) } else { None };
    let label = |index: usize, entry: &Value| {
        let name = name_of(entry).map_or_else(String::new, |name| format!(" `{name}`"));
        format!("{kind} {}{name}", head + index + 1)
    };
    for index in 0..before.len().max(now.len()) {
        match (before.get(index), now.get(index)) {
            (Some(one), Some(other)) if name_of(one) == name_of(other) => {
                let inner = |entry: &Value| name_of(entry).map_or(entry.clone(), |name| entry[&name].clone());
                settings(&format!("{}: ", label(index, other)), "", &inner(one), &inner(other), found);
            }
            (Some(one), Some(other)) => {
                found.push(format!("{} was `{}`", label(index, other), name_of(one).unwrap_or_default()));
            }
            (Some(gone), None) => found.push(format!("{} is gone", label(index, gone))),
            (None, Some(new)) => found.push(format!("{} is new", label(index, new))),
            (None, None) => {}
        }
    }
}

/// A step is a map of one key, its name.
fn step_name(entry: &Value) -> Option<String> {
    entry.as_object()?.keys().next().cloned()
}

/// Differences between two maps of settings under `path`, or two plain values.
fn settings(at: &str, path: &str, before: &Value, now: &Value, found: &mut Vec<String>) {
    let (Some(one), Some(other)) = (before.as_object(), now.as_object()) else {
        if before != now {
            found.push(format!("{at}was {}, is {}", shown(before), shown(now)));
        }
        return;
    };
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    for name in names {
        let (before, now) = (one.get(name).unwrap_or(&Value::Null), other.get(name).unwrap_or(&Value::Null));
        if before.is_object() && now.is_object() {
            settings(at, &format!("{path}{name}."), before, now, found);
        } else if before != now {
            found.push(format!("{at}`{path}{name}` was {}, is {}", shown(before), shown(now)));
        }
    }
}

/// A value, shortened.
fn shown(value: &Value) -> String {
    if value.is_null() {
        return "not given".to_owned();
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
mod tests {
    use super::differences;
    use serde_json::{Value, json};

    #[expect(clippy::needless_pass_by_value, reason = "called with what `json!` makes")]
    fn pipeline(steps: Value) -> Value {
        json!({ "input": [{ "path": "a" }], "steps": steps, "seed": 0, "output": { "shard_megabytes": 1 } })
    }

    #[test]
    fn a_changed_setting_is_named_with_both_values() {
        let before = pipeline(json!([{ "shuffle": { "seed": 1 } }, { "text_length": { "min_chars": 4 } }]));
        let now = pipeline(json!([{ "shuffle": { "seed": 1 } }, { "text_length": { "min_chars": 5 } }]));
        assert_eq!(differences(&before, &now), ["step 2 `text_length`: `min_chars` was `4`, is `5`"]);
        assert!(differences(&now, &now).is_empty());
    }

    #[test]
    fn steps_that_came_went_or_were_exchanged_are_named() {
        let (one, two) = (json!({ "shuffle": { "seed": 1 } }), json!({ "exact_dedup": {} }));
        let both = pipeline(json!([one, two]));
        assert_eq!(differences(&pipeline(json!([two])), &both), ["step 1 `shuffle` is new"]);
        assert_eq!(differences(&both, &pipeline(json!([one]))), ["step 2 `exact_dedup` is gone"]);
        assert_eq!(
            differences(&pipeline(json!([one])), &pipeline(json!([two]))),
            ["step 1 `exact_dedup` was `shuffle`"]
        );
    }

    #[test]
    fn inputs_seed_and_output_are_compared() {
        let (before, mut now) = (pipeline(json!([])), pipeline(json!([])));
        now["input"][0]["path"] = json!("b");
        now["seed"] = json!(7);
        now["output"]["columns"] = json!(["id"]);
        assert_eq!(
            differences(&before, &now),
            [
                "input 1: `path` was `a`, is `b`",
                "`output.columns` was not given, is `[\"id\"]`",
                "`seed` was `0`, is `7`"
            ]
        );
    }

    #[test]
    fn a_step_whose_whole_value_is_a_text_is_compared() {
        let before = pipeline(json!([{ "filter": "a" }]));
        let now = pipeline(json!([{ "filter": "b" }]));
        assert_eq!(differences(&before, &now), ["step 1 `filter`: was `a`, is `b`"]);
    }
}
