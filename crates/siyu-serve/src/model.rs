//! A model's folder, opened: tokens, template, settings and the engine that runs it.

use crate::{
    Error, Result, Settings,
    contract::Observer,
    engine::{Capacity, Engine, Report, Vocabulary, onnx},
    load::Load,
};
use serde_json::Value;
use siyu_checkpoint::{Config, GenerateSettings};
use siyu_text::{
    chat::{ChatError, ChatTemplate, Encoder, Overflow},
    tokenizer::Tokenizer,
};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// A model that answers.
pub struct Model {
    /// What clients call it.
    pub name: String,
    /// Changes when the model does: a hash of its graph, its tokenizer and samples of its weights.
    pub fingerprint: String,
    /// When it was opened, in seconds since 1970.
    pub created: u64,
    /// Its tokens.
    pub tokenizer: Arc<Tokenizer>,
    /// Lays out conversations; `None` where the model has no template and the settings name none.
    pub encoder: Option<Encoder>,
    /// How texts are continued where a request does not say.
    pub defaults: GenerateSettings,
    /// What runs it.
    pub engine: Engine,
}

impl Model {
    /// Opens the folder or bundle that the settings name and starts its engine.
    ///
    /// # Errors
    /// [`Error::Set`] tells what of a bundle was changed, or does not belong to the rest.
    /// [`Error::Read`] and [`Error::Model`] name the file, [`Error::Runtime`] and [`Error::Onnx`] the runtime's trouble.
    pub fn open(settings: &Settings, observer: Arc<dyn Observer>, report: Report) -> Result<Self> {
        Self::open_for(&Load::default(), settings, observer, report)
    }

    /// The same, but ends with [`Error::GivenUp`] soon after nobody wants the model any more.
    #[expect(clippy::disallowed_methods, reason = "clients are told since when a model answers")]
    pub(crate) fn open_for(
        load: &Load,
        settings: &Settings,
        observer: Arc<dyn Observer>,
        report: Report,
    ) -> Result<Self> {
        let set = siyu_export::served(&settings.model, None)?;
        load.go_on()?;
        if let Some(adapter) = set.adapter {
            let problem =
                "what is served has no adapter beside it; bundle what `siyu merge` and `siyu export-onnx` make of both";
            return Err(refused(&adapter, problem.to_owned()));
        }
        let folder = &set.model;
        if !folder.join(onnx::GRAPH_FILE).is_file() {
            let problem = "it holds no `model.onnx`; `siyu export-onnx MODEL FOLDER` makes such a folder";
            return Err(refused(folder, problem.to_owned()));
        }
        let path = folder.join("tokenizer.json");
        let json = read(&path)?;
        let tokenizer = Tokenizer::from_json(&json).map_err(|error| refused(&path, error.to_string()))?;
        let tokenizer = Arc::new(tokenizer);
        let config = Config::from_folder(folder).map_err(|error| refused(folder, error.to_string()))?;
        let mut defaults = GenerateSettings::from_folder(folder).map_err(|error| refused(folder, error.to_string()))?;
        let encoder = encoder(folder, settings.template.as_deref(), &tokenizer)?;
        // The template's end token ends answers even where the model's files forget it: it was trained as their end.
        let end = encoder.as_ref().and_then(|encoder| tokenizer.id_of(encoder.end_token())).map(i64::from);
        if let Some(end) = end.filter(|end| !defaults.end_tokens.contains(end)) {
            defaults.end_tokens.push(end);
        }
        let vocabulary = Vocabulary { tokenizer: tokenizer.clone(), special: Arc::new(special_tokens(&json)) };
        let forward = onnx::open_for(load, folder, &settings.engine, config.max_positions)?;
        if forward.vocab() < tokenizer.vocab_size() {
            let problem = format!(
                "it has {} tokens and the model {}; use the tokenizer that comes with the model",
                tokenizer.vocab_size(),
                forward.vocab()
            );
            return Err(refused(&path, problem));
        }
        let capacity = Capacity {
            queue: settings.engine.queue,
            prefill_chunk: settings.engine.prefill_chunk,
            prefix_bytes: settings.engine.prefix_cache_megabytes * 1_000_000,
        };
        Ok(Self {
            name: settings.name.clone().unwrap_or_else(|| name_of(&settings.model)),
            fingerprint: fingerprint(folder, &json)?,
            created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            engine: Engine::start(forward, vocabulary, capacity, observer, report),
            tokenizer,
            encoder,
            defaults,
        })
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Error::read(path))
}

fn refused(path: &Path, problem: String) -> Error {
    Error::Model { path: path.to_owned(), problem }
}

fn name_of(folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    folder.file_name().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The template that the settings name, or the model's own.
fn encoder(folder: &Path, template: Option<&str>, tokenizer: &Arc<Tokenizer>) -> Result<Option<Encoder>> {
    let path = folder.join("tokenizer_config.json");
    let refused = |error: ChatError| refused(&path, error.to_string());
    let template = match template {
        Some(name) => ChatTemplate::named(name),
        None if path.is_file() => {
            let file = folder.join("chat_template.jinja");
            let file = file.is_file().then(|| read(&file)).transpose()?;
            ChatTemplate::from_config(&read(&path)?, file.as_deref()).map_err(refused)?
        }
        None => None,
    };
    let encode = |template| Encoder::new(tokenizer.clone(), template, usize::MAX, Overflow::Drop).map_err(refused);
    template.map(encode).transpose()
}

/// The tokens that are no text.
fn special_tokens(tokenizer: &str) -> BTreeSet<u32> {
    let added = serde_json::from_str::<Value>(tokenizer).ok().and_then(|mut json| match json["added_tokens"].take() {
        Value::Array(added) => Some(added),
        _ => None,
    });
    let special = added.into_iter().flatten().filter(|token| token["special"].as_bool() == Some(true));
    special.filter_map(|token| u32::try_from(token["id"].as_u64()?).ok()).collect()
}

/// Stretches of the weights that are looked at, each of so many bytes.
const SAMPLES: u64 = 64;
const SAMPLE_BYTES: u64 = 64 << 10;

fn fingerprint(folder: &Path, tokenizer: &str) -> Result<String> {
    let path = folder.join(onnx::GRAPH_FILE);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&fs::read(&path).map_err(Error::read(&path))?).update(tokenizer.as_bytes());
    let path = folder.join(siyu_export::DATA_FILE);
    if path.is_file() {
        sample(&path, &mut hasher).map_err(Error::read(&path))?;
    }
    Ok(format!("fp_{}", hasher.finalize().to_hex().chars().take(12).collect::<String>()))
}

/// Weights take too long to hash whole whenever a service starts.
fn sample(path: &Path, hasher: &mut blake3::Hasher) -> io::Result<()> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    hasher.update(&bytes.to_le_bytes());
    for index in 0..SAMPLES {
        file.seek(SeekFrom::Start(bytes / SAMPLES * index))?;
        let mut stretch = Vec::new();
        file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut stretch)?;
        hasher.update(&stretch);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_control_tokens_are_no_text() {
        let json = r#"{"added_tokens": [{"id": 3, "special": true}, {"id": 4, "special": false}, {"id": 5}]}"#;
        assert_eq!(special_tokens(json), BTreeSet::from([3]));
    }
}
