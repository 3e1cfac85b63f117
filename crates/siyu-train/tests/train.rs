//! Whole runs on tiny models.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;

use siyu_train::{
    Error,
    metrics::{self, Line},
    record::Record,
};
use support::{made, prepare, row, rows, steps, train, workplace, write_dataset, write_packed};

const SHORT: &str =
    "batch: 2\naccumulation: 3\nepochs: 2\nwarm_up: 2\nlearning_rate: 2e-2\nlora: { rank: 4, alpha: 8 }\n";

#[test]
fn a_run_leaves_adapters_metrics_curves_a_record_and_a_report() {
    let folder = workplace();
    let (outcome, _) = train(folder.path(), "out", SHORT);
    let outcome = outcome.unwrap();
    // 40 rows, 6 a step: 7 steps an epoch.
    assert_eq!((outcome.steps, outcome.skipped_steps, outcome.stopped_early), (14, 0, false));
    let out = folder.path().join("out");
    for adapter in ["", "epoch-1", "epoch-2", "best"] {
        assert!(out.join(adapter).join("adapter_model.safetensors").is_file(), "{adapter}");
        assert!(out.join(adapter).join("siyu.json").is_file(), "{adapter}");
    }
    let steps = steps(&out);
    assert_eq!(steps.iter().map(|step| step.step).collect::<Vec<_>>(), (1..=14).collect::<Vec<u64>>());
    assert!(steps[13].loss < steps[0].loss, "{} is not below {}", steps[13].loss, steps[0].loss);
    // Warm-up begins at nothing, as the schedulers of transformers do.
    assert!(steps[0].learning_rate.abs() < 1e-12 && (steps[2].learning_rate - 2e-2).abs() < 1e-12);
    let judged = metrics::read(&out).unwrap().len() - steps.len();
    assert_eq!(judged, 2, "one judgement after each epoch");
    let record = Record::open(&out).unwrap().unwrap();
    assert_eq!(record.outcome, Some(outcome));
    assert_eq!(record.leak_proof.unwrap().checked, 46);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("<polyline") && !report.contains("http"), "the page is whole and needs no network");
    assert!(fs::metadata(out.join("events.out.tfevents.siyu")).unwrap().len() > 1000);
}

#[test]
fn eight_batches_of_one_row_make_the_step_of_one_batch_of_eight() {
    let folder = workplace();
    let recipe = "epochs: 1\nwarm_up: 0\nlearning_rate: 1e-2\nlora: { dropout: 0 }\n";
    let one = train(folder.path(), "one", &format!("{recipe}batch: 1\naccumulation: 8\n"));
    let eight = train(folder.path(), "eight", &format!("{recipe}batch: 8\naccumulation: 1\n"));
    let packed = train(folder.path(), "packed", &format!("{recipe}batch: 1\naccumulation: 8\nbatch_tokens: 30\n"));
    for (outcome, _) in [one, eight, packed] {
        outcome.unwrap();
    }
    let runs = ["one", "eight", "packed"].map(|name| steps(&folder.path().join(name)));
    for other in &runs[1..] {
        for (step, other) in runs[0].iter().zip(other) {
            assert!(
                (step.loss / other.loss - 1.0).abs() < 1e-6,
                "step {}: {} and {}",
                step.step,
                step.loss,
                other.loss
            );
            let norms = [step, other].map(|step| step.gradient_norm.unwrap());
            assert!((norms[0] / norms[1] - 1.0).abs() < 1e-5, "step {}: {norms:?}", step.step);
        }
    }
}

#[test]
fn a_base_in_four_bits_learns_too() {
    let folder = workplace();
    let outcome = train(folder.path(), "out", &format!("{SHORT}method: qlora\n")).0.unwrap();
    let steps = steps(&folder.path().join("out"));
    assert_eq!(outcome.steps, 14);
    assert!(steps[13].loss < steps[0].loss, "{} is not below {}", steps[13].loss, steps[0].loss);
    // The same run beside whole numbers begins near it, but not with the same loss.
    train(folder.path(), "whole", SHORT).0.unwrap();
    let whole = support::steps(&folder.path().join("whole"))[0].loss;
    assert!(
        (steps[0].loss - whole).abs() > 1e-6 && (steps[0].loss / whole - 1.0).abs() < 0.2,
        "{} and {whole}",
        steps[0].loss
    );
}

