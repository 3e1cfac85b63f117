//! The main job on `sample-data/`, from an untouched clone to a verified dataset and an adapter that answers.

use crate::{libtorch, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PIPELINE: &str = "pipelines/legal.yaml";
const DATASET: &str = "out/legal";

const QUESTIONS: &str = "pipelines/questions-chat.yaml";
const BASE: &str = "sample-data/models/tiny-zh";
const TRAINING: &str = "pipelines/train/questions-adapter.yaml";
const ADAPTER: &str = "out/questions-adapter";
/// A question that is not among those trained on, as the chat template of the dataset lays it out.
const QUESTION: &str = "邻居漏水不赔，怎么办？";

/// Builds, turns the sample data into a verified dataset, and fits an adapter beside the small base.
///
/// Where libtorch cannot be had, the data's part is done all the same before that is an error.
pub(crate) fn run() -> Result<()> {
    let torch = libtorch::prepare(None);
    println!("building; the first build compiles DataFusion and takes several minutes");
    // All that the tests build, and not two packages.
    let selection =
        if torch.is_ok() { [&workspace::TOGETHER[..], &["--bins"]].concat() } else { vec!["--package", "siyu"] };
    let demo = Demo { siyu: workspace::build(&selection, false)?, root: workspace::root() };
    demo.data()?;
    torch.context("the dataset is made, but the trainer needs libtorch")?;
    demo.training()
}

struct Demo {
    siyu: PathBuf,
    root: PathBuf,
}

impl Demo {
    fn data(&self) -> Result<()> {
        self.siyu(&["check", PIPELINE])?;
        self.siyu(&["run", PIPELINE, "--fresh"])?;
        self.siyu(&["verify", DATASET])?;
        let report = self.root.join(DATASET).join("report.html");
        if !report.is_file() {
            bail!("the run left no report at `{}`", report.display());
        }
        println!("\ndataset: {}\nreport:  {}", self.root.join(DATASET).display(), report.display());
        Ok(())
    }

    fn training(&self) -> Result<()> {
        let adapter = self.root.join(ADAPTER);
        if adapter.exists() {
            fs::remove_dir_all(&adapter).with_context(|| format!("cannot remove `{}`", adapter.display()))?;
        }
        self.siyu(&["run", QUESTIONS, "--fresh"])?;
        let before = self.answer(&[])?;
        self.siyu(&["train", TRAINING])?;
        let after = self.answer(&["--adapter", ADAPTER])?;
        let (first, last) = perplexities(&adapter.join("metrics.jsonl"))?;
        println!("\nquestion: {QUESTION}\nbefore:   {before}\nafter:    {after}");
        println!("perplexity of answers that were not trained on: {first:.2} before, {last:.2} after");
        println!("adapter:  {}\nreport:   {}", adapter.display(), adapter.join("report.html").display());
        Ok(())
    }

    /// Runs the command with its output on this terminal.
    fn siyu(&self, arguments: &[&str]) -> Result<()> {
        println!("\n$ siyu {}", arguments.join(" "));
        let mut command = Command::new(&self.siyu);
        command.current_dir(&self.root).args(arguments);
        workspace::succeed(&mut command, &format!("run `siyu {}`", arguments.join(" ")))
    }

    /// What the base, with these arguments, answers to the question.
    fn answer(&self, arguments: &[&str]) -> Result<String> {
        let prompt = format!("<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n");
        println!("\n$ siyu generate {BASE} {} …", arguments.join(" "));
        let mut command = Command::new(&self.siyu);
        command.current_dir(&self.root).args(["generate", BASE, &prompt, "--max-tokens", "60"]).args(arguments);
        let output = command.output().context("cannot start `siyu generate`")?;
        if !output.status.success() {
            bail!("`siyu generate` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().replace('\n', " "))
    }
}

/// The first and the last perplexity on validation that a run measured.
fn perplexities(metrics: &Path) -> Result<(f64, f64)> {
    let text = fs::read_to_string(metrics).with_context(|| format!("cannot read `{}`", metrics.display()))?;
    let mut found = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("\"validation_perplexity\":")?;
        rest.split([',', '}']).next()?.parse().ok()
    });
    let first = found.next();
    first.zip(found.next_back()).with_context(|| format!("`{}` holds no two perplexities", metrics.display()))
}
