//! The first stage: the input, block by block, into the first exchange.

use super::Engine;
use crate::error::{Error, Result};
use crate::exchange::Exchange;
use crate::exec::{BlockQueue, Node, Source as SourceNode, Steps};
use crate::files;
use crate::input::{Cutter, FileFacts};
use crate::remote;
use crate::rows::schema;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// What is known of a file once it is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) file: u32,
    pub(crate) blake3: String,
    pub(crate) encoding: String,
}

impl FileRecord {
    pub(crate) fn of(facts: &FileFacts) -> Self {
        Self { file: facts.file, blake3: facts.blake3.clone(), encoding: facts.encoding.to_owned() }
    }
}

/// What is known once all input is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ReadRecord {
    pub(super) files: Vec<FileRecord>,
    pub(super) rows: u64,
}

impl Engine<'_> {
    /// Reads all input, unless that is done.
    pub(super) async fn read_input(&self) -> Result<ReadRecord> {
        let folder = self.exchange_folder(1)?;
        let record = folder.join("files.json");
        if let Some(read) = files::read_record::<ReadRecord>(&record)? {
            self.check_touched(&read.files)?;
            self.check_bad_rows(&self.exchange(1)?)?;
            self.progress.bytes.store(self.progress.bytes_total.load(Ordering::Relaxed), Ordering::Relaxed);
            return Ok(read);
        }
        let files = match self.crew {
            Some(crew) => self.read_remotely(crew)?,
            None => self.read_here(&folder).await?,
        };
        let rows = self.check_bad_rows(&self.exchange(1)?)?;
        let read = ReadRecord { files, rows };
        files::write_record(&record, &read)?;
        Ok(read)
    }

    /// Reads the input block by block on the threads of this process.
    async fn read_here(&self, folder: &Path) -> Result<Vec<FileRecord>> {
        remote::forget_pieces(folder)?;
        files::sweep(folder)?;
        let first = &self.plan.segments[0];
        let done = self.exchange(1)?;
        let queue = Arc::new(BlockQueue {
            cutter: Mutex::new(Cutter::new(Arc::clone(&self.sources))),
            done: done.runs.iter().flat_map(|run| run.units.iter().map(|unit| (unit >> 32, *unit))).collect(),
            sources: Arc::clone(&self.sources),
            wanted: self.plan.wanted.clone(),
            progress: Arc::clone(self.progress),
        });
        let partitions = self.options.threads;
        let source = SourceNode { queue: Arc::clone(&queue), schema: schema(&first.fields), partitions };
        let plan = Steps { fused: Arc::clone(&first.steps), partitions }.plan(Some(source.plan(None)));
        let mut workers = Vec::new();
        for partition in 0..partitions {
            let writer = self.writer(1)?;
            workers.push(self.on_own_thread(self.exchange_worker(&plan, vec![partition], writer)));
        }
        self.join(workers).await?;
        let cutter = queue.cutter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(cutter.files().iter().map(FileRecord::of).collect())
    }

    /// Inputs with a new time must still hold what was read.
    fn check_touched(&self, records: &[FileRecord]) -> Result<()> {
        for &index in &self.scratch.touched {
            let path = &self.sources[index].path;
            let read = records.iter().find(|record| record.file as usize == index);
            if read.is_none_or(|read| files::hash(path).is_ok_and(|hash| hash != read.blake3)) {
                return Err(Error::InputRewritten { path: path.clone() });
            }
        }
        Ok(())
    }

    /// The rows that were read, if not too many of them are bad.
    fn check_bad_rows(&self, exchange: &Exchange) -> Result<u64> {
        let counts = exchange.runs.iter().flat_map(|run| run.tally.files.values());
        let (rows, bad) = counts.fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
        let most = self.pipeline.max_bad_ratio;
        if rows > 0 && bad as f64 / rows as f64 > most {
            return Err(Error::TooLargeBadRatio { bad, rows, most });
        }
        match self.pipeline.max_bad_rows {
            Some(most) if bad > most => Err(Error::TooManyBadRows { most }),
            _ => Ok(rows),
        }
    }
}
