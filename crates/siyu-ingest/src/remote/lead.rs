//! The leader's side: handing out what is to be done, and taking over what was done.

use super::facts::RunFacts;
use super::order::{self, ORDER, Order, Work};
use super::pieces::{PieceRecord, adopt, pieces, read_pieces};
use super::{Beat, Crew};
use crate::error::{Error, Result};
use crate::files;
use crate::run::stages::{Engine, FileRecord};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

/// The most tasks of an order over buckets.
const TASKS: usize = 1024;

impl Engine<'_> {
    /// Has the input read; returns what is known of each file.
    pub(crate) fn read_remotely(&self, crew: &dyn Crew) -> Result<Vec<FileRecord>> {
        let folder = self.exchange_folder(1)?;
        let pieces = pieces(&self.sources);
        read_pieces(&folder)?;
        self.adopt_left(&Work::Read, &folder)?;
        let known = read_pieces(&folder)?;
        files::sweep(&folder)?;
        self.check_pieces(&known)?;
        let done: BTreeSet<u32> = known.iter().map(|piece| piece.piece).collect();
        let count = u32::try_from(pieces.len()).expect("pieces are few");
        let tasks: Vec<Vec<u32>> = (0..count).filter(|piece| !done.contains(piece)).map(|piece| vec![piece]).collect();
        let left = tasks.iter().flatten().flat_map(|&piece| pieces[piece as usize].clone());
        let left: u64 = left.map(|file| self.sources[file as usize].bytes).sum();
        let progress = self.progress;
        let before = progress.bytes_total.load(Ordering::Relaxed).saturating_sub(left);
        self.delegate(crew, Work::Read, tasks, &folder, &mut |_, sum| {
            progress.bytes.store(before + sum.bytes, Ordering::Relaxed);
            progress.rows.store(sum.rows, Ordering::Relaxed);
            progress.bad.store(sum.bad, Ordering::Relaxed);
        })?;
        let mut files: Vec<FileRecord> = read_pieces(&folder)?.into_iter().flat_map(|piece| piece.files).collect();
        files.sort_by_key(|record| record.file);
        if files.len() != self.sources.len() {
            return Err(Error::ScratchGone { path: folder });
        }
        Ok(files)
    }

    /// Inputs that were written to since they were read must still hold the same.
    fn check_pieces(&self, known: &[PieceRecord]) -> Result<()> {
        for &index in &self.scratch.touched {
            let path = &self.sources[index].path;
            let read = known.iter().flat_map(|piece| &piece.files).find(|record| record.file as usize == index);
            if read.is_some_and(|read| files::hash(path).is_ok_and(|hash| hash != read.blake3)) {
                return Err(Error::InputRewritten { path: path.clone() });
            }
        }
        Ok(())
    }

    /// Takes over what others had done of some work when an earlier leader ended; must come before `folder` is swept.
    pub(crate) fn adopt_left(&self, work: &Work, folder: &Path) -> Result<()> {
        let place = self.scratch.path.join("orders").join(work.label());
        let attempts = order::attempts(&place.join(ORDER));
        if attempts.exists() {
            adopt(&attempts, folder)?;
        }
        away(&place)
    }

    /// Has buckets worked on, some in each task, and takes over the files that come of it.
    pub(crate) fn delegate_buckets(&self, crew: &dyn Crew, work: Work, waiting: &[u32], folder: &Path) -> Result<()> {
        let chunk = waiting.len().div_ceil(TASKS).max(1);
        let progress = self.progress;
        let before = progress.units.load(Ordering::Relaxed);
        let tasks: Vec<Vec<u32>> = waiting.chunks(chunk).map(<[u32]>::to_vec).collect();
        self.delegate(crew, work, tasks, folder, &mut |done, _| {
            progress.units.store(before + (done * chunk).min(waiting.len()) as u64, Ordering::Relaxed);
        })
    }

    fn delegate(
        &self,
        crew: &dyn Crew,
        work: Work,
        tasks: Vec<Vec<u32>>,
        folder: &Path,
        moved: &mut dyn FnMut(usize, &Beat),
    ) -> Result<()> {
        if tasks.is_empty() {
            return Ok(());
        }
        let facts = RunFacts::new(self.pipeline, self.identity, &self.sources, self.buckets, self.options.batch_rows)?;
        facts.write(&self.scratch.path)?;
        self.scratch.folder("orders")?;
        let place = self.scratch.empty_folder(&format!("orders/{}", work.label()))?;
        let path = place.join(ORDER);
        let attempts = order::attempts(&path);
        files::create_inner_folder(&attempts)?;
        let count = tasks.len();
        files::write_record(&path, &Order { version: env!("CARGO_PKG_VERSION").to_owned(), work, tasks })?;
        // A crew waits, and may have a runtime of its own.
        tokio::task::block_in_place(|| crew.perform(&path, count, &|| self.progress.is_ending(), moved))?;
        self.progress.go_on()?;
        let taken = adopt(&attempts, folder)?;
        if taken != count {
            let sums = format!("{count} tasks were given out, and {taken} came back");
            return Err(Error::RowSum { sums });
        }
        away(&place)
    }
}

/// Removes an order with all attempts at it: whoever is still at one finds no place to write to, and ends.
fn away(place: &Path) -> Result<()> {
    for _ in 0..10 {
        match fs::remove_dir_all(place) {
            // Just now somebody made a file in it.
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::write(place)(error)),
            _ => break,
        }
    }
    Ok(())
}
