//! What is measured at each step, and the file that keeps it.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{Error, Result};

/// The file's name in the folder of a run.
pub const METRICS: &str = "metrics.jsonl";

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A judgement.
    Evaluation(EvaluationMetrics),
    /// A step.
    Step(StepMetrics),
}

/// What is measured at a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Its number, from 1.
    pub step: u64,
    /// Epochs done, with their fraction.
    pub epoch: f64,
    /// Mean loss of its labels, in nats; null in the file where it is no number.
    #[serde(deserialize_with = "number")]
    pub loss: f64,
    /// Rate of learning.
    pub learning_rate: f64,
    /// Norm of the gradient before it was shortened; absent where it is no number.
    pub gradient_norm: Option<f64>,
    /// Tokens computed.
    pub tokens: u64,
    /// Of which learnt.
    pub labels: u64,
    /// Wall-clock time.
    pub seconds: f64,
    /// Of which waiting for rows.
    pub data_wait_seconds: f64,
    /// Tokens a second.
    pub tokens_per_second: f64,
    /// Share of the device's peak that was used, where the peak is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfu: Option<f64>,
    /// Most main memory the process has held, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// The loss scale of 16-bit floats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_scale: Option<f64>,
    /// Why the parameters were not changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// What a judgement on the rows of `validation` measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationMetrics {
    /// Steps done.
    pub step: u64,
    /// Mean loss of the labels, in nats.
    #[serde(deserialize_with = "number")]
    pub validation_loss: f64,
    /// Its exponential.
    #[serde(deserialize_with = "number")]
    pub validation_perplexity: f64,
    /// Share of labels that were the likeliest token.
    #[serde(deserialize_with = "number")]
    pub validation_token_accuracy: f64,
    /// Labels judged.
    pub labels: u64,
    /// Whether no earlier loss was lower.
    pub best: bool,
}

/// JSON has no word for what is no number but null.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// A file that only grows, and that a run which continues cuts back to where its state was.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Log {
    /// Opens a file and cuts it to so many bytes.
    pub(crate) fn open(path: &Path, bytes: u64) -> Result<Self> {
        let open = || {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
            let had = file.metadata()?.len();
            file.set_len(bytes.min(had))?;
            Ok((file, bytes.min(had)))
        };
        let (mut file, bytes) = open().map_err(Error::write(path))?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).map_err(Error::write(path))?;
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// Adds bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::write(&self.path))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Adds a line of JSON.
    pub(crate) fn line(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string(line).expect("metrics consist of numbers and texts");
        text.push('\n');
        self.append(text.as_bytes())
    }

    /// How long it is, with all of it on the disk.
    pub(crate) fn synced(&self) -> Result<u64> {
        self.file.sync_data().map_err(Error::write(&self.path))?;
        Ok(self.bytes)
    }
}

/// The lines of a run's `metrics.jsonl`.
///
/// # Errors
/// Where the file cannot be read or is not what this program writes.
pub fn read(folder: &Path) -> Result<Vec<Line>> {
    let path = folder.join(METRICS);
    let text = std::fs::read_to_string(&path).map_err(Error::read(&path))?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| Error::damaged(&path, &error))).collect()
}
