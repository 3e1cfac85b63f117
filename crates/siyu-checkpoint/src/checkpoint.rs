//! The tensors of a model folder: safetensors files, mapped into memory.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::json::read_json;
use memmap2::Mmap;
use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The weights of a model folder, or of one safetensors file. Nothing is read before it is asked for.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    /// Files and their contents.
    maps: Vec<(File, Mmap)>,
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
    /// [`Error::NoWeights`] where neither is there; [`Error::Safetensors`] for a damaged file; [`Error::Shards`] for
    /// files that do not belong together.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let (single, index) = (folder.join("model.safetensors"), folder.join("model.safetensors.index.json"));
        if single.is_file() {
            return Self::of_files(folder, &[single]);
        }
        if !index.is_file() {
            return Err(Error::NoWeights { path: folder.to_owned() });
        }
        let index: Index = read_json(&index)?;
        let names: BTreeSet<&String> = index.weight_map.values().collect();
        if let Some(stray) = names.iter().find(|name| Path::new(name).file_name() != Some(name.as_ref())) {
            let problem = format!("the index names `{stray}`, which is no file of the folder");
            return Err(Error::Shards { path: folder.to_owned(), problem });
        }
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
                let place = Place { map: found.maps.len(), start, info: info.clone() };
                if let Some(other) = found.tensors.insert(name.clone(), place) {
                    let [one, other] = [&files[other.map], file].map(|file| file.display());
                    let problem = format!("`{name}` is a tensor of `{one}` and of `{other}`");
                    return Err(Error::Shards { path: path.to_owned(), problem });
                }
            }
            found.maps.push((opened, map));
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

    /// The kind of number a tensor is stored in.
    pub fn dtype(&self, name: &str) -> Option<Dtype> {
        Some(self.tensors.get(name)?.info.dtype)
    }

    /// Refuses a tensor of another shape.
    ///
    /// # Errors
    /// [`Error::Missing`], or [`Error::Shape`] with both shapes.
    pub fn expect_shape(&self, name: &str, expected: &[i64]) -> Result<()> {
        let found = self.shape(name).ok_or_else(|| self.missing(name))?;
        if found == expected {
            return Ok(());
        }
        Err(Error::Shape { name: name.to_owned(), found, expected: expected.to_vec() })
    }

    /// Refuses weights that are not those of a model of this configuration.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Shape`] and [`Error::Unknown`] name the first tensor that does not fit.
    pub fn expect_model(&self, config: &Config) -> Result<()> {
        let expected: BTreeMap<String, Vec<i64>> = config.tensors().into_iter().collect();
        for (name, shape) in &expected {
            self.expect_shape(name, shape)?;
        }
        match self.names().find(|name| !expected.contains_key(*name) && !config.is_superfluous(name)) {
            Some(name) => Err(Error::Unknown { path: self.path.clone(), name: name.to_owned() }),
            None => Ok(()),
        }
    }

    /// The error that says that a tensor of this name is not there.
    pub fn missing(&self, name: &str) -> Error {
        Error::Missing { path: self.path.clone(), name: name.to_owned() }
    }

    /// The raw bytes of a tensor, little-endian, row by row; they lie in the mapped file.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn bytes(&self, name: &str) -> Result<&[u8]> {
        let place = self.tensors.get(name).ok_or_else(|| self.missing(name))?;
        let size = place.info.data_offsets.1 - place.info.data_offsets.0;
        Ok(&self.maps[place.map].1[place.start..place.start + size])
    }

    /// Reads bytes of a tensor, from `offset` on, past the mapping: whoever walks through a checkpoint does not come to
    /// hold all of it.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Read`], also where the tensor has fewer bytes.
    pub fn read(&self, name: &str, offset: usize, into: &mut [u8]) -> Result<()> {
        let place = self.tensors.get(name).ok_or_else(|| self.missing(name))?;
        let size = place.info.data_offsets.1 - place.info.data_offsets.0;
        let read = if offset + into.len() > size {
            Err(io::ErrorKind::UnexpectedEof.into())
        } else {
            read_at(&self.maps[place.map].0, (place.start + offset) as u64, into)
        };
        read.map_err(Error::read(&self.path))
    }
}

#[cfg(unix)]
fn read_at(file: &File, start: u64, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, start)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, start: u64, into: &mut [u8]) -> io::Result<()> {
    use std::io::{Read, Seek};
    file.seek(io::SeekFrom::Start(start))?;
    file.read_exact(into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write_tensors;
    use safetensors::tensor::TensorView;
    use std::fs;

    fn write(path: &Path, name: &str, numbers: &[f32]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let tensor = TensorView::new(Dtype::F32, vec![numbers.len()], &bytes).unwrap();
        write_tensors(path, vec![(name.to_owned(), tensor)]).unwrap();
    }

    /// A folder with two files and an index of these entries.
    fn sharded(weight_map: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("a.safetensors"), "one", &[1.0, 1.0]);
        write(&folder.path().join("b.safetensors"), "two", &[2.0, 2.0]);
        let index = format!(r#"{{"weight_map":{{{weight_map}}}}}"#);
        fs::write(folder.path().join("model.safetensors.index.json"), index).unwrap();
        folder
    }

    #[test]
    fn all_files_of_an_index_are_read() {
        let folder = sharded(r#""one":"a.safetensors","two":"b.safetensors""#);
        let found = Checkpoint::open(folder.path()).unwrap();
        assert_eq!(found.names().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(found.bytes("two").unwrap(), [2.0_f32, 2.0].map(f32::to_le_bytes).concat());
        let mut second = [0; 4];
        found.read("two", 4, &mut second).unwrap();
        assert_eq!(f32::from_le_bytes(second).to_bits(), 2.0_f32.to_bits());
        assert!(found.read("two", 8, &mut second).is_err());
    }

    #[test]
    fn a_tensor_that_only_the_index_knows_is_named() {
        let folder = sharded(r#""one":"a.safetensors","two":"b.safetensors","three":"b.safetensors""#);
        let error = Checkpoint::open(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Missing { name, .. } if name == "three"));
    }

    #[test]
    fn a_tensor_in_two_files_is_refused() {
        let folder = sharded(r#""one":"a.safetensors","two":"b.safetensors""#);
        write(&folder.path().join("b.safetensors"), "one", &[3.0, 3.0]);
        let error = Checkpoint::open(folder.path()).unwrap_err().to_string();
        assert!(["`one`", "a.safetensors", "b.safetensors"].iter().all(|word| error.contains(word)), "{error}");
    }

    #[test]
    fn an_index_cannot_lead_out_of_its_folder() {
        let folder = sharded(r#""one":"../a.safetensors""#);
        let error = Checkpoint::open(folder.path()).unwrap_err();
        assert!(matches!(&error, Error::Shards { problem, .. } if problem.contains("`../a.safetensors`")), "{error}");
    }

    #[test]
    fn a_file_that_breaks_off_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        write(&path, "one", &[1.0; 8]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(matches!(Checkpoint::open(folder.path()), Err(Error::Safetensors { .. })));
    }
}
