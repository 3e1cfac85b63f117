//! Merges adapters, writes ONNX graphs, quantizes.

mod bundle;
mod compare;
mod error;
mod export;
mod folder;
mod merge;
mod onnx;
mod quantize;
mod runtime;
mod weights;

pub use bundle::{
    BUNDLE_FILE, Bundle, BundleChange, BundleFile, BundleManifest, BundleParts, ChangeKind, Role, Served, check_set,
    create_bundle, diff_bundles, lineage, served,
};
pub use compare::{Comparison, Comparisons, TextRow, compare};
pub use error::{Error, Result};
pub use export::export;
pub use merge::{MERGE_RECORD, Merge, MergeBounds, MergeRecord, MergeSettings, Merged, Verdict};
pub use onnx::{Branches, DATA_FILE, ExportSettings, GRAPH_FILE, Logits, Numbers, Variant, write_graph};
pub use quantize::{Blocks, MatrixCost, QuantizeBounds, QuantizeReport, QuantizeSettings, Scheme, Trial, quantize};
pub use runtime::{OnnxModel, OnnxSession, load_runtime};
