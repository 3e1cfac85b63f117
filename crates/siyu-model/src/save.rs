//! A whole model on the disk, as a Hugging Face folder.

use crate::error::{Error, Result};
use crate::layer::Layer;
use crate::model::Model;
use crate::write;
use serde_json::json;
use std::fs;
use std::path::Path;
use tch::{Kind, Tensor};

/// Bytes of one file at most, unless a single tensor is larger.
const SHARD_BYTES: usize = 4 << 30;

impl Model {
    /// Writes `config.json` and the weights into `folder`, which is made where it is missing; an adapter is not part of
    /// it. Numbers are written in `kind`; matrices in 4-bit numbers stay what they are.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::Config`] for a kind that a model folder cannot hold.
    pub fn save(&self, folder: impl AsRef<Path>, kind: Kind) -> Result<()> {
        let folder = folder.as_ref();
        let name = match kind {
            Kind::Float => "float32",
            Kind::BFloat16 => "bfloat16",
            Kind::Half => "float16",
            other => return Err(Error::Config { problem: format!("a model cannot be written in {other:?}") }),
        };
        fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
        self.save_weights(folder, kind)?;
        let mut config = self.config.json.clone();
        let key = if config.contains_key("dtype") { "dtype" } else { "torch_dtype" };
        config.insert(key.to_owned(), name.into());
        config.insert("tie_word_embeddings".to_owned(), self.head.is_none().into());
        if self.is_quantized() {
            let quantization = json!({
                "quant_method": "bitsandbytes", "load_in_4bit": true, "load_in_8bit": false,
                "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": true, "bnb_4bit_compute_dtype": name,
            });
            config.entry("quantization_config").or_insert(quantization);
        }
        write::json(&folder.join("config.json"), &config)
    }

    fn save_weights(&self, folder: &Path, kind: Kind) -> Result<()> {
        let whole = [&self.embedding, &self.norm].into_iter().chain(&self.head);
        let mut shards: Vec<Vec<(String, Tensor)>> = vec![Vec::new()];
        let (mut bytes, mut total) = (0, 0);
        for weight in whole.chain(self.layers.iter().flat_map(Layer::weights)) {
            for (name, tensor) in weight.stored(&self.parameters, kind)? {
                let size = tensor.numel() * tensor.kind().elt_size_in_bytes();
                if bytes > 0 && bytes + size > SHARD_BYTES {
                    shards.push(Vec::new());
                    bytes = 0;
                }
                bytes += size;
                total += size;
                shards.last_mut().expect("there is a first one").push((name, tensor));
            }
        }
        if shards.len() == 1 {
            return write::tensors(&folder.join("model.safetensors"), shards.remove(0));
        }
        let count = shards.len();
        let mut map = serde_json::Map::new();
        for (index, shard) in shards.into_iter().enumerate() {
            let file = format!("model-{:05}-of-{count:05}.safetensors", index + 1);
            map.extend(shard.iter().map(|(name, _)| (name.clone(), file.clone().into())));
            write::tensors(&folder.join(file), shard)?;
        }
        let index = json!({ "metadata": { "total_size": total }, "weight_map": map });
        write::json(&folder.join("model.safetensors.index.json"), &index)
    }
}
