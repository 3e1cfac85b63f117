//! Tokens a second of the engine, on a model's folder: alone and 16 at once.
//!
//! `cargo run --release -p siyu-serve --example decode_bench -- MODEL EXPORTED [THREADS]`
//!
//! `EXPORTED` is the model's folder as `siyu export-onnx` writes it, made here where it is absent. The last line is a
//! ratio within this run; `tests/benchmark/serving.py` compares with others on the same folders.

#![allow(clippy::print_stdout, reason = "the example prints its figures")]

use futures::future::join_all;
use siyu_checkpoint::GenerateSettings;
use siyu_export::{ExportSettings, Logits, Numbers, Variant, export};
use siyu_serve::{
    Model, Settings,
    contract::Hooks,
    engine::{Event, Request, Ticket},
};
use std::{
    error::Error,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Tokens of a prompt and of an answer.
const PROMPT: u32 = 64;
const ANSWER: usize = 192;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, exported, rest @ ..] = arguments.as_slice() else {
        return Err("usage: decode_bench MODEL EXPORTED [THREADS]".into());
    };
    let threads = rest.first().map_or(Ok(1), |threads| threads.parse())?;
    let exported = Path::new(exported);
    if !exported.exists() {
        let settings = ExportSettings { variant: Variant::Fused, numbers: Numbers::F32, logits: Logits::Last };
        export(Path::new(model), exported, settings)?;
    }
    let text = format!(
        "model: {}\nopen: true\nengine: {{ slots: 16, threads: {threads}, context: 2048, prefill_chunk: 128, prefix_cache_megabytes: 0 }}",
        exported.display()
    );
    let settings = Settings::from_text(&text, Path::new("decode_bench.yaml"))?;
    let served = Model::open(&settings, Hooks::default().observer, Arc::new(|error| println!("error: {error}")))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(streams(&served, 1))?;
    let alone = runtime.block_on(streams(&served, 1))?;
    println!("1 stream: {alone:.1} tokens/s");
    let many = runtime.block_on(streams(&served, 16))?;
    println!("16 streams: {many:.1} tokens/s");
    println!("16 streams / 1: {:.2}", many / alone);
    Ok(())
}

fn request(prompt: Vec<u32>, max_tokens: usize) -> Request {
    let settings = GenerateSettings {
        max_tokens,
        temperature: 0.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        end_tokens: Vec::new(),
        seed: 0,
    };
    Request {
        prompt,
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

/// When an answer's pieces came, and how many tokens were made until then.
async fn times(mut ticket: Ticket) -> Vec<(Instant, usize)> {
    let mut times = Vec::new();
    while let Some(event) = ticket.next().await {
        if let Event::Text { made, .. } = event {
            times.push((Instant::now(), made));
        }
    }
    times
}

/// Tokens a second of some answers together, while all of them are made.
fn rate(answers: &[Vec<(Instant, usize)>]) -> Result<f64> {
    let began = answers.iter().filter_map(|times| Some(times.first()?.0)).max().ok_or("no answer has a token")?;
    let ended = answers.iter().filter_map(|times| Some(times.last()?.0)).min().ok_or("no answer has a token")?;
    let tokens = |times: &Vec<(Instant, usize)>| {
        let until = |end: Instant| times.iter().rfind(|time| time.0 <= end).map_or(0, |time| time.1);
        until(ended) - until(began)
    };
    let tokens: usize = answers.iter().map(tokens).sum();
    Ok(tokens as f64 / (ended - began).as_secs_f64())
}

async fn streams(model: &Model, count: u32) -> Result<f64> {
    let tickets = (0..count).map(|number| {
        let prompt = (0..PROMPT).map(|at| (at * 31 + number * 7) % 500 + 3).collect();
        model.engine.submit(request(prompt, ANSWER)).map_err(|_| "the engine takes no request")
    });
    let tickets = tickets.collect::<std::result::Result<Vec<_>, _>>()?;
    let answers = join_all(tickets.into_iter().map(times)).await;
    rate(&answers)
}
