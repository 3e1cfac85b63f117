//! Merges adapters, writes ONNX graphs, quantizes.

mod compare;
mod error;
mod export;
mod folder;
mod onnx;
mod runtime;
mod weights;

pub use compare::{Comparison, TextRow, compare};
pub use error::{Error, Result};
pub use export::export;
pub use onnx::{Branches, DATA_FILE, ExportSettings, GRAPH_FILE, Logits, Numbers, Variant, write_graph};
pub use runtime::{OnnxModel, OnnxSession, load_runtime};
