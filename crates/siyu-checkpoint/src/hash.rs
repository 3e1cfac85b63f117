//! What tells one model from another.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::path::Path;

/// The BLAKE3 hash, in hexadecimal, of the configuration and weights in a model folder: of `config.json` and all
/// safetensors files in the order of their names, each preceded by its name.
///
/// An adapter carries it so that it is never run on a base it was not trained on.
///
/// # Errors
/// [`Error::Read`] names the file.
pub fn base_hash(folder: impl AsRef<Path>) -> Result<String> {
    let folder = folder.as_ref();
    let mut names = vec!["config.json".to_owned()];
    for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
        let name = entry.map_err(Error::read(folder))?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "safetensors") {
            names.push(name);
        }
    }
    names.sort();
    of_files(folder, &names)
}

/// As [`base_hash`] of a folder without weights: what a model that begins at random is told by.
///
/// # Errors
/// [`Error::Read`] names the file.
pub fn config_hash(folder: impl AsRef<Path>) -> Result<String> {
    of_files(folder.as_ref(), &["config.json".to_owned()])
}

/// The BLAKE3 hash of a file's bytes, in hexadecimal.
///
/// # Errors
/// [`Error::Read`] names the file.
pub fn file_hash(path: impl AsRef<Path>) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    add(&mut hasher, path.as_ref())?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn of_files(folder: &Path, names: &[String]) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for name in names {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        add(&mut hasher, &folder.join(name))?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn add(hasher: &mut blake3::Hasher, path: &Path) -> Result<()> {
    File::open(path).and_then(|file| hasher.update_reader(file).map(drop)).map_err(Error::read(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_byte_of_weights_or_configuration_changes_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        write("config.json", b"{}");
        write("model.safetensors", b"12");
        let first = base_hash(folder.path()).unwrap();
        write("README.md", b"not part of the model");
        assert_eq!(base_hash(folder.path()).unwrap(), first);
        write("model.safetensors", b"13");
        assert_ne!(base_hash(folder.path()).unwrap(), first);
    }
}
