//! The trained numbers of a model, all in one buffer.

use crate::error::Result;
use tch::{Device, Kind, Tensor};

/// What a trained tensor is for; an optimizer may treat the roles apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The first factor of a low-rank change, `[rank, in]`.
    LoraA,
    /// The second factor, `[out, rank]`; starts at zero.
    LoraB,
    /// The lengths of the rows of a changed matrix, `[out]`.
    Magnitude,
    /// A matrix of the base.
    Matrix,
    /// A norm or bias of the base, which is not decayed.
    Vector,
}

/// A trained tensor.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its tensors by their names in the model, each with its count of rows; several where matrices lie in one piece.
    pub parts: Vec<(String, i64)>,
    /// What it is for.
    pub role: Role,
    /// Its shape.
    pub shape: Vec<i64>,
    /// The index of its first number in the buffer.
    pub offset: i64,
}

impl Parameter {
    /// Count of its numbers.
    pub fn count(&self) -> i64 {
        self.shape.iter().product()
    }
}

/// All trained numbers of a model: one f32 buffer, and a tensor over each part of it that the model computes with.
///
/// An optimizer needs only the buffer; changing it in place changes the model.
#[derive(Debug)]
pub struct Parameters {
    flat: Tensor,
    list: Vec<Parameter>,
    leaves: Vec<Tensor>,
}

impl Parameters {
    /// Nothing trained.
    pub(crate) fn none() -> Self {
        Self { flat: Tensor::new(), list: Vec::new(), leaves: Vec::new() }
    }

    /// The whole buffer, f32, `[count]`.
    pub fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// What lies in the buffer, in order.
    pub fn list(&self) -> &[Parameter] {
        &self.list
    }

    /// Count of trained numbers.
    pub fn count(&self) -> i64 {
        self.list.iter().map(Parameter::count).sum()
    }

    /// A buffer for gradients, or for an optimizer's moments: zeros of the same size on the same device.
    pub fn zeros(&self) -> Tensor {
        self.flat.zeros_like()
    }

    /// Adds gradients, by the index of their parameter, to a buffer of the same layout.
    pub(crate) fn accumulate(&self, buffer: &Tensor, indices: &[usize], gradients: &[Tensor]) -> Result<()> {
        for (&index, gradient) in indices.iter().zip(gradients).filter(|(_, gradient)| gradient.defined()) {
            let parameter = &self.list[index];
            let mut place = buffer.f_narrow(0, parameter.offset, parameter.count())?.f_view(&*parameter.shape)?;
            let _ = place.f_add_(gradient)?;
        }
        Ok(())
    }

    /// The tensor that the model computes with.
    pub(crate) fn leaf(&self, index: usize) -> &Tensor {
        &self.leaves[index]
    }
}

/// Collects what is to be trained.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    list: Vec<Parameter>,
    values: Vec<Tensor>,
    count: i64,
}

impl Plan {
    /// Takes a tensor in and returns its index.
    pub(crate) fn add(&mut self, parts: Vec<(String, i64)>, role: Role, value: Tensor) -> usize {
        let parameter = Parameter { parts, role, shape: value.size(), offset: self.count };
        self.count += parameter.count();
        self.list.push(parameter);
        self.values.push(value);
        self.list.len() - 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Copies everything into one buffer on `device`.
    pub(crate) fn finish(self, device: Device) -> Result<Parameters> {
        let flat = Tensor::f_zeros([self.count], (Kind::Float, device))?;
        let mut leaves = Vec::with_capacity(self.list.len());
        for (parameter, value) in self.list.iter().zip(self.values) {
            let mut place = flat.f_narrow(0, parameter.offset, parameter.count())?.f_view(&*parameter.shape)?;
            place.f_copy_(&value)?;
            leaves.push(place.f_detach()?.f_set_requires_grad(true)?);
        }
        Ok(Parameters { flat, list: self.list, leaves })
    }
}