#[test]
fn documents_that_share_rows_teach_what_they_teach_alone() {
    let folder = workplace();
    let all = "batch: 40\naccumulation: 1\nepochs: 1\nwarm_up: 0\nlearning_rate: 1e-2\nlora: { dropout: 0 }\n";
    train(folder.path(), "alone", all).0.unwrap();
    write_packed(&folder.path().join("data"), &rows(40), &rows(46)[40..], 32);
    let (outcome, told) = train(folder.path(), "together", all);
    assert_eq!(outcome.unwrap().steps, 1);
    assert!(told.is_empty(), "{told:?}");
    let [alone, together] = ["alone", "together"].map(|name| metrics::read(&folder.path().join(name)).unwrap());
    let near = |one: f64, other: f64| assert!((one / other - 1.0).abs() < 1e-6, "{one} and {other}");
    let (Line::Step(one), Line::Step(other)) = (&alone[0], &together[0]) else { panic!("a step comes first") };
    assert_eq!((one.tokens, one.labels), (other.tokens, other.labels));
    near(one.loss, other.loss);
    near(one.gradient_norm.unwrap(), other.gradient_norm.unwrap());
    let (Line::Evaluation(one), Line::Evaluation(other)) = (&alone[1], &together[1]) else {
        panic!("then a judgement")
    };
    near(one.validation_loss, other.validation_loss);
}

/// The tensors of a run's folder or state by name.
fn tensors(path: &std::path::Path) -> Vec<(String, tch::Tensor)> {
    tch::Tensor::read_safetensors(path).unwrap()
}

/// Numbers that a run of so few steps trained really, and that its forecast told.
fn trained_numbers(recipe: &str) -> (i64, i64) {
    let folder = workplace();
    let recipe = format!("epochs: 1\nmax_steps: 1\nwarm_up: 0\n{recipe}");
    let forecast = prepare(folder.path(), "out", &recipe).unwrap().forecast().trained_numbers;
    train(folder.path(), "out", &recipe).0.unwrap();
    let state = tensors(&folder.path().join("out/state/state.safetensors"));
    let (_, parameters) = state.iter().find(|(name, _)| name == "parameters").unwrap();
    (parameters.size()[0], i64::try_from(forecast).unwrap())
}

#[test]
fn the_forecast_knows_how_many_numbers_each_method_trains() {
    for recipe in [
        "lora: { rank: 4 }",
        "lora: { rank: 4, targets: all-linear, dora: true }",
        "lora: { rank: 4, targets: [q_proj, down_proj], rank_pattern: { down_proj: 2 }, modules_to_save: [lm_head, norm] }",
        "method: qlora\nlora: { targets: \".*layers\\\\.1.*(gate|up)_proj\" }",
        "method: full",
        "method: freeze\nfreeze: { trained_layers: 1 }",
        "method: freeze\nfreeze: { trained_layers: 1, extra_modules: [embed_tokens, model.norm] }",
    ] {
        let (really, forecast) = trained_numbers(recipe);
        assert_eq!(really, forecast, "{recipe}");
    }
}

#[test]
fn a_frozen_model_changes_in_its_last_layers_only() {
    let folder = workplace();
    let recipe = format!("{SHORT}method: freeze\nfreeze: {{ trained_layers: 1 }}\n");
    let outcome = train(folder.path(), "out", &recipe).0.unwrap();
    assert_eq!(outcome.steps, 14);
    let steps = steps(&folder.path().join("out"));
    assert!(steps[13].loss < steps[0].loss, "{} is not below {}", steps[13].loss, steps[0].loss);
    let [before, after] = ["model", "out"].map(|name| tensors(&folder.path().join(name).join("model.safetensors")));
    assert_eq!(before.len(), after.len());
    for (name, tensor) in before {
        let (_, other) = after.iter().find(|(other, _)| *other == name).unwrap();
        assert_eq!(tensor != *other, name.starts_with("model.layers.1."), "{name}");
    }
    let unknown = "method: freeze\nfreeze: { extra_modules: [head] }\n";
    let refused = prepare(folder.path(), "other", unknown).unwrap_err();
    assert!(refused.is_refusal() && refused.to_string().contains("names `head`"), "{refused}");
}

