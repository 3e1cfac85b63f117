//! What a gradient must not depend on.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use siyu_model::{
    BackwardSettings, Batch, Config, Document, Error, IGNORED, LoraSettings, Model, Options, Precision, Session,
    Targets,
};
use tch::{Device, Kind, Tensor};

fn model() -> Model {
    model_of_width(32)
}

/// A model with four heads; heads whose size is a multiple of eight go another way on a CPU than others.
fn model_of_width(width: i64) -> Model {
    model_with(width, Options::default())
}

fn model_with(width: i64, options: Options) -> Model {
    let json = serde_json::json!({
        "architectures": ["Qwen2ForCausalLM"], "hidden_size": width, "intermediate_size": 48, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-6,
        "initializer_range": 0.2, "sliding_window": 5, "use_sliding_window": true, "max_window_layers": 2,
    });
    let serde_json::Value::Object(json) = json else { unreachable!("made above") };
    Model::random(Config::from_json(json).unwrap(), 5, options).unwrap()
}

fn adapted(settings: &LoraSettings) -> Model {
    with_adapter(model(), settings)
}

fn with_adapter(mut model: Model, settings: &LoraSettings) -> Model {
    model.adapt(settings).unwrap();
    // B starts at zero, which would hide most of the gradient of A.
    let drawn =
        Tensor::from_slice(&(0..model.parameters().count()).map(|n| (n as f32).sin() * 0.1).collect::<Vec<_>>());
    tch::no_grad(|| model.parameters().flat().shallow_clone().copy_(&drawn));
    model
}

fn everywhere(dropout: f64) -> LoraSettings {
    LoraSettings { rank: 3, dropout, targets: Targets::AllLinear, ..LoraSettings::default() }
}

/// The loss and gradient of documents, each a first token, a step and a length.
fn learned(model: &Model, documents: &[(i64, i64, i64)], settings: &BackwardSettings) -> (f64, Tensor) {
    let texts: Vec<Vec<i64>> = documents
        .iter()
        .map(|&(first, step, length)| (0..length).map(|place| (first + step * place) % 64).collect())
        .collect();
    let documents: Vec<Document<'_>> = texts.iter().map(|ids| Document { ids, labels: ids }).collect();
    let batch = Batch::new(&documents, model.options().device).unwrap();
    let gradient = model.parameters().zeros();
    let loss = model.backward(&batch, settings, &gradient).unwrap();
    (loss.sum(), gradient.to_device(Device::Cpu))
}

fn assert_near(one: &Tensor, other: &Tensor) {
    let relative = (one - other).norm().double_value(&[]) / other.norm().double_value(&[]);
    assert!(relative <= 1e-6, "{relative}");
}

#[test]
fn recomputed_layers_change_no_bit_even_with_dropout_and_noise() {
    let model = adapted(&everywhere(0.3));
    let documents = [(1, 3, 9), (2, 5, 7), (4, 7, 9)];
    let plain = BackwardSettings { seed: Some(8), noise_alpha: 5.0, ..BackwardSettings::default() };
    let once = learned(&model, &documents, &plain);
    for recomputed_layers in 1..=3 {
        let again = learned(&model, &documents, &BackwardSettings { recomputed_layers, ..plain });
        assert_eq!(again, once);
    }
}

#[test]
fn dropout_follows_its_seed() {
    let model = adapted(&everywhere(0.3));
    let with = |seed| learned(&model, &[(1, 3, 9)], &BackwardSettings { seed, ..BackwardSettings::default() }).0;
    assert_eq!(with(Some(1)).to_bits(), with(Some(1)).to_bits());
    assert_ne!(with(Some(1)).to_bits(), with(Some(2)).to_bits());
    assert_ne!(with(Some(1)).to_bits(), with(None).to_bits());
}

#[test]
fn a_document_is_not_touched_by_those_packed_with_it() {
    let model = adapted(&everywhere(0.0));
    let hidden = |first: &[i64]| {
        let batch = Batch::unlabelled(&[first, &[5, 6, 7, 8, 9, 10, 11], &[1, 2, 3]], Device::Cpu).unwrap();
        // The three-token document lies first, the other two behind it in the order given.
        model.hidden(&batch).unwrap()
    };
    let (one, other) = (hidden(&[9, 8, 7, 6, 5, 4, 3]), hidden(&[33, 34, 33, 34, 33, 34, 33]));
    assert_eq!(one.narrow(0, 0, 3), other.narrow(0, 0, 3));
    assert_ne!(one.narrow(0, 3, 7), other.narrow(0, 3, 7));
    assert_eq!(one.narrow(0, 10, 7), other.narrow(0, 10, 7));
}

