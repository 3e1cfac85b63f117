//! The tensors of a model folder: safetensors files, mapped into memory.

use crate::error::{Error, Result};
use memmap2::Mmap;
use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// The weights of a model folder, or of one safetensors file. Nothing is read before it is asked for.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    maps: Vec<Mmap>,
    tensors: BTreeMap<String, Place>,
}

/// Where a tensor's bytes lie.
#[derive(Debug)]
struct Place {
    map: usize,
    start: usize,
    info: TensorInfo,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Maps `model.safetensors` of `folder`, or all files that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// [`Error::NoWeights`] where neither is there; [`Error::Safetensors`] for a damaged file.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let (single, index) = (folder.join("model.safetensors"), folder.join("model.safetensors.index.json"));
        if single.is_file() {
            return Self::of_files(folder, &[single]);
        }
        if !index.is_file() {
            return Err(Error::NoWeights { path: folder.to_owned() });
        }
        let text = fs::read_to_string(&index).map_err(|source| Error::Read { path: index.clone(), source })?;
        let index: Index = serde_json::from_str(&text).map_err(|source| Error::Json { path: index, source })?;
        let names: BTreeSet<&String> = index.weight_map.values().collect();
        let files: Vec<PathBuf> = names.into_iter().map(|name| folder.join(name)).collect();
        let found = Self::of_files(folder, &files)?;
        match index.weight_map.keys().find(|name| !found.tensors.contains_key(*name)) {
            Some(name) => Err(Error::Missing { path: folder.to_owned(), name: name.clone() }),
            None => Ok(found),
        }
    }

    /// Maps one file.
    ///
    /// # Errors
    /// [`Error::Safetensors`] for a damaged file.
    pub fn of_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::of_files(path, &[path.to_owned()])
    }

    #[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
    fn of_files(path: &Path, files: &[PathBuf]) -> Result<Self> {
        let mut found = Self { path: path.to_owned(), maps: Vec::new(), tensors: BTreeMap::new() };
        for file in files {
            let unread = |source| Error::Read { path: file.clone(), source };
            let opened = File::open(file).map_err(unread)?;
            // SAFETY: the bytes are only ever read. A file that another program cuts short meanwhile ends this one
            // with a bus error, as with every mapped file; checkpoints are written whole and renamed.
            let map = unsafe { Mmap::map(&opened) }.map_err(unread)?;
            let damaged = |source| Error::Safetensors { path: file.clone(), source };
            let (header, metadata) = SafeTensors::read_metadata(&map).map_err(damaged)?;
            let names: BTreeMap<String, &TensorInfo> = metadata.tensors().into_iter().collect();
            for (name, info) in names {
                let start = 8 + header + info.data_offsets.0;
                found.tensors.insert(name, Place { map: found.maps.len(), start, info: info.clone() });
            }
            found.maps.push(map);
        }
        Ok(found)
    }

    /// The names of all tensors, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether a tensor of this name is there.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<Vec<i64>> {
        let place = self.tensors.get(name)?;
        Some(place.info.shape.iter().map(|&size| i64::try_from(size).unwrap_or(i64::MAX)).collect())
    }

    /// The kind of number a tensor is stored in; `None` also for kinds that are not read.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        kind(self.tensors.get(name)?.info.dtype)
    }

    /// A copy of a tensor of any shape on `device`, in numbers of `kind`.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Dtype`], with the name.
    pub fn tensor(&self, name: &str, device: Device, kind: Kind) -> Result<Tensor> {
        let mapped = self.mapped(name)?;
        let mut copy = Tensor::f_empty(mapped.size(), (kind, device))?;
        copy.f_copy_(&mapped)?;
        Ok(copy)
    }

    /// As [`Self::tensor`], of one shape only.
    ///
    /// # Errors
    /// [`Error::Shape`] names both shapes; and as [`Self::tensor`].
    pub fn shaped(&self, name: &str, shape: &[i64], device: Device, kind: Kind) -> Result<Tensor> {
        self.expect_shape(name, shape)?;
        self.tensor(name, device, kind)
    }

    /// Refuses a tensor of another shape.
    pub(crate) fn expect_shape(&self, name: &str, expected: &[i64]) -> Result<()> {
        let found = self.shape(name).ok_or_else(|| self.missing(name))?;
        if found == expected {
            return Ok(());
        }
        Err(Error::Shape { name: name.to_owned(), found, expected: expected.to_vec() })
    }

    pub(crate) fn missing(&self, name: &str) -> Error {
        Error::Missing { path: self.path.clone(), name: name.to_owned() }
    }

    /// The raw bytes of a tensor.
    pub(crate) fn bytes(&self, name: &str) -> Result<&[u8]> {
        let place = self.tensors.get(name).ok_or_else(|| self.missing(name))?;
        let size = place.info.data_offsets.1 - place.info.data_offsets.0;
        Ok(&self.maps[place.map][place.start..place.start + size])
    }

    /// A tensor that lies in the mapped file; it must not outlive this checkpoint.
    #[expect(unsafe_code, reason = "a tensor over foreign memory is what a mapped file is for")]
    pub(crate) fn mapped(&self, name: &str) -> Result<Tensor> {
        let place = self.tensors.get(name).ok_or_else(|| self.missing(name))?;
        let refused = || Error::Dtype { name: name.to_owned(), found: place.info.dtype.to_string() };
        let kind = kind(place.info.dtype).ok_or_else(refused)?;
        let shape = self.shape(name).unwrap_or_default();
        let bytes = self.bytes(name)?;
        if bytes.as_ptr().align_offset(place.info.dtype.bitsize().div_ceil(8)) != 0 {
            return Ok(Tensor::f_from_data_size(bytes, &shape, kind)?);
        }
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        // SAFETY: `read_metadata` checked that the shape times the size of a number is the length of these bytes.
        Ok(unsafe { Tensor::f_from_blob(bytes.as_ptr(), &shape, &strides, kind, Device::Cpu) }?)
    }
}

