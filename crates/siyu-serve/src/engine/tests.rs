//! The scheduler over a model whose next token is a hash of everything its slot holds: whatever mixes up two slots, or
//! what they hold, changes every token behind it.

use super::*;
use crate::{
    Result,
    contract::{Ending, RequestId, Usage},
};
use siyu_checkpoint::GenerateSettings;
use siyu_text::tokenizer::Tokenizer;
use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Mutex,
    time::{Duration, Instant},
};
use tokio::runtime::Builder;

const VOCAB: usize = 512;

struct Hashing {
    slots: Vec<Vec<u32>>,
    logits: Vec<f32>,
    seen: Arc<Seen>,
}

/// What the model was asked to do.
#[derive(Default)]
struct Seen {
    read: AtomicUsize,
    steps: AtomicUsize,
    largest: AtomicUsize,
    broken: AtomicBool,
    panics: AtomicBool,
    panics_reading: AtomicBool,
}

impl Hashing {
    fn new(slots: usize, seen: Arc<Seen>) -> Self {
        Self { slots: vec![Vec::new(); slots], logits: Vec::new(), seen }
    }

    fn push_logits(&mut self, slot: usize) {
        let mut hasher = DefaultHasher::new();
        self.slots[slot].hash(&mut hasher);
        let mut state = hasher.finish();
        for _ in 0..VOCAB {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.logits.push((state >> 40) as f32 / 2_097_152.0);
        }
    }

    fn check(&self) -> Result<()> {
        if self.seen.broken.swap(false, Ordering::SeqCst) {
            return Err(crate::Error::Model { path: "model.onnx".into(), problem: "broken by the test".into() });
        }
        Ok(())
    }
}

impl Forward for Hashing {
    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn context(&self) -> usize {
        256
    }

    fn vocab(&self) -> usize {
        VOCAB
    }

    fn prefill(&mut self, slot: usize, start: usize, tokens: &[u32]) -> Result<&[f32]> {
        self.check()?;
        assert!(!self.seen.panics_reading.load(Ordering::SeqCst), "broken by the test");
        assert!(self.slots[slot].len() >= start);
        self.slots[slot].truncate(start);
        self.slots[slot].extend(tokens);
        self.seen.read.fetch_add(tokens.len(), Ordering::SeqCst);
        self.logits.clear();
        self.push_logits(slot);
        Ok(&self.logits)
    }

    fn decode(&mut self, rows: &[Row]) -> Result<&[f32]> {
        self.check()?;
        assert!(!self.seen.panics.load(Ordering::SeqCst), "broken by the test");
        self.seen.steps.fetch_add(1, Ordering::SeqCst);
        self.seen.largest.fetch_max(rows.len(), Ordering::SeqCst);
        self.logits.clear();
        for (slot, row) in rows.iter().enumerate() {
            assert!(self.slots[slot].len() >= row.length);
            self.slots[slot].truncate(row.length);
            self.slots[slot].push(row.token);
            self.push_logits(slot);
        }
        Ok(&self.logits)
    }

    fn move_slot(&mut self, from: usize, to: usize, length: usize) -> Result<()> {
        self.slots[to] = self.slots[from][..length].to_vec();
        self.slots[from].clear();
        Ok(())
    }

    fn token_bytes(&self) -> Option<usize> {
        Some(4)
    }

    fn take_block(&mut self, slot: usize, start: usize, count: usize) -> Result<Vec<u8>> {
        Ok(self.slots[slot][start..start + count].iter().flat_map(|token| token.to_le_bytes()).collect())
    }

    fn put_block(&mut self, slot: usize, start: usize, count: usize, block: &[u8]) -> Result<()> {
        assert_eq!(block.len(), count * 4);
        self.slots[slot].truncate(start);
        assert_eq!(self.slots[slot].len(), start);
        self.slots[slot].extend(block.chunks(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())));
        Ok(())
    }
}

fn vocabulary() -> Vocabulary {
    let json = include_str!("../../../../sample-data/models/stories260k/tokenizer.json");
    let tokenizer = Arc::new(Tokenizer::from_json(json).unwrap());
    Vocabulary { tokenizer, special: Arc::new(BTreeSet::from([0, 1, 2])) }
}

pub(super) fn request(prompt: &[u32]) -> Request {
    let settings = GenerateSettings {
        max_tokens: 20,
        temperature: 0.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        end_tokens: vec![],
        seed: 0,
    };
    Request {
        prompt: prompt.to_vec(),
        settings,
        presence_penalty: 0.0,
        frequency_penalty: 0.0,
        logit_bias: Vec::new(),
        stop: Vec::new(),
        logprobs: None,
        deadline: Instant::now() + Duration::from_hours(1),
        scope: Vec::new(),
    }
}

