//! Model folders for onnxruntime.

use crate::error::{Error, Result};
use crate::folder::Unfinished;
use crate::onnx::{ExportSettings, genai, write_graph};
use serde_json::{Map, Value};
use siyu_checkpoint::{Checkpoint, Config, read_json, write_json};
use std::path::Path;

/// Writes a folder with the graph of a model, its weights, configuration, tokenizer and template, and a
/// `genai_config.json`; returns the bytes of graph and weights. The folder appears whole or not at all.
///
/// # Errors
/// [`Error::Exists`] where `out` holds something, [`Error::Quantized`]; as [`write_graph`] otherwise.
pub fn export(model: &Path, out: &Path, settings: ExportSettings) -> Result<u64> {
    let (config, checkpoint) = opened(model)?;
    let unfinished = Unfinished::begin(out)?;
    let bytes = write_graph(&config, &checkpoint, None, settings, unfinished.folder())?;
    finish(unfinished, model, &config, settings)?;
    Ok(bytes)
}

/// Configuration and weights of a model folder that holds floats.
pub(crate) fn opened(model: &Path) -> Result<(Config, Checkpoint)> {
    let config = floats(model)?;
    Ok((config, Checkpoint::open(model)?))
}

/// The configuration of a model; refuses one that is in few bits already.
pub(crate) fn floats(model: &Path) -> Result<Config> {
    let config = Config::from_folder(model)?;
    match config.json.get("quantization_config").filter(|found| !found.is_null()) {
        Some(_) => Err(Error::Quantized { path: model.to_owned() }),
        None => Ok(config),
    }
}

/// Adds all that is no graph.
pub(crate) fn finish(unfinished: Unfinished, model: &Path, config: &Config, settings: ExportSettings) -> Result<()> {
    unfinished.copy_companions(model)?;
    let described = genai::description(config, &generation(model)?, settings.variant);
    write_json(&unfinished.folder().join(genai::FILE), &described)?;
    unfinished.finish()
}

/// The content of `generation_config.json`; nothing where there is none.
fn generation(model: &Path) -> Result<Map<String, Value>> {
    let path = model.join("generation_config.json");
    if path.is_file() { Ok(read_json(&path)?) } else { Ok(Map::new()) }
}
