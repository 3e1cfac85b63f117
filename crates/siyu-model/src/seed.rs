//! Random numbers that depend on a seed and a place alone, never on what was drawn before.

use std::sync::{Mutex, PoisonError};

/// libtorch has one generator per device; setting it and drawing from it must not be torn apart.
static GENERATOR: Mutex<()> = Mutex::new(());

/// Draws from a generator set to `seed`.
pub(crate) fn seeded<T>(seed: u64, draw: impl FnOnce() -> T) -> T {
    let _held = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed.cast_signed());
    draw()
}

/// A seed for a numbered place under another seed.
///
/// # Source
/// The finalizer of `SplitMix64`: Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators".
pub(crate) fn mix(seed: u64, place: u64) -> u64 {
    let mut state = seed.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// A seed for a named place under another seed.
pub(crate) fn named(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(seed, 0), |seed, byte| mix(seed, u64::from(byte)))
}
