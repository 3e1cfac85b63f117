//! `siyu quantize`.

use super::export_onnx::{Graph, megabytes};
use super::texts::Texts;
use anyhow::bail;
use clap::ValueEnum;
use siyu_export::{
    Blocks, Comparison, Comparisons, Numbers, QuantizeBounds, QuantizeReport, QuantizeSettings, Scheme, Trial,
};
use std::io::Write;
use std::path::PathBuf;

/// Rank of what wins back losses where none is named.
const RANK: &str = "16";

/// Writes a model in 8 or 4 bits, measured on a dataset against what it was.
///
/// The folder is that of `siyu export-onnx`. The gate reads rows that are kept for validation with both models: where
/// perplexity grows or the likeliest tokens differ by more than the bounds, on all rows or on those of one domain,
/// nothing is written.
///
/// `--recover` fits a small low-rank change to what each matrix lost, on the dataset's training rows, and puts it into
/// the graph beside the matrix; the gate then tells what it wins back.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu quantize out/merged out/int4 --bits 4 --dataset out/legal --domain source
  siyu quantize out/merged out/int4 --bits 4 --method gptq --dataset out/legal --precision f16 --embeddings
  siyu quantize out/merged out/int4 --bits 4 --method gptq --recover --dataset out/legal
  siyu quantize out/merged out/int8 --bits 8 --scheme static --dataset out/legal")]
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
    /// Numbers of a row that share a scale: 16, 32, 64, 128 or 256.
    #[arg(long, value_name = "NUMBERS", default_value_t = 32)]
    block: usize,
    /// Give all blocks the same zero point: a little smaller and farther from the model.
    #[arg(long)]
    symmetric: bool,
    /// How numbers are rounded.
    #[arg(long, value_enum, default_value_t = Method::Nearest)]
    method: Method,
    /// Win back what rounding loses by a low-rank change beside each matrix, fitted on the dataset's training rows.
    #[arg(long, value_name = "RANK", num_args = 0..=1, require_equals = true, default_missing_value = RANK)]
    recover: Option<usize>,
    /// Most training rows for `--method gptq`, `--scheme static` and `--recover`.
    #[arg(long, value_name = "COUNT", default_value_t = 128)]
    calibration_rows: u64,
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
    /// A scale for each row, and inputs rounded within the range that they have on the dataset's training rows (QDQ); 8
    /// bits only.
    Static,
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
        let gate = self.texts.read(&self.model)?;
        let calibration =
            if settings.takes_texts() { self.texts.training(&self.model, self.calibration_rows)? } else { Vec::new() };
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
            _ if self.bits != 8 => {
                let problem = format!("only `--scheme blocks` has {} bits; the others have 8", self.bits);
                return Err(siyu_export::Error::Setting { problem }.into());
            }
            SchemeName::Dynamic => Scheme::Dynamic,
            SchemeName::Static => Scheme::Static,
        };
        Ok(QuantizeSettings {
            scheme,
            embeddings: self.embeddings,
            head: !self.keep_head,
            calibrated: self.method == Method::Gptq,
            recovery: self.recover,
        })
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
        if report.found.all.tokens > 0 {
            writeln!(out, "\n{:<24} {:>8}  perplexity                    agreement  divergence", "texts", "tokens")?;
            if let Some(unrecovered) = &report.unrecovered {
                lines(unrecovered, out)?;
                writeln!(out, "with what the low-rank changes win back")?;
            }
            lines(&report.found, out)?;
        }
        writeln!(out, "\ncostliest matrices, by the share of what comes out of them that changes")?;
        for cost in report.costs.iter().take(5) {
            let won = cost.recovered.map(|left| format!(" to {:>5.2} %", 100.0 * left)).unwrap_or_default();
            writeln!(out, "{:>7.2} %{won}  {}", 100.0 * cost.share, cost.name)?;
        }
        writeln!(out)?;
        Ok(())
    }
}

fn lines(found: &Comparisons, out: &mut impl Write) -> std::io::Result<()> {
    line("all", &found.all, out)?;
    found.domains.iter().try_for_each(|(domain, found)| line(domain, found, out))
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
