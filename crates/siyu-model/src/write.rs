//! Files that appear whole or not at all.

use crate::error::{Error, Result};
use safetensors::tensor::{Dtype, View, serialize_to_file};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Writes JSON with two spaces of indent, under its name only when all of it is on the disk.
pub(crate) fn json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let mut text =
        serde_json::to_string_pretty(value).map_err(|source| Error::Unspeakable { path: path.to_owned(), source })?;
    text.push('\n');
    whole(path, |partial| {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).open(partial)?;
        file.write_all(text.as_bytes())
    })
}

/// Writes tensors as safetensors with the metadata that the readers of torch ask for.
pub(crate) fn tensors(path: &Path, tensors: Vec<(String, Tensor)>) -> Result<()> {
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let mut views = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        views.push((name, Stored::new(tensor)?));
    }
    whole(path, |partial| serialize_to_file(views, Some(metadata), partial).map_err(io::Error::other))
}

/// Writes beside `path`, then renames.
fn whole(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let written =
        write(partial).and_then(|()| File::open(partial)?.sync_all()).and_then(|()| fs::rename(partial, path));
    written.map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// A tensor on its way into a file.
struct Stored {
    tensor: Tensor,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl Stored {
    fn new(tensor: Tensor) -> Result<Self> {
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
