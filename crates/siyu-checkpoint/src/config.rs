//! What a model is: `config.json` of a Hugging Face folder.

mod kinds;
mod raw;
mod tensors;

pub use kinds::{Architecture, Precision};

use crate::error::{Error, Result};
use crate::json::read_json;
use crate::rope::RopeSettings;
use raw::Raw;
use serde_json::{Map, Value};
use std::path::Path;

/// Sizes and choices of a model. Sizes are counts of numbers unless said otherwise.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Clone, Debug)]
pub struct Config {
    /// The family.
    pub architecture: Architecture,
    /// Size of a token's hidden state.
    pub width: i64,
    /// Size inside the feed-forward block.
    pub inner_width: i64,
    /// Count of layers.
    pub layers: usize,
    /// Count of query heads.
    pub heads: i64,
    /// Count of key and value heads; divides `heads`.
    pub kv_heads: i64,
    /// Size of one head.
    pub head_size: i64,
    /// Count of tokens in the vocabulary.
    pub vocab: i64,
    /// Longest text the model was made for, in tokens.
    pub max_positions: usize,
    /// Added to the mean square in every norm.
    pub norm_epsilon: f64,
    /// How positions turn queries and keys.
    pub rope: RopeSettings,
    /// The head is the embedding table.
    pub tied_head: bool,
    /// Queries, keys and values have biases.
    pub qkv_bias: bool,
    /// The projection out of attention has a bias.
    pub output_bias: bool,
    /// The feed-forward block has biases.
    pub mlp_bias: bool,
    /// Queries and keys are normalized per head.
    pub head_norm: bool,
    /// Per layer, how many tokens back a token sees, itself included; `None` is all.
    pub windows: Vec<Option<usize>>,
    /// The token a text starts with.
    pub bos: Option<i64>,
    /// The tokens that end a text.
    pub eos: Vec<i64>,
    /// The kind of number the weights are stored in.
    pub precision: Precision,
    /// The file as it was read, written again beside a trained model.
    pub json: Map<String, Value>,
}

impl Config {
    /// Reads `config.json` of a model folder.
    ///
    /// # Errors
    /// [`Error::Architecture`] names an architecture that cannot be run, [`Error::Config`] a setting.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        Self::from_json(read_json(folder.as_ref().join("config.json"))?)
    }

    /// Understands the content of a `config.json`.
    ///
    /// # Errors
    /// As [`Self::from_folder`].
    pub fn from_json(json: Map<String, Value>) -> Result<Self> {
        let architecture = architecture(&json)?;
        let raw: Raw = serde_json::from_value(Value::Object(json.clone()))
            .map_err(|source| Error::Config { problem: source.to_string() })?;
        raw.check()?;
        raw::check_quantization(&json)?;
        let kv_heads = raw.num_key_value_heads.unwrap_or(raw.num_attention_heads);
        if raw.num_attention_heads % kv_heads != 0 {
            return Err(Error::Config {
                problem: format!(
                    "`num_key_value_heads` is {kv_heads}, which does not divide `num_attention_heads`, {}",
                    raw.num_attention_heads
                ),
            });
        }
        let qwen2 = architecture == Architecture::Qwen2;
        let mistral = architecture == Architecture::Mistral;
        let llama = architecture == Architecture::Llama;
        let bias = raw.attention_bias.unwrap_or(false) && !mistral;
        Ok(Self {
            architecture,
            width: raw.hidden_size,
            inner_width: raw.intermediate_size,
            layers: raw.num_hidden_layers,
            heads: raw.num_attention_heads,
            kv_heads,
            head_size: raw.head_size(),
            vocab: raw.vocab_size,
            max_positions: raw.max_positions(),
            norm_epsilon: raw.rms_norm_eps,
            rope: raw.rope()?,
            tied_head: raw.tie_word_embeddings,
            qkv_bias: qwen2 || bias,
            output_bias: bias && !qwen2,
            mlp_bias: raw.mlp_bias.unwrap_or(false) && llama,
            head_norm: architecture == Architecture::Qwen3,
            windows: raw.windows(architecture),
            bos: raw.bos_token_id,
            eos: raw.eos_token_id.as_ref().map(one_or_many).unwrap_or_default(),
            precision: raw::precision(raw.dtype.as_deref().or(raw.torch_dtype.as_deref()))?,
            json,
        })
    }

    /// Size of the queries of all heads.
    pub fn query_width(&self) -> i64 {
        self.heads * self.head_size
    }

    /// Size of the keys, or values, of all their heads.
    pub fn kv_width(&self) -> i64 {
        self.kv_heads * self.head_size
    }

    /// Count of numbers in matrices that a token is multiplied with: layers and head, without the embedding table.
    pub fn matmul_parameters(&self) -> i64 {
        let attention = self.width * (2 * self.query_width() + 2 * self.kv_width());
        let layers = i64::try_from(self.layers).unwrap_or(i64::MAX);
        layers * (attention + 3 * self.width * self.inner_width) + self.width * self.vocab
    }
}

/// `2` or `[2, 3]`, as files name end tokens.
pub(crate) fn one_or_many(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(many) => many.iter().filter_map(Value::as_i64).collect(),
        one => one.as_i64().into_iter().collect(),
    }
}

