//! The changes of an adapter as nodes beside the base's, without merging.

use super::decoder::Decoder;
use super::element::transposed;
use super::graph::Value;
use super::linear::HEAD;
use crate::error::{Error, Result};
use crate::weights::{Weights, numbers};
use rayon::prelude::*;
use siyu_checkpoint::{ADAPTER_PREFIX, ADAPTER_WEIGHTS, Checkpoint, LoraSettings};
use std::path::Path;

/// An adapter that is run beside its base.
#[derive(Debug)]
pub struct Branches {
    settings: LoraSettings,
    checkpoint: Checkpoint,
}

impl Branches {
    /// Opens an adapter folder in the format of PEFT.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for a folder that holds no adapter or one with settings that cannot be honoured.
    pub fn open(folder: &Path) -> Result<Self> {
        let settings = LoraSettings::from_folder(folder)?;
        let checkpoint = Checkpoint::of_file(folder.join(ADAPTER_WEIGHTS))?;
        Ok(Self { settings, checkpoint })
    }

    /// The base's weights, those that the adapter holds whole replaced.
    pub(crate) fn over<'a>(&'a self, base: Weights<'a>) -> Weights<'a> {
        base.with(&self.checkpoint, ADAPTER_PREFIX)
    }

    /// Whether the matrix of `module` is changed.
    pub(crate) fn changes(&self, module: &str) -> bool {
        self.checkpoint.contains(&tensor(module, "lora_A.weight"))
    }

    /// Refuses an adapter that holds more than the graph could take up.
    pub(crate) fn check_used(&self, used: &[String], base: &Checkpoint) -> Result<()> {
        let known = |name: &str| {
            let Some(name) = name.strip_prefix(ADAPTER_PREFIX) else { return false };
            let change = [".lora_A.weight", ".lora_B.weight", ".lora_magnitude_vector"];
            match change.iter().find_map(|part| name.strip_suffix(part)) {
                Some(module) => used.iter().any(|used| used == module),
                None => base.contains(name) || name == HEAD,
            }
        };
        match self.checkpoint.names().find(|name| !known(name)) {
            None => Ok(()),
            Some(stray) => Err(Error::adapter(format!("it holds `{stray}`, for which the model has no place"))),
        }
    }
}

fn tensor(module: &str, part: &str) -> String {
    format!("{ADAPTER_PREFIX}{module}.{part}")
}

impl Decoder<'_, '_> {
    /// Adds the change of `module` to what the base makes of `input`: `output + scale · (input Aᵀ) Bᵀ`, and with
    /// magnitudes each number times `m / ‖W + scale · B A‖` of its row.
    ///
    /// # Source
    /// Hu et al. 2021, "`LoRA`", equation 3; Liu et al. 2024, "`DoRA`", equation 5.
    pub(crate) fn changed(&mut self, module: &str, size: [i64; 2], input: &Value, output: Value) -> Result<Value> {
        let Some(branches) = self.branches.filter(|branches| branches.changes(module)) else { return Ok(output) };
        let shape = branches.settings.shape(module)?;
        let (down, up) = (tensor(module, "lora_A.weight"), tensor(module, "lora_B.weight"));
        let [width_out, width_in] = size;
        let a = numbers(&branches.checkpoint, &down, &[shape.rank, width_in])?;
        let b = numbers(&branches.checkpoint, &up, &[width_out, shape.rank])?;
        #[expect(clippy::cast_possible_truncation, reason = "a factor near 1")]
        let scale = shape.scale as f32;
        let scaled: Vec<f32> = b.iter().map(|number| number * scale).collect();
        let sizes = [width_in, shape.rank, width_out].map(|size| usize::try_from(size).expect("sizes are counts"));
        let [columns, rank, rows] = sizes;
        let sum = self.low_rank_sum([&down, &up], [&a, &scaled], rank, input, &output)?;
        self.used.push(module.to_owned());
        let magnitudes = tensor(module, "lora_magnitude_vector");
        if !branches.checkpoint.contains(&magnitudes) {
            return Ok(sum);
        }
        let base = self.weights.numbers(&format!("{module}.weight"), &[width_out, width_in])?;
        let mut factors = numbers(&branches.checkpoint, &magnitudes, &[width_out])?;
        factors.par_iter_mut().enumerate().for_each(|(row, factor)| {
            let mut whole: Vec<f32> = base[row * columns..][..columns].to_vec();
            for (index, &weight) in scaled[row * rank..][..rank].iter().enumerate() {
                whole.iter_mut().zip(&a[index * columns..]).for_each(|(sum, a)| *sum += weight * a);
            }
            *factor /= whole.iter().map(|number| number * number).sum::<f32>().sqrt();
        });
        let factors = self.graph.weight(&magnitudes, self.element, &[rows], self.element.bytes(&factors))?;
        Ok(self.graph.node("Mul", &[&sum, &factors], vec![]))
    }

    /// `output + (input Aᵀ) Bᵀ`.
    ///
    /// # Shapes
    /// - `[a, b]`: `[rank, width_in]` and `[width_out, rank]`, under `names`
    pub(crate) fn low_rank_sum(
        &mut self,
        names: [&str; 2],
        [a, b]: [&[f32]; 2],
        rank: usize,
        input: &Value,
        output: &Value,
    ) -> Result<Value> {
        let (columns, rows, element) = (a.len() / rank, b.len() / rank, self.element);
        let (a, b) = (element.bytes(&transposed(a, rank, columns)), element.bytes(&transposed(b, rows, rank)));
        let down = self.graph.weight(names[0], element, &[columns, rank], a)?;
        let up = self.graph.weight(names[1], element, &[rank, rows], b)?;
        let low = self.graph.node("MatMul", &[input, &down], vec![]);
        let change = self.graph.node("MatMul", &[&low, &up], vec![]);
        Ok(self.graph.node("Add", &[output, &change], vec![]))
    }
}
