//! Reading a piece of the input.

use super::pieces::{BLOCKS, PieceRecord, pieces, record_name};
use crate::error::{Error, Result};
use crate::exchange::Run;
use crate::exec::{BlockQueue, Node, Source as SourceNode, Steps};
use crate::files;
use crate::input::Cutter;
use crate::rows::schema;
use crate::run::stages::{Engine, FileRecord};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Reads the files of a piece into runs.
pub(super) async fn read_piece(engine: &Engine<'_>, piece: u32, out: &Path) -> Result<()> {
    let all = pieces(&engine.sources);
    let files =
        all.get(piece as usize).cloned().ok_or_else(|| Error::scratch(out, format!("there is no piece {piece}")))?;
    let first = &engine.plan.segments[0];
    let cutter = Cutter::of_files(Arc::clone(&engine.sources), files, u64::from(piece) * BLOCKS);
    let queue = Arc::new(BlockQueue {
        cutter: Mutex::new(cutter),
        done: BTreeMap::new(),
        sources: Arc::clone(&engine.sources),
        wanted: engine.plan.wanted.clone(),
        progress: Arc::clone(engine.progress),
    });
    let source = SourceNode { queue: Arc::clone(&queue), schema: schema(&first.fields), partitions: 1 };
    let plan = Steps { fused: Arc::clone(&first.steps), partitions: 1 }.plan(Some(source.plan(None)));
    let writer = engine.writer_to(out.to_owned(), 1);
    engine.exchange_worker(&plan, vec![0], writer).await?;
    let cutter = queue.cutter.lock().unwrap_or_else(PoisonError::into_inner);
    if cutter.blocks() > BLOCKS {
        let problem = "it holds more than half a terabyte of text; divide it into several files";
        return Err(Error::Refused(format!(
            "`{}`: {problem}",
            engine.sources[all[piece as usize].start as usize].name
        )));
    }
    let facts: Vec<FileRecord> = cutter.files().iter().map(FileRecord::of).collect();
    let runs = files::read_records::<Run>(out, "run-")?.into_iter().map(|run| run.name).collect();
    files::write_record(&out.join(record_name(piece)), &PieceRecord { piece, files: facts, runs })
}
