//! `siyu merge`.

use super::texts::Texts;
use anyhow::bail;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use siyu_checkpoint::Precision;
use siyu_export::{Comparison, MergeBounds, MergeSettings, Verdict};
use std::io::Write;
use std::path::PathBuf;

/// Makes an adapter part of its base: one model folder that every tool reads.
///
/// Weights become `W + scale · B A`, computed in 32-bit floats and stored as the base's are. Then the gate: onnxruntime
/// runs base and adapter against the merged model. Where they do not think alike, nothing is written. They are compared
/// on the texts that are named; where none are, on texts that base and adapter write themselves.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu merge models/base out/legal-adapter out/legal-model --dataset out/legal
  siyu merge models/base out/legal-adapter out/legal-model --prompts questions.txt
  siyu merge models/base out/legal-adapter out/legal-model --precision f32 --force

Exit codes: 0 written, 1 the merged model did not pass or cannot be written, 2 base and adapter do not go together")]
pub(crate) struct Merge {
    /// Folder of the base model: `config.json` and safetensors.
    base: PathBuf,
    /// Folder of the adapter, as `siyu train` or PEFT writes it.
    adapter: PathBuf,
    /// Folder to write.
    out: PathBuf,
    #[command(flatten)]
    texts: Texts,
    /// The kind of number of the merged weights; that of the base otherwise.
    #[arg(long, value_enum)]
    precision: Option<Numbers>,
    /// Size of one file of weights at most.
    #[arg(long, value_name = "COUNT", default_value_t = 4096)]
    shard_megabytes: usize,
    /// Do not compare: saves the memory and disk space that both models take in 32-bit floats.
    #[arg(long, conflicts_with_all = ["dataset", "prompts"])]
    no_gate: bool,
    /// Write over what is there, and even a model that does not pass.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Numbers {
    /// 32 bits.
    F32,
    /// 16 bits with the range of 32.
    Bf16,
    /// 16 bits with little range.
    F16,
}

impl From<Numbers> for Precision {
    fn from(numbers: Numbers) -> Self {
        match numbers {
            Numbers::F32 => Self::F32,
            Numbers::Bf16 => Self::Bf16,
            Numbers::F16 => Self::F16,
        }
    }
}

impl Merge {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let settings = MergeSettings {
            precision: self.precision.map(Precision::from),
            shard_bytes: self.shard_megabytes.max(1) << 20,
            replace: self.force,
        };
        let merge = siyu_export::Merge::open(&self.base, &self.adapter)?;
        if merge.origin().is_none() {
            let note = "the adapter has no record of its base: nobody knows whether it was trained on this one";
            writeln!(std::io::stderr(), "note: {note}")?;
        }
        let rows = if self.no_gate { Vec::new() } else { self.texts.read(&self.base)? };
        let bytes = merge.bytes(&settings)?;
        let bar = ProgressBar::new(bytes).with_style(style());
        let mut merged = merge.write(&self.out, &settings, &|made| bar.inc(made))?;
        bar.finish_and_clear();
        if self.no_gate {
            merged.finish()?;
        } else {
            let verdict = merged.judge(&rows, MergeBounds::default())?.clone();
            let told = told(&verdict);
            if !verdict.passes() && !self.force {
                bail!(
                    "the merged model is not base and adapter: {told}; nothing was written; store it with \
                     `--precision f32`, or write it all the same with `--force`"
                );
            }
            merged.finish()?;
            let drawn = if self.texts.are_absent() { ", on texts of its own" } else { "" };
            let passed = if verdict.passes() { "passed" } else { "did not pass" };
            writeln!(out, "gate {passed}{drawn}: {told}")?;
            for (domain, found) in verdict.found.domains.iter().filter(|_| verdict.found.domains.len() > 1) {
                writeln!(out, "  {domain}: {}", measured(found))?;
            }
        }
        writeln!(out, "{bytes} bytes of weights: {}", self.out.display())?;
        Ok(())
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("merging {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    style.expect("the template is well formed")
}

fn told(verdict: &Verdict) -> String {
    let MergeBounds { divergence, agreement } = verdict.bounds;
    let found = measured(&verdict.found.all);
    format!("{found} (at most {divergence:.0e}, at least {:.1} %)", 100.0 * agreement)
}

fn measured(found: &Comparison) -> String {
    let [before, after] = found.perplexity;
    format!(
        "divergence {:.1e}, the likeliest token the same for {:.2} % of {}, perplexity {before:.4} and {after:.4}",
        found.divergence,
        100.0 * found.agreement,
        found.tokens
    )
}
