//! Models in few bits: near what they were, refused when they are not.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

mod support;

use siyu_export::{
    Blocks, ExportSettings, Logits, Numbers, OnnxModel, QuantizeBounds, QuantizeReport, QuantizeSettings, Scheme,
    TextRow, Trial, Variant, quantize,
};
use std::path::{Path, PathBuf};

fn stories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k")
}

/// Texts of the model's own, each from another first token: what it is sure of.
fn texts(first: i64, count: i64) -> Vec<Vec<i64>> {
    let folder = support::graph(&stories(), &stories(), None, ExportSettings::default());
    let mut model = OnnxModel::open(folder.path(), 1).unwrap();
    let told = |token: i64, model: &mut OnnxModel| {
        let mut text = vec![1, token];
        text.extend(model.continue_greedily(&text, 100, &[2]).unwrap());
        text
    };
    (first..first + count).map(|token| told(token, &mut model)).collect()
}

fn blocks(bits: u32, size: usize, symmetric: bool) -> QuantizeSettings {
    let scheme = Scheme::Blocks(Blocks { bits, size, symmetric });
    QuantizeSettings { scheme, embeddings: false, head: true, calibrated: false, recovery: None }
}

const LOOSE: QuantizeBounds = QuantizeBounds { perplexity_growth: 100.0, agreement: 0.0 };

fn tried(
    out: &Path,
    export: ExportSettings,
    settings: QuantizeSettings,
    calibration: &[Vec<i64>],
    bounds: QuantizeBounds,
    force: bool,
) -> QuantizeReport {
    let gate: Vec<TextRow> = texts(300, 12).into_iter().map(|ids| TextRow::whole("stories", ids)).collect();
    let trial = Trial { calibration, gate: &gate, bounds, force, threads: 1 };
    quantize(&stories(), out, export, settings, trial).unwrap()
}

/// Writes the model in all variants and numbers, each within bounds.
fn assert_within(settings: QuantizeSettings, calibration: &[Vec<i64>], bounds: QuantizeBounds) {
    let folder = tempfile::tempdir().unwrap();
    for variant in Variant::ALL {
        for numbers in Numbers::ALL {
            let export = ExportSettings { variant, numbers, logits: Logits::All };
            let out = folder.path().join(format!("{variant:?}-{numbers:?}"));
            let report = tried(&out, export, settings, calibration, bounds, false);
            assert!(report.written, "{settings:?} {export:?}: {:?}", report.problems);
            OnnxModel::open(&out, 1).unwrap().logits(&[1, 5, 7]).unwrap();
        }
    }
}

#[test]
fn weights_of_eight_bits_are_hardly_noticed() {
    for settings in [blocks(8, 32, true), blocks(8, 64, false)] {
        assert_within(settings, &[], QuantizeBounds::for_bits(8));
    }
}

#[test]
fn inputs_of_eight_bits_are_hardly_noticed() {
    let settings = QuantizeSettings { scheme: Scheme::Dynamic, ..blocks(8, 32, true) };
    assert_within(settings, &[], QuantizeBounds::for_bits(8));
}

#[test]
fn inputs_within_a_range_known_before_are_noticed_little() {
    // All inputs of a matrix share one scale, so that the largest of all texts decides about the others.
    let settings = QuantizeSettings { scheme: Scheme::Static, ..blocks(8, 32, true) };
    assert_within(settings, &texts(260, 40), QuantizeBounds { perplexity_growth: 0.02, agreement: 0.95 });
}

#[test]
fn inputs_of_eight_bits_do_not_depend_on_other_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let settings = QuantizeSettings { scheme: Scheme::Dynamic, ..blocks(8, 32, true) };
    for variant in Variant::ALL {
        let out = folder.path().join(format!("{variant:?}"));
        let export = ExportSettings { variant, ..ExportSettings::default() };
        assert!(tried(&out, export, settings, &[], LOOSE, false).written);
        let mut model = OnnxModel::open(&out, 1).unwrap();
        let short = model.logits(&[1, 403, 407]).unwrap();
        let long = model.logits(&[1, 403, 407, 261, 378]).unwrap();
        assert!(support::largest_difference(&short, &long[..short.len()]) < 1e-4, "{variant:?}");
    }
}

