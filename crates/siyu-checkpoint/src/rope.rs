//! Rotary position embeddings: the angles by which positions turn queries and keys.

mod scaling;

pub use scaling::RopeScaling;

/// How positions turn queries and keys.
#[derive(Clone, Debug, PartialEq)]
pub struct RopeSettings {
    /// Base of the geometric row of frequencies.
    pub theta: f64,
    /// Size of a head; half as many angles.
    pub head_size: i64,
    /// Longest text the model was made for, in tokens.
    pub max_positions: usize,
    /// What is done for longer texts.
    pub scaling: RopeScaling,
}
