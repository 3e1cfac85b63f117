//! What the quality kernels refuse, and how fast they judge.
//!
//! ```sh
//! cargo run --release -p siyu-text --example quality -- law.jsonl              # speed, and refusals by code
//! cargo run --release -p siyu-text --example quality -- law.jsonl --verdicts   # a JSON line a document
//! ```
//!
//! Takes the `text` field of JSON lines; of any other file, each line. Linux only: the time comes from `/proc`.
#![expect(clippy::print_stdout, reason = "an example that reports to whoever runs it")]

use siyu_text::quality::c4::C4;
use siyu_text::quality::fineweb::FineWeb;
use siyu_text::quality::gopher_quality::{GopherQuality, Judge};
use siyu_text::quality::gopher_repetition::GopherRepetition;
use siyu_text::quality::{ratios, repetition};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hint::black_box;

/// Passes go on for at least so long: the processor's time is told in steps of milliseconds.
const NANOSECONDS: u64 = 300_000_000;

type Kernel = Box<dyn Fn(&str) -> Option<String>>;

fn kernels() -> Vec<(&'static str, Kernel)> {
    let gopher = Judge::new(GopherQuality::default());
    let tenth = |share: f64| Some(format!("{share:.1}"));
    vec![
        ("gopher_quality", Box::new(move |text| gopher.judge(text).map(str::to_owned))),
        ("gopher_repetition", Box::new(|text| GopherRepetition::default().judge(text).map(String::from))),
        ("c4_quality", Box::new(|text| C4::default().clean(text).err().map(str::to_owned))),
        ("fineweb_quality", Box::new(|text| FineWeb::default().judge(text).map(str::to_owned))),
        ("han_ratio", Box::new(move |text| tenth(ratios::han_ratio(text)))),
        ("symbol_ratio", Box::new(move |text| tenth(ratios::symbol_ratio(text)))),
        ("repetition", Box::new(move |text| tenth(repetition::repetition_ratio(text, 10)))),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: quality FILE [--verdicts]")?;
    let texts = texts(&fs::read_to_string(path)?)?;
    let kernels = kernels();
    if arguments.next().as_deref() == Some("--verdicts") {
        for text in &texts {
            let verdicts: BTreeMap<_, _> = kernels.iter().map(|(name, judge)| (*name, judge(text))).collect();
            println!("{}", serde_json::to_string(&verdicts)?);
        }
        return Ok(());
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} documents, {bytes} bytes", texts.len());
    for (name, judge) in &kernels {
        let mut codes: BTreeMap<String, usize> = BTreeMap::new();
        for code in texts.iter().filter_map(|text| judge(text)) {
            *codes.entry(code).or_default() += 1;
        }
        let (start, mut passes, mut spent) = (processor_nanos()?, 0, 0);
        while spent < NANOSECONDS {
            for text in &texts {
                black_box(judge(black_box(text)));
            }
            passes += 1;
            spent = processor_nanos()? - start;
        }
        println!("{name}: {} MB per CPU-second; {codes:?}", bytes as u64 * passes * 1000 / spent);
    }
    Ok(())
}

fn texts(file: &str) -> Result<Vec<String>, serde_json::Error> {
    let text = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line)?;
        Ok(row["text"].as_str().unwrap_or_default().to_owned())
    };
    file.lines().map(|line| if line.starts_with('{') { text(line) } else { Ok(line.to_owned()) }).collect()
}

/// Nanoseconds that this thread has run on a processor.
fn processor_nanos() -> Result<u64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split(' ').next().ok_or("schedstat is empty")?.parse()?)
}
