//! One layer: attention and a gated feed-forward block, each on a residual path.

use crate::attention::{self, cpu};
use crate::error::Result;
use crate::forward::Pass;
use crate::model::Options;
use crate::parameters::Plan;
use crate::projection::Projection;
use crate::weight::{Source, Start, Weight};
use siyu_checkpoint::{Config, LoraSettings};
use tch::Tensor;

#[derive(Debug)]
pub(crate) struct Layer {
    input_norm: Weight,
    attention: Projection,
    /// Of queries and of keys.
    head_norms: Option<[Weight; 2]>,
    output: Projection,
    inner_norm: Weight,
    gate_up: Projection,
    down: Projection,
    window: Option<i64>,
    head_size: i64,
    epsilon: f64,
}

impl Layer {
    pub(crate) fn load(source: &Source<'_>, config: &Config, index: usize, options: Options) -> Result<Self> {
        let name = |module: &str| format!("model.layers.{index}.{module}");
        let norm = |module: &str, size: i64| {
            Weight::load(source, vec![(name(&format!("{module}.weight")), size)], None, Start::Ones, options)
        };
        let projection = |modules: &[(&str, i64)], width: i64, bias: bool| {
            let modules: Vec<(String, i64)> = modules.iter().map(|(module, size)| (name(module), *size)).collect();
            Projection::load(source, &modules, width, bias, options)
        };
        let (width, inner, queries, kv) = (config.width, config.inner_width, config.query_width(), config.kv_width());
        let attention = [("self_attn.q_proj", queries), ("self_attn.k_proj", kv), ("self_attn.v_proj", kv)];
        let head_norms = || -> Result<_> {
            Ok([norm("self_attn.q_norm", config.head_size)?, norm("self_attn.k_norm", config.head_size)?])
        };
        Ok(Self {
            input_norm: norm("input_layernorm", width)?,
            attention: projection(&attention, width, config.qkv_bias)?,
            head_norms: config.head_norm.then(head_norms).transpose()?,
            output: projection(&[("self_attn.o_proj", width)], queries, config.output_bias)?,
            inner_norm: norm("post_attention_layernorm", width)?,
            gate_up: projection(&[("mlp.gate_proj", inner), ("mlp.up_proj", inner)], width, config.mlp_bias)?,
            down: projection(&[("mlp.down_proj", width)], inner, config.mlp_bias)?,
            window: config.windows[index].map(|window| i64::try_from(window).unwrap_or(i64::MAX)),
            head_size: config.head_size,
            epsilon: config.norm_epsilon,
        })
    }

    /// Without a graph; for `rows` of the tokens only where they are given: the others are seen, and nothing is made of
    /// them.
    ///
    /// # Shapes
    /// `input`: `[tokens, width]`; returns `[tokens, width]`, or `[rows, width]`.
    pub(crate) fn forward(&self, input: &Tensor, rows: Option<&Tensor>, pass: &Pass<'_>) -> Result<Tensor> {
        let [queries, keys, values] = self.heads(input, pass)?;
        let heads = [&queries, &keys, &values];
        let attended = if cpu::is_usable(&queries, self.head_size) {
            cpu::forward(heads, pass.plan, self.window)?.attended()?
        } else {
            attention::within_documents(heads, pass.plan, self.window)?
        };
        self.finish(input, &attended, rows, pass)
    }

    /// Queries, keys and values of tokens, turned by their positions.
    ///
    /// # Shapes
    /// `[tokens, width]` to `[tokens, heads, head_size]` each.
    pub(crate) fn heads(&self, input: &Tensor, pass: &Pass<'_>) -> Result<[Tensor; 3]> {
        let normed = self.norm(&self.input_norm, input, pass)?;
        let made = self.attention.forward(&normed, pass)?;
        let by_head = |tensor: &Tensor| tensor.f_reshape([tensor.size()[0], -1, self.head_size]);
        let (mut queries, mut keys, values) = (by_head(&made[0])?, by_head(&made[1])?, by_head(&made[2])?);
        if let Some([query_norm, key_norm]) = &self.head_norms {
            queries = self.norm(query_norm, &queries, pass)?;
            keys = self.norm(key_norm, &keys, pass)?;
        }
        Ok([pass.turns.apply(&queries)?, pass.turns.apply(&keys)?, values])
    }

