//! The whole model, part by part.

use super::attribute::{fixed, float, int, named};
use super::branch::Branches;
use super::coded::{Coding, Watch};
use super::element::Element;
use super::graph::{Graph, Value};
use super::norm::Norm;
use super::places::{Places, at_hand};
use super::proto::Size;
use super::{ExportSettings, Logits, Variant};
use crate::error::Result;
use crate::weights::Weights;
use siyu_checkpoint::Config;

/// A model whose graph is being written.
pub(crate) struct Decoder<'a, 'b> {
    pub(crate) config: &'a Config,
    pub(crate) settings: ExportSettings,
    pub(crate) weights: Weights<'a>,
    pub(crate) branches: Option<&'a Branches>,
    pub(crate) graph: Graph,
    pub(crate) element: Element,
    pub(crate) norm: Norm,
    /// Modules that an adapter changed so far.
    pub(crate) used: Vec<String>,
    /// Where weights become few bits.
    pub(crate) coding: Option<&'b mut Coding<'a>>,
    /// Where inputs of matrices become outputs.
    pub(crate) watch: Option<Watch>,
}

/// The state on the residual path, f32: what was last added to it, in the model's numbers, is added when it is next
/// normed.
enum State {
    Whole(Value),
    Sum(Value, Value),
}

impl Decoder<'_, '_> {
    /// Writes all nodes, from tokens to logits.
    pub(crate) fn write(&mut self) -> Result<()> {
        let ids = self.graph.input("input_ids", Element::I64, vec![named("batch_size"), named("sequence_length")]);
        let total = || vec![named("batch_size"), named("total_sequence_length")];
        let mask = self.graph.input("attention_mask", Element::I64, total());
        let past: Vec<[Value; 2]> = (0..self.config.layers)
            .map(|index| {
                ["key", "value"].map(|part| {
                    let shape = self.cache_shape("past_sequence_length");
                    self.graph.input(&format!("past_key_values.{index}.{part}"), self.element, shape)
                })
            })
            .collect();
        let places = Places::new(self, &ids, &mask)?;
        self.graph.enter("/model/embedding");
        let (table, embedded) = self.embedding(&ids)?;
        let embedded = self.graph.cast(&embedded, self.element, Element::F32);
        let mut state = State::Whole(embedded);
        let mut present = Vec::with_capacity(past.len());
        for (index, past) in past.iter().enumerate() {
            let grown;
            (state, grown) = self.layer(index, state, [&past[0], &past[1]], &places)?;
            present.push(grown);
        }
        self.graph.enter("/model/norm");
        let weight = self.vector("model.norm.weight", self.config.width, Element::F32)?;
        let (mut normed, _) = self.normed(state, &weight);
        if self.settings.logits == Logits::Last {
            normed = self.last(&ids, &mask, &normed);
        }
        self.graph.enter("/lm_head");
        let logits = self.head(&normed, table.as_ref())?;
        let sequence = match self.settings.logits {
            Logits::All => named("sequence_length"),
            Logits::Last => fixed(1),
        };
        self.graph.output(
            "logits",
            Element::F32,
            vec![named("batch_size"), sequence, fixed(self.config.vocab)],
            &logits,
        );
        let watched: Vec<(Value, String, usize)> = self
            .watch
            .iter()
            .flat_map(|watch| &watch.values)
            .map(|(value, observed)| (value.clone(), observed.output.clone(), observed.width))
            .collect();
        for (value, name, width) in watched {
            let shape = vec![named("batch_size"), named("sequence_length"), fixed(i64::try_from(width).unwrap_or(0))];
            self.graph.output(&name, self.element, shape, &value);
        }
        for (index, grown) in present.iter().enumerate() {
            for (value, part) in grown.iter().zip(["key", "value"]) {
                let shape = self.cache_shape("total_sequence_length");
                self.graph.output(&format!("present.{index}.{part}"), self.element, shape, value);
            }
        }
        Ok(())
    }

    fn cache_shape(&self, length: &str) -> Vec<Size> {
        vec![named("batch_size"), fixed(self.config.kv_heads), named(length), fixed(self.config.head_size)]
    }

    fn layer(&mut self, index: usize, state: State, past: [&Value; 2], places: &Places) -> Result<(State, [Value; 2])> {
        self.graph.enter(&format!("/model/layers.{index}/input_layernorm"));
        let name = format!("model.layers.{index}.input_layernorm.weight");
        let weight = self.vector(&name, self.config.width, Element::F32)?;
        let (normed, sum) = self.normed(state, &weight);
        let (attended, grown) = self.attention(index, &normed, past, places)?;
        self.graph.enter(&format!("/model/layers.{index}/post_attention_layernorm"));
        let name = format!("model.layers.{index}.post_attention_layernorm.weight");
        let weight = self.vector(&name, self.config.width, Element::F32)?;
        let (normed, sum) = self.normed(State::Sum(sum, attended), &weight);
        let fed = self.feed(index, &normed)?;
        Ok((State::Sum(sum, fed), grown))
    }

    /// The normed state, and the state itself.
    fn normed(&mut self, state: State, weight: &Value) -> (Value, Value) {
        match state {
            State::Whole(whole) => (self.norm.apply(&mut self.graph, &whole, weight), whole),
            State::Sum(state, more) => {
                let [normed, sum] = self.norm.after_adding(&mut self.graph, &state, &more, weight);
                (normed, sum)
            }
        }
    }

    /// The gated feed-forward block.
    fn feed(&mut self, index: usize, normed: &Value) -> Result<Value> {
        self.graph.enter(&format!("/model/layers.{index}/mlp"));
        let of = |module: &str| format!("model.layers.{index}.mlp.{module}");
        let (width, inner, bias) = (self.config.width, self.config.inner_width, self.config.mlp_bias);
        let parts = [(of("gate_proj"), inner), (of("up_proj"), inner)];
        let [gate, up] = if self.settings.variant == Variant::Fused && self.can_pack(&parts) {
            let both = self.packed(&of("gate_up_proj"), &parts, width, bias, normed)?;
            self.graph.many("Split", &[&both], vec![int("axis", -1), int("num_outputs", 2)])
        } else {
            let [gate, up] = parts.map(|(module, size)| self.linear(&module, [size, width], bias, normed));
            [gate?, up?]
        };
        let gated = match self.settings.variant {
            Variant::Fused => {
                let [gated] = self.graph.contributed("QuickGelu", &[&gate], vec![float("alpha", 1.0)], [true]);
                gated
            }
            Variant::Plain => {
                let open = self.graph.node("Sigmoid", &[&gate], vec![]);
                self.graph.node("Mul", &[&gate, &open], vec![])
            }
        };
        let inner_state = self.graph.node("Mul", &[&gated, &up], vec![]);
        self.linear(&of("down_proj"), [width, inner], bias, &inner_state)
    }

    /// The state of each row's last token at hand that is no padding, `[batch, 1, width]`.
    fn last(&mut self, ids: &Value, mask: &Value, normed: &Value) -> Value {
        let graph = &mut self.graph;
        let real = at_hand(graph, ids, mask);
        let attributes = vec![int("axis", 1), int("keepdims", 1), int("select_last_index", 1)];
        let place = graph.node("ArgMax", &[&real], attributes);
        let state = graph.node("GatherND", &[normed, &place], vec![int("batch_dims", 1)]);
        let axis = graph.list(&[1]);
        graph.node("Unsqueeze", &[&state, &axis], vec![])
    }
}
