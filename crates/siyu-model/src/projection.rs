//! Matrices that take the same input, multiplied with it as one.

use crate::error::Result;
use crate::forward::Pass;
use crate::lora::{Base, Lora};
use crate::model::Options;
use crate::parameters::{Parameters, Plan};
use crate::weight::{Source, Start, Weight};
use siyu_checkpoint::LoraSettings;
use tch::{Kind, Tensor};

/// Queries, keys and values; or gate and up; or one matrix alone.
#[derive(Debug)]
pub(crate) struct Projection {
    /// All matrices in one, or, where some of them are trained and others are not, each by itself.
    matrices: Vec<Matrix>,
    outputs: Vec<Output>,
}

#[derive(Debug)]
struct Matrix {
    weight: Weight,
    bias: Option<Weight>,
}

/// What one of the matrices makes.
#[derive(Debug)]
struct Output {
    /// The name of its module.
    name: String,
    /// Its size.
    size: i64,
    lora: Option<Lora>,
}

impl Projection {
    /// Loads the matrices of `modules`, given by name and size of the output, for inputs of `width`.
    pub(crate) fn load(
        source: &Source<'_>,
        modules: &[(String, i64)],
        width: i64,
        bias: bool,
        options: Options,
    ) -> Result<Self> {
        let named = |suffix: &str| modules.iter().map(|(name, size)| (format!("{name}.{suffix}"), *size)).collect();
        let weight = Weight::load_matrix(source, named("weight"), width, options)?;
        let bias = bias.then(|| Weight::load(source, named("bias"), None, Start::Zeros, options)).transpose()?;
        let outputs = modules.iter().map(|(name, size)| Output { name: name.clone(), size: *size, lora: None });
        Ok(Self { matrices: vec![Matrix { weight, bias }], outputs: outputs.collect() })
    }

    /// Multiplies.
    ///
    /// # Shapes
    /// `input`: `[tokens, width]`; returns `[tokens, size]` for each matrix.
    pub(crate) fn forward(&self, input: &Tensor, pass: &Pass<'_>) -> Result<Vec<Tensor>> {
        let mut made = Vec::with_capacity(self.outputs.len());
        for matrix in &self.matrices {
            let weight = matrix.weight.get(pass.parameters, pass.kind)?;
            let bias = matrix.bias.as_ref().map(|bias| bias.get(pass.parameters, pass.kind)).transpose()?;
            made.push(input.f_linear(&weight, bias.as_ref())?);
        }
        if made.len() < self.outputs.len() {
            let sizes: Vec<i64> = self.outputs.iter().map(|output| output.size).collect();
            made = made[0].f_split_with_sizes(&sizes, 1)?;
        }
        for (index, output) in self.outputs.iter().enumerate() {
            let Some(lora) = &output.lora else { continue };
            let weight = || self.weight(index, pass.parameters, pass.kind);
            let bias = || self.bias(index, pass.parameters, pass.kind);
            let biased = self.matrices[0].bias.is_some();
            let base = Base { weight: &weight, bias: if biased { Some(&bias) } else { None } };
            made[index] = lora.add(input, &made[index], &base, pass)?;
        }
        Ok(made)
    }

    /// The matrix of one output, `[size, width]`.
    fn weight(&self, index: usize, parameters: &Parameters, kind: Kind) -> Result<Tensor> {
        self.slice(index, |matrix| matrix.weight.get(parameters, kind))
    }

    /// The bias of one output, `[size]`.
    fn bias(&self, index: usize, parameters: &Parameters, kind: Kind) -> Result<Tensor> {
        self.slice(index, |matrix| {
            matrix.bias.as_ref().expect("asked for only where there is one").get(parameters, kind)
        })
    }

    fn slice(&self, index: usize, tensor: impl Fn(&Matrix) -> Result<Tensor>) -> Result<Tensor> {
        if self.matrices.len() == self.outputs.len() {
            return tensor(&self.matrices[index]);
        }
        let start = self.outputs.iter().take(index).map(|output| output.size).sum();
        Ok(tensor(&self.matrices[0])?.f_narrow(0, start, self.outputs[index].size)?)
    }

    /// Adds changes to the matrices that the settings name.
    pub(crate) fn adapt(&mut self, plan: &mut Plan, settings: &LoraSettings) -> Result<()> {
        let none = Parameters::none();
        for index in 0..self.outputs.len() {
            if settings.is_target(&self.outputs[index].name)? {
                let weight = self.weight(index, &none, Kind::Float)?;
                self.outputs[index].lora = Some(Lora::new(plan, settings, &self.outputs[index].name, &weight)?);
            }
        }
        Ok(())
    }

    /// Makes parameters of the matrices and biases whose modules are `chosen` and do not carry a change.
    pub(crate) fn train(&mut self, plan: &mut Plan, chosen: &dyn Fn(&str) -> bool) -> Result<()> {
        let chosen: Vec<bool> =
            self.outputs.iter().map(|output| output.lora.is_none() && chosen(&output.name)).collect();
        if chosen.iter().all(|&chosen| !chosen) {
            return Ok(());
        }
        if chosen.iter().any(|&chosen| !chosen) {
            self.divide()?;
        }
        for (matrix, _) in self.matrices.iter_mut().zip(chosen).filter(|(_, chosen)| *chosen) {
            matrix.weight.train(plan)?;
            if let Some(bias) = &mut matrix.bias {
                bias.train(plan)?;
            }
        }
        Ok(())
    }

    fn divide(&mut self) -> Result<()> {
        let mut divided = Vec::with_capacity(self.outputs.len());
        for Matrix { weight, bias } in self.matrices.drain(..) {
            let weights = weight.divided()?;
            let biases = bias.map(Weight::divided).transpose()?;
            let mut biases = biases.map(Vec::into_iter);
            for weight in weights {
                divided.push(Matrix { weight, bias: biases.as_mut().and_then(Iterator::next) });
            }
        }
        self.matrices = divided;
        Ok(())
    }

    /// The names of the modules.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|output| output.name.as_str())
    }

    /// The changes, with the names of their modules.
    pub(crate) fn loras(&self) -> impl Iterator<Item = (&str, &Lora)> {
        self.outputs.iter().filter_map(|output| Some((output.name.as_str(), output.lora.as_ref()?)))
    }

    /// All weights of the base.
    pub(crate) fn weights(&self) -> impl Iterator<Item = &Weight> {
        self.matrices.iter().flat_map(|matrix| [Some(&matrix.weight), matrix.bias.as_ref()]).flatten()
    }
}
