//! Low-rank changes of frozen matrices.

use crate::dropout::dropout;
use crate::error::Result;
use crate::forward::Pass;
use crate::parameters::{Plan, Role};
use crate::seed;
use siyu_checkpoint::{LoraSettings, ModuleShape};
use tch::{Device, Kind, Tensor};

/// The change of one matrix.
#[derive(Debug)]
pub(crate) struct Lora {
    /// Indices of the parameters.
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) magnitude: Option<usize>,
    scale: f64,
    dropout: f64,
    /// Tells the masks of different matrices apart.
    place: u64,
}

/// What a change needs to know of the matrix it changes.
pub(crate) struct Base<'a> {
    /// `[out, in]`.
    pub(crate) weight: &'a dyn Fn() -> Result<Tensor>,
    /// `[out]`.
    pub(crate) bias: Option<&'a dyn Fn() -> Result<Tensor>>,
}

impl Lora {
    /// A change that changes nothing yet, of the matrix of module `name`, `[out, in]`.
    pub(crate) fn new(plan: &mut Plan, settings: &LoraSettings, name: &str, weight: &Tensor) -> Result<Self> {
        let ModuleShape { rank, scale } = settings.shape(name)?;
        let (out, width) = weight.size2()?;
        let place = seed::named(settings.seed, name);
        let bound = 1.0 / (width as f64).sqrt();
        let drawn = seed::seeded(place, || Tensor::f_rand([rank, width], (Kind::Float, Device::Cpu)))?;
        let a = drawn.f_mul_scalar(2.0 * bound)?.f_sub_scalar(bound)?;
        let b = Tensor::f_zeros([out, rank], (Kind::Float, Device::Cpu))?;
        let part = |suffix: &str, rows| vec![(format!("{name}.{suffix}"), rows)];
        let magnitude = if settings.dora { Some(row_lengths(weight)?) } else { None };
        Ok(Self {
            a: plan.add(part("lora_A.weight", rank), Role::LoraA, a),
            b: plan.add(part("lora_B.weight", out), Role::LoraB, b),
            magnitude: magnitude.map(|lengths| plan.add(part("lora_magnitude_vector", out), Role::Magnitude, lengths)),
            scale,
            dropout: settings.dropout,
            place,
        })
    }

    /// The indices of all its parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = usize> {
        [self.a, self.b].into_iter().chain(self.magnitude)
    }

    /// Adds the change to what the base made of `input`.
    ///
    /// # Shapes
    /// `input`: `[tokens, in]`; `output`: `[tokens, out]`, returned alike.
    ///
    /// # Source
    /// Hu et al. 2021, "`LoRA`", equation 3; Liu et al. 2024, "`DoRA`", equation 5, with the norm held constant in the
    /// gradient (section 4.3).
    pub(crate) fn add(&self, input: &Tensor, output: &Tensor, base: &Base<'_>, pass: &Pass<'_>) -> Result<Tensor> {
        let leaf = |index| -> Result<Tensor> { Ok(pass.parameters.leaf(index).f_to_kind(pass.kind)?) };
        let (a, b) = (leaf(self.a)?, leaf(self.b)?);
        let dropped = self.dropped(input, pass)?;
        let source = dropped.as_ref().unwrap_or(input);
        let low = source.f_matmul(&a.f_tr()?)?.f_mul_scalar(self.scale)?;
        let Some(index) = self.magnitude else {
            return Ok(output.f_addmm(&low, &b.f_tr()?)?);
        };
        let weight = (base.weight)()?;
        let factor = self.factor(&weight, &a, &b, pass.parameters.leaf(index))?.f_to_kind(pass.kind)?;
        let change = low.f_matmul(&b.f_tr()?)?.f_mul(&factor)?;
        let straight = match (&dropped, base.bias) {
            (Some(dropped), _) => dropped.f_matmul(&weight.f_tr()?)?,
            (None, Some(bias)) => output.f_sub(&bias()?)?,
            (None, None) => output.shallow_clone(),
        };
        Ok(output.f_add(&straight.f_mul(&factor.f_sub_scalar(1.0)?)?)?.f_add(&change)?)
    }

    /// The input with some numbers struck out, where this pass does that.
    fn dropped(&self, input: &Tensor, pass: &Pass<'_>) -> Result<Option<Tensor>> {
        let Some(seed) = pass.dropout_seed.filter(|_| self.dropout > 0.0) else { return Ok(None) };
        Ok(Some(dropout(input, self.dropout, seed::mix(seed, self.place))?))
    }

    /// Length asked for over length there is, of each row of the changed matrix.
    fn factor(&self, weight: &Tensor, a: &Tensor, b: &Tensor, magnitude: &Tensor) -> Result<Tensor> {
        let lengths = tch::no_grad(|| {
            let changed = weight.f_add(&b.f_matmul(a)?.f_mul_scalar(self.scale)?)?;
            row_lengths(&changed)
        })?;
        Ok(magnitude.f_div(&lengths)?)
    }
}

fn row_lengths(weight: &Tensor) -> Result<Tensor> {
    let weight = weight.f_to_kind(Kind::Float)?;
    Ok(weight.f_square()?.f_sum_dim_intlist(1, false, Kind::Float)?.f_sqrt()?)
}
