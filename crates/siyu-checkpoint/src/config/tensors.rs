//! The tensors that a model of a configuration has.

use super::Config;

/// The head's table, where it is one of its own.
const HEAD: &str = "lm_head.weight";

impl Config {
    /// Name and shape of every tensor, in the order of computation.
    pub fn tensors(&self) -> Vec<(String, Vec<i64>)> {
        let table = vec![self.vocab, self.width];
        let mut found = vec![("model.embed_tokens.weight".to_owned(), table.clone())];
        for layer in 0..self.layers {
            let of_layer = self.layer().into_iter();
            found.extend(of_layer.map(|(name, shape)| (format!("model.layers.{layer}.{name}"), shape)));
        }
        found.push(("model.norm.weight".to_owned(), vec![self.width]));
        if !self.tied_head {
            found.push((HEAD.to_owned(), table));
        }
        found
    }

    /// Whether a file may hold a tensor that is not among [`Self::tensors`]: a table that is the embedding's anyway, or
    /// angles that follow from the configuration.
    pub fn is_superfluous(&self, name: &str) -> bool {
        (self.tied_head && name == HEAD) || name.ends_with(".rotary_emb.inv_freq")
    }

    fn layer(&self) -> Vec<(String, Vec<i64>)> {
        let (width, inner, queries, kv) = (self.width, self.inner_width, self.query_width(), self.kv_width());
        let mut found = vec![("input_layernorm.weight".to_owned(), vec![width])];
        let mut matrix = |name: &str, out: i64, input: i64, bias: bool| {
            found.push((format!("{name}.weight"), vec![out, input]));
            found.extend(bias.then(|| (format!("{name}.bias"), vec![out])));
        };
        matrix("self_attn.q_proj", queries, width, self.qkv_bias);
        matrix("self_attn.k_proj", kv, width, self.qkv_bias);
        matrix("self_attn.v_proj", kv, width, self.qkv_bias);
        matrix("self_attn.o_proj", width, queries, self.output_bias);
        matrix("mlp.gate_proj", inner, width, self.mlp_bias);
        matrix("mlp.up_proj", inner, width, self.mlp_bias);
        matrix("mlp.down_proj", width, inner, self.mlp_bias);
        found.push(("post_attention_layernorm.weight".to_owned(), vec![width]));
        if self.head_norm {
            found.extend(["q_norm", "k_norm"].map(|norm| (format!("self_attn.{norm}.weight"), vec![self.head_size])));
        }
        found
    }
}