fn architecture(json: &Map<String, Value>) -> Result<Architecture> {
    let listed = json.get("architectures").and_then(|names| names.get(0)).and_then(Value::as_str);
    let found = listed.or_else(|| json.get("model_type").and_then(Value::as_str)).unwrap_or("(none)");
    let known = Architecture::ALL.into_iter().find(|known| {
        known.name() == found || (listed.is_none() && known.name().to_lowercase() == format!("{found}forcausallm"))
    });
    known.ok_or_else(|| Error::Architecture {
        found: found.to_owned(),
        supported: Architecture::ALL.map(Architecture::name).join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(change: &Value) -> Result<Config> {
        let mut json = json!({
            "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128,
            "num_hidden_layers": 3, "num_attention_heads": 8, "vocab_size": 100, "rms_norm_eps": 1e-6,
        });
        for (key, value) in change.as_object().expect("changes are an object") {
            json[key] = value.clone();
        }
        let Value::Object(json) = json else { unreachable!("made above") };
        Config::from_json(json)
    }

    #[test]
    fn an_unknown_architecture_is_named() {
        let error = config(&json!({ "architectures": ["GPT2LMHeadModel"] })).expect_err("it is not supported");
        assert!(error.to_string().contains("`GPT2LMHeadModel`"), "{error}");
    }

    #[test]
    fn an_activation_that_is_not_silu_is_named() {
        let error = config(&json!({ "hidden_act": "gelu" })).expect_err("it is not supported");
        assert!(error.to_string().contains("`hidden_act` is `gelu`"), "{error}");
    }

    #[test]
    fn windows_of_qwen_begin_at_a_layer_and_only_when_switched_on() {
        let qwen = json!({ "architectures": ["Qwen2ForCausalLM"], "sliding_window": 16, "max_window_layers": 2,
            "use_sliding_window": true });
        assert_eq!(config(&qwen).unwrap().windows, [None, None, Some(16)]);
        let off = json!({ "architectures": ["Qwen2ForCausalLM"], "sliding_window": 16, "max_window_layers": 2 });
        assert_eq!(config(&off).unwrap().windows, [None, None, None]);
    }

    #[test]
    fn a_window_that_no_file_names_is_that_of_transformers_and_one_that_is_null_is_none() {
        let mistral = json!({ "architectures": ["MistralForCausalLM"] });
        assert_eq!(config(&mistral).unwrap().windows, [Some(4096); 3]);
        let whole = json!({ "architectures": ["MistralForCausalLM"], "sliding_window": null });
        assert_eq!(config(&whole).unwrap().windows, [None; 3]);
        assert_eq!(config(&json!({})).unwrap().windows, [None; 3]);
    }

    #[test]
    fn tensors_follow_from_the_configuration() {
        let qwen = json!({ "architectures": ["Qwen2ForCausalLM"], "num_hidden_layers": 1, "num_key_value_heads": 2 });
        let names = |change: &Value| -> Vec<String> {
            config(change).unwrap().tensors().into_iter().map(|(name, shape)| format!("{name} {shape:?}")).collect()
        };
        let found = names(&qwen);
        assert!(found.contains(&"model.layers.0.self_attn.k_proj.bias [16]".to_owned()), "{found:?}");
        assert!(found.contains(&"lm_head.weight [100, 64]".to_owned()));
        assert_eq!(found.len(), 12 + 3);
        let tied = json!({ "num_hidden_layers": 1, "tie_word_embeddings": true });
        assert_eq!(names(&tied).len(), 9 + 2);
    }

    /// Each would be a table, a list or a division by zero of that size.
    #[test]
    fn sizes_that_no_model_has_are_refused_by_name() {
        for (change, told) in [
            (json!({ "max_position_embeddings": 1_000_000_000 }), "`max_position_embeddings`"),
            (json!({ "max_position_embeddings": 1 }), "`max_position_embeddings`"),
            (json!({ "rope_scaling": { "type": "linear", "factor": 1e12 } }), "is 2048000000000000,"),
            (json!({ "rope_scaling": { "rope_type": "yarn", "factor": 1e300 } }), "from 2 to 4194304"),
            (json!({ "rope_scaling": { "type": "linear", "factor": 0.0 } }), "has `factor` 0;"),
            (json!({ "rope_theta": 0.0 }), "`rope_theta` is 0"),
            (json!({ "num_hidden_layers": 1_000_000_000_000_u64 }), "`num_hidden_layers`"),
            (json!({ "num_hidden_layers": 0 }), "`num_hidden_layers` is 0"),
            (json!({ "head_dim": 1_000_000_000 }), "heads have 1000000000 numbers"),
            (json!({ "intermediate_size": -1 }), "`intermediate_size` is -1"),
            (json!({ "num_key_value_heads": -8 }), "`num_key_value_heads` is -8"),
        ] {
            let error = config(&change).expect_err(told).to_string();
            assert!(error.contains(told), "{error}");
        }
        // The longest that was published: gradientai's Llama 3 for 4,194,304 tokens.
        assert_eq!(config(&json!({ "max_position_embeddings": 4_194_304 })).unwrap().max_positions, 4_194_304);
    }

    #[test]
    fn heads_that_do_not_divide_are_refused() {
        assert!(config(&json!({ "num_key_value_heads": 3 })).is_err());
    }
}
