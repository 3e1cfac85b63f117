//! What a quantized model must not exceed, and what is told of it.

use crate::compare::Comparison;
use std::collections::BTreeMap;

/// How far a quantized model may be from what it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantizeBounds {
    /// Largest growth of perplexity, as a share.
    pub perplexity_growth: f64,
    /// Least share of tokens for which both think the same likeliest, in 0..=1.
    pub agreement: f64,
}

impl QuantizeBounds {
    /// Those for weights of 4 or of 8 bits where the user says nothing.
    pub fn for_bits(bits: u32) -> Self {
        if bits == 4 {
            Self { perplexity_growth: 0.05, agreement: 0.9 }
        } else {
            Self { perplexity_growth: 0.01, agreement: 0.97 }
        }
    }

    /// What of `found` is out of bounds.
    pub(super) fn problem(self, domain: &str, found: &Comparison) -> Option<String> {
        if found.tokens == 0 {
            return Some(format!("{domain}: there is no token that counts"));
        }
        let growth = found.perplexity_growth();
        // Not a number is out of bounds.
        let bad = growth.is_nan() || growth > self.perplexity_growth || found.agreement < self.agreement;
        bad.then(|| {
            format!(
                "{domain}: perplexity grows by {:.2} % (at most {:.2} %), agreement is {:.2} % (at least {:.2} %)",
                100.0 * growth,
                100.0 * self.perplexity_growth,
                100.0 * found.agreement,
                100.0 * self.agreement
            )
        })
    }
}

/// What the rounding of a matrix costs.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixCost {
    /// The matrix.
    pub name: String,
    /// Share of what comes out of it that changes: of the root of squares, on the texts of the calibration where there
    /// are some, else of the weights themselves.
    pub share: f64,
}

/// What became of a model.
#[derive(Clone, Debug)]
pub struct QuantizeReport {
    /// Bytes of graph and weights.
    pub bytes: u64,
    /// Count of weights; times 2 or 4 the bytes of a model in floats.
    pub parameters: u64,
    /// On all texts of the gate.
    pub all: Comparison,
    /// By domain.
    pub domains: BTreeMap<String, Comparison>,
    /// Costliest first.
    pub costs: Vec<MatrixCost>,
    /// What is out of bounds; empty where nothing is.
    pub problems: Vec<String>,
    /// The folder was written.
    pub written: bool,
}
