//! A matrix or vector of the base model.

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::model::Options;
use crate::nf4::Nf4;
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
    /// Never changes; one matrix for each part.
    Quantized(Vec<Nf4>),
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
        Options { device, kind, .. }: Options,
    ) -> Result<Self> {
        let mut tensors = Vec::with_capacity(parts.len());
        for (name, rows) in &parts {
            let shape: Vec<i64> = [*rows].into_iter().chain(columns).collect();
            tensors.push(source.tensor(name, &shape, start, device, kind)?);
        }
        let joined = if tensors.len() == 1 { tensors.remove(0) } else { Tensor::f_cat(&tensors, 0)? };
        Ok(Self { parts, store: Store::Fixed(joined) })
    }

    /// Loads matrices of `columns` columns, in 4-bit numbers where the checkpoint or the options say so.
    pub(crate) fn load_matrix(
        source: &Source<'_>,
        parts: Vec<(String, i64)>,
        columns: i64,
        options: Options,
    ) -> Result<Self> {
        let is_stored = |name: &str| matches!(source, Source::Checkpoint(found) if Nf4::is_stored(found, name));
        if !options.nf4 && !parts.iter().any(|(name, _)| is_stored(name)) {
            return Self::load(source, parts, Some(columns), Start::Normal, options);
        }
        let Options { device, kind, .. } = options;
        let matrices: Result<Vec<Nf4>> = parts
            .iter()
            .map(|(name, rows)| match source {
                Source::Checkpoint(found) if Nf4::is_stored(found, name) => {
                    Nf4::load(found, name, &[*rows, columns], device)
                }
                _ => Nf4::quantize(&source.tensor(name, &[*rows, columns], Start::Normal, device, kind)?),
            })
            .collect();
        Ok(Self { parts, store: Store::Quantized(matrices?) })
    }

    /// A tensor that is at hand.
    pub(crate) fn fixed(name: &str, tensor: Tensor) -> Self {
        Self { parts: vec![(name.to_owned(), tensor.size()[0])], store: Store::Fixed(tensor) }
    }

    /// The tensor in numbers of `kind`.
    pub(crate) fn get(&self, parameters: &Parameters, kind: Kind) -> Result<Tensor> {
        Ok(match &self.store {
            Store::Fixed(tensor) => tensor.shallow_clone(),
            Store::Quantized(matrices) => {
                let matrices: Result<Vec<Tensor>> = matrices.iter().map(|matrix| matrix.dequantize(kind)).collect();
                Tensor::f_cat(&matrices?, 0)?
            }
            Store::Trained(index) => parameters.leaf(*index).f_to_kind(kind)?,
        })
    }

    /// The name of the first module it belongs to.
    pub(crate) fn module(&self) -> &str {
        self.parts[0].0.rsplit_once('.').map_or("", |(module, _)| module)
    }

    /// The index of the parameter, if it is trained.
    pub(crate) fn trained(&self) -> Option<usize> {
        match self.store {
            Store::Trained(index) => Some(index),
            Store::Fixed(_) | Store::Quantized(_) => None,
        }
    }

    /// Whether it is stored in 4-bit numbers.
    pub(crate) fn is_quantized(&self) -> bool {
        matches!(self.store, Store::Quantized(_))
    }

    /// Makes it a parameter.
    ///
    /// # Errors
    /// [`Error::Adapter`] for a matrix in 4-bit numbers: they have no gradient.
    pub(crate) fn train(&mut self, plan: &mut Plan) -> Result<()> {
        if let Store::Quantized(_) = &self.store {
            let problem = format!("`{}` is stored in 4-bit numbers and cannot be trained whole", self.parts[0].0);
            return Err(Error::Adapter { problem });
        }
        if let Store::Fixed(tensor) = &self.store {
            let role = if tensor.dim() > 1 { Role::Matrix } else { Role::Vector };
            self.store = Store::Trained(plan.add(self.parts.clone(), role, tensor.shallow_clone()));
        }
        Ok(())
    }

    /// Divides it into its parts, so that they can be treated apart.
    pub(crate) fn divided(self) -> Result<Vec<Self>> {
        let tensor = match self.store {
            Store::Fixed(tensor) => tensor,
            Store::Quantized(matrices) => {
                let parts = self.parts.into_iter().zip(matrices);
                return Ok(parts
                    .map(|(part, matrix)| Self { parts: vec![part], store: Store::Quantized(vec![matrix]) })
                    .collect());
            }
            Store::Trained(_) => return Ok(vec![self]),
        };
        let sizes: Vec<i64> = self.parts.iter().map(|(_, rows)| *rows).collect();
        let tensors = tensor.f_split_with_sizes(&sizes, 0)?;
        let parts = self.parts.into_iter().zip(tensors);
        Ok(parts.map(|(part, tensor)| Self { parts: vec![part], store: Store::Fixed(tensor) }).collect())
    }

    /// Its tensors under their names, in numbers of `kind`; those in 4-bit numbers as they are.
    pub(crate) fn stored(&self, parameters: &Parameters, kind: Kind) -> Result<Vec<(String, Tensor)>> {
        if let Store::Quantized(matrices) = &self.store {
            let parts: Result<Vec<_>> =
                self.parts.iter().zip(matrices).map(|((name, _), matrix)| matrix.stored(name)).collect();
            return Ok(parts?.into_iter().flatten().collect());
        }
        let whole = self.get(parameters, Kind::Float)?.f_detach()?;
        let mut start = 0;
        let mut tensors = Vec::with_capacity(self.parts.len());
        for (name, rows) in &self.parts {
            tensors.push((name.clone(), whole.f_narrow(0, start, *rows)?.f_to_kind(kind)?));
            start += rows;
        }
        Ok(tensors)
    }
}
