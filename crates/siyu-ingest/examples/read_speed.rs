//! MB a CPU-second of cutting and of parsing: `cargo run --release --example read_speed -- FILE…`.

#![expect(clippy::print_stdout, reason = "the result goes to stdout")]

use std::sync::Arc;

use siyu_ingest::input::{Cutter, Input, Wanted, WantedColumn, discover, parse};

/// Time that this thread has spent on a processor, which other processes do not change.
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(spent.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let sources: Arc<[_]> = discover(&[Input { path: path.clone(), ..Input::default() }])?.into();
        let wanted = Wanted { columns: vec![WantedColumn { name: "text".into(), required: false }] };
        // The kernel counts in ticks of some milliseconds, so single passes say little.
        let mut spent = (0.0, 0.0);
        let (mut bytes, mut rows, mut bad) = (0, 0, 0);
        for _ in 0..20 {
            (rows, bad) = (0, 0);
            let mut cutter = Cutter::new(Arc::clone(&sources));
            loop {
                let start = cpu_seconds()?;
                let block = cutter.next()?;
                let cut = cpu_seconds()?;
                spent.0 += cut - start;
                let Some(block) = block else { break };
                for parsed in parse(&block, &sources, &wanted) {
                    let parsed = parsed?;
                    rows += parsed.rows.num_rows();
                    bad += parsed.bad.len();
                }
                spent.1 += cpu_seconds()? - cut;
            }
            bytes += cutter.bytes_read();
        }
        let megabytes = bytes as f64 / 1e6;
        println!(
            "{path}: cut {:.0} MB/s, parse {:.0} MB/s, {rows} rows, {bad} bad",
            megabytes / spent.0,
            megabytes / spent.1
        );
    }
    Ok(())
}
