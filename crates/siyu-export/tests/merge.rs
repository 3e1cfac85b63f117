//! Merged models are what PEFT merges, tensor by tensor, and think as base and adapter do.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

mod support;

use half::{bf16, f16};
use siyu_checkpoint::{Checkpoint, Precision, TensorView, write_tensors};
use siyu_export::{Error, MERGE_RECORD, Merge, MergeBounds, MergeRecord, MergeSettings, TextRow};
use std::fs;
use std::path::Path;
use support::{floats, golden, ids, numbers};

fn encoded(numbers: &[f32], precision: Precision) -> Vec<u8> {
    match precision {
        Precision::F32 => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        Precision::Bf16 => numbers.iter().flat_map(|&number| bf16::from_f32(number).to_le_bytes()).collect(),
        Precision::F16 => numbers.iter().flat_map(|&number| f16::from_f32(number).to_le_bytes()).collect(),
    }
}

/// One of the tiny bases in another kind of number.
fn base(name: &str, precision: Precision) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let found = Checkpoint::open(golden(name)).unwrap();
    let stored: Vec<_> = found.names().map(|name| (name, encoded(&floats(&found, name), precision))).collect();
    let view = |name: &str, bytes| {
        let shape = found.shape(name).unwrap().iter().map(|&size| usize::try_from(size).unwrap()).collect();
        (name.to_owned(), TensorView::new(precision.dtype(), shape, bytes).unwrap())
    };
    let tensors: Vec<_> = stored.iter().map(|(name, bytes)| view(name, bytes.as_slice())).collect();
    write_tensors(&folder.path().join("model.safetensors"), tensors).unwrap();
    fs::copy(golden(name).join("config.json"), folder.path().join("config.json")).unwrap();
    folder
}

fn merged(base: &Path, adapter: &str, settings: &MergeSettings) -> tempfile::TempDir {
    let out = tempfile::tempdir().unwrap();
    let merge = Merge::open(base, &golden(&format!("adapter-{adapter}"))).unwrap();
    merge.write(&out.path().join("merged"), settings, &|_| ()).unwrap().finish().unwrap();
    out
}

/// A number's place among all of its kind, so that neighbours differ by one.
fn place(bytes: &[u8]) -> i64 {
    let (bits, sign) = match *bytes {
        [a, b] => (i64::from(u16::from_le_bytes([a, b])), 1 << 15),
        [a, b, c, d] => (i64::from(u32::from_le_bytes([a, b, c, d])), 1 << 31),
        _ => unreachable!("numbers have 2 or 4 bytes"),
    };
    if bits & sign == 0 { bits } else { sign - bits }
}

/// The largest distance of two tensors of one kind, in numbers that lie between.
fn apart(one: &[u8], other: &[u8], size: usize) -> i64 {
    assert_eq!(one.len(), other.len());
    let pairs = one.chunks_exact(size).zip(other.chunks_exact(size));
    pairs.map(|(one, other)| (place(one) - place(other)).abs()).max().unwrap()
}

#[test]
fn merged_tensors_are_those_of_peft_to_the_last_digit_but_one() {
    let kinds = [(Precision::F32, "f32"), (Precision::Bf16, "bf16"), (Precision::F16, "f16")];
    for (adapter, name) in [("plain", "llama"), ("patterns", "llama"), ("dora", "llama"), ("saved", "qwen2")] {
        for (precision, kind) in kinds {
            let base = base(name, precision);
            let out = merged(base.path(), adapter, &MergeSettings::default());
            let found = Checkpoint::open(out.path().join("merged")).unwrap();
            let expected = Checkpoint::of_file(golden(&format!("merged/{adapter}-{kind}.safetensors"))).unwrap();
            for tensor in expected.names() {
                assert_eq!(found.dtype(tensor), Some(precision.dtype()), "{tensor}");
                let (one, other) = (found.bytes(tensor).unwrap(), expected.bytes(tensor).unwrap());
                let apart = apart(one, other, if precision == Precision::F32 { 4 } else { 2 });
                // PEFT sums the squares of a row in 32-bit floats, in an order of its processor's.
                let allowed = if adapter == "dora" && precision == Precision::F32 { 3 } else { 1 };
                assert!(apart <= allowed, "{adapter} in {kind}: `{tensor}` is {apart} numbers away");
            }
            let before = Checkpoint::open(base.path()).unwrap();
            for tensor in before.names().filter(|name| !expected.contains(name)) {
                assert_eq!(found.bytes(tensor).unwrap(), before.bytes(tensor).unwrap(), "{tensor}");
            }
        }
    }
}