fn kind(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::F32 => Kind::Float,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        Dtype::F64 => Kind::Double,
        Dtype::U8 => Kind::Uint8,
        Dtype::I64 => Kind::Int64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write;

    /// A folder with two files; the index names a third tensor where `whole` is false.
    fn sharded(whole: bool) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, name, number) in [("a.safetensors", "one", 1.0_f32), ("b.safetensors", "two", 2.0)] {
            let tensor = Tensor::from_slice(&[number, number]);
            write::tensors(&folder.path().join(file), vec![(name.to_owned(), tensor)]).unwrap();
        }
        let third = if whole { "" } else { r#","three":"b.safetensors""# };
        let index = format!(r#"{{"weight_map":{{"one":"a.safetensors","two":"b.safetensors"{third}}}}}"#);
        fs::write(folder.path().join("model.safetensors.index.json"), index).unwrap();
        folder
    }

    #[test]
    fn all_files_of_an_index_are_read() {
        let folder = sharded(true);
        let found = Checkpoint::open(folder.path()).unwrap();
        assert_eq!(found.names().collect::<Vec<_>>(), ["one", "two"]);
        let two = found.tensor("two", Device::Cpu, Kind::Float).unwrap();
        assert_eq!(Vec::<f32>::try_from(two).unwrap(), [2.0, 2.0]);
    }

    #[test]
    fn a_tensor_that_only_the_index_knows_is_named() {
        let folder = sharded(false);
        let error = Checkpoint::open(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Missing { name, .. } if name == "three"));
    }

    #[test]
    fn a_file_that_breaks_off_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        write::tensors(&path, vec![("one".to_owned(), Tensor::from_slice(&[1.0_f32; 8]))]).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(matches!(Checkpoint::open(folder.path()), Err(Error::Safetensors { .. })));
    }
}
