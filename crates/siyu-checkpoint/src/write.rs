//! Files that appear whole or not at all.

use crate::error::{Error, Result};
use crate::json::write_json;
use safetensors::tensor::{View, serialize_to_file};
use serde_json::json;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Bytes of one file of weights at most, unless a single tensor is larger.
pub const SHARD_BYTES: usize = 4 << 30;

/// Writes tensors as one safetensors file with the metadata that the readers of torch ask for. Their bytes are asked
/// for one tensor after another.
///
/// # Errors
/// [`Error::Write`] names the file.
pub fn write_tensors(path: &Path, tensors: Vec<(String, impl View)>) -> Result<()> {
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    whole(path, |partial| serialize_to_file(tensors, Some(metadata), partial).map_err(io::Error::other))
}

/// Writes the weights of a model folder: `model.safetensors`, or, where that would be larger than `shard_bytes`,
/// several such files with `model.safetensors.index.json`. Tensors are divided among files in the order given.
///
/// # Errors
/// [`Error::Write`] names the file.
///
/// # Panics
/// Never: there is always a first shard.
pub fn write_weights(folder: &Path, tensors: Vec<(String, impl View)>, shard_bytes: usize) -> Result<()> {
    let (mut shards, mut bytes, mut total) = (vec![Vec::new()], 0, 0);
    for (name, tensor) in tensors {
        let size = tensor.data_len();
        if bytes > 0 && bytes + size > shard_bytes {
            shards.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        total += size;
        shards.last_mut().expect("there is a first one").push((name, tensor));
    }
    if shards.len() == 1 {
        return write_tensors(&folder.join("model.safetensors"), shards.remove(0));
    }
    let count = shards.len();
    let mut map = serde_json::Map::new();
    for (index, shard) in shards.into_iter().enumerate() {
        let file = format!("model-{:05}-of-{count:05}.safetensors", index + 1);
        map.extend(shard.iter().map(|(name, _)| (name.clone(), file.clone().into())));
        write_tensors(&folder.join(file), shard)?;
    }
    let index = json!({ "metadata": { "total_size": total }, "weight_map": map });
    write_json(&folder.join("model.safetensors.index.json"), &index)
}

/// Writes beside `path`, then renames.
pub(crate) fn whole(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let written =
        write(partial).and_then(|()| File::open(partial)?.sync_all()).and_then(|()| fs::rename(partial, path));
    written.map_err(Error::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Checkpoint;
    use safetensors::tensor::{Dtype, TensorView};

    fn vector(numbers: &[u8]) -> TensorView<'_> {
        TensorView::new(Dtype::F32, vec![numbers.len() / 4], numbers).unwrap()
    }

    fn written(shard_bytes: usize) -> (tempfile::TempDir, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let [one, other, last] =
            [(1.0_f32, 4), (2.0, 4), (3.0, 8)].map(|(number, count)| number.to_le_bytes().repeat(count));
        let tensors = [("c", &one), ("a", &other), ("b", &last)];
        let tensors = tensors.map(|(name, numbers)| (name.to_owned(), vector(numbers))).into();
        write_weights(folder.path(), tensors, shard_bytes).unwrap();
        let mut files: Vec<String> =
            fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        (folder, files)
    }

    #[test]
    fn weights_that_fit_are_one_file_without_an_index() {
        assert_eq!(written(64).1, ["model.safetensors"]);
    }

    #[test]
    fn larger_weights_are_divided_and_read_again_by_their_index() {
        let (folder, files) = written(32);
        let expected =
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"];
        assert_eq!(files, expected);
        let index: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(folder.path().join(expected[2])).unwrap()).unwrap();
        assert_eq!(index["metadata"]["total_size"], 64);
        assert_eq!(index["weight_map"]["b"], expected[1]);
        let found = Checkpoint::open(folder.path()).unwrap();
        assert_eq!(found.bytes("b").unwrap(), [3.0_f32; 8].map(f32::to_le_bytes).concat());
    }
}
