//! The loss of 200 steps against that of `PyTorch` with PEFT; tests/reference/curve.py made the numbers.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::{fs, path::Path, sync::Arc};

use serde_json::{Value, json};
use siyu_dataset::{Dataset, Purpose, Wanted};
use siyu_train::{Settings, course::Course};
use support::{golden, rows, steps, train, training_file, write_dataset, write_model};

const RECIPE: &str =
    "batch: 1\naccumulation: 8\nepochs: 25\nwarm_up: 20\nlearning_rate: 5e-3\nweight_decay: 0.01\nclip: 1.0\n";

/// The rows of the dataset, and which of them each step reads, one after another.
fn ordered(folder: &Path, recipe: &str) -> Value {
    let text = training_file(folder, "out", recipe);
    let settings = Settings::from_text(&text, Path::new("train.yaml")).unwrap();
    let hash = blake3::hash(&fs::read(folder.join("model/tokenizer.json")).unwrap()).to_hex().to_string();
    let wanted = Wanted { split: "train", purpose: Purpose::Training, tokenizer: &hash, vocab: 48, max_tokens: 64 };
    let rows = Arc::new(Dataset::open(folder.join("data")).unwrap().token_rows(&wanted, |_| ()).unwrap());
    let mut course = Course::new(Arc::clone(&rows), &settings);
    let order: Vec<u64> =
        (0..course.steps()).flat_map(|step| course.step(step).batches.concat()).map(|size| size.row).collect();
    let read = |number: u64| {
        let row = rows.read(number).unwrap();
        json!({ "ids": row.ids, "labels": row.labels })
    };
    json!({ "rows": (0..rows.len()).map(read).collect::<Vec<_>>(), "order": order })
}

#[test]
fn each_of_200_steps_has_the_loss_that_peft_has() {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path());
    write_dataset(&folder.path().join("data"), &rows(64), &[]);
    if let Ok(out) = std::env::var("SIYU_CURVE_OUT") {
        fs::create_dir_all(&out).unwrap();
        let text = serde_json::to_string(&ordered(folder.path(), RECIPE)).unwrap();
        fs::write(Path::new(&out).join("rows.json"), text + "\n").unwrap();
        return;
    }
    let curve = golden().join("curve");
    let expected: Value = serde_json::from_slice(&fs::read(curve.join("rows.json")).unwrap()).unwrap();
    assert!(expected == ordered(folder.path(), RECIPE), "rows come in another order than the losses were made in");
    let recipe = format!("{RECIPE}adapter: {}\n", curve.join("adapter").display());
    train(folder.path(), "out", &recipe).0.unwrap();
    let found = steps(&folder.path().join("out"));
    let expected: Value = serde_json::from_slice(&fs::read(curve.join("losses.json")).unwrap()).unwrap();
    assert_eq!(found.len(), 200);
    for (index, step) in found.iter().enumerate() {
        let (loss, norm) = (expected["losses"][index].as_f64().unwrap(), expected["norms"][index].as_f64().unwrap());
        assert!((step.loss / loss - 1.0).abs() <= 1e-4, "step {}: {} and {loss}", step.step, step.loss);
        let own = step.gradient_norm.unwrap();
        assert!((own / norm - 1.0).abs() <= 1e-2, "step {}: norms {own} and {norm}", step.step);
    }
    let (first, last) = (found[0].loss, found[199].loss);
    assert!(last < first * 0.9, "{first} to {last}: something was learnt");
}
