//! The gate: a merged model must think as base and adapter do.

use super::Merged;
use crate::compare::{Comparisons, TextRow, compare, expect_known};
use crate::error::{Error, Result};
use crate::onnx::{Branches, ExportSettings, GRAPH_FILE, Variant, write_graph};
use crate::runtime::OnnxModel;
use serde::{Deserialize, Serialize};
use siyu_checkpoint::{Checkpoint, Config, GenerateSettings, choose, mix};
use std::path::Path;
use tempfile::TempDir;

/// Texts that are drawn where none are given, and the tokens of each, unless the model was made for fewer.
const DRAWN: (u64, usize) = (16, 64);

/// How far a merged model may be from base and adapter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergeBounds {
    /// Largest mean divergence of its probabilities, in nats.
    pub divergence: f64,
    /// Least share of tokens for which both think the same likeliest, in 0..=1.
    pub agreement: f64,
}

impl Default for MergeBounds {
    fn default() -> Self {
        Self { divergence: 1e-5, agreement: 0.999 }
    }
}

/// What the comparison found. The first model is base and adapter, the second the merged one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was asked for.
    pub bounds: MergeBounds,
    /// What was found.
    #[serde(flatten)]
    pub found: Comparisons,
}

impl Verdict {
    /// Whether the merged model is within bounds; never without a single token to judge by.
    pub fn passes(&self) -> bool {
        // A divergence that is no number is not within.
        let all = &self.found.all;
        all.tokens > 0 && all.divergence <= self.bounds.divergence && all.agreement >= self.bounds.agreement
    }
}

impl Merged<'_> {
    /// Compares the merged model with base and adapter on texts, by onnxruntime in 32-bit floats; where `rows` is
    /// empty, on texts that base and adapter draw themselves. Takes disk space and memory for both models in 32-bit
    /// floats while it runs.
    ///
    /// # Errors
    /// [`Error::Library`] where there is no onnxruntime; [`Error::Setting`] for a token outside the vocabulary.
    pub fn judge(&mut self, rows: &[TextRow], bounds: MergeBounds) -> Result<&Verdict> {
        let [base_folder, adapter_folder] = &self.merge.folders;
        let config = &self.merge.config;
        expect_known(rows.iter().map(|row| &row.ids), config.vocab)?;
        let branches = Branches::open(adapter_folder)?;
        let (_first, mut unmerged) = self.model(config, &self.merge.base, Some(&branches))?;
        let merged_config = Config::from_folder(self.folder())?;
        let weights = Checkpoint::open(self.folder())?;
        let (_second, mut merged) = self.model(&merged_config, &weights, None)?;
        let drawn = if rows.is_empty() { drawn(&mut unmerged, base_folder)? } else { Vec::new() };
        let rows = if rows.is_empty() { &drawn } else { rows };
        let found = compare(&mut unmerged, &mut merged, rows)?;
        Ok(self.verdict.insert(Verdict { bounds, found }))
    }

    /// A graph in a folder that is gone with it.
    fn model(
        &self,
        config: &Config,
        weights: &Checkpoint,
        branches: Option<&Branches>,
    ) -> Result<(TempDir, OnnxModel)> {
        // A run that is cut off leaves it where the next one clears up.
        let place = tempfile::tempdir_in(self.folder()).map_err(Error::write(self.folder()))?;
        let settings = ExportSettings { variant: Variant::fastest(config), ..ExportSettings::default() };
        write_graph(config, weights, branches, settings, place.path())?;
        let model = OnnxModel::with_config(&place.path().join(GRAPH_FILE), config.clone(), 0)?;
        Ok((place, model))
    }
}

/// Texts as a model would write them, from its first token on, or from any where it has none.
fn drawn(model: &mut OnnxModel, folder: &Path) -> Result<Vec<TextRow>> {
    let settings = GenerateSettings {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        ..GenerateSettings::from_folder(folder)?
    };
    let (vocab, bos) = (model.config().vocab, model.config().bos);
    let (count, length) = DRAWN;
    let length = length.min(model.config().max_positions);
    let mut rows = Vec::new();
    for text in 0..count {
        let any = i64::try_from(mix(1, text) % u64::try_from(vocab).unwrap_or(1)).unwrap_or(0);
        let mut ids = vec![bos.filter(|bos| (0..vocab).contains(bos)).unwrap_or(any)];
        let mut session = model.start()?;
        while ids.len() < length {
            let logits = session.read(&ids[ids.len() - 1..])?;
            let token = choose(&logits, &ids, &settings, mix(text, ids.len() as u64));
            ids.push(token);
            if settings.end_tokens.contains(&token) {
                break;
            }
        }
        rows.push(TextRow::whole("drawn", ids));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Comparison;

    fn verdict(divergence: f64, agreement: f64, tokens: u64) -> Verdict {
        let all = Comparison { tokens, divergence, agreement, perplexity: [2.0, 2.0] };
        Verdict { bounds: MergeBounds::default(), found: Comparisons { all, ..Comparisons::default() } }
    }

    #[test]
    fn a_model_passes_within_both_bounds_only() {
        assert!(verdict(1e-5, 0.999, 1000).passes());
        assert!(!verdict(1.1e-5, 1.0, 1000).passes());
        assert!(!verdict(0.0, 0.998, 1000).passes());
    }

    #[test]
    fn what_is_no_number_or_was_not_judged_does_not_pass() {
        assert!(!verdict(f64::NAN, 1.0, 1000).passes());
        assert!(!verdict(0.0, 1.0, 0).passes());
    }
}
