//! The description that onnxruntime-genai opens a graph by.
//!
//! # Source
//! `genai_config.json` as the model builder of onnxruntime-genai 0.18 writes it.

use super::{GRAPH_FILE, Variant};
use serde_json::{Map, Value, json};
use siyu_checkpoint::{Architecture, Config};

/// The file's name.
pub(crate) const FILE: &str = "genai_config.json";

/// The content for a graph; `generation` is that of `generation_config.json`.
pub(crate) fn description(config: &Config, generation: &Map<String, Value>, variant: Variant) -> Value {
    let given = |key: &str, default: Value| match generation.get(key) {
        Some(found) if !found.is_null() => found.clone(),
        _ => default,
    };
    let token = |key: &str| match generation.get(key).or_else(|| config.json.get(key)) {
        Some(found) if !found.is_null() => Some(found.clone()),
        _ => None,
    };
    let end = token("eos_token_id").unwrap_or_else(|| json!([]));
    // Where no token pads, one that ends a text does; without either any will do, but one has to be named.
    let first_end = match &end {
        Value::Array(ends) => ends.first().cloned(),
        one => Some(one.clone()),
    };
    let length = config.rope.positions();
    json!({
        "model": {
            "type": kind(config.architecture),
            "bos_token_id": token("bos_token_id").unwrap_or_else(|| json!(config.bos.unwrap_or(0))),
            "eos_token_id": end,
            "pad_token_id": token("pad_token_id").or(first_end).unwrap_or_else(|| json!(0)),
            "context_length": length,
            "vocab_size": config.vocab,
            "decoder": decoder(config),
        },
        "search": {
            "do_sample": given("do_sample", json!(false)),
            "early_stopping": true,
            "length_penalty": given("length_penalty", json!(1.0)),
            "max_length": length,
            "min_length": 0,
            "num_beams": 1,
            "num_return_sequences": 1,
            "past_present_share_buffer": variant == Variant::Fused,
            "repetition_penalty": given("repetition_penalty", json!(1.0)),
            "temperature": given("temperature", json!(1.0)),
            "top_k": given("top_k", json!(50)),
            "top_p": given("top_p", json!(1.0)),
        },
    })
}

fn decoder(config: &Config) -> Value {
    json!({
        "session_options": { "log_id": "onnxruntime-genai", "provider_options": [] },
        "filename": GRAPH_FILE,
        "head_size": config.head_size,
        "hidden_size": config.width,
        "num_attention_heads": config.heads,
        "num_hidden_layers": config.layers,
        "num_key_value_heads": config.kv_heads,
        "inputs": {
            "input_ids": "input_ids",
            "attention_mask": "attention_mask",
            "past_key_names": "past_key_values.%d.key",
            "past_value_names": "past_key_values.%d.value",
        },
        "outputs": {
            "logits": "logits",
            "present_key_names": "present.%d.key",
            "present_value_names": "present.%d.value",
        },
    })
}

fn kind(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Llama => "llama",
        Architecture::Mistral => "mistral",
        Architecture::Qwen2 => "qwen2",
        Architecture::Qwen3 => "qwen3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_one_token_that_pads() {
        let padding = |end: &Value, pad: &Value| {
            let json = json!({ "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128,
                "num_hidden_layers": 1, "num_attention_heads": 8, "vocab_size": 100, "eos_token_id": end,
                "pad_token_id": pad });
            let Value::Object(json) = json else { unreachable!("made above") };
            let config = Config::from_json(json).unwrap();
            description(&config, &Map::new(), Variant::Fused)["model"]["pad_token_id"].clone()
        };
        assert_eq!(padding(&json!([4, 5]), &json!(7)), 7);
        assert_eq!(padding(&json!([4, 5]), &Value::Null), 4);
        assert_eq!(padding(&json!(4), &Value::Null), 4);
        for none in [json!([]), Value::Null] {
            assert_eq!(padding(&none, &Value::Null), 0);
        }
    }
}
