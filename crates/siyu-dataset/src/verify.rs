//! Verification: every file of a dataset against its manifest.

use crate::{Error, Manifest, Result};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use rayon::prelude::*;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// What a verification looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Files read.
    pub files: u64,
    /// Rows in shards.
    pub rows: u64,
}

/// Re-reads every shard and list of the dataset in `directory` and compares it with the manifest.
///
/// # Errors
/// [`Error::Sum`] when the manifest contradicts itself, [`Error::Changed`] naming the file that is not what was written,
/// [`Error::Surplus`] for a file in `data/` that the manifest does not know.
pub fn verify(directory: &Path) -> Result<Verification> {
    let manifest = Manifest::open(directory)?;
    manifest.check_sums()?;
    let shards = manifest.shards.iter().map(|shard| (&shard.path, shard.rows, shard.bytes, &shard.blake3));
    let lists = manifest.dropped.iter().chain(&manifest.quarantine);
    let lists = lists.map(|part| (&part.path, part.rows, part.bytes, &part.blake3));
    let files: Vec<_> = shards.chain(lists).collect();
    files.par_iter().try_for_each(|(path, rows, bytes, hash)| check(directory, path, *rows, *bytes, hash))?;
    let data = directory.join("data");
    for entry in fs::read_dir(&data).map_err(|source| Error::Read { path: data.clone(), source })? {
        let entry = entry.map_err(|source| Error::Read { path: data.clone(), source })?;
        let name = format!("data/{}", entry.file_name().to_string_lossy());
        if !manifest.shards.iter().any(|shard| shard.path == name) {
            return Err(Error::Surplus { path: name });
        }
    }
    Ok(Verification { files: files.len() as u64, rows: manifest.row_count() })
}

fn check(directory: &Path, name: &str, rows: u64, bytes: u64, hash: &str) -> Result<()> {
    let path = directory.join(name);
    let read = |source| Error::Read { path: path.clone(), source };
    let mut file = File::open(&path).map_err(read)?;
    let (mut hasher, mut length, mut buffer) = (blake3::Hasher::new(), 0, vec![0; 1 << 20]);
    loop {
        let count = file.read(&mut buffer).map_err(read)?;
        if count == 0 {
            break;
        }
        length += count as u64;
        hasher.update(&buffer[..count]);
    }
    let same = length == bytes && hasher.finalize().to_hex().as_str() == hash;
    let found = same
        .then(|| SerializedFileReader::new(file).ok())
        .flatten()
        .map(|reader| reader.metadata().file_metadata().num_rows());
    if found.and_then(|found| u64::try_from(found).ok()) == Some(rows) {
        Ok(())
    } else {
        Err(Error::Changed { path: name.to_owned() })
    }
}