/// A request of its own length, sampling and limits.
fn varied(number: u64) -> Request {
    let token = |at: u64| u32::try_from((number / 4 * 7 + at * 13) % 500 + 3).unwrap();
    let mut request = request(&(0..5 + number % 40).map(token).collect::<Vec<_>>());
    request.settings.max_tokens = usize::try_from(3 + number % 29).unwrap();
    request.settings.seed = number;
    request.settings.temperature = if number.is_multiple_of(3) { 0.0 } else { 0.9 };
    request.settings.repetition_penalty = if number.is_multiple_of(5) { 1.2 } else { 1.0 };
    request.stop = if number.is_multiple_of(2) { vec!["e".to_owned()] } else { vec![] };
    request
}

fn engine_of(slots: usize, queue: usize, observer: Arc<dyn Observer>) -> (Engine, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let capacity = Capacity { queue, prefill_chunk: 8, prefix_bytes: 1 << 20 };
    (
        Engine::start(Box::new(Hashing::new(slots, seen.clone())), vocabulary(), capacity, observer, Arc::new(|_| ())),
        seen,
    )
}

struct Silent;

impl Observer for Silent {}

fn engine(slots: usize, queue: usize) -> (Engine, Arc<Seen>) {
    engine_of(slots, queue, Arc::new(Silent))
}

