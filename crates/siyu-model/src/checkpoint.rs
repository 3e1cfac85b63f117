//! Tensors of libtorch over the mapped files of a model folder.

use crate::error::{Error, Result};
use siyu_checkpoint::{Checkpoint as Files, Dtype, Error as FileError, Precision};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The weights of a model folder, or of one safetensors file. Nothing is read before it is asked for.
#[derive(Debug)]
pub struct Checkpoint {
    files: Files,
}

impl Checkpoint {
    /// Maps `model.safetensors` of `folder`, or all files that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// [`FileError::NoWeights`] where neither is there; [`FileError::Safetensors`] for a damaged file.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { files: Files::open(folder)? })
    }

    /// Maps one file.
    ///
    /// # Errors
    /// [`FileError::Safetensors`] for a damaged file.
    pub fn of_file(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { files: Files::of_file(path)? })
    }

    /// The names of all tensors, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.names()
    }

    /// Whether a tensor of this name is there.
    pub fn contains(&self, name: &str) -> bool {
        self.files.contains(name)
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<Vec<i64>> {
        self.files.shape(name)
    }

    /// The kind of number a tensor is stored in; `None` also for kinds that are not read.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        of_dtype(self.files.dtype(name)?)
    }

    /// A copy of a tensor of any shape on `device`, in numbers of `kind`.
    ///
    /// # Errors
    /// [`FileError::Missing`] and [`FileError::Dtype`], with the name.
    pub fn tensor(&self, name: &str, device: Device, kind: Kind) -> Result<Tensor> {
        let mapped = self.mapped(name)?;
        let mut copy = Tensor::f_empty(mapped.size(), (kind, device))?;
        copy.f_copy_(&mapped)?;
        Ok(copy)
    }

    /// As [`Self::tensor`], of one shape only.
    ///
    /// # Errors
    /// [`FileError::Shape`] names both shapes; and as [`Self::tensor`].
    pub fn shaped(&self, name: &str, shape: &[i64], device: Device, kind: Kind) -> Result<Tensor> {
        self.expect_shape(name, shape)?;
        self.tensor(name, device, kind)
    }

    /// Refuses a tensor of another shape.
    pub(crate) fn expect_shape(&self, name: &str, expected: &[i64]) -> Result<()> {
        Ok(self.files.expect_shape(name, expected)?)
    }

    /// The raw bytes of a tensor.
    pub(crate) fn bytes(&self, name: &str) -> Result<&[u8]> {
        Ok(self.files.bytes(name)?)
    }

    /// A tensor that lies in the mapped file; it must not outlive this checkpoint.
    #[expect(unsafe_code, reason = "a tensor over foreign memory is what a mapped file is for")]
    pub(crate) fn mapped(&self, name: &str) -> Result<Tensor> {
        let (Some(dtype), Some(shape)) = (self.files.dtype(name), self.files.shape(name)) else {
            return Err(self.files.missing(name).into());
        };
        let refused = || Error::from(FileError::Dtype { name: name.to_owned(), found: dtype.to_string() });
        let kind = of_dtype(dtype).ok_or_else(refused)?;
        let bytes = self.bytes(name)?;
        if bytes.as_ptr().align_offset(dtype.bitsize().div_ceil(8)) != 0 {
            return Ok(Tensor::f_from_data_size(bytes, &shape, kind)?);
        }
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        // SAFETY: opening the files checked that the shape times the size of a number is the length of these bytes.
        Ok(unsafe { Tensor::f_from_blob(bytes.as_ptr(), &shape, &strides, kind, Device::Cpu) }?)
    }
}

/// The kind of number that libtorch computes with.
pub fn kind(precision: Precision) -> Kind {
    match precision {
        Precision::F32 => Kind::Float,
        Precision::Bf16 => Kind::BFloat16,
        Precision::F16 => Kind::Half,
    }
}

fn of_dtype(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::F64 => Kind::Double,
        Dtype::U8 => Kind::Uint8,
        Dtype::I64 => Kind::Int64,
        other => kind(Precision::of_dtype(other)?),
    })
}
