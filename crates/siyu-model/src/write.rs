//! Tensors of libtorch on their way into files.

use crate::error::Result;
use siyu_checkpoint::{Dtype, Error as FileError, View};
use std::borrow::Cow;
use std::fs;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path) -> Result<()> {
    Ok(fs::create_dir_all(path).map_err(|source| FileError::Write { path: path.to_owned(), source })?)
}

/// Writes tensors as safetensors with the metadata that the readers of torch ask for, under the name only when all of it
/// is on the disk. Kinds but 16-bit floats and bytes become f32.
///
/// # Errors
/// [`crate::Error::Files`] names the file.
pub fn write_tensors(path: &Path, tensors: Vec<(String, Tensor)>) -> Result<()> {
    let stored: Result<Vec<_>> = tensors.into_iter().map(|(name, tensor)| Ok((name, Stored::new(tensor)?))).collect();
    Ok(siyu_checkpoint::write_tensors(path, stored?)?)
}

/// A tensor on its way into a file.
pub(crate) struct Stored {
    tensor: Tensor,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl Stored {
    pub(crate) fn new(tensor: Tensor) -> Result<Self> {
        let dtype = match tensor.kind() {
            Kind::Half => Dtype::F16,
            Kind::BFloat16 => Dtype::BF16,
            Kind::Uint8 => Dtype::U8,
            _ => Dtype::F32,
        };
        let tensor = if dtype == Dtype::F32 { tensor.f_to_kind(Kind::Float)? } else { tensor };
        let shape = tensor.size().iter().map(|&size| usize::try_from(size).expect("sizes are counts")).collect();
        Ok(Self { tensor, dtype, shape })
    }
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let here = self.tensor.detach().to_device(Device::Cpu).contiguous();
        let mut bytes = vec![0; self.data_len()];
        here.copy_data_u8(&mut bytes, here.numel());
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.dtype.bitsize() / 8
    }
}
