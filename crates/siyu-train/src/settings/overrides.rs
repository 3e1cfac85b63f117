//! `--set key.path=value`: keys of the file replaced on the command line.

use serde_json::{Map, Value};

use super::{Settings, check};
use crate::{Error, Result};

/// Applies one setting.
pub(super) fn set(settings: &Settings, setting: &str) -> Result<Settings> {
    let refused =
        |problem: &str| Error::Refused(format!("cannot apply `--set {setting}`: {}", problem.trim_end_matches("; ")));
    let (path, text) =
        setting.split_once('=').ok_or_else(|| refused("write `key.path=value`, such as `lora.rank=8`"))?;
    // A value is read as YAML; where a text is asked for, it stays the text it is: a folder may be named 2026.
    let read: Option<Value> = serde_saphyr::from_str(text).ok();
    let mut problem = None;
    for value in read.into_iter().chain([Value::String(text.to_owned())]) {
        let mut all = settings.to_json();
        *slot(&mut all, path).map_err(|problem| refused(&problem))? = value;
        match serde_json::from_value::<Settings>(all) {
            Ok(changed) => {
                return match check::problem(&changed) {
                    Some(problem) => Err(refused(&format!("{}; {}", problem.message, problem.help))),
                    None => Ok(changed),
                };
            }
            Err(error) => problem = problem.or(Some(error.to_string())),
        }
    }
    Err(refused(&problem.unwrap_or_default()))
}

/// The value at `path`; a key that is not there is made, for a default need not be written.
fn slot<'a>(mut value: &'a mut Value, path: &str) -> Result<&'a mut Value, String> {
    let mut walked: Vec<&str> = Vec::new();
    for name in path.split('.') {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        let place = walked.join(".");
        value = match value {
            Value::Object(fields) => fields.entry(name).or_insert(Value::Null),
            Value::Array(items) => {
                let count = items.len();
                let item = name.parse().ok().and_then(|index: usize| items.get_mut(index));
                item.ok_or_else(|| format!("`{place}` is a list of {count}, counted from 0; `{name}` is none of them"))?
            }
            _ => return Err(format!("`{place}` is a single value and holds no `{name}`")),
        };
        walked.push(name);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Schedule, Targets, WarmUp};
    use super::*;

    fn changed(setting: &str) -> Result<Settings> {
        let least = "model: base\ndataset: out/legal\noutput: out/adapter\n";
        Settings::from_text(least, Path::new("train.yaml"))?.set(&[setting.to_owned()])
    }

    #[test]
    fn any_key_can_be_set_also_one_that_the_file_leaves_out() {
        assert_eq!(changed("lora.rank=8").unwrap().lora.rank, 8);
        assert_eq!(changed("max_steps=5").unwrap().max_steps, Some(5));
        assert_eq!(changed("evaluation.patience=2").unwrap().evaluation.patience, Some(2));
        assert_eq!(changed("warm_up=0.1").unwrap().warm_up, WarmUp::Share(0.1));
        assert_eq!(changed("schedule=cosine").unwrap().schedule, Schedule::Cosine);
        assert_eq!(changed("schedule={wsd: {decay: 0.2}}").unwrap().schedule, Schedule::Wsd { decay: 0.2 });
        assert_eq!(changed("lora.targets=all-linear").unwrap().lora.targets, Targets::AllLinear);
        assert_eq!(
            changed("lora.targets.1=k_proj").unwrap().lora.targets,
            Targets::Names(vec!["q_proj".into(), "k_proj".into()])
        );
        assert_eq!(changed("lora.rank_pattern={down_proj: 4}").unwrap().lora.rank_pattern["down_proj"], 4);
        assert_eq!(changed("output=2026").unwrap().output, Path::new("2026"));
    }

    #[test]
    fn a_setting_that_cannot_be_applied_says_why() {
        let says = |setting: &str, words: &str| {
            let message = changed(setting).unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("cannot apply `--set {setting}`: ")) && message.contains(words),
                "{message}"
            );
        };
        says("batch", "write `key.path=value`");
        says("bacth=3", "unknown field `bacth`");
        says("batch=many", "expected usize");
        says("batch=0", "`batch` is 0 and must be at least 1");
        says("batch.size=3", "`batch` is a single value and holds no `size`");
        says("lora.targets.7=k_proj", "`lora.targets` is a list of 2");
    }
}
