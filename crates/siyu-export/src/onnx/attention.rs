//! Attention with a cache of keys and values.

use super::attribute::{int, ints};
use super::decoder::Decoder;
use super::element::Element;
use super::graph::{Graph, Value};
use super::norm::{Norm, exchanged};
use super::places::{Angles, Places};
use crate::error::Result;

impl Decoder<'_, '_> {
    /// From normed states to what the projection out of attention gives, and the grown cache.
    pub(crate) fn attention(
        &mut self,
        index: usize,
        normed: &Value,
        past: [&Value; 2],
        places: &Places,
    ) -> Result<(Value, [Value; 2])> {
        self.graph.enter(&format!("/model/layers.{index}/attention"));
        let of = |module: &str| format!("model.layers.{index}.self_attn.{module}");
        let (width, queries, kv) = (self.config.width, self.config.query_width(), self.config.kv_width());
        let parts = [(of("q_proj"), queries), (of("k_proj"), kv), (of("v_proj"), kv)];
        let tables = matches!(places, Places::Fused { angles: Angles::Tables(_), .. });
        let packed = tables && !self.config.head_norm && self.can_pack(&parts);
        let heads = if packed {
            let name = format!("model.layers.{index}.self_attn.qkv_proj");
            [self.packed(&name, &parts, width, self.config.qkv_bias, normed)?, Value::none(), Value::none()]
        } else {
            let [queries, keys, values] =
                parts.map(|(module, size)| self.linear(&module, [size, width], self.config.qkv_bias, normed));
            [queries?, keys?, values?]
        };
        let (attended, present) = match places {
            Places::Plain { .. } => self.plain_attention(index, heads, past, places)?,
            Places::Fused { .. } => self.fused_attention(index, heads, past, places)?,
        };
        let attended = self.linear(&of("o_proj"), [width, queries], self.config.output_bias, &attended)?;
        Ok((attended, present))
    }

    /// Queries or keys by head, `[batch, sequence, heads, head_size]` in f32, normalized where the model does so.
    fn parted(&mut self, index: usize, module: &str, tensor: &Value, heads: i64) -> Result<Value> {
        let parted = self.by_head(tensor, heads);
        let wide = self.graph.cast(&parted, self.element, Element::F32);
        if !self.config.head_norm {
            return Ok(wide);
        }
        let name = format!("model.layers.{index}.self_attn.{module}.weight");
        let weight = self.vector(&name, self.config.head_size, Element::F32)?;
        Ok(Norm { element: Element::F32, ..self.norm }.apply(&mut self.graph, &wide, &weight))
    }

    fn by_head(&mut self, tensor: &Value, heads: i64) -> Value {
        let shape = self.graph.list(&[0, 0, heads, self.config.head_size]);
        self.graph.node("Reshape", &[tensor, &shape], vec![])
    }

    /// Queries or keys, normalized and turned as far as onnxruntime's attention does not do it.
    fn prepared(&mut self, index: usize, module: &str, tensor: &Value, heads: i64, angles: &Angles) -> Result<Value> {
        let mut prepared = tensor.clone();
        if self.config.head_norm || matches!(angles, Angles::Turned(_)) {
            let mut parted = self.parted(index, module, tensor, heads)?;
            if let Angles::Turned(turns) = angles {
                parted = turns.apply(&mut self.graph, &parted);
            }
            let parted = self.graph.cast(&parted, Element::F32, self.element);
            let shape = self.graph.list(&[0, 0, heads * self.config.head_size]);
            prepared = self.graph.node("Reshape", &[&parted, &shape], vec![]);
        }
        if let Angles::Nodes { positions, tables: [cosines, sines] } = angles {
            let inputs = [&prepared, positions, cosines, sines];
            [prepared] = self.graph.contributed("RotaryEmbedding", &inputs, vec![], [true]);
        }
        Ok(prepared)
    }

