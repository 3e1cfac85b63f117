//! What holds for every step.

use crate::step::{Operator, Step};
use arrow::datatypes::{DataType, Field};

/// The YAML line under `# Example` in the documentation of a step.
fn example(name: &str) -> String {
    let schema = Step::describe(name).expect("the name is in the list");
    let description = schema.get("description").and_then(|text| text.as_str()).expect("every step is documented");
    let (_, example) = description.split_once("# Example").expect("every step shows an example");
    let (_, example) = example.split_once('`').expect("the example stands in backticks");
    let (example, _) = example.split_once('`').expect("the example stands in backticks");
    // Examples name files from the repository's top, where pipelines are run.
    example.replace("sample-data/", concat!(env!("CARGO_MANIFEST_DIR"), "/../../sample-data/"))
}

fn step(name: &str) -> Step {
    serde_saphyr::from_str(&example(name)).unwrap_or_else(|error| panic!("the example of `{name}`: {error}"))
}

#[test]
fn the_example_of_every_step_is_one_of_its_kind() {
    for name in Step::NAMES {
        assert_eq!(step(name).name(), *name);
    }
}

#[test]
fn every_step_is_documented_under_the_same_headings() {
    for name in Step::NAMES {
        let schema = Step::describe(name).expect("the name is in the list");
        let description = schema.get("description").and_then(|text| text.as_str()).expect("every step is documented");
        let headings: Vec<&str> = description.lines().filter(|line| line.starts_with("# ")).collect();
        assert_eq!(headings, ["# Why", "# Example", "# Nulls", "# Source"], "{name}");
    }
}

#[test]
fn every_setting_is_documented() {
    for name in Step::NAMES {
        let schema = Step::describe(name).expect("the name is in the list");
        let settings = schema.get("properties").and_then(|settings| settings.as_object());
        for (setting, described) in settings.into_iter().flatten() {
            assert!(described.get("description").is_some(), "`{setting}` of `{name}` has no documentation");
        }
    }
}

#[test]
fn the_example_of_every_row_step_builds() {
    let available = ["id", "source", "text", "title", "instruction", "input", "output"].map(str::to_owned);
    for name in Step::NAMES {
        let step = step(name);
        let Operator::Row(operator) = step.operator() else { continue };
        let reads = operator.reads(&available).unwrap_or_else(|error| panic!("`{name}`: {error}"));
        let fields: Vec<Field> = reads.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let written = operator.writes(&fields).unwrap_or_else(|error| panic!("`{name}`: {error}"));
        assert_eq!(operator.makes(), written.iter().map(|field| field.name().clone()).collect::<Vec<_>>(), "{name}");
        let _kernel = operator.build(&fields).unwrap_or_else(|error| panic!("`{name}`: {error}"));
        for file in operator.files() {
            assert!(file.is_file(), "`{name}` names `{}`", file.display());
        }
    }
}

#[test]
fn every_step_comes_back_from_the_json_that_other_hosts_get() {
    for name in Step::NAMES {
        let value = serde_json::to_value(step(name)).expect("a step consists of strings, numbers, lists and maps");
        let back: Step = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("`{name}`: {error}"));
        assert_eq!(serde_json::to_value(&back).expect("as above"), value, "{name}");
    }
}

#[test]
fn a_setting_that_no_step_has_is_refused() {
    for name in Step::NAMES.iter().filter(|name| !matches!(**name, "filter" | "derive")) {
        let text = format!("{name}: {{ no_such_setting: 1 }}");
        assert!(serde_saphyr::from_str::<Step>(&text).is_err(), "{name}");
    }
}
