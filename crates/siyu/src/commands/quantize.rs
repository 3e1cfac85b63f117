//! `siyu quantize`.

mod texts;

use super::export_onnx::{Graph, megabytes};
use anyhow::bail;
use clap::ValueEnum;
use siyu_export::{Blocks, Comparison, Numbers, QuantizeBounds, QuantizeReport, QuantizeSettings, Scheme, Trial};
use std::io::Write;
use std::path::PathBuf;
use texts::Texts;

/// Writes a model in 8 or 4 bits, measured on a dataset against what it was.
///
/// The folder is that of `siyu export-onnx`. The gate reads rows that are kept for validation with both models: where
/// perplexity grows or the likeliest tokens differ by more than the bounds, on all rows or on those of one domain,
/// nothing is written.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu quantize out/merged out/int4 --bits 4 --dataset out/legal --domain source
  siyu quantize out/merged out/int4 --bits 4 --method gptq --dataset out/legal --precision f16 --embeddings
  siyu quantize out/merged out/int8 --bits 8 --scheme dynamic --dataset out/legal")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Quantize {
    /// Model folder: `config.json` and safetensors.
    model: PathBuf,
    /// Folder to make.
    out: PathBuf,
    /// Bits of a weight.
    #[arg(long, value_parser = bits)]
    bits: u32,
    /// Where scales lie.
    #[arg(long, value_enum, default_value_t = SchemeName::Blocks)]
    scheme: SchemeName,
    /// Numbers of a row that share a scale.
    #[arg(long, value_name = "NUMBERS", default_value_t = 32)]
    block: usize,
    /// Give all blocks the same zero point: a little smaller and farther from the model.
    #[arg(long)]
    symmetric: bool,
    /// How numbers are rounded.
    #[arg(long, value_enum, default_value_t = Method::Nearest)]
    method: Method,
    /// Quantize the table of embeddings too.
    #[arg(long)]
    embeddings: bool,
    /// Leave the head as it is.
    #[arg(long)]
    keep_head: bool,
    #[command(flatten)]
    graph: Graph,
    #[command(flatten)]
    texts: Texts,
    /// Largest growth of perplexity, as a share; 0.05 for 4 bits, 0.01 for 8.
    #[arg(long, value_name = "SHARE")]
    max_perplexity_growth: Option<f64>,
    /// Least share of tokens with the same likeliest; 0.9 for 4 bits, 0.97 for 8.
    #[arg(long, value_name = "SHARE")]
    min_agreement: Option<f64>,
    /// Write the folder whatever the gate finds, and without a dataset.
    #[arg(long)]
    force: bool,
    /// Threads of onnxruntime; 0 is all cores.
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum SchemeName {
    /// A scale for each block of a row.
    Blocks,
    /// A scale for each row, and inputs rounded as they come; 8 bits only.
    Dynamic,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// To the nearest code.
    Nearest,
    /// So that errors make good each other on the dataset's training rows (GPTQ).
    Gptq,
}

fn bits(text: &str) -> Result<u32, String> {
    match text {
        "4" => Ok(4),
        "8" => Ok(8),
        _ => Err("possible are 4 and 8".to_owned()),
    }
}

impl Quantize {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let settings = self.settings()?;
        let (gate, calibration) = self.texts.read(&self.model, self.method == Method::Gptq)?;
        let usual = QuantizeBounds::for_bits(self.bits);
        let bounds = QuantizeBounds {
            perplexity_growth: self.max_perplexity_growth.unwrap_or(usual.perplexity_growth),
            agreement: self.min_agreement.unwrap_or(usual.agreement),
        };
        let trial = Trial { calibration: &calibration, gate: &gate, bounds, force: self.force, threads: self.threads };
        let graph = self.graph.settings();
        let report = siyu_export::quantize(&self.model, &self.out, graph, settings, trial)?;
        self.tell(&report, graph.numbers, out)?;
        if report.written {
            writeln!(out, "{}: {}", self.out.display(), megabytes(report.bytes))?;
            return Ok(());
        }
        bail!("out of bounds, nothing was written: {}; `--force` writes it all the same", report.problems.join("; "))
    }

    fn settings(&self) -> anyhow::Result<QuantizeSettings> {
        let scheme = match self.scheme {
            SchemeName::Blocks => {
                Scheme::Blocks(Blocks { bits: self.bits, size: self.block, symmetric: self.symmetric })
            }
            SchemeName::Dynamic if self.bits == 8 => Scheme::Dynamic,
            SchemeName::Dynamic => bail!("`--scheme dynamic` has 8 bits; leave it out for {}", self.bits),
        };
        let calibrated = self.method == Method::Gptq;
        Ok(QuantizeSettings { scheme, embeddings: self.embeddings, head: !self.keep_head, calibrated })
    }

    fn tell(&self, report: &QuantizeReport, numbers: Numbers, out: &mut impl Write) -> anyhow::Result<()> {
        let bytes = if numbers == Numbers::F16 { 2 } else { 4 };
        writeln!(
            out,
            "{} weights: {} in {}, {} in {} bits",
            report.parameters,
            megabytes(bytes * report.parameters),
            numbers.name(),
            megabytes(report.bytes),
            self.bits
        )?;
        if report.all.tokens > 0 {
            writeln!(out, "\n{:<24} {:>8}  perplexity                    agreement  divergence", "texts", "tokens")?;
            line("all", &report.all, out)?;
            for (domain, found) in &report.domains {
                line(domain, found, out)?;
            }
        }
        writeln!(out, "\ncostliest matrices, by the share of what comes out of them that changes")?;
        for cost in report.costs.iter().take(5) {
            writeln!(out, "{:>7.2} %  {}", 100.0 * cost.share, cost.name)?;
        }
        writeln!(out)?;
        Ok(())
    }
}

fn line(name: &str, found: &Comparison, out: &mut impl Write) -> std::io::Result<()> {
    let [before, after] = found.perplexity;
    writeln!(
        out,
        "{name:<24} {:>8}  {before:>9.3} to {after:>9.3} {:>+6.2} %  {:>7.2} %  {:.5}",
        found.tokens,
        100.0 * found.perplexity_growth(),
        100.0 * found.agreement,
        found.divergence
    )
}
