//! What a quantized model must not exceed, and what is told of it.

use crate::compare::{Comparison, Comparisons};
use crate::error::{Error, Result};

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

    /// Refuses bounds that nothing, or anything, is within.
    pub(super) fn check(self) -> Result<()> {
        let problem = if self.perplexity_growth.is_nan() {
            "the largest growth of perplexity is no number; 0.05 stands for 5 %".to_owned()
        } else if !(0.0..=1.0).contains(&self.agreement) {
            format!("the least agreement is {}; it is a share in 0..=1, as 0.97", self.agreement)
        } else {
            return Ok(());
        };
        Err(Error::Setting { problem })
    }

    /// What of `found` is out of bounds.
    pub(super) fn problems(self, found: &Comparisons) -> Vec<String> {
        let domains = found.domains.iter().map(|(domain, found)| (format!("`{domain}`"), found));
        let all = std::iter::once(("all texts".to_owned(), &found.all));
        all.chain(domains).filter_map(|(name, found)| self.problem(&name, found)).collect()
    }

    fn problem(self, domain: &str, found: &Comparison) -> Option<String> {
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
    /// The same with what a low-rank change wins back, where there is one.
    pub recovered: Option<f64>,
}

impl MatrixCost {
    /// The share that is lost in the end.
    pub fn left(&self) -> f64 {
        self.recovered.unwrap_or(self.share)
    }
}

/// What became of a model.
#[derive(Clone, Debug)]
pub struct QuantizeReport {
    /// Bytes of graph and weights.
    pub bytes: u64,
    /// Count of weights; times 2 or 4 the bytes of a model in floats.
    pub parameters: u64,
    /// What the gate found.
    pub found: Comparisons,
    /// What it would have found without the low-rank changes, where there are some.
    pub unrecovered: Option<Comparisons>,
    /// Costliest first.
    pub costs: Vec<MatrixCost>,
    /// What is out of bounds; empty where nothing is.
    pub problems: Vec<String>,
    /// The folder was written.
    pub written: bool,
}
