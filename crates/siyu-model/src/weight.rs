//! A matrix or vector of the base model.

use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::parameters::{Parameters, Plan, Role};
use crate::seed;
use tch::{Device, Kind, Tensor};

/// Where the base's tensors come from.
pub(crate) enum Source<'a> {
    /// A model folder.
    Checkpoint(&'a Checkpoint),
    /// Chance: matrices from a normal distribution, norms of one, biases of zero.
    Random {
        /// All tensors follow from it and their names.
        seed: u64,
        /// Standard deviation of the matrices.
        deviation: f64,
    },
}

/// What a tensor starts as when it comes from chance.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    Normal,
    Ones,
    Zeros,
}

impl Source<'_> {
    /// A tensor of one shape; it may lie in the mapped checkpoint.
    fn tensor(&self, name: &str, shape: &[i64], start: Start, device: Device, kind: Kind) -> Result<Tensor> {
        let cpu = (Kind::Float, Device::Cpu);
        let tensor = match (self, start) {
            (Self::Checkpoint(checkpoint), _) => {
                checkpoint.expect_shape(name, shape)?;
                checkpoint.mapped(name)?
            }
            (Self::Random { seed, deviation }, Start::Normal) => {
                let drawn = seed::seeded(seed::named(*seed, name), || Tensor::f_randn(shape, cpu))?;
                drawn.f_mul_scalar(*deviation)?
            }
            (_, Start::Ones) => Tensor::f_ones(shape, cpu)?,
            (_, Start::Zeros) => Tensor::f_zeros(shape, cpu)?,
        };
        Ok(tensor.f_to_device(device)?.f_to_kind(kind)?)
    }
}

/// One tensor of the checkpoint, or several of equal width one below another.
#[derive(Debug)]
pub(crate) struct Weight {
    /// Names and counts of rows.
    pub(crate) parts: Vec<(String, i64)>,
    store: Store,
}

#[derive(Debug)]
enum Store {
    /// Never changes.
    Fixed(Tensor),
    /// The index of a parameter.
    Trained(usize),
}

impl Weight {
    /// Loads tensors of `columns` columns, or vectors where that is `None`.
    pub(crate) fn load(
        source: &Source<'_>,
        parts: Vec<(String, i64)>,
        columns: Option<i64>,
        start: Start,
        (kind, device): (Kind, Device),
    ) -> Result<Self> {
        let mut tensors = Vec::with_capacity(parts.len());
        for (name, rows) in &parts {
            let shape: Vec<i64> = [*rows].into_iter().chain(columns).collect();
            tensors.push(source.tensor(name, &shape, start, device, kind)?);
        }
        let joined = if tensors.len() == 1 { tensors.remove(0) } else { Tensor::f_cat(&tensors, 0)? };
        Ok(Self { parts, store: Store::Fixed(joined) })
    }

    /// A tensor that is at hand.
    pub(crate) fn fixed(name: &str, tensor: Tensor) -> Self {
        Self { parts: vec![(name.to_owned(), tensor.size()[0])], store: Store::Fixed(tensor) }
    }

    /// The tensor in numbers of `kind`.
    pub(crate) fn get(&self, parameters: &Parameters, kind: Kind) -> Result<Tensor> {
        Ok(match &self.store {
            Store::Fixed(tensor) => tensor.shallow_clone(),
            Store::Trained(index) => parameters.leaf(*index).f_to_kind(kind)?,
        })
    }

    /// The index of the parameter, if it is trained.
    pub(crate) fn trained(&self) -> Option<usize> {
        match self.store {
            Store::Trained(index) => Some(index),
            Store::Fixed(_) => None,
        }
    }

    /// Makes it a parameter.
    pub(crate) fn train(&mut self, plan: &mut Plan) {
        if let Store::Fixed(tensor) = &self.store {
            let role = if tensor.dim() > 1 { Role::Matrix } else { Role::Vector };
            self.store = Store::Trained(plan.add(self.parts.clone(), role, tensor.shallow_clone()));
        }
    }

    /// Divides it into its parts, so that they can be treated apart.
    pub(crate) fn divided(self) -> Result<Vec<Self>> {
        let Store::Fixed(tensor) = &self.store else { return Ok(vec![self]) };
        let sizes: Vec<i64> = self.parts.iter().map(|(_, rows)| *rows).collect();
        let tensors = tensor.f_split_with_sizes(&sizes, 0)?;
        let parts = self.parts.into_iter().zip(tensors);
        Ok(parts.map(|(part, tensor)| Self { parts: vec![part], store: Store::Fixed(tensor) }).collect())
    }
}
