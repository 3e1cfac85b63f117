//! `AdamW` over all trained numbers at once.

use siyu_model::{Parameters, Role};
use tch::Tensor;

use crate::{Result, Settings};

const FIRST_DECAY: f64 = 0.9;
const SECOND_DECAY: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// `AdamW` with its moments, laid out as the parameters are.
///
/// # Source
/// Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2; Hayou et al. 2024, "`LoRA`+", for
/// the faster second factor.
#[derive(Debug)]
pub(crate) struct AdamW {
    pub(crate) first: Tensor,
    pub(crate) second: Tensor,
    /// What the rate of each number is multiplied with, where they differ.
    rates: Option<Tensor>,
    /// What each number loses, where some lose nothing.
    decays: Option<Tensor>,
}

impl AdamW {
    pub(crate) fn new(parameters: &Parameters, settings: &Settings) -> Result<Self> {
        let factor = settings.lora.b_rate_factor;
        let rates = if (factor - 1.0).abs() > f64::EPSILON {
            Some(per_role(parameters, |role| if role == Role::LoraB { factor } else { 1.0 })?)
        } else {
            None
        };
        let decays = if settings.weight_decay > 0.0 {
            let decay = settings.weight_decay;
            Some(per_role(parameters, |role| if role == Role::Vector { 0.0 } else { decay })?)
        } else {
            None
        };
        Ok(Self { first: parameters.zeros(), second: parameters.zeros(), rates, decays })
    }

    /// Changes the parameters by a gradient at a rate; `step` counts from 1.
    pub(crate) fn step(&mut self, parameters: &Tensor, gradient: &Tensor, rate: f64, step: u64) -> Result<()> {
        tch::no_grad(|| {
            let mut parameters = parameters.shallow_clone();
            if let Some(decays) = &self.decays {
                let lost = decays.f_mul_scalar(rate)?;
                let lost = match &self.rates {
                    Some(rates) => lost.f_mul(rates)?,
                    None => lost,
                };
                let _ = parameters.f_sub_(&lost.f_mul(&parameters)?)?;
            }
            let _ = self.first.f_lerp_(gradient, 1.0 - FIRST_DECAY)?;
            let squares = gradient.f_square()?;
            let _ = self.second.f_lerp_(&squares, 1.0 - SECOND_DECAY)?;
            let power = |base: f64| 1.0 - base.powi(i32::try_from(step).unwrap_or(i32::MAX));
            let mut divisor = self.second.f_sqrt()?;
            let _ = divisor.f_mul_scalar_(1.0 / power(SECOND_DECAY).sqrt())?;
            let _ = divisor.f_add_scalar_(EPSILON)?;
            let mut change = self.first.f_div(&divisor)?;
            let _ = change.f_mul_scalar_(-rate / power(FIRST_DECAY))?;
            if let Some(rates) = &self.rates {
                let _ = change.f_mul_(rates)?;
            }
            let _ = parameters.f_add_(&change)?;
            Ok(())
        })
    }
}

/// A tensor laid out as the parameters, with a number per role.
fn per_role(parameters: &Parameters, value: impl Fn(Role) -> f64) -> Result<Tensor> {
    let numbers = parameters.zeros();
    for parameter in parameters.list() {
        let _ = numbers.f_narrow(0, parameter.offset, parameter.count())?.f_fill_(value(parameter.role))?;
    }
    Ok(numbers)
}

/// Shortens a gradient to a norm, where it is longer; gives the norm it had.
///
/// # Source
/// `torch.nn.utils.clip_grad_norm_`, with its 1e-6.
pub(crate) fn clip(gradient: &mut Tensor, most: f64) -> Result<f64> {
    tch::no_grad(|| {
        let norm = gradient.f_norm()?.double_value(&[]);
        let factor = most / (norm + 1e-6);
        if most > 0.0 && factor < 1.0 {
            let _ = gradient.f_mul_scalar_(factor)?;
        }
        Ok(norm)
    })
}