/// Losses and gradients of one document beside another of which nothing is learned.
#[test]
fn what_a_document_teaches_is_bit_equal_whatever_is_packed_with_it() {
    // Heads of 8 and of 6 numbers: attention here, and attention by libtorch.
    for width in [32, 24] {
        for dropout in [0.0, 0.1] {
            let model = with_adapter(model_of_width(width), &everywhere(dropout));
            let learned = |beside: &[i64]| {
                let ids = [5, 6, 7, 8, 9, 10, 11];
                let documents = [Document { ids: beside, labels: &[IGNORED; 7] }, Document { ids: &ids, labels: &ids }];
                let batch = Batch::new(&documents, Device::Cpu).unwrap();
                let settings = BackwardSettings { seed: Some(3), ..BackwardSettings::default() };
                let gradient = model.parameters().zeros();
                (model.backward(&batch, &settings, &gradient).unwrap().sum().to_bits(), gradient)
            };
            let (one, other) = (learned(&[9, 8, 7, 6, 5, 4, 3]), learned(&[33, 34, 1, 30, 2, 34, 33]));
            assert_eq!(one, other);
            assert!(one.1.abs().sum(Kind::Float).double_value(&[]) > 0.0);
        }
    }
}

#[test]
fn documents_learn_the_same_together_and_alone() {
    for width in [32, 24] {
        assert_the_same_alone(&with_adapter(model_of_width(width), &everywhere(0.0)));
    }
}

fn assert_the_same_alone(model: &Model) {
    let documents = [(1, 3, 9), (2, 5, 7), (4, 7, 9), (3, 1, 30)];
    let (loss, gradient) = learned(model, &documents, &BackwardSettings::default());
    let mut alone = (0.0, model.parameters().zeros());
    for document in documents {
        let (loss, gradient) = learned(model, &[document], &BackwardSettings::default());
        alone = (alone.0 + loss, alone.1 + gradient);
    }
    assert!((loss - alone.0).abs() <= 1e-6 * loss);
    assert_near(&gradient, &alone.1);
}

fn near_the_cpu_in_f32(options: Options, tolerance: f64) {
    let documents = [(1, 3, 9), (2, 5, 7), (4, 7, 9), (3, 1, 30)];
    let settings = BackwardSettings { recomputed_layers: 1, ..BackwardSettings::default() };
    let (loss, gradient) = learned(&adapted(&everywhere(0.0)), &documents, &settings);
    let other = with_adapter(model_with(32, options), &LoraSettings { dropout: 0.1, ..everywhere(0.0) });
    let (other_loss, other_gradient) = learned(&other, &documents, &settings);
    assert!((other_loss / loss - 1.0).abs() < tolerance, "{other_loss} {loss}");
    let relative = (&other_gradient - &gradient).norm().double_value(&[]) / gradient.norm().double_value(&[]);
    assert!(relative < 10.0 * tolerance, "{relative}");
    // With dropout and noise the arithmetic is another, but it must go through.
    let noisy = BackwardSettings { seed: Some(1), noise_alpha: 5.0, ..settings };
    assert!(learned(&other, &documents, &noisy).0.is_finite());
}

#[test]
fn sixteen_bits_learn_about_the_same() {
    near_the_cpu_in_f32(Options { kind: Kind::BFloat16, ..Options::default() }, 0.01);
}

#[test]
#[ignore = "needs a CUDA device"]
fn a_gpu_learns_the_same() {
    let device = Device::Cuda(0);
    near_the_cpu_in_f32(Options { device, ..Options::default() }, 1e-4);
    near_the_cpu_in_f32(Options { device, kind: Kind::BFloat16, ..Options::default() }, 0.01);
}

#[test]
fn a_text_read_piece_by_piece_is_the_text_read_at_once() {
    let model = adapted(&everywhere(0.0));
    let ids: Vec<i64> = (0..23).map(|place| place * 7 % 64).collect();
    let hidden = model.hidden(&Batch::unlabelled(&[&ids], Device::Cpu).unwrap()).unwrap();
    let mut session = Session::new(&model, ids.len()).unwrap();
    // The windows of the last layer are shorter than all of these but the single tokens.
    for (piece, end) in [(0..9, 8), (9..17, 16), (17..18, 17), (18..23, 22)] {
        let found = session.read(&ids[piece]).unwrap();
        let expected = model.logits(&hidden.narrow(0, end, 1)).unwrap().squeeze();
        let difference = (found - expected).abs().max().double_value(&[]);
        assert!(difference < 1e-4, "{difference}");
    }
    assert!(session.read(&[1]).is_err());
}

#[test]
fn an_adapter_for_another_base_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    adapted(&everywhere(0.0)).save_adapter(folder.path(), "base").unwrap();
    let error = model_of_width(24).load_adapter(folder.path()).unwrap_err();
    assert!(error.to_string().starts_with("tensor `base_model.model.model.layers.0."), "{error}");
}

#[test]
fn small_chunks_of_the_head_learn_the_same() {
    let model = adapted(&everywhere(0.0));
    let with =
        |chunk_rows| learned(&model, &[(1, 3, 19)], &BackwardSettings { chunk_rows, ..BackwardSettings::default() }).1;
    assert_near(&with(Some(4)), &with(None));
}

#[test]
fn a_fresh_adapter_changes_nothing() {
    let batch = Batch::unlabelled(&[&[1, 2, 3, 4]], Device::Cpu).unwrap();
    let mut adapted = model();
    adapted.adapt(&LoraSettings { dora: true, ..everywhere(0.5) }).unwrap();
    let difference = (model().hidden(&batch).unwrap() - adapted.hidden(&batch).unwrap()).abs().max();
    assert!(difference.double_value(&[]) <= 1e-5);
}

