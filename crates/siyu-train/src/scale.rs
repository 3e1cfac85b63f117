//! The loss scale of 16-bit floats with little range.

use serde::{Deserialize, Serialize};

/// Clean steps after which the scale is doubled.
const PATIENCE: u64 = 2000;

/// What the loss is multiplied with, so that small gradients stay above the least 16-bit number.
///
/// # Source
/// Micikevicius et al. 2018, "Mixed precision training", section 3.2; the numbers are those of `torch.amp.GradScaler`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LossScale {
    scale: f64,
    clean_steps: u64,
    moves: bool,
}

impl LossScale {
    /// A scale that moves, or one that stays 1.
    pub(crate) fn new(moves: bool) -> Self {
        Self { scale: if moves { 65_536.0 } else { 1.0 }, clean_steps: 0, moves }
    }

    /// The scale.
    pub(crate) fn get(self) -> f64 {
        self.scale
    }

    /// Whether it moves.
    pub(crate) fn moves(self) -> bool {
        self.moves
    }

    /// Learns whether a step's gradient was finite.
    pub(crate) fn update(&mut self, finite: bool) {
        if !self.moves {
            return;
        }
        if !finite {
            self.scale = (self.scale / 2.0).max(1.0);
            self.clean_steps = 0;
            return;
        }
        self.clean_steps += 1;
        if self.clean_steps == PATIENCE {
            self.scale *= 2.0;
            self.clean_steps = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overflow_halves_the_scale_and_two_thousand_clean_steps_double_it() {
        let mut scale = LossScale::new(true);
        scale.update(false);
        assert_eq!(scale.get().to_bits(), 32_768f64.to_bits());
        (0..1999).for_each(|_| scale.update(true));
        assert_eq!(scale.get().to_bits(), 32_768f64.to_bits());
        scale.update(true);
        assert_eq!(scale.get().to_bits(), 65_536f64.to_bits());
    }
}
