//! Plain numbers in scratch files, little endian.

use crate::error::{Error, Result};
use crate::files;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Writes numbers one after another.
pub(crate) struct Numbers {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Numbers {
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        let file = files::create_private(&path).map_err(Error::write(&path))?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 18, file) })
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::write(&self.path))
    }

    pub(crate) fn u64s(&mut self, numbers: &[u64]) -> Result<()> {
        // By the page: a set has thousands of numbers, and each write has a price.
        let mut page = [[0; 8]; 64];
        numbers.chunks(page.len()).try_for_each(|numbers| {
            page.iter_mut().zip(numbers).for_each(|(bytes, number)| *bytes = number.to_le_bytes());
            self.bytes(page[..numbers.len()].as_flattened())
        })
    }

    pub(crate) fn u32s(&mut self, numbers: &[u32]) -> Result<()> {
        let mut page = [[0; 4]; 64];
        numbers.chunks(page.len()).try_for_each(|numbers| {
            page.iter_mut().zip(numbers).for_each(|(bytes, number)| *bytes = number.to_le_bytes());
            self.bytes(page[..numbers.len()].as_flattened())
        })
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        self.file.flush().map_err(Error::write(&self.path))
    }
}

pub(crate) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(Error::read(path))
}

/// Reads so many bytes from a place of a file into `bytes`.
pub(crate) fn read_at(file: &File, path: &Path, offset: u64, length: usize, bytes: &mut Vec<u8>) -> Result<()> {
    bytes.resize(length, 0);
    file.read_exact_at(bytes, offset).map_err(Error::read(path))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(Error::read(path))
}

/// Reads a file of numbers, without its bytes beside them in memory.
pub(crate) fn read_u64s(path: &Path) -> Result<Vec<u64>> {
    let file = open(path)?;
    let bytes = file.metadata().map_err(Error::read(path))?.len();
    let mut numbers = Vec::with_capacity(usize::try_from(bytes / 8).expect("a file of candidates fits into memory"));
    let mut page = Vec::new();
    for start in (0..bytes / 8 * 8).step_by(1 << 18) {
        let length = usize::try_from((bytes - start).min(1 << 18)).expect("a page is small") / 8 * 8;
        read_at(&file, path, start, length, &mut page)?;
        numbers.extend(u64s(&page));
    }
    Ok(numbers)
}

pub(crate) fn u64s(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number))
}

pub(crate) fn u32s(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number))
}
