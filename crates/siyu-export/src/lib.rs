//! Merges adapters, writes ONNX graphs, quantizes.

mod compare;
mod error;
mod export;
mod folder;
mod merge;
mod onnx;
mod quantize;
mod runtime;
mod weights;

pub use compare::{Comparison, TextRow, compare};
pub use error::{Error, Result};
pub use export::export;
pub use merge::{Bounds, MERGE_RECORD, Merge, MergeRecord, MergeSettings, Merged, Verdict};
pub use onnx::{Branches, DATA_FILE, ExportSettings, GRAPH_FILE, Logits, Numbers, Variant, write_graph};
pub use quantize::{Blocks, MatrixCost, QuantizeBounds, QuantizeReport, QuantizeSettings, Scheme, Trial, quantize};
pub use runtime::{OnnxModel, OnnxSession, load_runtime};
