//! The text of HTML files, or how fast it is made.
//!
//! `cargo run --release -p siyu-text --example html -- strip FILE…` writes one JSON object a file, with its path and
//! text; `… -- article FILE…` the main text, with title, author and date; `… -- speed FILE…` reads all files again and
//! again and writes megabytes of HTML per CPU-second for both, on one thread.

use std::io::Write;

use siyu_text::decode;
use siyu_text::html::{StripOptions, article, strip};

/// Times that all pages are read; the best counts.
const ROUNDS: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().ok_or("say `strip`, `article` or `speed`, then files")?;
    let paths: Vec<String> = arguments.collect();
    let mut pages = Vec::new();
    for path in &paths {
        let bytes = std::fs::read(path)?;
        let found = decode::detect(&bytes, true, true);
        pages.push(decode::decode(&bytes, found.encoding).0.into_owned());
    }
    let mut out = std::io::stdout().lock();
    if what == "speed" {
        let bytes: usize = pages.iter().map(String::len).sum();
        let stripped = fastest(&pages, |page| strip(page, &StripOptions::default()).len())?;
        let articles = fastest(&pages, |page| article(page, false).text.len())?;
        let speed = |seconds: f64| bytes as f64 / seconds / 1e6;
        let (strip, article) = (speed(stripped), speed(articles));
        writeln!(
            out,
            "{} files, {bytes} bytes: strip {strip:.0}, article {article:.0} MB per CPU-second",
            pages.len()
        )?;
        return Ok(());
    }
    for (path, page) in paths.iter().zip(&pages) {
        let row = if what == "article" {
            let found = article(page, true);
            serde_json::json!({
                "path": path, "text": found.text, "title": found.title, "author": found.author, "date": found.date
            })
        } else {
            serde_json::json!({ "path": path, "text": strip(page, &StripOptions::default()) })
        };
        writeln!(out, "{row}")?;
    }
    Ok(())
}

/// The CPU-seconds of the fastest round over all pages.
fn fastest(pages: &[String], read: impl Fn(&str) -> usize) -> std::io::Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = cpu_seconds()?;
        for page in pages {
            std::hint::black_box(read(page));
        }
        best = best.min(cpu_seconds()? - start);
    }
    Ok(best)
}

/// CPU time of this process so far, as Linux counts it.
fn cpu_seconds() -> std::io::Result<f64> {
    let counts = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = counts.split(' ').next().and_then(|count| count.parse::<f64>().ok()).unwrap_or_default();
    Ok(nanoseconds / 1e9)
}
