//! The text of HTML files, or how fast it is made.
//!
//! `cargo run --release -p siyu-text --example html -- text FILE…` writes the text;
//! `… -- speed FILE…` reads all files again and again and writes megabytes of HTML per second on one thread.

use std::io::Write;
use std::time::Instant;

use siyu_text::decode;
use siyu_text::html::{StripOptions, strip};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().ok_or("say `text` or `speed`, then files")?;
    let mut pages = Vec::new();
    for path in arguments {
        let bytes = std::fs::read(&path)?;
        let found = decode::detect(&bytes, true, true);
        pages.push(decode::decode(&bytes, found.encoding).0.into_owned());
    }
    let mut out = std::io::stdout().lock();
    if what == "text" {
        for page in &pages {
            writeln!(out, "{}", strip(page, &StripOptions::default()))?;
        }
        return Ok(());
    }
    let bytes: usize = pages.iter().map(String::len).sum();
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        for page in &pages {
            std::hint::black_box(strip(page, &StripOptions::default()));
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    writeln!(out, "{} files, {bytes} bytes: {:.0} MB/s", pages.len(), bytes as f64 / best / 1e6)?;
    Ok(())
}
