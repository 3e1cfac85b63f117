//! How a graph is written.

use super::element::Element;

/// Which operators a graph is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Those of the standard only (opset 21): for every runtime. `total` is `past` plus `sequence`; padding may lie
    /// anywhere.
    Plain,
    /// onnxruntime's own for attention and norms besides (opset 23). `past` and `present` may be one buffer of any
    /// length; padding lies at the end of a row. With `sequence` 1, rows may have texts of different lengths: each row
    /// of the mask holds as many ones as its text has tokens, the new one included. With more, either `past` is empty
    /// in all rows, or `batch` is 1.
    Fused,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Fused];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Fused => "fused",
        }
    }
}

/// The numbers of weights, states and cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// 32 bits.
    F32,
    /// 16 bits.
    F16,
}

impl Numbers {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::F32, Self::F16];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    pub(super) fn element(self) -> Element {
        match self {
            Self::F32 => Element::F32,
            Self::F16 => Element::F16,
        }
    }
}

/// Which tokens get logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logits {
    /// All.
    All,
    /// The last of each row that is no padding: what generation needs, and with a long prompt far less work.
    Last,
}

/// How a graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportSettings {
    /// Its operators.
    pub variant: Variant,
    /// Its numbers.
    pub numbers: Numbers,
    /// Its output.
    pub logits: Logits,
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self { variant: Variant::Fused, numbers: Numbers::F32, logits: Logits::All }
    }
}