    fn fused_attention(
        &mut self,
        index: usize,
        [mut queries, mut keys, values]: [Value; 3],
        past: [&Value; 2],
        places: &Places,
    ) -> Result<(Value, [Value; 2])> {
        let Places::Fused { last, total, angles } = places else { unreachable!("the caller looked") };
        let (heads, kv_heads) = (self.config.heads, self.config.kv_heads);
        let within = matches!(angles, Angles::Tables(_));
        if self.config.head_norm || !within {
            for (tensor, heads, module) in [(&mut queries, heads, "q_norm"), (&mut keys, kv_heads, "k_norm")] {
                *tensor = self.prepared(index, module, tensor, heads, angles)?;
            }
        }
        let mut attributes =
            vec![int("num_heads", heads), int("kv_num_heads", kv_heads), int("do_rotary", i64::from(within))];
        if let Some(window) = self.config.windows[index] {
            attributes.push(int("local_window_size", i64::try_from(window).unwrap_or(i64::MAX)));
        }
        let mut inputs = vec![&queries, &keys, &values, past[0], past[1], last, total];
        if let Angles::Tables([cosines, sines]) = angles {
            inputs.extend([cosines, sines]);
        }
        let [attended, key, value] = self.graph.contributed("GroupQueryAttention", &inputs, attributes, [true; 3]);
        Ok((attended, [key, value]))
    }

    fn plain_attention(
        &mut self,
        index: usize,
        [queries, keys, values]: [Value; 3],
        past: [&Value; 2],
        places: &Places,
    ) -> Result<(Value, [Value; 2])> {
        let Places::Plain { turns, masks, lowest } = places else { unreachable!("the caller looked") };
        let (heads, kv_heads, head_size) = (self.config.heads, self.config.kv_heads, self.config.head_size);
        let mut turned = |tensor: &Value, heads: i64, module: &str| -> Result<Value> {
            let parted = self.parted(index, module, tensor, heads)?;
            let parted = exchanged(&mut self.graph, &parted);
            Ok(turns.apply(&mut self.graph, &parted))
        };
        let (queries, keys) = (turned(&queries, heads, "q_norm")?, turned(&keys, kv_heads, "k_norm")?);
        let values = self.by_head(&values, kv_heads);
        let element = self.element;
        let graph = &mut self.graph;
        let values = exchanged(graph, &values);
        let keys = graph.cast(&keys, Element::F32, element);
        let keys = graph.node("Concat", &[past[0], &keys], vec![int("axis", 2)]);
        let values = graph.node("Concat", &[past[1], &values], vec![int("axis", 2)]);
        #[expect(clippy::cast_possible_truncation, reason = "a factor near 0.1")]
        let scale = (head_size as f64).sqrt().recip() as f32;
        // In f32: rounded to 16 bits the factor would put all scores off the same way.
        let scale = graph.scalar(Element::F32, scale);
        let scaled = graph.node("Mul", &[&queries, &scale], vec![]);
        let scaled = graph.cast(&scaled, Element::F32, element);
        // Query heads that share a key head lie along an axis of their own.
        let shape = graph.list(&[0, kv_heads, heads / kv_heads, -1, head_size]);
        let grouped = graph.node("Reshape", &[&scaled, &shape], vec![]);
        let axis = graph.list(&[2]);
        let spread = |graph: &mut Graph, tensor: &Value| graph.node("Unsqueeze", &[tensor, &axis], vec![]);
        let across = spread(graph, &keys);
        let across = graph.node("Transpose", &[&across], vec![ints("perm", &[0, 1, 2, 4, 3])]);
        let scores = graph.node("MatMul", &[&grouped, &across], vec![]);
        let scores = graph.cast(&scores, element, Element::F32);
        let scores = graph.node("Where", &[&masks[&self.config.windows[index]], &scores, lowest], vec![]);
        let shares = graph.node("Softmax", &[&scores], vec![int("axis", -1)]);
        let shares = graph.cast(&shares, Element::F32, element);
        let along = spread(graph, &values);
        let attended = graph.node("MatMul", &[&shares, &along], vec![]);
        let shape = graph.list(&[0, heads, -1, head_size]);
        let attended = graph.node("Reshape", &[&attended, &shape], vec![]);
        let attended = exchanged(graph, &attended);
        let shape = graph.list(&[0, 0, heads * head_size]);
        let attended = graph.node("Reshape", &[&attended, &shape], vec![]);
        Ok((attended, [keys, values]))
    }
}
