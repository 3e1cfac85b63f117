//! How a graph is written.

use super::element::Element;
use crate::error::{Error, Result};
use siyu_checkpoint::Config;

/// onnxruntime's attention takes heads of a multiple of this size.
const FUSED_MULTIPLE: i64 = 8;

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

    /// The one that runs fastest of those that can run a model.
    pub(crate) fn fastest(config: &Config) -> Self {
        if config.head_size % FUSED_MULTIPLE == 0 { Self::Fused } else { Self::Plain }
    }

    /// Refuses a model that a graph of these operators could not be run with.
    pub(crate) fn check(self, config: &Config) -> Result<()> {
        if self == Self::Plain || Self::fastest(config) == Self::Fused {
            return Ok(());
        }
        let problem = format!(
            "heads of {} numbers cannot be run with the variant `fused`, which takes multiples of {FUSED_MULTIPLE}; \
             take `--variant plain`",
            config.head_size
        );
        Err(Error::Setting { problem })
    }

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
