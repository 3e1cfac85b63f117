//! `--set key.path=value`: keys of the file replaced on the command line.

use super::words::plain;
use super::{File, OVERRIDDEN, Pipeline};
use crate::error::{Error, Result};
use crate::step::Step;
use serde_json::Value;

impl Pipeline {
    /// Overrides keys of the file, one setting after another.
    ///
    /// # Errors
    /// [`Error::Refused`] with the setting and what is wrong with it.
    pub(super) fn set(&mut self, settings: &[String]) -> Result<()> {
        let mut value = serde_json::to_value(&*self).expect("a pipeline consists of strings, numbers, lists and maps");
        for setting in settings {
            let refuse = |problem: &str| refused(setting, problem);
            let (path, new) = setting
                .split_once('=')
                .ok_or_else(|| refuse("write `key.path=value`, such as `output.directory=out/other`"))?;
            let slot = slot(&mut value, path).map_err(|problem| refuse(&problem))?;
            let parsed = serde_saphyr::from_str(new).unwrap_or_else(|_| Value::String(new.to_owned()));
            // A text stays a text: a folder may be named 2026 and a condition may look like a mapping.
            let is_text = slot.is_string() && !parsed.is_null();
            *slot = if is_text && !parsed.is_string() { Value::String(new.to_owned()) } else { parsed };
            let file: File =
                serde_saphyr::from_str(&value.to_string()).map_err(|error| refuse(&plain(error.without_snippet())))?;
            (self.input, self.steps, self.output) = (file.input, file.steps, file.output);
            (self.seed, self.max_bad_rows, self.max_bad_ratio) = (file.seed, file.max_bad_rows, file.max_bad_ratio);
            self.tests = file.tests;
        }
        for setting in settings {
            let border = if self.text.ends_with('\n') { "" } else { "\n" };
            self.text = format!("{}{border}{OVERRIDDEN}{setting}\n", self.text);
        }
        Ok(())
    }
}

/// The value at `path`; a key that is not there is made, for a default need not be written.
fn slot<'a>(mut value: &'a mut Value, path: &str) -> Result<&'a mut Value, String> {
    let mut walked: Vec<&str> = Vec::new();
    for name in path.split('.') {
        if value.is_null() {
            *value = Value::Object(serde_json::Map::new());
        }
        if let Some(only) = behind_number(value, &walked, name)? {
            value = value.get_mut(&only).expect("the step's own name");
        }
        value = match value {
            Value::Array(items) => {
                let (index, inner) = item(items, &walked, name)?;
                let found = &mut items[index];
                match inner {
                    Some(name) => found.get_mut(name).expect("the step's own name"),
                    None => found,
                }
            }
            Value::Object(fields) => fields.entry(name).or_insert(Value::Null),
            _ => return Err(format!("`{}` is a single value and holds no `{name}`", walked.join("."))),
        };
        walked.push(name);
    }
    Ok(value)
}

/// The step's own name where it is left out behind its number, as in `steps.3.with`.
fn behind_number(value: &Value, walked: &[&str], name: &str) -> Result<Option<String>, String> {
    let [steps, number] = walked else { return Ok(None) };
    let Some(fields) = value.as_object() else { return Ok(None) };
    if *steps != "steps" || number.parse::<usize>().is_err() || fields.contains_key(name) {
        return Ok(None);
    }
    let only = fields.keys().next().cloned().unwrap_or_default();
    if Step::NAMES.contains(&name) {
        return Err(format!("step {number} is `{only}`, not `{name}`"));
    }
    if fields.get(&only).is_none_or(|settings| !settings.is_object()) {
        return Err(format!("step {number} is `{only}`, whose value has no names; write `steps.{number}.{only}=…`"));
    }
    Ok(Some(only))
}

/// Index of an item of a list; of a step given by its name, also the name.
fn item<'a>(items: &[Value], walked: &[&str], name: &'a str) -> Result<(usize, Option<&'a str>), String> {
    if walked == ["steps"] {
        return step(items, name);
    }
    let index = name.parse().ok().filter(|index: &usize| *index < items.len());
    let place = walked.join(".");
    let absent = || format!("`{place}` is a list of {}, counted from 0; `{name}` is none of them", items.len());
    Ok((index.ok_or_else(absent)?, None))
}

