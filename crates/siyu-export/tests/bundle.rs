//! Bundles keep together what belongs together, and tell what changed.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

mod support;

use siyu_checkpoint::{base_hash, file_hash};
use siyu_export::{
    Bundle, BundleParts, Error, Merge, MergeSettings, Role, check_set, create_bundle, diff_bundles, lineage, served,
};
use std::fs;
use std::path::{Path, PathBuf};
use support::golden;

/// A base with a tokenizer, an adapter with its record, its run and its dataset.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for (from, to) in [("llama", "base"), ("adapter-plain", "run")] {
            fs::create_dir(project.at(to)).unwrap();
            for name in ["config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors"] {
                if golden(from).join(name).is_file() {
                    fs::copy(golden(from).join(name), project.at(to).join(name)).unwrap();
                }
            }
        }
        project.write("base/tokenizer.json", r#"{"model": {"vocab": {"a": 0}}}"#);
        project.write("base/tokenizer_config.json", r#"{"chat_template": "{{ messages }}"}"#);
        project.write("base/generation_config.json", r#"{"eos_token_id": 2, "temperature": 0.7}"#);
        project.write("data/manifest.json", r#"{"inputs": [{"path": "a.jsonl", "rows": 10}], "seed": 1}"#);
        project.train();
        project
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    /// Writes the records of a run on base and dataset as they are.
    fn train(&self) {
        let manifest = file_hash(self.at("data/manifest.json")).unwrap();
        let origin = format!(
            r#"{{"model_hash": "{}", "tokenizer_hash": "{}", "manifest_hash": "{manifest}", "siyu_version": "0.1.0"}}"#,
            base_hash(self.at("base")).unwrap(),
            file_hash(self.at("base/tokenizer.json")).unwrap(),
        );
        self.write("run/siyu.json", &origin);
        let data = self.at("data").display().to_string();
        self.write("run/run.json", &serde_json::json!({ "settings": { "dataset": data, "epochs": 3 } }).to_string());
    }

    fn parts(&self) -> BundleParts {
        let lineage = lineage(&self.at("run"), None).unwrap();
        BundleParts { model: self.at("base"), adapter: Some(self.at("run")), lineage, ..BundleParts::default() }
    }

    fn bundle(&self, name: &str) -> Bundle {
        create_bundle(&self.at(name), &self.parts(), false).unwrap()
    }
}

#[test]
fn a_bundle_holds_all_parts_and_is_served_as_it_is() {
    let project = Project::new();
    let bundle = project.bundle("bundle");
    bundle.verify().unwrap();
    let count = |role| bundle.manifest().of(role).count();
    assert_eq!(Role::ALL.map(count), [2, 3, 2, 1, 2]);
    let found = served(&project.at("bundle"), None).unwrap();
    assert_eq!(found.model, project.at("bundle/model"));
    assert_eq!(found.adapter, Some(project.at("bundle/adapter")));
    assert_eq!(found.bundle.unwrap().0, bundle.manifest().content_hash);
}

#[test]
fn the_same_parts_have_the_same_hash_and_a_tag_does_not_change_it() {
    let project = Project::new();
    let (one, mut other) = (project.bundle("one"), project.bundle("other"));
    other.tag("legal-1").unwrap();
    assert_eq!(one.manifest().content_hash, other.manifest().content_hash);
    assert_eq!(Bundle::open(&project.at("other")).unwrap().manifest().tags, ["legal-1"]);
    assert!(diff_bundles(&one, &other).unwrap().is_empty());
    assert!(other.tag("a b").is_err());
}

#[test]
fn any_file_that_was_changed_taken_or_added_is_named() {
    let project = Project::new();
    let bundle = project.bundle("bundle");
    let problem = || bundle.verify().unwrap_err().to_string();
    let weights = project.at("bundle/model/model.safetensors");
    let whole = fs::read(&weights).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&weights, changed).unwrap();
    assert!(problem().contains("`model/model.safetensors` is not the file"), "{}", problem());
    fs::remove_file(&weights).unwrap();
    assert!(problem().contains("`model/model.safetensors` is missing"), "{}", problem());
    fs::write(&weights, whole).unwrap();
    project.write("bundle/adapter/more.bin", "x");
    assert!(problem().contains("it holds `adapter/more.bin`"), "{}", problem());
    fs::remove_file(project.at("bundle/adapter/more.bin")).unwrap();
    project.write("bundle/adapter/adapter_model.safetensors.dvc", "outs: []");
    bundle.verify().unwrap();
}

#[test]
fn a_manifest_changed_by_hand_or_leading_out_is_refused() {
    let project = Project::new();
    project.bundle("bundle");
    let path = project.at("bundle/bundle.json");
    let text = fs::read_to_string(&path).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        Bundle::open(&project.at("bundle")).unwrap_err().to_string()
    };
    assert!(refused("\"role\": \"tokenizer\"", "\"role\": \"base\"").contains("changed by hand"));
    assert!(refused("model/config.json", "../config.json").contains("leads out of it"));
    assert!(refused("\"format\": 1", "\"format\": 2").contains("version 2"));
}

#[test]
fn parts_that_were_not_made_for_each_other_are_refused() {
    let project = Project::new();
    let refused = |what: &str| {
        let error = create_bundle(&project.at("bundle"), &project.parts(), false).unwrap_err();
        assert!(!project.at("bundle").exists(), "{what}");
        error
    };
    project.write("base/tokenizer.json", r#"{"model": {"vocab": {"b": 0}}}"#);
    let error = refused("tokenizer");
    assert!(matches!(&error, Error::Mixed { problem } if problem.contains("tokenizer")), "{error}");
    project.train();
    project.write(
        "base/config.json",
        &fs::read_to_string(golden("llama").join("config.json")).unwrap().replace('\n', " "),
    );
    assert!(matches!(refused("base"), Error::OtherBase { .. }));
    project.train();
    fs::remove_file(project.at("base/model.safetensors")).unwrap();
    project.write("base/model.onnx", "a graph");
    assert!(refused("graph").to_string().contains("holds no weights"));
}

#[test]
fn an_adapter_without_a_record_must_fit_by_its_shapes() {
    let project = Project::new();
    fs::remove_file(project.at("run/siyu.json")).unwrap();
    create_bundle(&project.at("fits"), &project.parts(), false).unwrap().verify().unwrap();
    let text = fs::read_to_string(project.at("base/config.json")).unwrap();
    let mut wider: serde_json::Value = serde_json::from_str(&text).unwrap();
    wider["hidden_size"] = (2 * wider["hidden_size"].as_u64().unwrap()).into();
    project.write("base/config.json", &wider.to_string());
    let error = create_bundle(&project.at("other"), &project.parts(), false).unwrap_err().to_string();
    assert!(error.contains("lora_A.weight") && error.contains("has shape"), "{error}");
    assert!(!project.at("other").exists());
}

#[test]
fn an_adapter_is_not_added_to_what_it_was_merged_into() {
    let project = Project::new();
    let merge = Merge::open(&project.at("base"), &project.at("run")).unwrap();
    merge.write(&project.at("merged"), &MergeSettings::default(), &|_| ()).unwrap().finish().unwrap();
    check_set(&project.at("merged"), None).unwrap();
    let error = check_set(&project.at("merged"), Some(&project.at("run"))).unwrap_err().to_string();
    assert!(error.contains("part of the model"), "{error}");
    project.write("merged/tokenizer.json", "{}");
    assert!(check_set(&project.at("merged"), None).unwrap_err().to_string().contains("tokenizer"));
}

fn told(project: &Project, before: &str, after: &str) -> Vec<String> {
    let open = |name: &str| Bundle::open(&project.at(name)).unwrap();
    let changes = diff_bundles(&open(before), &open(after)).unwrap();
    let lines = changes.iter().flat_map(|change| {
        let inner = match &change.kind {
            siyu_export::ChangeKind::Changed { lines, .. } => lines.clone(),
            _ => vec![],
        };
        std::iter::once(change.to_string()).chain(inner)
    });
    lines.collect()
}

#[test]
fn a_difference_goes_down_to_the_manifest_of_the_dataset() {
    let project = Project::new();
    project.bundle("before");
    project.write("base/generation_config.json", r#"{"eos_token_id": 2, "temperature": 0.9}"#);
    project.write("data/manifest.json", r#"{"inputs": [{"path": "a.jsonl", "rows": 12}], "seed": 1}"#);
    project.train();
    project.bundle("after");
    let lines = told(&project, "before", "after");
    assert!(lines.contains(&"temperature: 0.7 → 0.9".to_owned()), "{lines:?}");
    assert!(lines.contains(&"inputs[a.jsonl].rows: 10 → 12".to_owned()), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("manifest_hash: ")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.starts_with("base: ")), "{lines:?}");
}

#[test]
fn a_dataset_that_is_another_by_now_does_not_come_along() {
    let project = Project::new();
    project.write("data/manifest.json", "{}");
    assert_eq!(lineage(&project.at("run"), None).unwrap(), [project.at("run/run.json")]);
    let error = lineage(&project.at("run"), Some(Path::new(&project.at("data")))).unwrap_err();
    assert!(matches!(error, Error::Mixed { .. }), "{error}");
}

#[test]
fn a_model_that_cannot_be_opened_is_not_put_under_a_hash() {
    let project = Project::new();
    let refused = || create_bundle(&project.at("bundle"), &project.parts(), false).unwrap_err().to_string();
    let weights = project.at("base/model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    project.train();
    assert!(refused().contains("is not a whole safetensors file"), "{}", refused());
    fs::write(&weights, whole).unwrap();
    fs::rename(project.at("base/config.json"), project.at("config.json")).unwrap();
    assert!(refused().contains("config.json"), "{}", refused());
    assert!(!project.at("bundle").exists());
}
