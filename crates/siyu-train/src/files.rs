//! Files that appear whole or not at all, and the hashes of files.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
};

use crate::{Error, Result};

/// Writes beside the target and renames; afterwards bytes and name are on the disk. Only the owner may read it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".partial-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(Error::write(path))
}

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(Error::write(path))
}

/// The blake3 hash of a file, in hexadecimal.
pub(crate) fn hash(path: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    feed(&mut hasher, path)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// The hash of a model: its `config.json` and every safetensors file, by name and content.
pub(crate) fn model_hash(folder: &Path, weights: bool) -> Result<String> {
    let mut names = vec!["config.json".to_owned()];
    if weights {
        for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
            let name = entry.map_err(Error::read(folder))?.file_name().to_string_lossy().into_owned();
            if Path::new(&name).extension().is_some_and(|extension| extension == "safetensors") {
                names.push(name);
            }
        }
    }
    names.sort();
    let mut hasher = blake3::Hasher::new();
    for name in names {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        feed(&mut hasher, &folder.join(name))?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn feed(hasher: &mut blake3::Hasher, path: &Path) -> Result<()> {
    let mut file = File::open(path).map_err(Error::read(path))?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(Error::read(path))? {
            0 => return Ok(()),
            count => hasher.update(&buffer[..count]),
        };
    }
}
