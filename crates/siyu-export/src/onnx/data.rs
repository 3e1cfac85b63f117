//! The file of weights beside a graph.

use super::proto::StringEntry;
use crate::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Where tensors start, so that they can be mapped into memory page by page.
const ALIGNMENT: usize = 4096;

/// Takes weights one after another and remembers where they lie.
pub(crate) struct DataFile {
    path: PathBuf,
    /// As the graph names it: the file lies beside it.
    name: String,
    file: BufWriter<File>,
    length: usize,
}

impl DataFile {
    pub(crate) fn create(folder: &Path, name: &str) -> Result<Self> {
        let path = folder.join(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(Error::write(&path))?;
        Ok(Self { path, name: name.to_owned(), file: BufWriter::with_capacity(1 << 20, file), length: 0 })
    }

    /// Appends a tensor and returns how the graph finds it.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<Vec<StringEntry>> {
        let offset = self.length.next_multiple_of(ALIGNMENT);
        let gap = offset - self.length;
        let written = self.file.write_all(&[0; ALIGNMENT][..gap]).and_then(|()| self.file.write_all(bytes));
        written.map_err(Error::write(&self.path))?;
        self.length = offset + bytes.len();
        let entry = |key: &str, value: String| StringEntry { key: Some(key.to_owned()), value: Some(value) };
        Ok(vec![
            entry("location", self.name.clone()),
            entry("offset", offset.to_string()),
            entry("length", bytes.len().to_string()),
        ])
    }

    /// Puts all of it on the disk and tells its size in bytes.
    pub(crate) fn finish(mut self) -> Result<u64> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        written.map_err(Error::write(&self.path))?;
        Ok(self.length as u64)
    }
}