#[test]
fn patterns_reach_the_adapter() {
    let folder = workplace();
    let lora = "lora: { rank: 4, targets: [q_proj, down_proj], rank_pattern: { down_proj: 2 }, alpha_pattern: { \"layers.0.*\": 6 } }";
    train(folder.path(), "out", &format!("epochs: 1\nmax_steps: 1\n{lora}\n")).0.unwrap();
    let out = folder.path().join("out");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(out.join("adapter_config.json")).unwrap()).unwrap();
    assert_eq!(json["rank_pattern"]["down_proj"], 2);
    assert_eq!(json["alpha_pattern"]["layers.0.*"], 6.0);
    for (name, tensor) in tensors(&out.join("adapter_model.safetensors")) {
        if name.contains("lora_A") {
            assert_eq!(tensor.size()[0], if name.contains("down_proj") { 2 } else { 4 }, "{name}");
        }
    }
}

#[test]
fn a_finished_run_is_not_done_again_and_another_run_does_not_overwrite_it() {
    let folder = workplace();
    train(folder.path(), "out", SHORT).0.unwrap();
    let before = made(&folder.path().join("out"));
    let (again, told) = train(folder.path(), "out", SHORT);
    assert_eq!(again.unwrap().steps, 14);
    assert!(told[0].contains("holds this run already"), "{told:?}");
    let other = prepare(folder.path(), "out", &SHORT.replace("alpha: 8", "alpha: 9")).unwrap_err();
    assert!(other.is_refusal());
    assert!(other.to_string().contains("differs in the setting `lora`"), "{other}");
    write_dataset(&folder.path().join("data"), &rows(41), &rows(46)[41..]);
    let other = prepare(folder.path(), "out", SHORT).unwrap_err();
    assert!(other.to_string().contains("differs in the dataset"), "{other}");
    assert!(made(&folder.path().join("out")) == before);
}

#[test]
fn rows_that_cannot_be_used_are_counted_and_named() {
    let folder = workplace();
    let mut train_rows = rows(10);
    train_rows[3].1 = vec![-100; train_rows[3].0.len()];
    train_rows.push(row(11, 65));
    write_dataset(&folder.path().join("data"), &train_rows, &[]);
    let run = prepare(folder.path(), "out", SHORT).unwrap();
    let notes = run.notes().join("\n");
    assert!(
        notes.contains(
            "1 row of `train` left out: without a label, so that nothing is learnt (`train-00000-of-00001-3`)"
        ),
        "{notes}"
    );
    assert!(notes.contains("1 row of `train` left out: longer than 64 tokens (`train-00000-of-00001-10`)"), "{notes}");
    assert!(notes.contains("no rows in `validation`"), "{notes}");
}

#[test]
fn a_run_stops_when_judgements_get_no_better() {
    let folder = workplace();
    // At this rate the model only gets worse.
    let wild = "batch: 4\naccumulation: 1\nepochs: 50\nwarm_up: 0\nlearning_rate: 1.0\nclip: 0\nevaluation: { every_steps: 2, patience: 2 }\n";
    let outcome = train(folder.path(), "out", wild).0.unwrap();
    assert!(outcome.stopped_early && outcome.steps < 100, "{outcome:?}");
}

#[test]
fn a_loss_that_is_no_number_names_the_layer_and_the_rows_and_keeps_them() {
    let folder = workplace();
    poison(folder.path());
    let error = train(folder.path(), "out", SHORT).0.unwrap_err();
    let Error::NonFinite { step: 1, layer, rows, bundle } = &error else { panic!("{error}") };
    assert_eq!(layer, "numbers go wrong first in `model.layers.1`");
    assert!(rows.contains("`train-"), "{rows}");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(bundle.join("batch.json")).unwrap()).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    assert!(bundle.join("parameters/adapter_model.safetensors").is_file());
}

#[test]
fn steps_whose_loss_is_no_number_can_be_left_out() {
    let folder = workplace();
    poison(folder.path());
    let (outcome, told) = train(folder.path(), "out", &format!("{SHORT}non_finite: skip\nmax_steps: 3\n"));
    assert_eq!(outcome.unwrap().skipped_steps, 3);
    assert!(
        told.iter().any(|note| note.starts_with("step 2 is left out: the loss of step 2 is no number")),
        "{told:?}"
    );
}

/// Puts a number that is none into the second layer of the model.
fn poison(folder: &std::path::Path) {
    let path = folder.join("model/model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let header = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    let tensor = &json["model.layers.1.mlp.down_proj.weight"];
    let start = 8 + header + usize::try_from(tensor["data_offsets"][0].as_u64().unwrap()).unwrap();
    // All bits of the exponent and one more: no number, in 16 bits as in 32.
    bytes[start..start + 4].copy_from_slice(&[0xff; 4]);
    fs::write(path, bytes).unwrap();
}
