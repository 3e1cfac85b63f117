//! A whole model on the disk, as a Hugging Face folder.

use crate::checkpoint::kind;
use crate::error::Result;
use crate::layer::Layer;
use crate::model::Model;
use crate::write;
use serde_json::json;
use siyu_checkpoint::{Precision, SHARD_BYTES, write_json, write_weights};
use std::path::Path;
use tch::Kind;

impl Model {
    /// Writes `config.json` and the weights into `folder`, which is made where it is missing; an adapter is not part of
    /// it. Numbers are written in `precision`; matrices in 4-bit numbers stay what they are.
    ///
    /// # Errors
    /// [`siyu_checkpoint::Error::Write`].
    pub fn save(&self, folder: impl AsRef<Path>, precision: Precision) -> Result<()> {
        let (folder, name) = (folder.as_ref(), precision.name());
        write::folder(folder)?;
        self.save_weights(folder, kind(precision))?;
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
        Ok(write_json(&folder.join("config.json"), &config)?)
    }

    fn save_weights(&self, folder: &Path, kind: Kind) -> Result<()> {
        let whole = [&self.embedding, &self.norm].into_iter().chain(&self.head);
        let mut tensors = Vec::new();
        for weight in whole.chain(self.layers.iter().flat_map(Layer::weights)) {
            for (name, tensor) in weight.stored(&self.parameters, kind)? {
                tensors.push((name, write::Stored::new(tensor)?));
            }
        }
        Ok(write_weights(folder, tensors, SHARD_BYTES)?)
    }
}