/// A step by its number from 0, or the only step of that name together with the name.
fn step<'a>(steps: &[Value], name: &'a str) -> Result<(usize, Option<&'a str>), String> {
    let count = steps.len();
    if let Ok(index) = name.parse::<usize>() {
        let known = (index < count).then_some((index, None));
        return known.ok_or_else(|| format!("there are {count} steps, counted from 0; {index} is none of them"));
    }
    let having: Vec<usize> = (0..count).filter(|&index| steps[index].get(name).is_some()).collect();
    match having.as_slice() {
        [index] => Ok((*index, Some(name))),
        [] => {
            let names = steps.iter().filter_map(|step| step.as_object()?.keys().next());
            let known: Vec<&str> = names.map(String::as_str).collect();
            Err(format!("there is no step `{name}` here, only {}", known.join(", ")))
        }
        many => {
            let numbers: Vec<String> = many.iter().map(|index| format!("`steps.{index}`")).collect();
            Err(format!("there are {} steps `{name}`; name one by its number: {}", many.len(), numbers.join(" or ")))
        }
    }
}

fn refused(setting: &str, problem: &str) -> Error {
    Error::Refused(format!("cannot apply `--set {setting}`: {problem}; nothing was read or written"))
}

#[cfg(test)]
mod tests {
    use crate::pipeline::Pipeline;
    use std::path::Path;

    const TEXT: &str = "input: [{ path: a }]\nsteps:\n  - strip_html: {}\n  - mask_pii: {}\n  - filter: \"a > 1\"\n  \
                        - mask_pii: { columns: [b] }\noutput: { directory: out }\n";

    fn set(setting: &str) -> Result<Pipeline, String> {
        Pipeline::from_text(TEXT, Path::new("p.yaml"), &[setting.to_owned()]).map_err(|error| error.to_string())
    }

    fn json(setting: &str) -> String {
        serde_json::to_string(&set(setting).unwrap()).unwrap()
    }

    #[test]
    fn any_key_can_be_set_also_one_that_the_file_leaves_out() {
        assert_eq!(set("seed=7").unwrap().seed, 7);
        assert_eq!(set("max_bad_rows=3").unwrap().max_bad_rows, Some(3));
        assert_eq!(set("output.columns=[id, text]").unwrap().output.columns.unwrap(), ["id", "text"]);
        assert_eq!(set("input.0.columns.text=content").unwrap().input[0].columns["text"], "content");
        assert_eq!(set("output.directory=2026").unwrap().output.directory, Path::new("2026"));
    }

    #[test]
    fn steps_are_set_by_name_or_by_number() {
        assert!(json("steps.filter=b = 3").contains(r#"{"filter":"b = 3"}"#));
        assert!(json("steps.2.filter=b = 3").contains(r#"{"filter":"b = 3"}"#));
        assert!(json("steps.strip_html.mode=strip").contains(r#""mode":"strip""#));
        assert!(json("steps.3.with=<X>").contains(r#""with":"<X>""#));
        assert!(json("steps.1.mask_pii.with=<X>").contains(r#""with":"<X>""#));
    }

    #[test]
    fn a_setting_that_cannot_be_applied_says_why() {
        let says = |setting: &str, words: &str| {
            let message = set(setting).unwrap_err();
            assert!(
                message.starts_with(&format!("cannot apply `--set {setting}`")) && message.contains(words),
                "{message}"
            );
        };
        says("seed", "write `key.path=value`");
        says("sed=3", "unknown field `sed`");
        says("sed=3", "did you mean `seed`?");
        says("seed=many", "a whole number");
        says("steps.mask_pii.with=x", "there are 2 steps `mask_pii`; name one by its number: `steps.1` or `steps.3`");
        says("steps.truncate.max_tokens=1", "there is no step `truncate` here, only strip_html, mask_pii, filter");
        says("steps.9.with=x", "there are 4 steps, counted from 0");
        says("steps.0.mask_pii.with=x", "step 0 is `strip_html`, not `mask_pii`");
        says("input.1.path=x", "`input` is a list of 1, counted from 0");
        says("seed.value=1", "`seed` is a single value");
    }
}
