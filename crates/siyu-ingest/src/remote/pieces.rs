//! Pieces of the input, each read by one task: some whole files that follow each other.

use super::attempt::{Done, complete};
use crate::error::{Error, Result};
use crate::exchange::Run;
use crate::files;
use crate::input::Source;
use crate::run::stages::FileRecord;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Blocks of one piece are numbered below this; they are of two megabytes, so a piece may have half a terabyte.
pub(super) const BLOCKS: u64 = 1 << 18;
/// The most pieces, so that every block of a run has a number of 32 bits.
const PIECES: u64 = 1 << 14;
const LEAST_BYTES: u64 = 4 << 20;
const MOST_BYTES: u64 = 1 << 30;

/// What is known once a piece is read. It is taken over behind the piece's runs: without it, they are none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PieceRecord {
    pub(crate) piece: u32,
    pub(crate) files: Vec<FileRecord>,
    pub(crate) runs: Vec<String>,
}

/// Divides the input: a function of the files' sizes alone, so that a run that goes on finds the same pieces.
pub(super) fn pieces(sources: &[Source]) -> Vec<Range<u32>> {
    let total: u64 = sources.iter().map(|source| source.bytes).sum();
    let wanted = (total / 256).clamp(LEAST_BYTES, MOST_BYTES).max(total / (PIECES / 2));
    let most_files = (sources.len() as u64 / (PIECES / 2)).max(1000);
    let mut pieces = Vec::new();
    let (mut start, mut bytes) = (0u32, 0u64);
    for (end, source) in (1u32..).zip(sources) {
        bytes += source.bytes;
        if bytes >= wanted || u64::from(end - start) >= most_files || end as usize == sources.len() {
            pieces.push(start..end);
            (start, bytes) = (end, 0);
        }
    }
    pieces
}

/// The name of a piece's record.
pub(super) fn record_name(piece: u32) -> String {
    format!("piece-{piece:06}.json")
}

/// The pieces that are read, after all runs that belong to none are forgotten.
pub(super) fn read_pieces(folder: &Path) -> Result<Vec<PieceRecord>> {
    let pieces: Vec<PieceRecord> = files::read_records(folder, "piece-")?;
    let known: BTreeSet<&String> = pieces.iter().flat_map(|piece| &piece.runs).collect();
    for run in files::read_records::<Run>(folder, "run-")?.iter().filter(|run| !known.contains(&run.name)) {
        remove(&folder.join(format!("{}.json", run.name)))?;
    }
    Ok(pieces)
}

/// Forgets what others have read, where this process is to read blocks itself: they cut the input in another way.
pub(crate) fn forget_pieces(folder: &Path) -> Result<()> {
    let pieces: Vec<PieceRecord> = files::read_records(folder, "piece-")?;
    for piece in pieces {
        for run in &piece.runs {
            remove(&folder.join(format!("{run}.json")))?;
        }
        remove(&folder.join(record_name(piece.piece)))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::write(path)(error)),
        _ => Ok(()),
    }
}

/// Whether a file of an attempt is a record of what others hold.
pub(super) fn is_record(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
}

/// Takes over one complete attempt of each task: its files go to `folder`, records last; returns how many.
///
/// An attempt of whose records one is there already is left alone: a leader was killed while it took over another
/// attempt at the same task, and what is missing is done anew.
pub(crate) fn adopt(attempts: &Path, folder: &Path) -> Result<usize> {
    let mut taken = 0;
    for (path, Done { files, .. }) in complete(attempts)?.into_values() {
        if files.iter().any(|(name, _)| is_record(name) && folder.join(name).exists()) {
            continue;
        }
        for (name, _) in files {
            let to = folder.join(&name);
            fs::rename(path.join(&name), &to).map_err(Error::write(&to))?;
        }
        taken += 1;
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::pieces;
    use crate::input::{Compression, Format, Source};

    fn source(bytes: u64) -> Source {
        Source {
            name: String::new(),
            path: "x".into(),
            format: Format::Jsonl,
            compression: Compression::None,
            encoding: None,
            columns: std::collections::BTreeMap::new(),
            bytes,
            modified_nanos: 0,
        }
    }

    #[test]
    fn pieces_cover_all_files_in_order() {
        let sources: Vec<Source> = [1, 5 << 20, 3 << 20, 3 << 20, 9 << 20, 1, 1].map(source).to_vec();
        assert_eq!(pieces(&sources), [0..2, 2..4, 4..5, 5..7]);
        assert_eq!(pieces(&[]), []);
    }

    #[test]
    fn a_file_of_many_terabytes_and_many_small_files_make_few_pieces() {
        let many: Vec<Source> = (0..100_000).map(|_| source(1 << 30)).collect();
        assert!(pieces(&many).len() <= 1 << 14);
        let small: Vec<Source> = (0..100_000).map(|_| source(10)).collect();
        assert_eq!(pieces(&small).len(), 100);
    }
}
