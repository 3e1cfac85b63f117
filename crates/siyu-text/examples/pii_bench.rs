//! How fast personal data is found, in megabytes per second of processor time, and what is found.
//!
//! ```sh
//! cargo run --release -p siyu-text --example pii_bench -- law.jsonl          # speed, and counts by kind
//! cargo run --release -p siyu-text --example pii_bench -- law.jsonl --list   # every match in its context
//! cargo run --release -p siyu-text --example pii_bench -- law.jsonl --list person,address
//! ```
//!
//! Takes the `text` field of JSON lines; of any other file, each line. Linux only: the time comes from `/proc`.
#![expect(clippy::print_stdout, reason = "an example that reports to whoever runs it")]

use std::error::Error;
use std::fs;
use std::hint::black_box;

use siyu_text::pii::{Detector, Found, Kind};

/// Characters of context printed at either side of a match.
const CONTEXT: usize = 25;
/// Passes go on for at least so long: the processor's time is told in steps of milliseconds.
const NANOSECONDS: u64 = 300_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: pii_bench FILE [--list [KINDS]]")?;
    let texts = texts(&fs::read_to_string(path)?)?;
    let listed = arguments.next().as_deref() == Some("--list");
    let named: Option<Vec<Kind>> =
        arguments.next().map(|kinds| kinds.split(',').map(str::parse).collect()).transpose()?;
    let detector = Detector::new(named.as_deref().unwrap_or(Kind::DEFAULT));
    if listed {
        list(&detector, &texts);
    } else {
        measure(&detector, &texts)?;
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

fn list(detector: &Detector, texts: &[String]) {
    for (row, text) in texts.iter().enumerate() {
        for Found { kind, start, end, .. } in detector.find(text) {
            let (before, rest) = text.split_at(start);
            let (value, after) = rest.split_at(end - start);
            let skipped = before.chars().count().saturating_sub(CONTEXT);
            let before: String = before.chars().skip(skipped).collect();
            let after: String = after.chars().take(CONTEXT).collect();
            let shown = format!("{before}【{value}】{after}").replace(['\n', '\t'], "⏎");
            println!("{kind}\t{row}\t{shown}");
        }
    }
}

fn measure(detector: &Detector, texts: &[String]) -> Result<(), Box<dyn Error>> {
    let mut counts = vec![0_u32; Kind::ALL.len()];
    for found in texts.iter().flat_map(|text| detector.find(text)) {
        counts[found.kind as usize] += 1;
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    let (start, mut passes, mut spent) = (processor_nanos()?, 0, 0);
    while spent < NANOSECONDS {
        for text in texts {
            black_box(detector.find(black_box(text)));
        }
        passes += 1;
        spent = processor_nanos()? - start;
    }
    let tenths = u64::try_from(bytes)? * passes * 10_000 / spent;
    println!("{bytes} bytes, {}.{} MB per CPU-second", tenths / 10, tenths % 10);
    for (kind, count) in Kind::ALL.iter().zip(counts).filter(|(_, count)| *count > 0) {
        println!("{kind}\t{count}");
    }
    Ok(())
}

/// Nanoseconds that this thread has run on a processor.
fn processor_nanos() -> Result<u64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split(' ').next().ok_or("schedstat is empty")?.parse()?)
}
