//! The engine's thread.

use super::{
    Capacity, Report, Shared, TokenLogprobs, Vocabulary,
    answer::Answer,
    draw,
    forward::{Forward, Row},
    prefix::{Key, PrefixCache},
    underway::{Job, Reading, Running},
};
use crate::contract::{Ending, Observer, Usage};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering, mpsc::Receiver},
    time::Instant,
};

pub(super) struct Worker {
    forward: Box<dyn Forward>,
    vocabulary: Vocabulary,
    capacity: Capacity,
    observer: Arc<dyn Observer>,
    report: Report,
    inbox: Receiver<Job>,
    shared: Arc<Shared>,
    waiting: VecDeque<Job>,
    reading: Option<Reading>,
    running: Vec<Running>,
    prefix: PrefixCache,
}

impl Worker {
    pub(super) fn new(
        forward: Box<dyn Forward>,
        vocabulary: Vocabulary,
        capacity: Capacity,
        (observer, report): (Arc<dyn Observer>, Report),
        inbox: Receiver<Job>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            prefix: PrefixCache::new(capacity.prefix_bytes),
            forward,
            vocabulary,
            capacity,
            observer,
            report,
            inbox,
            shared,
            waiting: VecDeque::new(),
            reading: None,
            running: Vec::new(),
        }
    }

    /// Works until the engine is dropped and nothing is left to do.
    ///
    /// A panic ends the thread: what the model holds then is anyone's guess, and another one may be loaded.
    pub(super) fn run(mut self) {
        if catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            // Before any caller knows: who was told that a request failed may ask whether others can be answered.
            self.shared.dead.store(true, Ordering::Release);
            self.fail(&crate::Error::Engine);
            // Those who wait fail by being let go, here and in the inbox.
            self.waiting.clear();
            self.load();
        }
    }

    fn work(&mut self) {
        loop {
            let idle = self.waiting.is_empty() && self.reading.is_none() && self.running.is_empty();
            if idle {
                self.load();
                match self.inbox.recv() {
                    Ok(job) => self.queue(job),
                    Err(_) => return,
                }
            }
            while let Ok(job) = self.inbox.try_recv() {
                self.queue(job);
            }
            self.leave();
            if let Err(error) = self.read().and_then(|()| self.step_for_those_who_stay()) {
                self.fail(&error);
            }
            self.load();
        }
    }

    fn load(&self) {
        let used = self.running.len() + usize::from(self.reading.is_some());
        self.observer.load(self.waiting.len(), (used, self.forward.slots()), self.prefix.load());
    }

    fn queue(&mut self, job: Job) {
        self.observer.queued(job.id, self.waiting.len());
        self.waiting.push_back(job);
    }

    /// Lets requests go whose caller went away, whose time is up, or all of them when the engine goes down.
    fn leave(&mut self) {
        let now = Instant::now();
        let closing = self.shared.closing.load(Ordering::Acquire);
        for job in std::mem::take(&mut self.waiting) {
            match job.leaves(now, closing) {
                Some(ending) => job.end(ending, Usage::default()),
                None => self.waiting.push_back(job),
            }
        }
        let leaves = self.reading.as_ref().and_then(|reading| reading.job.leaves(now, closing));
        if let Some(ending) = leaves
            && let Some(reading) = self.reading.take()
        {
            let usage = reading.usage();
            reading.job.end(ending, usage);
        }
        let mut place = 0;
        while let Some(running) = self.running.get(place) {
            match running.job.leaves(now, closing) {
                Some(ending) => self.end(place, ending),
                None => place += 1,
            }
        }
    }

    /// Ends the running request at `place` and closes the gap it leaves.
    fn end(&mut self, place: usize, ending: Ending) {
        // Where the model failed meanwhile, all have ended already.
        if place >= self.running.len() {
            return;
        }
        let running = self.running.swap_remove(place);
        let usage = running.usage();
        running.job.end(ending, usage);
        if let Err(error) = self.close_gap(place) {
            self.fail(&error);
        }
    }

    /// Moves the last running request into slot `place`, and the prompt that is being read into the last's.
    fn close_gap(&mut self, place: usize) -> crate::Result<()> {
        let last = self.running.len();
        if let Some(moved) = self.running.get(place) {
            self.forward.move_slot(last, place, moved.length())?;
        }
        if let Some(reading) = &self.reading {
            self.forward.move_slot(last + 1, last, reading.done)?;
        }
        Ok(())
    }

    /// The model failed: nothing that it holds can be trusted.
    fn fail(&mut self, error: &crate::Error) {
        (self.report)(error);
        if let Some(reading) = self.reading.take() {
            let usage = reading.usage();
            reading.job.end(Ending::Failed, usage);
        }
        for running in std::mem::take(&mut self.running) {
            let usage = running.usage();
            running.job.end(Ending::Failed, usage);
        }
        self.prefix = PrefixCache::new(self.capacity.prefix_bytes);
    }

    /// Reads the next piece of a prompt, if there is one and a slot for it.
    fn read(&mut self) -> crate::Result<()> {
        if self.reading.is_none() && self.running.len() < self.forward.slots() {
            self.reading = self.waiting.pop_front().map(|job| {
                self.observer.admitted(job.id, job.came.elapsed());
                let key = Key::root(&job.request.scope);
                Reading { job, done: 0, cached: 0, key }
            });
        }
        let Some(mut reading) = self.reading.take() else { return Ok(()) };
        match self.read_piece(&mut reading) {
            Ok(Some((token, logprobs))) => {
                self.begin(reading, token, logprobs);
                Ok(())
            }
            read => {
                self.reading = Some(reading);
                read.map(drop)
            }
        }
    }

    /// Reads the next piece of this prompt; the answer's first token, if that was the last.
    fn read_piece(&mut self, reading: &mut Reading) -> crate::Result<Option<(u32, Option<TokenLogprobs>)>> {
        let slot = self.running.len();
        self.find(reading, slot)?;
        let prompt = &reading.job.request.prompt;
        let end = prompt.len().min(reading.done + self.capacity.prefill_chunk);
        let tokens = prompt.get(reading.done..end).unwrap_or_default();
        let started = Instant::now();
        let logits = self.forward.prefill(slot, reading.done, tokens)?;
        self.observer.step(1, started.elapsed());
        if end == prompt.len() {
            let token = draw::next(logits, &reading.text(), 0, &reading.job.request);
            let logprobs = reading.job.request.logprobs.map(|top| draw::logprobs(logits, token, top));
            return Ok(Some((token, logprobs)));
        }
        let next = reading.key.then(tokens);
        self.keep(reading, next, slot, end - reading.done)?;
        reading.key = next;
        reading.done = end;
        Ok(None)
    }

    /// Puts into the slot what was computed before for the prompt's next blocks. The last token is always read: its
    /// logits are wanted.
    fn find(&mut self, reading: &mut Reading, slot: usize) -> crate::Result<()> {
        let chunk = self.capacity.prefill_chunk;
        while let Some(tokens) = reading.job.request.prompt.get(reading.done..reading.done + chunk)
            && reading.done + chunk < reading.job.request.prompt.len()
        {
            let next = reading.key.then(tokens);
            let Some(block) = self.prefix.get(&next, reading.job.id.0, reading.done / chunk) else { return Ok(()) };
            self.forward.put_block(slot, reading.done, chunk, block)?;
            reading.key = next;
            reading.done += chunk;
            reading.cached += chunk;
        }
        Ok(())
    }

    /// Keeps the block that was just read.
    fn keep(&mut self, reading: &Reading, key: Key, slot: usize, count: usize) -> crate::Result<()> {
        let Some(bytes) = self.forward.token_bytes() else { return Ok(()) };
        if self.prefix.takes(bytes * count) && !self.prefix.contains(&key) {
            let block = self.forward.take_block(slot, reading.done, count)?;
            self.prefix.insert(key, reading.job.id.0, reading.done / count, block);
        }
        Ok(())
    }

    /// The prompt is read and the answer's first token is there.
    fn begin(&mut self, reading: Reading, token: u32, logprobs: Option<TokenLogprobs>) {
        self.observer.first_token(reading.job.id, reading.job.came.elapsed());
        let text = reading.text();
        let answer = Answer::new(&self.vocabulary, &reading.job.request);
        let (job, cached) = (reading.job, reading.cached);
        self.running.push(Running { job, text, made: 0, cached, answer, last: Instant::now() });
        let place = self.running.len() - 1;
        if let Some(ending) =
            self.running.last_mut().and_then(|running| running.take(token, logprobs, self.forward.context()))
        {
            self.end(place, ending);
        }
    }

    /// Reading took its time: who went away meanwhile gets no further token.
    fn step_for_those_who_stay(&mut self) -> crate::Result<()> {
        self.leave();
        self.step()
    }

    /// Makes the next token of every running answer.
    fn step(&mut self) -> crate::Result<()> {
        let rows: Vec<Row> = self.running.iter().map(Running::row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let (vocab, context) = (self.forward.vocab(), self.forward.context());
        let logits = self.forward.decode(&rows)?;
        self.observer.step(rows.len(), started.elapsed());
        let mut ended = Vec::new();
        for (place, (running, logits)) in self.running.iter_mut().zip(logits.chunks_exact(vocab)).enumerate() {
            let request = &running.job.request;
            let token = draw::next(logits, &running.text, running.made, request);
            let logprobs = request.logprobs.map(|top| draw::logprobs(logits, token, top));
            let now = Instant::now();
            self.observer.token(running.job.id, now - running.last);
            running.last = now;
            if let Some(ending) = running.take(token, logprobs, context) {
                ended.push((place, ending));
            }
        }
        // From the back, so that the places of those in front stay.
        for (place, ending) in ended.into_iter().rev() {
            self.end(place, ending);
        }
        Ok(())
    }
}
