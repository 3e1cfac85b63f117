//! How the rate of learning rises and falls.

use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// How the rate falls after it has risen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// It stays.
    Constant,
    /// In a straight line to 0.
    #[default]
    Linear,
    /// Along half a cosine to 0.
    Cosine,
    /// It stays, and falls in a straight line to 0 over the last share of the steps.
    Wsd {
        /// That share, such as 0.1.
        decay: f64,
    },
}

/// How the rate rises at first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WarmUp {
    /// Over so many steps.
    Steps(u64),
    /// Over this share of all steps.
    Share(f64),
}

impl Default for WarmUp {
    fn default() -> Self {
        Self::Steps(100)
    }
}

impl WarmUp {
    /// Steps until the full rate.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the steps is at most all")]
    pub fn steps(self, total: u64) -> u64 {
        match self {
            Self::Steps(steps) => steps,
            Self::Share(share) => (share * total as f64).ceil() as u64,
        }
    }
}

impl Schedule {
    /// The share of the full rate at a step, the first being 0.
    ///
    /// # Source
    /// The schedulers of Hugging Face transformers (`optimization.py`): constant, linear, cosine with warm-up; Hu et
    /// al. 2024, "`MiniCPM`", section 4.2, for the stay with a late fall.
    pub fn factor(self, step: u64, warm_up: u64, total: u64) -> f64 {
        if step < warm_up {
            return step as f64 / warm_up as f64;
        }
        let left = total.saturating_sub(step) as f64;
        let falling = total.saturating_sub(warm_up).max(1) as f64;
        match self {
            Self::Constant => 1.0,
            Self::Linear => left / falling,
            Self::Cosine => f64::midpoint(1.0, (PI * (1.0 - left / falling)).cos()),
            Self::Wsd { decay } => (left / (decay * total as f64).max(1.0)).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From transformers 5.24.0: `get_scheduler(name, optimizer, num_warmup_steps=3, num_training_steps=13)` with
    /// rate 1, `get_last_lr` before each step.
    #[test]
    fn rates_are_those_of_transformers() {
        let at = |schedule: Schedule, steps: [u64; 6]| steps.map(|step| schedule.factor(step, 3, 13));
        let steps = [0, 1, 3, 4, 8, 12];
        let near =
            |one: [f64; 6], other: [f64; 6]| one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-12);
        assert!(near(at(Schedule::Linear, steps), [0.0, 1.0 / 3.0, 1.0, 0.9, 0.5, 0.1]));
        let cosine = [0.0, 1.0 / 3.0, 1.0, 0.975_528_258_147_576_7, 0.5, 0.024_471_741_852_423_29];
        assert!(near(at(Schedule::Cosine, steps), cosine));
        assert!(near(at(Schedule::Constant, steps), [0.0, 1.0 / 3.0, 1.0, 1.0, 1.0, 1.0]));
    }

    #[test]
    fn a_late_fall_begins_with_the_last_share_and_ends_at_nothing() {
        let schedule = Schedule::Wsd { decay: 0.2 };
        let factor = |step: u64| schedule.factor(step, 10, 100);
        let expected = [(5, 0.5), (10, 1.0), (80, 1.0), (90, 0.5), (100, 0.0)];
        assert!(expected.iter().all(|&(step, expected)| (factor(step) - expected).abs() < 1e-12));
    }

    #[test]
    fn warm_up_is_steps_or_a_share() {
        assert_eq!([WarmUp::Steps(100), WarmUp::Share(0.03)].map(|warm_up| warm_up.steps(1000)), [100, 30]);
    }
}
