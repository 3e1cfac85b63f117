//! Numbers struck out at random.

use crate::error::Result;
use crate::seed;
use tch::{Device, Tensor};

/// Sets a `share` of the numbers to zero and multiplies the others by `1 / (1 - share)`. Which ones follows from `seed`
/// and the shape alone.
///
/// # Errors
/// [`crate::Error::Torch`] where memory does not suffice.
pub(crate) fn dropout(input: &Tensor, share: f64, seed: u64) -> Result<Tensor> {
    if input.device() != Device::Cpu {
        return Ok(seed::seeded(seed, || input.f_dropout(share, true))?);
    }
    // libtorch's generator for the CPU takes longer for a mask than the matrices take for the change it is for.
    let mask = Tensor::f_from_slice(&mask(input.numel(), share, seed))?.f_view(&*input.size())?;
    Ok(input.f_mul(&mask.f_to_kind(input.kind())?)?)
}

/// Factors of numbers, each from 16 bits of a generator.
fn mask(count: usize, share: f64, seed: u64) -> Vec<f32> {
    const CHOICES: f64 = 65_536.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is in 0..1")]
    let struck = (share * CHOICES).round() as u32;
    // The share that is struck out really, so that the mean stays.
    #[expect(clippy::cast_possible_truncation, reason = "factors are f32")]
    let kept = (1.0 / (1.0 - f64::from(struck) / CHOICES)) as f32;
    let factors = [kept, 0.0];
    let mut mask = Vec::with_capacity(count.next_multiple_of(4));
    for place in 0..count.div_ceil(4) {
        let bits = seed::mix(seed, place as u64);
        for quarter in 0..4_u32 {
            let choice = u32::try_from((bits >> (16 * quarter)) & 0xffff).unwrap_or(0);
            mask.push(factors[usize::from(choice < struck)]);
        }
    }
    mask.truncate(count);
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Kind;

    #[test]
    fn the_share_is_struck_out_and_the_mean_stays() {
        let input = Tensor::f_ones([1000, 100], (Kind::Float, Device::Cpu)).unwrap();
        let dropped = dropout(&input, 0.05, 3).unwrap();
        let struck = dropped.f_eq(0.0).unwrap().f_sum(Kind::Int64).unwrap().int64_value(&[]);
        // Five standard deviations of a binomial count are 345.
        assert!((struck - 5000).abs() < 345, "{struck}");
        let mean = dropped.f_mean(Kind::Double).unwrap().double_value(&[]);
        assert!((mean - 1.0).abs() < 0.004, "{mean}");
    }
}