#[test]
fn a_batch_without_labels_learns_nothing() {
    let model = adapted(&everywhere(0.0));
    let batch = Batch::new(&[Document { ids: &[1, 2], labels: &[IGNORED, IGNORED] }], Device::Cpu).unwrap();
    let gradient = model.parameters().zeros();
    let loss = model.backward(&batch, &BackwardSettings::default(), &gradient).unwrap();
    assert_eq!((loss.label_count(), loss.sum().to_bits()), (0, 0));
    assert_eq!(gradient, model.parameters().zeros());
}

#[test]
fn only_the_chosen_modules_are_trained() {
    let mut model = model();
    model.train(|name| name.starts_with("model.layers.2.") && name.ends_with("v_proj")).unwrap();
    let names: Vec<&str> =
        model.parameters().list().iter().flat_map(|parameter| &parameter.parts).map(|part| part.0.as_str()).collect();
    assert_eq!(names, ["model.layers.2.self_attn.v_proj.weight", "model.layers.2.self_attn.v_proj.bias"]);
    let (_, gradient) = learned(&model, &[(1, 3, 9)], &BackwardSettings::default());
    assert!(gradient.abs().min().double_value(&[]) > 0.0);
}

#[test]
fn a_trained_model_is_saved_and_loaded_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut trained = model();
    trained.train(|_| true).unwrap();
    tch::no_grad(|| {
        let _ = trained.parameters().flat().shallow_clone().g_add_scalar_(0.01);
    });
    trained.save(folder.path(), Precision::F32).unwrap();
    let loaded = Model::load(folder.path(), Options::default()).unwrap();
    let batch = Batch::unlabelled(&[&[1, 2, 3, 4]], Device::Cpu).unwrap();
    assert_eq!(loaded.hidden(&batch).unwrap(), trained.hidden(&batch).unwrap());
    assert_ne!(loaded.hidden(&batch).unwrap(), model().hidden(&batch).unwrap());
}

#[test]
fn a_wrong_shape_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    model().save(folder.path(), Precision::F32).unwrap();
    let config = folder.path().join("config.json");
    let text =
        std::fs::read_to_string(&config).unwrap().replace("\"intermediate_size\": 48", "\"intermediate_size\": 40");
    std::fs::write(&config, text).unwrap();
    let error = Model::load(folder.path(), Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "tensor `model.layers.0.mlp.gate_proj.weight` has shape [48, 32] but the configuration calls for [40, 32]"
    );
}

#[test]
fn a_number_that_is_not_finite_is_traced_to_its_weight() {
    let mut model = model();
    model.train(|name| name == "model.layers.1.mlp.down_proj").unwrap();
    let batch = Batch::unlabelled(&[&[1, 2, 3]], Device::Cpu).unwrap();
    assert_eq!(model.first_non_finite(&batch).unwrap(), None);
    let _ = tch::no_grad(|| model.parameters().flat().narrow(0, 7, 1).fill_(f64::INFINITY));
    let found = model.first_non_finite(&batch).unwrap();
    assert_eq!(found.as_deref(), Some("model.layers.1.mlp.down_proj.weight"));
}

#[test]
fn a_key_that_is_not_finite_does_not_pass_unseen() {
    let mut model = model();
    model.train(|name| name == "model.layers.1.self_attn.k_proj").unwrap();
    let _ = tch::no_grad(|| model.parameters().flat().narrow(0, 7, 1).fill_(f64::NAN));
    let hidden = model.hidden(&Batch::unlabelled(&[&[1, 2, 3]], Device::Cpu).unwrap()).unwrap();
    assert_eq!(hidden.isnan().any().int64_value(&[]), 1);
}

#[test]
fn a_token_outside_the_vocabulary_is_refused() {
    let batch = Batch::unlabelled(&[&[1, 64]], Device::Cpu).unwrap();
    let error = model().hidden(&batch).unwrap_err();
    assert!(matches!(&error, Error::Batch { problem } if problem.contains("token 64")), "{error}");
}

#[test]
fn names_that_stand_for_nothing_are_refused() {
    let problem = |settings: &LoraSettings| model().adapt(settings).unwrap_err().to_string();
    let names = |names: [&str; 2]| Targets::Names(names.map(str::to_owned).to_vec());
    let settings = LoraSettings { targets: names(["q_proj", "v_porj"]), ..LoraSettings::default() };
    assert_eq!(problem(&settings), "adapter: no matrix of the model is named `v_porj`");
    let settings = LoraSettings { targets: names(["q_proj", "lm_head"]), ..LoraSettings::default() };
    assert!(problem(&settings).contains("`modules_to_save`"));
    let settings = LoraSettings { targets: Targets::Pattern("x.*".to_owned()), ..LoraSettings::default() };
    assert_eq!(problem(&settings), "adapter: no matrix of the model matches `x.*`");
    let settings = LoraSettings { modules_to_save: vec!["head".to_owned()], ..LoraSettings::default() };
    assert_eq!(problem(&settings), "adapter: no module of the model is named `head`");
}
