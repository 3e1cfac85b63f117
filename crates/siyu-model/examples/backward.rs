//! Times the gradient of a batch for a random Llama of about 30 million parameters, or for a model folder.
//!
//! `cargo run --release -p siyu-model --example backward -- [FOLDER] [--documents N] [--tokens N]
//! [--shortest N] [--answer SHARE] [--passes N] [--dropout SHARE] [--threads N] [--recompute LAYERS] [--vocab N]`

#![allow(clippy::print_stdout, reason = "an example prints its results")]

use siyu_model::{BackwardSettings, Batch, Config, Document, IGNORED, LoraSettings, Model, Options};
use std::error::Error;
use std::time::Instant;
use tch::Device;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].clone());
    let number = |name: &str, default: usize| given(name).map_or(Ok(default), |text| text.parse());
    tch::set_num_threads(i32::try_from(number("--threads", 2)?)?);
    let mut model = match arguments.first().filter(|first| !first.starts_with("--")) {
        Some(folder) => Model::load(folder, Options::default())?,
        None => random(number("--vocab", 6400)?)?,
    };
    let dropout = given("--dropout").map_or(Ok(0.05), |text| text.parse())?;
    model.adapt(&LoraSettings { dropout, ..LoraSettings::default() })?;
    let (documents, tokens) = (number("--documents", 4)?, number("--tokens", 512)?);
    let shortest = number("--shortest", tokens)?;
    let vocab = usize::try_from(model.config().vocab)?;
    let texts: Result<Vec<Vec<i64>>, _> = (0..documents)
        .map(|text| {
            (0..length(text, shortest, tokens)).map(|place| i64::try_from((text * 7 + place * 31) % vocab)).collect()
        })
        .collect();
    let texts = texts?;
    let answer: f64 = given("--answer").map_or(Ok(1.0), |text| text.parse())?;
    let labels: Vec<Vec<i64>> = texts.iter().map(|ids| learned(ids, answer)).collect();
    let batch: Vec<Document<'_>> = texts.iter().zip(&labels).map(|(ids, labels)| Document { ids, labels }).collect();
    let batch = Batch::new(&batch, Device::Cpu)?;
    let gradient = model.parameters().zeros();
    let settings = BackwardSettings { recomputed_layers: number("--recompute", 0)?, ..BackwardSettings::default() };
    let passes = number("--passes", 10)?;
    let (mut seconds, mut busy) = (Vec::with_capacity(passes), Vec::with_capacity(passes));
    for pass in 0..=passes {
        let (start, before) = (Instant::now(), busy_seconds());
        let settings = BackwardSettings { seed: Some(pass as u64), ..settings };
        let loss = model.backward(&batch, &settings, &gradient)?.sum();
        // The first pass warms up.
        if pass > 0 {
            seconds.push(start.elapsed().as_secs_f64());
            busy.push(busy_seconds() - before);
        }
        assert!(loss.is_finite(), "the loss is {loss}");
    }
    seconds.sort_by(f64::total_cmp);
    busy.sort_by(f64::total_cmp);
    println!(
        "{:.1} ms a pass, {:.1} ms of processors (medians of {passes}; least {:.1}), {} tokens, {} peak",
        seconds[passes / 2] * 1e3,
        busy[passes / 2] * 1e3,
        busy[0] * 1e3,
        batch.token_count(),
        peak()
    );
    Ok(())
}

/// Seconds that processors spent on this program so far, in hundredths; 0 where the system does not tell.
fn busy_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets, times in user and system mode are the twelfth and thirteenth field.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most memory this program held at once, as the system writes it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}

/// Labels of the last `share` of a text.
fn learned(ids: &[i64], share: f64) -> Vec<i64> {
    let prompt = (ids.len() as f64 * (1.0 - share)).round();
    ids.iter().enumerate().map(|(place, &id)| if (place as f64) < prompt { IGNORED } else { id }).collect()
}

/// Lengths spread evenly between two bounds, in no order.
fn length(text: usize, shortest: usize, longest: usize) -> usize {
    shortest + text * 97 % (longest - shortest + 1)
}

fn random(vocab: usize) -> Result<Model, Box<dyn Error>> {
    let json = serde_json::json!({
        "architectures": ["LlamaForCausalLM"], "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8,
        "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": vocab, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": true, "max_position_embeddings": 2048,
    });
    let serde_json::Value::Object(json) = json else { return Err("the literal above is an object".into()) };
    Ok(Model::random(Config::from_json(json)?, 1, Options::default())?)
}
