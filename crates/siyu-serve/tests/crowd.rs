//! 64 clients at once, of whom some read slowly and some vanish: each stream is the one it is alone, and nothing is left
//! of those who went away.
//!
//! `SIYU_CROWD_SECONDS=180 cargo test --release -p siyu-serve --test crowd -- --nocapture` goes on for three minutes and
//! says what it saw. Without it each client comes three times.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::{Response, Running, post, start, streamed};
use serde_json::{Value, json};
use std::{
    env, fs,
    io::{ErrorKind, Read, Write},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const CLIENTS: usize = 64;

/// How many requests there are of one kind each.
const KINDS: usize = 96;

/// What a piece of an answer begins with.
const EVENT: &[u8] = b"data: ";

/// Memory that allocators may keep for later.
const SLACK: usize = 64 << 20;

/// A request of its own prompt, length, sampling and end, some with a long beginning in common.
fn varied(kind: usize) -> Value {
    let beginnings = ["Once upon a time", "The dog", "Lily and her mother went to the big park. ", "One day, a bird"];
    let mut prompt = beginnings[kind % 4].to_owned();
    if kind.is_multiple_of(3) {
        prompt = format!("{}{prompt}", "Tim had a red ball. He liked to play with it all day. ".repeat(6));
    }
    json!({
        "prompt": prompt, "max_tokens": 20 + kind % 50, "seed": kind,
        "temperature": if kind.is_multiple_of(2) { 0.9 } else { 0.0 },
        "top_p": if kind.is_multiple_of(4) { 0.8 } else { 1.0 },
        "stop": if kind.is_multiple_of(5) { json!(["park"]) } else { Value::Null },
        "stream": true,
    })
}

/// What clients saw.
#[derive(Default)]
struct Seen {
    answers: usize,
    vanished: usize,
    /// From a request to the first piece of its answer, for those who read at once.
    waits: Vec<Duration>,
    /// From a request to the end of its answer.
    whole: Vec<Duration>,
}

/// One visit of a client, who vanishes, reads slowly, or does neither.
fn visit(service: &Running, client: usize, round: usize, expected: &[String], seen: &mut Seen) {
    let kind = (client * 7 + round * 11) % KINDS;
    let mut stream = service.connect();
    let began = Instant::now();
    stream.write_all(post("/v1/completions", &varied(kind).to_string()).as_bytes()).unwrap();
    if client % 7 == 3 {
        // In the middle, or before anything came.
        if round.is_multiple_of(2) {
            let _ = stream.read(&mut [0; 600]);
        }
        seen.vanished += 1;
        return;
    }
    let is_slow = client % 7 == 5;
    let (mut bytes, mut begun) = (Vec::new(), false);
    let mut piece = [0; 4096];
    loop {
        let size = if is_slow { 200 } else { piece.len() };
        let count = match stream.read(&mut piece[..size]) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => panic!("{error}"),
        };
        bytes.extend_from_slice(&piece[..count]);
        if !is_slow && !begun && bytes.windows(EVENT.len()).any(|window| window == EVENT) {
            begun = true;
            seen.waits.push(began.elapsed());
        }
        if is_slow {
            thread::sleep(Duration::from_millis(2));
        }
    }
    if !is_slow {
        seen.whole.push(began.elapsed());
    }
    let response = Response::parse(&bytes);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(streamed(&response.events()), expected[kind], "request {kind}");
    seen.answers += 1;
}

/// Lets all clients come again and again.
fn crowd(
    service: &Arc<Running>,
    expected: &Arc<Vec<String>>,
    goes_on: impl Fn(usize) -> bool + Clone + Send + 'static,
) -> Seen {
    let client = |client: usize| {
        let (service, expected, goes_on) = (service.clone(), expected.clone(), goes_on.clone());
        thread::spawn(move || {
            let mut seen = Seen::default();
            for round in (0..).take_while(|round| goes_on(*round)) {
                visit(&service, client, round, &expected, &mut seen);
            }
            seen
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    clients.into_iter().map(|client| client.join().unwrap()).fold(Seen::default(), |mut all, seen| {
        all.answers += seen.answers;
        all.vanished += seen.vanished;
        all.waits.extend(seen.waits);
        all.whole.extend(seen.whole);
        all
    })
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn report(seen: &mut Seen, before: usize) {
    let percentile = |times: &mut Vec<Duration>, share: usize| {
        times.sort();
        times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3
    };
    println!("{} answers, each as it is alone; {} clients vanished", seen.answers, seen.vanished);
    for (what, times) in [("first piece", &mut seen.waits), ("whole answer", &mut seen.whole)] {
        let [p50, p99, most] = [50, 99, 100].map(|share| percentile(times, share));
        println!("{what}: p50 {p50:.0} ms, p99 {p99:.0} ms, at most {most:.0} ms");
    }
    println!("memory: {} kB before, {} kB after", before / 1024, resident() / 1024);
}

#[test]
fn in_a_crowd_each_stream_is_the_one_it_is_alone_and_nothing_is_left() {
    // One after another, in a service that computes every prompt itself.
    let alone = start("engine: { slots: 1, queue: 0, prefill_chunk: 32, prefix_cache_megabytes: 0 }");
    let answer = |kind| streamed(&alone.post("/v1/completions", &varied(kind)).events());
    let expected: Arc<Vec<String>> = Arc::new((0..KINDS).map(answer).collect());
    drop(alone);
    let mut service = Arc::new(start("engine: { slots: 12, queue: 100, prefill_chunk: 32 }"));
    let files = open_files();
    crowd(&service, &expected, |round| round == 0);
    let before = resident();
    let seconds = env::var("SIYU_CROWD_SECONDS").ok().map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let began = Instant::now();
    let mut seen =
        crowd(&service, &expected, move |round| seconds.map_or(round < 2, |seconds| began.elapsed() < seconds));
    if seconds.is_some() {
        report(&mut seen, before);
    }
    assert!(resident() < before + SLACK, "{before} bytes before, {} after", resident());
    let running = Arc::get_mut(&mut service).unwrap();
    // Ends once every connection has.
    running.stop();
    running.join();
    running.wait_until_idle();
    assert!(open_files() < files, "a connection is left");
}
