//! What others read: exported folders checked by `onnx` and opened by onnxruntime-genai.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use siyu_export::{
    Blocks, ExportSettings, Logits, Numbers, OnnxModel, QuantizeBounds, QuantizeSettings, Scheme, Trial, Variant,
    export, quantize,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::golden;

/// Checks a graph, infers all its shapes, and has onnxruntime-genai continue a text from token 1.
const SCRIPT: &str = r#"
import sys, onnx, numpy
import onnxruntime_genai as genai
folder, expected = sys.argv[1], [int(token) for token in sys.argv[2].split()]
path = folder + "/model.onnx"
onnx.checker.check_model(path, full_check=True)
inferred = onnx.shape_inference.infer_shapes(onnx.load(path, load_external_data=False), strict_mode=True, check_type=True)
if "com.microsoft" not in {opset.domain for opset in inferred.opset_import}:
    # Shapes of everything are known with standard operators.
    known = {value.name for value in inferred.graph.value_info} | {value.name for value in inferred.graph.output}
    unknown = [output for node in inferred.graph.node for output in node.output if output not in known]
    assert not unknown, unknown
read = {name for node in inferred.graph.node for name in node.input} | {value.name for value in inferred.graph.output}
idle = [node.name for node in inferred.graph.node if not read.intersection(node.output)]
idle += [weight.name for weight in inferred.graph.initializer if weight.name not in read]
assert not idle, idle
model = genai.Model(folder)
parameters = genai.GeneratorParams(model)
parameters.set_search_options(do_sample=False, max_length=21)
generator = genai.Generator(model, parameters)
generator.append_tokens(numpy.array([[1]], dtype=numpy.int32))
while not generator.is_done():
    generator.generate_next_token()
found = [int(token) for token in generator.get_sequence(0)]
if found[-1] == 2:
    found.pop()
assert found == [1] + expected, (found, expected)
"#;

fn stories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k")
}

/// The folder passes the script; `expected` follows token 1.
fn assert_opens(folder: &Path, expected: &[i64], what: &str) {
    let python = std::env::var("SIYU_TEST_PYTHON").expect("SIYU_TEST_PYTHON names a Python with onnx");
    let tokens: Vec<String> = expected.iter().map(i64::to_string).collect();
    let ran = Command::new(python).args(["-c", SCRIPT]).arg(folder).arg(tokens.join(" ")).output().unwrap();
    assert!(ran.status.success(), "{what}: {}", String::from_utf8_lossy(&ran.stderr));
}

fn assert_exported(model: &Path, expected: &[i64], settings: ExportSettings) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    export(model, &out, settings).unwrap();
    assert_opens(&out, expected, &format!("{settings:?}"));
}

#[test]
#[ignore = "needs Python with onnx and onnxruntime-genai: `cargo xtask test` installs them and runs this"]
fn onnx_checks_every_graph_and_genai_continues_texts_with_it() {
    for variant in Variant::ALL {
        for (numbers, logits) in
            [(Numbers::F32, Logits::All), (Numbers::F32, Logits::Last), (Numbers::F16, Logits::All)]
        {
            let settings = ExportSettings { variant, numbers, logits };
            let expected = support::told(&stories(), ExportSettings::default(), 20);
            assert_exported(&stories(), &expected, settings);
        }
        for case in ["llama", "qwen2", "qwen3", "mistral"] {
            let settings = ExportSettings { variant, ..ExportSettings::default() };
            let other = if variant == Variant::Plain { Variant::Fused } else { Variant::Plain };
            let expected = support::told(&golden(case), ExportSettings { variant: other, ..settings }, 20);
            assert_exported(&golden(case), &expected, settings);
        }
    }
}

#[test]
#[ignore = "needs Python with onnx and onnxruntime-genai: `cargo xtask test` installs them and runs this"]
fn onnx_checks_graphs_in_few_bits_and_genai_continues_texts_with_them() {
    let blocks = |bits| Scheme::Blocks(Blocks { bits, size: 32, symmetric: false });
    let calibration = [vec![1, 403, 407, 261, 378, 428, 385]];
    for (scheme, recovery) in
        [(blocks(4), None), (blocks(4), Some(4)), (blocks(8), None), (Scheme::Dynamic, None), (Scheme::Static, None)]
    {
        for (variant, numbers) in Variant::ALL.into_iter().flat_map(|variant| Numbers::ALL.map(|kind| (variant, kind)))
        {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("out");
            let embeddings = variant == Variant::Fused && matches!(scheme, Scheme::Blocks(_));
            let settings = QuantizeSettings { scheme, embeddings, head: true, calibrated: false, recovery };
            let trial = Trial {
                calibration: &calibration,
                gate: &[],
                bounds: QuantizeBounds::for_bits(4),
                force: true,
                threads: 1,
            };
            let export = ExportSettings { variant, numbers, logits: Logits::All };
            assert!(quantize(&stories(), &out, export, settings, trial).unwrap().written);
            let expected = OnnxModel::open(&out, 1).unwrap().continue_greedily(&[1], 20, &[2]).unwrap();
            assert_opens(&out, &expected, &format!("{scheme:?} {variant:?} {numbers:?}"));
        }
    }
}
