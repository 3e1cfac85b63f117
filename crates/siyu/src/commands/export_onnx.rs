//! `siyu export-onnx`, and what it shares with `siyu quantize`.

use clap::ValueEnum;
use siyu_export::{ExportSettings, Logits, Numbers, Variant};
use std::io::Write;
use std::path::PathBuf;

/// Writes a model as an ONNX graph with all that goes with it, for onnxruntime and onnxruntime-genai.
///
/// The folder holds `model.onnx` with its weights in `model.onnx.data`, the configuration, tokenizer and template of the
/// model, and `genai_config.json`. It appears whole or not at all.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu export-onnx out/merged out/onnx
  siyu export-onnx out/merged out/onnx-plain --variant plain --precision f16")]
pub(crate) struct ExportOnnx {
    /// Model folder: `config.json` and safetensors.
    model: PathBuf,
    /// Folder to make.
    out: PathBuf,
    #[command(flatten)]
    graph: Graph,
}

/// How a graph is written.
#[derive(clap::Args)]
pub(crate) struct Graph {
    /// Which operators it is made of.
    #[arg(long, value_enum, default_value_t = Operators::Fused)]
    variant: Operators,
    /// The numbers of weights, states and cache.
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    precision: Precision,
    /// Give the logits of each text's last token only: all that generation needs.
    #[arg(long)]
    last_logits: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Operators {
    /// Those of the ONNX standard only.
    Plain,
    /// onnxruntime's own for attention and norms: faster, and the cache can stay in one place.
    Fused,
}

#[derive(Clone, Copy, ValueEnum)]
enum Precision {
    F32,
    F16,
}

impl Graph {
    pub(crate) fn settings(&self) -> ExportSettings {
        ExportSettings {
            variant: match self.variant {
                Operators::Plain => Variant::Plain,
                Operators::Fused => Variant::Fused,
            },
            numbers: match self.precision {
                Precision::F32 => Numbers::F32,
                Precision::F16 => Numbers::F16,
            },
            logits: if self.last_logits { Logits::Last } else { Logits::All },
        }
    }
}

impl ExportOnnx {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let bytes = siyu_export::export(&self.model, &self.out, self.graph.settings())?;
        writeln!(out, "{}: {}", self.out.display(), megabytes(bytes))?;
        Ok(())
    }
}

/// A size as people read it.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
