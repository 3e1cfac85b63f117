//! One layer's share of a backward pass.
//!
//! Every layer has a graph of its own, from its input to its output. Where attention is not libtorch's, the graph is
//! cut there: what follows attention runs backward first, then attention by hand, then what precedes it.

use crate::attention::{self, cpu};
use crate::error::Result;
use crate::forward::Pass;
use crate::layer::Layer;
use crate::parameters::Parameters;
use tch::Tensor;

/// A layer's graph.
pub(crate) struct Graph {
    start: Tensor,
    cut: Option<Cut>,
    output: Tensor,
}

/// Where attention would be.
struct Cut {
    /// Ends of the part before it.
    heads: [Tensor; 3],
    kept: cpu::Kept,
    /// Start of the part behind it.
    attended: Tensor,
}

impl Graph {
    /// Runs a layer, for `rows` of the tokens only where they are given. The gradient of `input` is there afterwards
    /// only where it is needed.
    pub(crate) fn new(
        layer: &Layer,
        input: &Tensor,
        rows: Option<&Tensor>,
        needs_gradient: bool,
        pass: &Pass<'_>,
    ) -> Result<Self> {
        let start = detached(input, needs_gradient)?;
        let heads = layer.heads(&start, pass)?;
        let [queries, keys, values] = &heads;
        let learns = heads.iter().any(Tensor::requires_grad);
        if !learns || !cpu::is_usable(queries, queries.size()[2]) {
            let attended = attention::within_documents([queries, keys, values], pass.plan, layer.window())?;
            let output = layer.finish(&start, &attended, rows, pass)?;
            return Ok(Self { start, cut: None, output });
        }
        let kept = cpu::forward([queries, keys, values], pass.plan, layer.window())?;
        let attended = detached(&kept.attended()?, true)?;
        let output = layer.finish(&start, &attended, rows, pass)?;
        Ok(Self { start, cut: Some(Cut { heads, kept, attended }), output })
    }

    /// What the layer made, without a graph.
    pub(crate) fn output(&self) -> Result<Tensor> {
        Ok(self.output.f_detach()?)
    }

    /// Adds the gradients of the layer's parameters to `buffer`, `above` being that of the output; gives that of the
    /// input, undefined where it is not needed.
    pub(crate) fn backward(
        self,
        layer: &Layer,
        above: &Tensor,
        parameters: &Parameters,
        buffer: &Tensor,
    ) -> Result<Tensor> {
        let [before, behind] = layer.trained();
        let start = Some(&self.start).filter(|start| start.requires_grad());
        let Some(Cut { heads, kept, attended }) = self.cut else {
            let indices = [before, behind].concat();
            let mut found = propagate(&[(&self.output, above)], &indices, &[start], parameters, buffer)?;
            return Ok(found.pop().unwrap_or_default());
        };
        let mut found = propagate(&[(&self.output, above)], &behind, &[start, Some(&attended)], parameters, buffer)?;
        let of_attended = found.pop().unwrap_or_default();
        let around = found.pop();
        // What was kept for the part behind is not needed any more.
        drop(self.output);
        let of_heads = tch::no_grad(|| cpu::backward(&kept, &of_attended))?;
        let ends: Vec<(&Tensor, &Tensor)> =
            heads.iter().zip(&of_heads).filter(|(head, _)| head.requires_grad()).collect();
        let through = propagate(&ends, &before, &[start], parameters, buffer)?.pop();
        Ok(match (around, through) {
            (Some(around), Some(through)) => tch::no_grad(|| around.f_add(&through))?,
            (one, other) => one.or(other).unwrap_or_default(),
        })
    }
}

/// Runs a graph backward from its ends, each given with its gradient. Adds the gradients of parameters to `buffer`;
/// gives those of the starts that there are.
pub(crate) fn propagate(
    ends: &[(&Tensor, &Tensor)],
    indices: &[usize],
    starts: &[Option<&Tensor>],
    parameters: &Parameters,
    buffer: &Tensor,
) -> Result<Vec<Tensor>> {
    let mut wanted: Vec<&Tensor> = indices.iter().map(|&index| parameters.leaf(index)).collect();
    wanted.extend(starts.iter().flatten());
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    // The gradient of the sum of these products with respect to each end is the one given.
    let roots: std::result::Result<Vec<Tensor>, _> =
        ends.iter().map(|(end, above)| end.f_mul(above)?.f_sum(end.kind())).collect();
    let mut found = Tensor::f_run_backward(&roots?, &wanted, false, false)?;
    let below = found.split_off(indices.len());
    tch::no_grad(|| parameters.accumulate(buffer, indices, &found))?;
    Ok(below)
}

/// A tensor without its history, from which a graph may begin.
pub(crate) fn detached(tensor: &Tensor, needs_gradient: bool) -> Result<Tensor> {
    Ok(tensor.f_detach()?.f_set_requires_grad(needs_gradient)?)
}