#[test]
fn four_bits_in_either_variant_are_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for settings in [blocks(4, 32, true), blocks(4, 16, false)] {
        let logits = Variant::ALL.map(|variant| {
            let out = folder.path().join(format!("{variant:?}-{settings:?}"));
            let export = ExportSettings { variant, ..ExportSettings::default() };
            let report = tried(&out, export, settings, &[], LOOSE, false);
            assert!(report.written);
            assert!(
                report.found.all.perplexity_growth() > 0.0 && report.found.all.agreement < 1.0,
                "{:?}",
                report.found.all
            );
            OnnxModel::open(&out, 1).unwrap().logits(&[1, 403, 407, 261, 378]).unwrap()
        });
        // They differ by how inputs are rounded only.
        let largest = logits[0].iter().fold(0.0_f32, |far, logit| far.max(logit.abs()));
        assert!(support::largest_difference(&logits[0], &logits[1]) < 0.05 * largest);
    }
}

#[test]
fn calibration_comes_nearer_to_the_model_than_the_nearest_codes() {
    let folder = tempfile::tempdir().unwrap();
    let calibration = texts(260, 40);
    let export = ExportSettings::default();
    let nearest = tried(&folder.path().join("a"), export, blocks(4, 32, false), &calibration, LOOSE, false);
    let settings = QuantizeSettings { calibrated: true, ..blocks(4, 32, false) };
    let calibrated = tried(&folder.path().join("b"), export, settings, &calibration, LOOSE, false);
    assert!(
        calibrated.found.all.divergence < 0.8 * nearest.found.all.divergence,
        "{:?} {:?}",
        calibrated.found.all,
        nearest.found.all
    );
}

#[test]
fn low_rank_changes_win_back_what_rounding_loses() {
    let folder = tempfile::tempdir().unwrap();
    let calibration = texts(260, 40);
    for (index, calibrated) in [false, true].into_iter().enumerate() {
        for variant in Variant::ALL {
            let settings = QuantizeSettings { calibrated, recovery: Some(8), ..blocks(4, 32, false) };
            let out = folder.path().join(format!("{index}-{variant:?}"));
            let export = ExportSettings { variant, ..ExportSettings::default() };
            let report = tried(&out, export, settings, &calibration, LOOSE, false);
            let (before, after) = (report.unrecovered.unwrap().all, report.found.all);
            assert!(after.divergence < 0.7 * before.divergence, "{variant:?} {calibrated}: {before:?} {after:?}");
            assert!(report.costs.iter().all(|cost| cost.left() < cost.share), "{:?}", report.costs);
            // The folder holds the graph with the changes, and no other.
            let mut names: Vec<String> =
                std::fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            names.retain(|name| name.contains(".onnx"));
            names.sort();
            assert_eq!(names, ["model.onnx", "model.onnx.data"]);
            OnnxModel::open(&out, 1).unwrap().logits(&[1, 5, 7]).unwrap();
        }
    }
}

#[test]
fn what_takes_texts_is_refused_without_any() {
    let folder = tempfile::tempdir().unwrap();
    let (out, gate) = (folder.path().join("out"), [TextRow::whole("stories", vec![1, 403, 407])]);
    let recovered = QuantizeSettings { recovery: Some(4), ..blocks(4, 32, false) };
    let gptq = QuantizeSettings { calibrated: true, ..blocks(4, 32, false) };
    let pairs = QuantizeSettings { scheme: Scheme::Static, ..blocks(8, 32, true) };
    for settings in [recovered, gptq, pairs] {
        let trial = Trial { calibration: &[vec![]], gate: &gate, bounds: LOOSE, force: false, threads: 1 };
        let refused = quantize(&stories(), &out, ExportSettings::default(), settings, trial).unwrap_err();
        assert!(refused.to_string().contains("calibration takes texts"), "{refused}");
        assert!(refused.is_refusal() && !out.exists());
    }
}

