//! From the end of a prompt's reading to the first byte of its answer at the client, over HTTP and a loopback socket.
//!
//! `cargo run --release -p siyu-serve --example stream_bench -- EXPORTED [THREADS]`
//!
//! `EXPORTED` is a folder of `siyu export-onnx`. The first figures are those of a service that does nothing else, the
//! others those of one that makes 8 other answers meanwhile.

#![allow(clippy::print_stdout, reason = "the example prints its figures")]

use serde_json::json;
use siyu_serve::{
    Guards, Model, Server, Settings,
    api::Service,
    assemble,
    contract::{Observer, RequestId},
};
use std::{
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const ASKED: u32 = 300;
const OTHERS: u32 = 8;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// When the prompt of the last request was read.
#[derive(Default)]
struct Moment(Mutex<Option<Instant>>);

impl Observer for Moment {
    fn first_token(&self, _: RequestId, _: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [exported, rest @ ..] = arguments.as_slice() else {
        return Err("usage: stream_bench EXPORTED [THREADS]".into());
    };
    let threads = rest.first().map_or("1", String::as_str);
    let text = format!(
        "model: {exported}\nlisten: 127.0.0.1:0\nopen: true\nlimits: {{ output_tokens: 2000 }}\n\
         engine: {{ threads: {threads}, context: 2048, prefix_cache_megabytes: 0 }}"
    );
    let settings = Settings::from_text(&text, Path::new("stream_bench.yaml"))?;
    let read = Arc::new(Moment::default());
    let guards = Guards::new(&settings)?;
    let model = Model::open(&settings, read.clone(), Arc::new(|error| println!("error: {error}")))?;
    let service = Arc::new(Service::new(guards.hooks(), settings.limits.clone()));
    service.swap(model);
    let runtime = tokio::runtime::Runtime::new()?;
    let server = runtime.block_on(Server::bind(&settings))?;
    let address = server.address()?;
    runtime.spawn(server.run(assemble(service.clone(), &guards), service, std::future::pending()));
    ask(address, 0)?;
    report("alone", address, &read)?;
    let over = Arc::new(AtomicBool::new(false));
    let others: Vec<_> = (0..OTHERS).map(|number| thread::spawn(other(address, number, over.clone()))).collect();
    thread::sleep(Duration::from_secs(1));
    report(&format!("beside {OTHERS} others"), address, &read)?;
    over.store(true, Ordering::Relaxed);
    for other in others {
        other.join().map_err(|_| "a client failed")??;
    }
    Ok(())
}

fn report(what: &str, address: SocketAddr, read: &Moment) -> Result<()> {
    let mut times = Vec::new();
    for number in 0..ASKED {
        let came = ask(address, number)?;
        let read = read.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or("no prompt was read")?;
        times.push(came - read);
    }
    times.sort();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e3;
    println!(
        "first byte after the prompt was read, {what}: p50 {:.3}, p90 {:.3}, p99 {:.3} ms",
        at(50),
        at(90),
        at(99)
    );
    Ok(())
}

/// When the first piece of an answer came.
fn ask(address: SocketAddr, number: u32) -> Result<Instant> {
    let mut stream = begin(address, number, 2)?;
    let mut line = String::new();
    while !line.starts_with("data: {") {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err("the answer ended before it began".into());
        }
    }
    let came = Instant::now();
    stream.read_to_end(&mut Vec::new())?;
    Ok(came)
}

/// A client that asks for one long answer after another.
fn other(address: SocketAddr, number: u32, over: Arc<AtomicBool>) -> impl FnOnce() -> Result<()> {
    move || {
        while !over.load(Ordering::Relaxed) {
            let mut stream = begin(address, number, 1900)?;
            let mut piece = [0; 4096];
            while !over.load(Ordering::Relaxed) && stream.read(&mut piece)? > 0 {}
        }
        Ok(())
    }
}

/// Asks for a stream.
fn begin(address: SocketAddr, number: u32, tokens: usize) -> Result<BufReader<TcpStream>> {
    let prompt: Vec<u32> = (0..32).map(|at| (at * 31 + number * 7) % 500 + 3).collect();
    let body = json!({"prompt": prompt, "max_tokens": tokens, "temperature": 0, "stream": true}).to_string();
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let length = body.len();
    write!(
        stream,
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )?;
    Ok(BufReader::new(stream))
}