/// The whole answer.
async fn answer(mut ticket: Ticket) -> (String, Ending, Usage) {
    let mut text = String::new();
    loop {
        match ticket.next().await.expect("a request ends with an event") {
            Event::Text { text: piece, .. } => text.push_str(&piece),
            Event::Ended { ending, usage } => return (text, ending, usage),
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn alone(request: Request) -> (String, Ending) {
    let (engine, _) = engine(1, 0);
    let (text, ending, _) = block_on(answer(engine.submit(request).unwrap()));
    (text, ending)
}

#[test]
fn every_answer_is_the_one_it_would_be_alone() {
    let (engine, seen) = engine(7, 200);
    let answers = block_on(async {
        let tickets: Vec<_> = (0..120).map(|number| engine.submit(varied(number)).unwrap()).collect();
        futures::future::join_all(tickets.into_iter().map(answer)).await
    });
    for (number, (text, ending, _)) in (0..).zip(answers) {
        assert_eq!((text, ending), alone(varied(number)), "request {number}");
    }
    assert_eq!(seen.largest.load(Ordering::SeqCst), 7);
    assert_eq!(engine.in_flight(), 0);
}

#[test]
fn requests_that_vanish_leave_the_others_as_they_were() {
    let (engine, _) = engine(5, 200);
    let answers = block_on(async {
        let tickets: Vec<_> = (0..90).map(|number| engine.submit(varied(number)).unwrap()).collect();
        futures::future::join_all((0..).zip(tickets).map(|(number, mut ticket)| async move {
            if number % 3 == 1 {
                for _ in 0..number % 4 {
                    ticket.next().await;
                }
                return None;
            }
            Some((number, answer(ticket).await))
        }))
        .await
    });
    for (number, (text, ending, _)) in answers.into_iter().flatten() {
        assert_eq!((text, ending), alone(varied(number)), "request {number}");
    }
}

#[test]
fn a_shared_beginning_is_read_once() {
    let (engine, seen) = engine(2, 10);
    let prompt: Vec<u32> = (3..43).collect();
    let usage = |extra| {
        let prompt = [prompt.as_slice(), &[extra]].concat();
        block_on(answer(engine.submit(request(&prompt)).unwrap())).2
    };
    assert_eq!(usage(50).cached_tokens, 0);
    let before = seen.read.load(Ordering::SeqCst);
    assert_eq!(usage(51).cached_tokens, 40);
    assert_eq!(seen.read.load(Ordering::SeqCst) - before, 1);
    let other = Request { scope: b"another".to_vec(), ..request(&prompt) };
    assert_eq!(block_on(answer(engine.submit(other).unwrap())).2.cached_tokens, 0);
}

/// Holds every step up until it is let go.
#[derive(Default)]
struct Gate {
    reached: tokio::sync::Notify,
    held: Mutex<()>,
    endings: Mutex<Vec<(RequestId, Ending, Usage)>>,
}

impl Observer for Gate {
    fn step(&self, _: usize, _: Duration) {
        self.reached.notify_one();
        drop(self.held.lock());
    }

    fn ended(&self, request: RequestId, ending: Ending, usage: Usage) {
        self.endings.lock().unwrap().push((request, ending, usage));
    }
}

#[test]
fn a_caller_that_goes_away_frees_its_slot_before_the_next_token() {
    let gate = Arc::new(Gate::default());
    let held = gate.held.lock().unwrap();
    let (engine, _) = engine_of(1, 1, gate.clone());
    let id = block_on(async {
        let ticket = engine.submit(request(&[5, 6])).unwrap();
        let id = ticket.id;
        let next = engine.submit(request(&[7])).unwrap();
        // The prompt is read, and its observer waits for us.
        gate.reached.notified().await;
        drop(ticket);
        drop(held);
        assert_eq!(answer(next).await.1, Ending::Length);
        id
    });
    let endings = gate.endings.lock().unwrap();
    let (_, ending, usage) = endings.iter().find(|entry| entry.0 == id).unwrap();
    assert_eq!(*ending, Ending::Cancelled);
    assert_eq!(usage.completion_tokens, 1);
}

#[test]
fn a_full_queue_turns_requests_away_and_takes_them_again_later() {
    let gate = Arc::new(Gate::default());
    let held = gate.held.lock().unwrap();
    let (engine, _) = engine_of(1, 2, gate.clone());
    let tickets: Vec<_> = (0..3).map(|_| engine.submit(request(&[5])).unwrap()).collect();
    assert_eq!(engine.submit(request(&[5])).unwrap_err(), Rejected::QueueFull);
    drop(held);
    block_on(futures::future::join_all(tickets.into_iter().map(answer)));
    assert!(engine.submit(request(&[5])).is_ok());
}

#[test]
fn an_answer_ends_in_each_of_its_ways() {
    let ending = |change: fn(&mut Request)| {
        let mut request = request(&[5, 6, 7]);
        change(&mut request);
        alone(request).1
    };
    assert_eq!(ending(|_| ()), Ending::Length);
    assert_eq!(ending(|request| request.settings.end_tokens = (0..512).collect()), Ending::Stop);
    assert_eq!(ending(|request| request.deadline = Instant::now()), Ending::Timeout);
    assert_eq!(ending(|request| request.settings.max_tokens = 100_000), Ending::Length);
    let mut stopped = request(&[5, 6, 7]);
    stopped.settings.max_tokens = 200;
    let (whole, _) = alone(stopped.clone());
    let stop = whole.chars().nth(30).unwrap().to_string();
    stopped.stop = vec![stop.clone()];
    assert_eq!(alone(stopped), (whole.split(&stop).next().unwrap().to_owned(), Ending::Stop));
}

#[test]
fn an_engine_that_closes_ends_its_requests_and_takes_no_more() {
    let gate = Arc::new(Gate::default());
    let held = gate.held.lock().unwrap();
    let (engine, _) = engine_of(1, 2, gate.clone());
    let tickets: Vec<_> = (0..3).map(|_| engine.submit(request(&[5])).unwrap()).collect();
    engine.close();
    drop(held);
    let answers = block_on(futures::future::join_all(tickets.into_iter().map(answer)));
    assert!(answers.iter().all(|answer| answer.1 == Ending::Shutdown));
    assert_eq!(engine.submit(request(&[5])).unwrap_err(), Rejected::Closing);
}

#[test]
fn a_model_that_fails_ends_its_requests_and_serves_the_next() {
    let (engine, seen) = engine(2, 2);
    seen.broken.store(true, Ordering::SeqCst);
    assert_eq!(block_on(answer(engine.submit(request(&[5])).unwrap())).1, Ending::Failed);
    assert_eq!(block_on(answer(engine.submit(request(&[5])).unwrap())).1, Ending::Length);
    assert_eq!(engine.in_flight(), 0);
}

#[test]
fn an_engine_whose_thread_ends_tells_those_who_wait_and_takes_no_more() {
    for reading in [false, true] {
        let gate = Arc::new(Gate::default());
        let held = gate.held.lock().unwrap();
        let (engine, seen) = engine_of(1, 2, gate.clone());
        if reading { &seen.panics_reading } else { &seen.panics }.store(true, Ordering::SeqCst);
        let tickets: Vec<_> = (0..3).map(|_| engine.submit(request(&[5])).unwrap()).collect();
        drop(held);
        let ended = tickets.into_iter().map(|ticket| async {
            let ending = answer(ticket).await.1;
            // Whoever is told may ask at once.
            (ending, engine.is_dead())
        });
        let ended = block_on(futures::future::join_all(ended));
        assert_eq!(ended, [(Ending::Failed, true); 3]);
        assert_eq!((engine.submit(request(&[5])).unwrap_err(), engine.in_flight()), (Rejected::Dead, 0));
    }
}

#[test]
fn probabilities_come_with_every_token_of_the_text() {
    let (engine, _) = engine(1, 0);
    let asked = Request { logprobs: Some(2), ..request(&[5, 6, 7]) };
    let mut ticket = engine.submit(asked).unwrap();
    let tokens = block_on(async {
        let mut tokens = Vec::new();
        while let Some(event) = ticket.next().await {
            if let Event::Text { logprobs, .. } = event {
                tokens.extend(logprobs);
            }
        }
        tokens
    });
    assert_eq!(tokens.len(), 20);
    assert!(tokens.iter().all(|token| token.top.len() == 2 && token.chosen == token.top[0]));
}