#[test]
fn a_head_that_was_the_embedding_is_its_own_when_the_adapter_holds_tables() {
    let out = merged(&golden("qwen2"), "saved", &MergeSettings::default());
    let config = siyu_checkpoint::Config::from_folder(out.path().join("merged")).unwrap();
    assert!(!config.tied_head);
    Checkpoint::open(out.path().join("merged")).unwrap().expect_model(&config).unwrap();
}

#[test]
fn small_files_and_large_ones_hold_the_same() {
    let small = merged(&golden("llama"), "patterns", &MergeSettings { shard_bytes: 5000, ..MergeSettings::default() });
    let large = merged(&golden("llama"), "patterns", &MergeSettings::default());
    let [small, large] = [small, large].map(|out| Checkpoint::open(out.path().join("merged")).unwrap());
    assert!(small.names().eq(large.names()));
    for name in small.names() {
        assert_eq!(small.bytes(name).unwrap(), large.bytes(name).unwrap(), "{name}");
    }
}

/// The texts of the golden files, each as often as it takes to count a thousand tokens.
fn rows() -> Vec<TextRow> {
    let texts = numbers("");
    let row = |name: &str| TextRow::whole("golden", ids(&texts, name));
    (0..32).flat_map(|_| ["ids.0", "ids.1", "ids.2"].map(row)).collect()
}

#[test]
fn a_model_stored_in_all_its_digits_passes_the_gate() {
    for (adapter, name) in [("plain", "llama"), ("patterns", "llama"), ("dora", "llama"), ("saved", "qwen2")] {
        let (base, out) = (base(name, Precision::F32), tempfile::tempdir().unwrap());
        let merge = Merge::open(base.path(), &golden(&format!("adapter-{adapter}"))).unwrap();
        let mut merged = merge.write(&out.path().join("m"), &MergeSettings::default(), &|_| ()).unwrap();
        let verdict = merged.judge(&rows(), MergeBounds::default()).unwrap();
        assert!(verdict.passes(), "{adapter}: {verdict:?}");
        assert!(verdict.found.all.divergence.abs() < 1e-7 && verdict.found.all.tokens > 1000, "{adapter}: {verdict:?}");
        merged.finish().unwrap();
        let record = fs::read(out.path().join("m").join(MERGE_RECORD)).unwrap();
        let record: MergeRecord = serde_json::from_slice(&record).unwrap();
        assert!(record.verdict.is_some_and(|verdict| verdict.passes()));
    }
}

#[test]
fn a_merged_model_that_thinks_otherwise_does_not_pass() {
    let (base, out) = (base("llama", Precision::F32), tempfile::tempdir().unwrap());
    let merge = Merge::open(base.path(), &golden("adapter-plain")).unwrap();
    let mut merged = merge.write(&out.path().join("m"), &MergeSettings::default(), &|_| ()).unwrap();
    // The unchanged base in place of the merged model.
    fs::copy(base.path().join("model.safetensors"), merged.folder().join("model.safetensors")).unwrap();
    let verdict = merged.judge(&rows(), MergeBounds::default()).unwrap();
    assert!(!verdict.passes() && verdict.found.all.divergence > 1e-3, "{verdict:?}");
}

#[test]
fn without_texts_base_and_adapter_draw_them() {
    let (base, out) = (base("llama", Precision::F32), tempfile::tempdir().unwrap());
    let merge = Merge::open(base.path(), &golden("adapter-plain")).unwrap();
    let mut merged = merge.write(&out.path().join("m"), &MergeSettings::default(), &|_| ()).unwrap();
    let verdict = merged.judge(&[], MergeBounds::default()).unwrap();
    assert!(verdict.passes() && verdict.found.domains.contains_key("drawn"), "{verdict:?}");
}

