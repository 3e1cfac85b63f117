//! Random numbers that depend on a seed and a place alone, never on what was drawn before.

pub(crate) use siyu_checkpoint::mix;
use std::sync::{Mutex, PoisonError};

/// libtorch has one generator per device; setting it and drawing from it must not be torn apart.
static GENERATOR: Mutex<()> = Mutex::new(());

/// Draws from a generator set to `seed`.
pub(crate) fn seeded<T>(seed: u64, draw: impl FnOnce() -> T) -> T {
    let _held = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed.cast_signed());
    draw()
}

/// A seed for a named place under another seed.
pub(crate) fn named(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(seed, 0), |seed, byte| mix(seed, u64::from(byte)))
}
