//! The first and the third pass, bucket by bucket, where another process leads the run.

use super::bits::Bits;
use super::raw;
use super::{Job, SET, SKETCH, open, pass, sets, sketches};
use crate::error::{Error, Result};
use crate::exchange::Exchange;
use crate::exec::Settled;
use crate::files;
use crate::plan::Act;
use crate::run::stages::Engine;
use siyu_text::near::Shingler;
use std::path::Path;
use std::sync::Arc;

/// What all buckets of a pass need.
pub(crate) struct Remote {
    number: usize,
    act: usize,
    earlier: Vec<Settled>,
    exchange: Arc<Exchange>,
    /// The documents that are to be compared, in the third pass.
    wanted: Option<Bits>,
    before: Vec<u64>,
}

impl Remote {
    /// Opens exchange `number` for the first pass of one of its acts, or with `sets` for the third.
    pub(crate) fn open(engine: &Engine<'_>, number: usize, act: usize, sets: bool) -> Result<Self> {
        let segment = &engine.plan.segments[number];
        let earlier = engine.settle(segment, &engine.exchange(number)?, number, act)?;
        let exchange = open(engine, number, asking(engine, number, act)?.0)?;
        let (mut wanted, mut before) = (None, Vec::new());
        if sets {
            let pass = pass(engine, segment, number, asking(engine, number, act)?, (&earlier, Arc::clone(&exchange)))?;
            before = sketches::before(&sketches::records(&pass)?);
            let words = raw::read(&pass.folder.join("candidates-wanted.bin"))?;
            wanted = Some(Bits::from_words(raw::u64s(&words).collect()));
        }
        Ok(Self { number, act, earlier, exchange, wanted, before })
    }

    /// Writes what comes of some buckets into `out`, with a record for each.
    pub(crate) fn perform(&self, engine: &Engine<'_>, buckets: &[u32], out: &Path) -> Result<()> {
        let segment = &engine.plan.segments[self.number];
        let asking = asking(engine, self.number, self.act)?;
        let mut pass = pass(engine, segment, self.number, asking, (&self.earlier, Arc::clone(&self.exchange)))?;
        pass.before.clone_from(&self.before);
        out.clone_into(&mut pass.folder);
        let shingler = Shingler::new(pass.job.shingles);
        for &bucket in buckets {
            engine.progress.go_on()?;
            let record = |name: &str| out.join(format!("{name}-{bucket:08}.json"));
            match &self.wanted {
                None => {
                    let sketched = sketches::sketch_bucket(&pass, bucket, shingler.clone())?;
                    files::write_record(&record(SKETCH), &sketched)?;
                }
                Some(wanted) => {
                    sets::set_bucket(&pass, wanted, bucket, shingler.clone())?;
                    files::write_record(&record(SET), &())?;
                }
            }
        }
        Ok(())
    }
}

/// The act that asks, and what.
fn asking<'a>(engine: &Engine<'a>, number: usize, act: usize) -> Result<(&'a Act, &'a Job)> {
    let arrival = engine.plan.segments[number].arrival.as_ref().expect("later segments have an arrival");
    let asking = arrival.acts.get(act).and_then(|act| Some((act, act.near.as_deref()?)));
    asking.ok_or_else(|| Error::scratch(&engine.scratch.path, format!("no step {act} here decides anything")))
}
