//! How fast text is normalized, in megabytes per second of processor time, and how many texts change.
//!
//! ```sh
//! cargo run --release -p siyu-text --example normalize_bench -- law.jsonl          # as the text is
//! cargo run --release -p siyu-text --example normalize_bench -- law.jsonl --clean  # after one pass of each
//! cargo run --release -p siyu-text --example normalize_bench -- law.jsonl fullwidth  # those of this name
//! ```
//!
//! Takes the `text` field of JSON lines; of any other file, each line. Linux only: the time comes from `/proc`.
#![expect(clippy::print_stdout, reason = "an example that reports to whoever runs it")]

use std::borrow::Cow;
use std::error::Error;
use std::fs;
use std::hint::black_box;

use siyu_text::chinese::{Config, Converter};
use siyu_text::punctuation::{self, Style};
use siyu_text::unicode::{self, Form};
use siyu_text::{mojibake, unicode::count_odd};

/// Passes go on for at least so long: the processor's time is told in steps of milliseconds.
const NANOSECONDS: u64 = 300_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: normalize_bench FILE [--clean] [NAME]")?;
    let texts = texts(&fs::read_to_string(path)?)?;
    let (options, names): (Vec<String>, Vec<String>) = arguments.partition(|argument| argument == "--clean");
    let (clean, name) = (!options.is_empty(), names.first().map_or("", String::as_str));
    let [simplify, traditional] = [Config::T2s, Config::S2twp].map(Converter::new);
    let measure = |operator: &str, texts: &[String], clean: bool, normalize: Normalize<'_>| {
        if operator.contains(name) { measure(operator, texts, clean, normalize) } else { Ok(()) }
    };
    measure("normalize_unicode nfc", &texts, clean, &|text| unicode::normalize(text, Form::Nfc))?;
    measure("normalize_unicode nfkc", &texts, clean, &|text| unicode::normalize(text, Form::Nfkc))?;
    measure("normalize_unicode none", &texts, clean, &|text| unicode::normalize(text, Form::None))?;
    measure("normalize_punctuation alphanumeric", &texts, clean, &|text| {
        punctuation::normalize(text, Style::Alphanumeric)
    })?;
    measure("normalize_punctuation halfwidth", &texts, clean, &|text| punctuation::normalize(text, Style::Halfwidth))?;
    measure("normalize_punctuation fullwidth", &texts, clean, &|text| punctuation::normalize(text, Style::Fullwidth))?;
    measure("fix_mojibake", &texts, clean, &mojibake::fix)?;
    measure("convert_chinese simplified", &texts, clean, &|text| simplify.convert(text))?;
    measure("convert_chinese s2twp", &texts, clean, &|text| traditional.convert(text))?;
    measure("count_odd", &texts, clean, &|text| {
        black_box(count_odd(text));
        Cow::Borrowed(text)
    })
}

fn texts(file: &str) -> Result<Vec<String>, serde_json::Error> {
    let text = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line)?;
        Ok(row["text"].as_str().unwrap_or_default().to_owned())
    };
    file.lines().map(|line| if line.starts_with('{') { text(line) } else { Ok(line.to_owned()) }).collect()
}

type Normalize<'a> = &'a dyn for<'b> Fn(&'b str) -> Cow<'b, str>;

fn measure(name: &str, texts: &[String], clean: bool, normalize: Normalize<'_>) -> Result<(), Box<dyn Error>> {
    let texts: Vec<Cow<'_, str>> =
        texts.iter().map(|text| if clean { normalize(text) } else { Cow::Borrowed(text.as_str()) }).collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let changed = texts.iter().filter(|text| matches!(normalize(text), Cow::Owned(_))).count();
    let (start, mut passes, mut spent) = (processor_nanos()?, 0, 0);
    while spent < NANOSECONDS {
        for text in &texts {
            black_box(normalize(black_box(text)));
        }
        passes += 1;
        spent = processor_nanos()? - start;
    }
    let speed = u64::try_from(bytes)? * passes * 1_000 / spent;
    println!("{name}: {speed} MB per CPU-second, {changed} of {} texts change", texts.len());
    Ok(())
}

/// Nanoseconds that this thread has run on a processor.
fn processor_nanos() -> Result<u64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split(' ').next().ok_or("schedstat is empty")?.parse()?)
}
