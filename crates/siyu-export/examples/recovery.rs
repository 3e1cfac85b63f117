//! What low-rank changes win back of 4-bit weights: perplexity and divergence by method and rank.
//!
//! `cargo run --release -p siyu-export --example recovery -- MODEL TOKENS.json [RANK…]`; the file holds lists of token
//! ids under `train` and `validation`.

use siyu_export::{
    Blocks, Comparison, ExportSettings, QuantizeBounds, QuantizeSettings, Scheme, TextRow, Trial, quantize,
};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().ok_or("name a model")?;
    let texts: BTreeMap<String, Vec<Vec<i64>>> =
        serde_json::from_slice(&std::fs::read(arguments.next().ok_or("name a file of tokens")?)?)?;
    let ranks: Vec<usize> = arguments.map(|rank| rank.parse()).collect::<Result<_, _>>()?;
    let gate: Vec<TextRow> = texts["validation"].iter().map(|ids| TextRow::whole("all", ids.clone())).collect();
    let bounds = QuantizeBounds::for_bits(4);
    let trial = Trial { calibration: &texts["train"], gate: &gate, bounds, force: false, threads: 1 };
    let mut out = std::io::stdout().lock();
    for calibrated in [false, true] {
        for &rank in &ranks {
            let scheme = Scheme::Blocks(Blocks { bits: 4, size: 32, symmetric: false });
            let settings = QuantizeSettings { scheme, embeddings: false, head: true, calibrated, recovery: Some(rank) };
            let folder = std::env::temp_dir().join(format!("siyu-recovery-{}", std::process::id()));
            let report = quantize(Path::new(&model), &folder, ExportSettings::default(), settings, trial)?;
            std::fs::remove_dir_all(&folder).ok();
            let method = if calibrated { "gptq" } else { "nearest" };
            writeln!(out, "{method}, rank {rank}, {} bytes", report.bytes)?;
            told("without", &report.unrecovered.ok_or("nothing was recovered")?.all, &mut out)?;
            told("with", &report.found.all, &mut out)?;
        }
    }
    Ok(())
}

fn told(what: &str, found: &Comparison, out: &mut impl Write) -> std::io::Result<()> {
    let [before, after] = found.perplexity;
    writeln!(
        out,
        "  {what:<8} perplexity {before:.4} to {after:.4} ({:+.2} %), divergence {:.5}, agreement {:.2} %",
        100.0 * found.perplexity_growth(),
        found.divergence,
        100.0 * found.agreement
    )
}
