//! Exponentials of many numbers.

/// e to the power of `power`, for powers up to 88; below -87 it is as at -87. Relative error below 3e-7.
///
/// # Source
/// Range reduction by the nearest multiple of ln 2, which is taken off in two parts, and a polynomial: Muller,
/// "Elementary Functions", chapters 3 and 11.
#[inline(always)]
pub(super) fn exponential(power: f32) -> f32 {
    /// Adding it leaves the nearest whole number in the low bits.
    const ROUNDER: f32 = 12_582_912.0;
    // Not `max`, which would take -87 for what is not a number.
    let power = if power < -87.0 { -87.0 } else { power };
    let shifted = power.mul_add(std::f32::consts::LOG2_E, ROUNDER);
    let whole = shifted - ROUNDER;
    let rest = whole.mul_add(-0.693_359_4, power);
    let rest = whole.mul_add(2.121_944_4e-4, rest);
    let mut sum = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = rest.mul_add(sum, coefficient);
    }
    let factor = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    sum * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_near_the_exponential_over_all_powers_of_a_softmax() {
        for step in 0..=43_000_u16 {
            let power = -f32::from(step) / 500.0;
            let exact = f64::from(power).exp();
            assert!((f64::from(exponential(power)) / exact - 1.0).abs() < 3e-7, "{power}");
        }
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        assert!(exponential(f32::NAN).is_nan());
        assert!(exponential(f32::NEG_INFINITY) < 1e-37);
    }
}
