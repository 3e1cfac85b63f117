//! What tells one base from another.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The BLAKE3 hash, in hexadecimal, of the configuration and weights in a model folder: of `config.json` and all
/// safetensors files in the order of their names, each preceded by its name and length.
///
/// An adapter carries it so that it is never run on a base it was not trained on.
///
/// # Errors
/// [`Error::Read`] names the file.
pub fn base_hash(folder: impl AsRef<Path>) -> Result<String> {
    let folder = folder.as_ref();
    let mut files = vec![folder.join("config.json")];
    let unread = |source| Error::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            files.push(path);
        }
    }
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        add(&mut hasher, &file).map_err(|source| Error::Read { path: file, source })?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn add(hasher: &mut blake3::Hasher, file: &PathBuf) -> std::io::Result<()> {
    let opened = File::open(file)?;
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name);
    hasher.update(&opened.metadata()?.len().to_le_bytes()).update_reader(opened)?;
    Ok(())
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