#[test]
fn what_is_out_of_bounds_is_not_written_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let strict = QuantizeBounds { perplexity_growth: 0.0, agreement: 1.0 };
    let refused = tried(&out, ExportSettings::default(), blocks(4, 64, true), &[], strict, false);
    assert!(!refused.written && !out.exists());
    assert_eq!(refused.problems.len(), 2, "{:?}", refused.problems);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    let forced = tried(&out, ExportSettings::default(), blocks(4, 64, true), &[], strict, true);
    assert!(forced.written && out.join("genai_config.json").is_file() && out.join("tokenizer.json").is_file());
    assert_eq!(forced.problems, refused.problems);
    assert!(forced.costs.windows(2).all(|pair| pair[0].left() >= pair[1].left()));
    // Queries, keys, values, output, gate with up, and down of five layers, and the head.
    assert_eq!(forced.costs.len(), 5 * 6 + 1);
}

#[test]
fn texts_of_which_nothing_counts_let_nothing_through() {
    let folder = tempfile::tempdir().unwrap();
    let gate = [TextRow { domain: "mute".to_owned(), ids: vec![1, 403, 407], counted: vec![false; 3] }];
    let trial = Trial { calibration: &[], gate: &gate, bounds: LOOSE, force: false, threads: 1 };
    let out = folder.path().join("out");
    let report = quantize(&stories(), &out, ExportSettings::default(), blocks(8, 32, true), trial).unwrap();
    assert!(!report.written && !out.exists());
}

#[test]
fn embeddings_in_few_bits_are_read_as_they_were_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let settings = QuantizeSettings { embeddings: true, ..blocks(8, 32, false) };
    let report =
        tried(&folder.path().join("out"), ExportSettings::default(), settings, &[], QuantizeBounds::for_bits(8), false);
    assert!(report.written, "{:?}", report.problems);
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let gate = [TextRow::whole("stories", vec![1, 403, 407])];
    let refused = |settings: QuantizeSettings, bounds: QuantizeBounds| {
        let trial = Trial { calibration: &[], gate: &gate, bounds, force: false, threads: 1 };
        let out = folder.path().join("out");
        let error = quantize(&stories(), &out, ExportSettings::default(), settings, trial).unwrap_err();
        assert!(error.is_refusal() && !out.exists(), "{error}");
        error.to_string()
    };
    let percent = refused(blocks(8, 32, true), QuantizeBounds { agreement: 97.0, ..LOOSE });
    assert!(percent.contains("agreement is 97"), "{percent}");
    let none = refused(blocks(8, 32, true), QuantizeBounds { perplexity_growth: f64::NAN, ..LOOSE });
    assert!(none.contains("growth of perplexity is no number"), "{none}");
    refused(blocks(8, 32, true), QuantizeBounds { agreement: f64::NAN, ..LOOSE });
    // Filled up to such blocks, rows would take more room than in floats.
    let large = refused(blocks(4, 4096, true), LOOSE);
    assert!(large.contains("blocks of 4096"), "{large}");
}

#[test]
fn texts_of_another_tokenizer_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (known, stray) = (vec![1, 403], vec![1, 512]);
    for (measured, compared) in [(&known, &stray), (&stray, &known)] {
        let (calibration, gate) = ([measured.clone()], [TextRow::whole("stories", compared.clone())]);
        let trial = Trial { calibration: &calibration, gate: &gate, bounds: LOOSE, force: false, threads: 1 };
        let out = folder.path().join("out");
        let error = quantize(&stories(), &out, ExportSettings::default(), blocks(8, 32, true), trial).unwrap_err();
        assert!(error.is_refusal() && error.to_string().contains("token 512"), "{error}");
        assert!(!out.exists());
    }
}

#[test]
fn a_model_in_few_bits_already_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (support::golden("nf4"), folder.path().join("out"));
    let trial = Trial { calibration: &[], gate: &[], bounds: LOOSE, force: true, threads: 1 };
    let quantized = quantize(&model, &out, ExportSettings::default(), blocks(8, 32, true), trial).unwrap_err();
    let exported = siyu_export::export(&model, &out, ExportSettings::default()).unwrap_err();
    for error in [quantized, exported] {
        assert!(matches!(error, siyu_export::Error::Quantized { .. }), "{error}");
    }
}
