//! How the frequencies change for texts longer than a model was first trained on.

use super::RopeSettings;
use crate::error::{Error, Result};
use serde_json::Value;
use std::f64::consts::TAU;

/// What is done for texts longer than the model was first trained on.
#[derive(Clone, Debug, PartialEq)]
pub enum RopeScaling {
    /// Nothing.
    Default,
    /// All frequencies are divided.
    ///
    /// # Source
    /// Chen et al. 2023, "Extending Context Window of Large Language Models via Positional Interpolation".
    Linear {
        /// The divisor.
        factor: f64,
    },
    /// The base grows with the length of the text.
    Dynamic {
        /// How much.
        factor: f64,
    },
    /// Long waves are divided, short ones stay, between them the divisor slides.
    Llama3 {
        /// The divisor of long waves.
        factor: f64,
        /// Waves longer than the original length over this are divided.
        low_freq_factor: f64,
        /// Waves shorter than the original length over this stay.
        high_freq_factor: f64,
        /// Length of the texts of the first training.
        original_positions: f64,
    },
    /// As [`Self::Llama3`], with a linear slide over the index of the frequency and a factor on all cosines and sines.
    ///
    /// # Source
    /// Peng et al. 2023, "`YaRN`: Efficient Context Window Extension of Large Language Models".
    Yarn {
        /// The divisor of long waves.
        factor: f64,
        /// Factor on cosines and sines.
        attention_factor: f64,
        /// Turns over the original length above which a wave stays.
        beta_fast: f64,
        /// Turns over the original length below which a wave is divided.
        beta_slow: f64,
        /// Length of the texts of the first training.
        original_positions: f64,
        /// The bounds of the slide are whole indices.
        truncate: bool,
    },
}

impl RopeScaling {
    /// Understands `rope_scaling` or `rope_parameters` of a `config.json`.
    ///
    /// # Errors
    /// [`Error::Config`] names an unknown kind or a missing number.
    pub fn from_json(json: &Value, max_positions: usize) -> Result<Self> {
        let given = |name: &str| json.get(name).and_then(Value::as_f64);
        let kind = json.get("rope_type").or_else(|| json.get("type")).and_then(Value::as_str).unwrap_or("default");
        let needed = |name: &str| {
            given(name)
                .ok_or_else(|| Error::Config { problem: format!("`rope_scaling` of type `{kind}` needs `{name}`") })
        };
        if let Some(factor) = given("factor").filter(|factor| *factor <= 0.0) {
            return Err(Error::Config {
                problem: format!("`rope_scaling` has `factor` {factor}; it must be positive"),
            });
        }
        Ok(match kind {
            "default" => Self::Default,
            "linear" => Self::Linear { factor: needed("factor")? },
            "dynamic" => Self::Dynamic { factor: needed("factor")? },
            "llama3" => Self::Llama3 {
                factor: needed("factor")?,
                low_freq_factor: needed("low_freq_factor")?,
                high_freq_factor: needed("high_freq_factor")?,
                original_positions: needed("original_max_position_embeddings")?,
            },
            "yarn" => Self::Yarn {
                factor: needed("factor")?,
                attention_factor: given("attention_factor").unwrap_or_else(|| {
                    attention_factor(given("factor").unwrap_or(1.0), given("mscale"), given("mscale_all_dim"))
                }),
                beta_fast: given("beta_fast").unwrap_or(32.0),
                beta_slow: given("beta_slow").unwrap_or(1.0),
                original_positions: given("original_max_position_embeddings").unwrap_or(max_positions as f64),
                truncate: json.get("truncate").and_then(Value::as_bool).unwrap_or(true),
            },
            other => {
                return Err(Error::Config {
                    problem: format!(
                        "`rope_scaling` has type `{other}`; known are default, linear, dynamic, llama3 and yarn"
                    ),
                });
            }
        })
    }

    /// Whether a text's length changes all its angles, so that each text needs a table of its own.
    pub fn depends_on_length(&self) -> bool {
        matches!(self, Self::Dynamic { .. })
    }
}

fn attention_factor(factor: f64, mscale: Option<f64>, mscale_all: Option<f64>) -> f64 {
    let scaled = |mscale: f64| if factor <= 1.0 { 1.0 } else { 0.1 * mscale * factor.ln() + 1.0 };
    match (mscale, mscale_all) {
        (Some(one), Some(all)) if one != 0.0 && all != 0.0 => scaled(one) / scaled(all),
        _ => scaled(1.0),
    }
}

impl RopeSettings {
    /// All positions that the model was made or stretched for.
    pub fn positions(&self) -> usize {
        let maximum = self.max_positions as f64;
        let stretched = match self.scaling {
            RopeScaling::Default | RopeScaling::Dynamic { .. } => maximum,
            RopeScaling::Linear { factor } => maximum * factor,
            RopeScaling::Llama3 { factor, original_positions, .. }
            | RopeScaling::Yarn { factor, original_positions, .. } => original_positions * factor,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of positions")]
        let positions = stretched.max(maximum).ceil() as usize;
        positions
    }

    /// Angle per position for each half-head index, and the factor on cosines and sines, for a text of `total` tokens.
    pub fn frequencies(&self, total: usize) -> (Vec<f32>, f64) {
        let size = self.head_size as f64;
        let (maximum, mut theta, mut factor_on_turns) = (self.max_positions as f64, self.theta, 1.0);
        if let RopeScaling::Dynamic { factor } = self.scaling
            && total > self.max_positions
        {
            theta *= (factor * total as f64 / maximum - (factor - 1.0)).powf(size / (size - 2.0));
        }
        let plain = (0..self.head_size / 2).map(|index| theta.powf(-2.0 * index as f64 / size));
        let scaled: Vec<f64> = match self.scaling {
            RopeScaling::Default | RopeScaling::Dynamic { .. } => plain.collect(),
            RopeScaling::Linear { factor } => plain.map(|frequency| frequency / factor).collect(),
            RopeScaling::Llama3 { factor, low_freq_factor: low, high_freq_factor: high, original_positions } => plain
                .map(|frequency| {
                    // Turns that the wave makes over the original length.
                    let turns = original_positions * frequency / TAU;
                    let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                    (1.0 - kept) * frequency / factor + kept * frequency
                })
                .collect(),
            RopeScaling::Yarn { factor, attention_factor, beta_fast, beta_slow, original_positions, truncate } => {
                factor_on_turns = attention_factor;
                let index_of = |turns: f64| size * (original_positions / (turns * TAU)).ln() / (2.0 * theta.ln());
                let (mut low, mut high) = (index_of(beta_fast), index_of(beta_slow));
                if truncate {
                    (low, high) = (low.floor(), high.ceil());
                }
                (low, high) = (low.max(0.0), high.min(size - 1.0));
                let span = if (high - low).abs() < f64::EPSILON { 0.001 } else { high - low };
                plain
                    .enumerate()
                    .map(|(index, frequency)| {
                        let divided = ((index as f64 - low) / span).clamp(0.0, 1.0);
                        divided * frequency / factor + (1.0 - divided) * frequency
                    })
                    .collect()
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "angles are computed in f32, as the models were trained")]
        let narrowed = scaled.into_iter().map(|frequency| frequency as f32).collect();
        (narrowed, factor_on_turns)
    }
}