    /// What follows attention.
    ///
    /// # Shapes
    /// `input`: `[tokens, width]`; `attended`: `[tokens, heads * head_size]`; returns as [`Self::forward`].
    pub(crate) fn finish(
        &self,
        input: &Tensor,
        attended: &Tensor,
        rows: Option<&Tensor>,
        pass: &Pass<'_>,
    ) -> Result<Tensor> {
        let Some(rows) = rows else { return self.feed(input, attended, pass) };
        // Copies are made to save the work for the rows left out: that must be worth it.
        if 10 * rows.size()[0] > 9 * input.size()[0] {
            return Ok(self.feed(input, attended, pass)?.f_index_select(0, rows)?);
        }
        self.feed(&input.f_index_select(0, rows)?, &attended.f_index_select(0, rows)?, pass)
    }

    fn feed(&self, input: &Tensor, attended: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let middle = input.f_add(&self.output.forward(attended, pass)?[0])?;
        let normed = self.norm(&self.inner_norm, &middle, pass)?;
        let gate_up = self.gate_up.forward(&normed, pass)?;
        let inner = gate_up[0].f_silu()?.f_mul(&gate_up[1])?;
        Ok(middle.f_add(&self.down.forward(&inner, pass)?[0])?)
    }

    fn norm(&self, weight: &Weight, input: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        norm(&weight.get(pass.parameters, pass.kind)?, input, self.epsilon)
    }

    pub(crate) fn window(&self) -> Option<i64> {
        self.window
    }

    pub(crate) fn adapt(&mut self, plan: &mut Plan, settings: &LoraSettings) -> Result<()> {
        self.projections_mut().into_iter().try_for_each(|projection| projection.adapt(plan, settings))
    }

    /// Makes parameters of all weights whose modules are `chosen`.
    pub(crate) fn train(&mut self, plan: &mut Plan, chosen: &dyn Fn(&str) -> bool) -> Result<()> {
        let norms = [&mut self.input_norm, &mut self.inner_norm];
        for norm in norms.into_iter().chain(self.head_norms.iter_mut().flatten()) {
            if norm.parts[0].0.strip_suffix(".weight").is_some_and(chosen) {
                norm.train(plan)?;
            }
        }
        self.projections_mut().into_iter().try_for_each(|projection| projection.train(plan, chosen))
    }

    pub(crate) fn projections(&self) -> [&Projection; 4] {
        [&self.attention, &self.output, &self.gate_up, &self.down]
    }

    fn projections_mut(&mut self) -> [&mut Projection; 4] {
        [&mut self.attention, &mut self.output, &mut self.gate_up, &mut self.down]
    }

    /// All weights of the base.
    pub(crate) fn weights(&self) -> impl Iterator<Item = &Weight> {
        let norms = [&self.input_norm, &self.inner_norm].into_iter().chain(self.head_norms.iter().flatten());
        norms.chain(self.projections().into_iter().flat_map(Projection::weights))
    }

    /// The indices of the parameters that the layer computes with before attention, and of those behind it.
    pub(crate) fn trained(&self) -> [Vec<usize>; 2] {
        let of = |norms: Vec<&Weight>, projections: &[&Projection]| {
            let loras = projections.iter().flat_map(|projection| projection.loras());
            let weights = norms.into_iter().chain(projections.iter().flat_map(|projection| projection.weights()));
            loras.flat_map(|(_, lora)| lora.parameters()).chain(weights.filter_map(Weight::trained)).collect()
        };
        let before = [&self.input_norm].into_iter().chain(self.head_norms.iter().flatten()).collect();
        [of(before, &[&self.attention]), of(vec![&self.inner_norm], &[&self.output, &self.gate_up, &self.down])]
    }
}

/// Divides each row by its root mean square and multiplies it with `weight`.
pub(crate) fn norm(weight: &Tensor, input: &Tensor, epsilon: f64) -> Result<Tensor> {
    Ok(input.f_rms_norm(weight.size(), Some(weight), epsilon)?)
}
