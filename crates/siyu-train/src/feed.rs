//! Steps read ahead: the next one is ready before it is asked for.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread::{self, JoinHandle},
};

use siyu_dataset::{RowSize, TokenRow, TokenRows};
use siyu_model::{Batch, Document};
use tch::Device;

use crate::{Error, Result, course::Course, course::Step};

/// Steps that are read ahead.
const AHEAD: usize = 2;

/// A batch with its rows, in the order in which they were put in.
#[derive(Clone, Debug)]
pub(crate) struct Rows(pub(crate) Vec<TokenRow>);

/// A step with its rows.
#[derive(Clone, Debug)]
pub(crate) struct ReadStep {
    pub(crate) step: Step,
    pub(crate) batches: Vec<Rows>,
}

/// Reads steps on a thread of its own.
pub(crate) struct Feed {
    steps: Receiver<Result<ReadStep>>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Begins to read at step `from`.
    pub(crate) fn start(rows: Arc<TokenRows>, mut course: Course, from: u64) -> Self {
        let (send, steps) = sync_channel(AHEAD);
        let read = move || {
            for number in from..course.steps() {
                let step = course.step(number);
                let batches = step.batches.iter().map(|sizes| Rows::read(&rows, sizes)).collect::<Result<_>>();
                // Nobody listens any more when the run has ended early.
                if send.send(batches.map(|batches| ReadStep { step, batches })).is_err() {
                    return;
                }
            }
        };
        Self { steps, thread: Some(thread::spawn(read)) }
    }

    /// The next step; `None` behind the last.
    pub(crate) fn next(&self) -> Option<Result<ReadStep>> {
        self.steps.recv().ok()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // A closed channel ends the thread at its next step.
        let (_, closed) = sync_channel(1);
        self.steps = closed;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Rows {
    /// Reads rows by their numbers.
    pub(crate) fn read(rows: &TokenRows, sizes: &[RowSize]) -> Result<Self> {
        sizes.iter().map(|size| rows.read(size.row).map_err(Error::from)).collect::<Result<_>>().map(Self)
    }

    /// The batch as the model takes it.
    pub(crate) fn batch(&self, device: Device) -> Result<Batch> {
        let wide = |values: &[i32]| values.iter().map(|&value| i64::from(value)).collect::<Vec<i64>>();
        let rows: Vec<(Vec<i64>, Vec<i64>)> = self.0.iter().map(|row| (wide(&row.ids), wide(&row.labels))).collect();
        let documents: Vec<Document<'_>> = rows.iter().map(|(ids, labels)| Document { ids, labels }).collect();
        Ok(Batch::new(&documents, device)?)
    }

    /// Both halves, of two rows or more.
    pub(crate) fn halves(mut self) -> [Self; 2] {
        let second = self.0.split_off(self.0.len().div_ceil(2));
        [self, Self(second)]
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.0.iter().map(|row| row.ids.len() as u64).sum()
    }
}