/// A copy of an adapter, to be changed.
fn copied(adapter: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["adapter_config.json", "adapter_model.safetensors"] {
        fs::copy(golden(adapter).join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn record(adapter: &Path, model_hash: &str) {
    let json =
        format!(r#"{{"model_hash":"{model_hash}","tokenizer_hash":"t","manifest_hash":"m","siyu_version":"0.1.0"}}"#);
    fs::write(adapter.join("siyu.json"), json).unwrap();
}

#[test]
fn an_adapter_is_merged_into_the_base_of_its_record_only() {
    let adapter = copied("adapter-plain");
    assert!(Merge::open(&golden("llama"), adapter.path()).unwrap().origin().is_none());
    record(adapter.path(), &siyu_checkpoint::base_hash(golden("llama")).unwrap());
    assert!(Merge::open(&golden("llama"), adapter.path()).unwrap().origin().is_some());
    record(adapter.path(), "another");
    let error = Merge::open(&golden("llama"), adapter.path()).unwrap_err();
    assert!(matches!(error, Error::OtherBase { .. }), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let problem = |base: &str, adapter: &Path| Merge::open(&golden(base), adapter).unwrap_err().to_string();
    let other = problem("qwen3", &golden("adapter-plain"));
    assert!(
        other.contains("`base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight` has shape [32, 4]"),
        "{other}"
    );
    assert!(problem("nf4", &golden("adapter-plain")).contains("few bits"));
    let fewer = copied("adapter-plain");
    let json = fs::read_to_string(fewer.path().join("adapter_config.json")).unwrap();
    fs::write(fewer.path().join("adapter_config.json"), json.replace("\"v_proj\"", "\"k_proj\"")).unwrap();
    let missing = problem("llama", fewer.path());
    assert!(
        missing.contains("no tensor `base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight`"),
        "{missing}"
    );
    fs::write(fewer.path().join("adapter_config.json"), json.replace("\"v_proj\"", "\"q_proj\"")).unwrap();
    let stray = problem("llama", fewer.path());
    assert!(stray.contains("v_proj.lora_A.weight` belongs to no matrix"), "{stray}");
}

#[test]
fn what_lies_at_the_place_stays_until_the_merged_model_takes_it() {
    let out = tempfile::tempdir().unwrap();
    let place = out.path().join("merged");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("mine.txt"), "mine").unwrap();
    let merge = Merge::open(&golden("llama"), &golden("adapter-plain")).unwrap();
    let over = MergeSettings { replace: true, ..MergeSettings::default() };
    let refused = |settings: MergeSettings| merge.write(&place, &settings, &|_| ()).unwrap_err();
    assert!(matches!(refused(MergeSettings::default()), Error::Exists { .. }));
    assert!(matches!(refused(over), Error::Foreign { .. }));
    fs::write(place.join(MERGE_RECORD), "an earlier one").unwrap();
    drop(merge.write(&place, &over, &|_| ()).unwrap());
    assert_eq!(fs::read_to_string(place.join("mine.txt")).unwrap(), "mine");
    merge.write(&place, &over, &|_| ()).unwrap().finish().unwrap();
    assert!(place.join("model.safetensors").is_file() && !place.join("mine.txt").exists());
    let left: Vec<_> = fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["merged"]);
}

#[test]
fn a_merged_model_does_not_take_the_place_of_what_it_is_made_of() {
    let out = tempfile::tempdir().unwrap();
    let (place, base) = (out.path().join("merged"), out.path().join("merged/base"));
    fs::create_dir_all(&base).unwrap();
    fs::write(place.join(MERGE_RECORD), "an earlier one").unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(golden("llama").join(name), base.join(name)).unwrap();
    }
    let merge = Merge::open(&base, &golden("adapter-plain")).unwrap();
    let over = MergeSettings { replace: true, ..MergeSettings::default() };
    let error = merge.write(&place, &over, &|_| ()).unwrap_err();
    assert!(matches!(error, Error::Inside { .. }), "{error}");
    assert!(base.join("model.safetensors").is_file());
}

#[test]
fn a_number_too_large_for_its_kind_is_refused() {
    let adapter = copied("adapter-plain");
    let json = fs::read_to_string(adapter.path().join("adapter_config.json")).unwrap();
    fs::write(adapter.path().join("adapter_config.json"), json.replace("\"lora_alpha\": 8", "\"lora_alpha\": 8000000"))
        .unwrap();
    let base = base("llama", Precision::F16);
    let merge = Merge::open(base.path(), adapter.path()).unwrap();
    let out = tempfile::tempdir().unwrap();
    let error = merge.write(&out.path().join("m"), &MergeSettings::default(), &|_| ()).unwrap_err();
    assert!(error.to_string().contains("that float16 cannot"), "{error}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

/// Adds a low-rank change of the head to a copy of an adapter; returns `A` and `B`.
fn with_head(adapter: &Path) -> [Vec<f32>; 2] {
    let path = adapter.join("adapter_model.safetensors");
    let found = Checkpoint::of_file(&path).unwrap();
    let drawn = |count: usize| -> Vec<f32> { (0..count).map(|at| ((at * 37 % 19) as f32 - 9.0) / 64.0).collect() };
    let parts = [drawn(4 * 32), drawn(48 * 4)];
    let bytes = parts.each_ref().map(|part| encoded(part, Precision::F32));
    let mut tensors: Vec<_> = found
        .names()
        .map(|name| {
            let shape = found.shape(name).unwrap().iter().map(|&size| usize::try_from(size).unwrap()).collect();
            (name.to_owned(), TensorView::new(found.dtype(name).unwrap(), shape, found.bytes(name).unwrap()).unwrap())
        })
        .collect();
    for (part, (shape, bytes)) in [("A", (vec![4, 32], &bytes[0])), ("B", (vec![48, 4], &bytes[1]))] {
        let view = TensorView::new(Precision::F32.dtype(), shape, bytes).unwrap();
        tensors.push((format!("base_model.model.lm_head.lora_{part}.weight"), view));
    }
    let changed = adapter.join("changed");
    write_tensors(&changed, tensors).unwrap();
    drop(found);
    fs::rename(changed, path).unwrap();
    let json = fs::read_to_string(adapter.join("adapter_config.json")).unwrap();
    fs::write(adapter.join("adapter_config.json"), json.replace("\"v_proj\"", "\"v_proj\", \"lm_head\"")).unwrap();
    parts
}

#[test]
fn a_change_of_the_head_is_merged_as_any_other() {
    let (adapter, base, out) = (copied("adapter-plain"), base("llama", Precision::F32), tempfile::tempdir().unwrap());
    let [a, b] = with_head(adapter.path());
    let merge = Merge::open(base.path(), adapter.path()).unwrap();
    let mut merged = merge.write(&out.path().join("m"), &MergeSettings::default(), &|_| ()).unwrap();
    assert!(merged.judge(&rows(), MergeBounds::default()).unwrap().passes());
    merged.finish().unwrap();
    let [before, after] = [base.path().to_owned(), out.path().join("m")]
        .map(|folder| floats(&Checkpoint::open(folder).unwrap(), "lm_head.weight"));
    for place in 0..48 * 32 {
        let (row, column) = (place / 32, place % 32);
        let change: f32 = (0..4).map(|at| b[row * 4 + at] * a[at * 32 + column]).sum();
        // `lora_alpha` 8 over a rank of 4.
        assert!((after[place] - before[place] - 2.0 * change).abs() < 1e-5, "{row} {column}");
    }
}

/// Writes a setting of a base's `config.json` anew.
fn set(base: &Path, changes: &[(&str, i64)]) {
    let path = base.join("config.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (key, value) in changes {
        json[key] = (*value).into();
    }
    fs::write(path, json.to_string()).unwrap();
}

#[test]
fn models_for_short_texts_and_with_heads_of_any_size_are_judged() {
    for changes in [
        &[("max_position_embeddings", 16)][..],
        &[("head_dim", 4), ("num_attention_heads", 8), ("num_key_value_heads", 4)],
    ] {
        let (base, out) = (base("llama", Precision::F32), tempfile::tempdir().unwrap());
        set(base.path(), changes);
        let merge = Merge::open(base.path(), &golden("adapter-plain")).unwrap();
        let mut merged = merge.write(&out.path().join("m"), &MergeSettings::default(), &|_| ()).unwrap();
        let verdict = merged.judge(&[], MergeBounds::default()).unwrap();
        assert!(verdict.passes(), "{changes:?}: {verdict:?}");
    }
}
