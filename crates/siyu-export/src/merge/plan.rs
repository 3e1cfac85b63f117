//! What becomes of each tensor of the base.

use crate::error::{Error, Result};
use siyu_checkpoint::{ADAPTER_PREFIX, Checkpoint, Config, LoraSettings, Targets};
use std::collections::BTreeSet;

const A: &str = ".lora_A.weight";
const B: &str = ".lora_B.weight";
const MAGNITUDE: &str = ".lora_magnitude_vector";
const HEAD: &str = "lm_head.weight";
const EMBEDDING: &str = "model.embed_tokens.weight";

/// A tensor of the merged model.
#[derive(Debug, PartialEq)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) shape: Vec<i64>,
    /// The base's tensor that it begins as.
    pub(super) from: String,
    pub(super) change: Change,
}

/// What an adapter does to a tensor.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    None,
    /// It is this tensor of the adapter.
    Replaced(String),
    /// A low-rank change is added.
    Added {
        a: String,
        b: String,
        magnitude: Option<String>,
        rank: i64,
        scale: f64,
    },
}

/// The tensors of the merged model; refuses an adapter that does not fit.
///
/// # Errors
/// [`Error::Checkpoint`] names the tensor that is missing, too many or of another shape.
pub(super) fn plan(config: &Config, settings: &LoraSettings, adapter: &Checkpoint) -> Result<Vec<Planned>> {
    let mut unused: BTreeSet<&str> = adapter.names().collect();
    let mut planned = Vec::new();
    for (name, shape) in config.tensors() {
        let change = change(&name, &shape, settings, adapter)?;
        planned.push(Planned { from: name.clone(), name, shape, change });
    }
    if config.tied_head && (settings.is_saved("lm_head") || settings.is_saved("model.embed_tokens")) {
        // PEFT copies what it saves: from then on the head is a table of its own.
        let shape = vec![config.vocab, config.width];
        let change = change(HEAD, &shape, settings, adapter)?;
        planned.push(Planned { name: HEAD.to_owned(), shape, from: EMBEDDING.to_owned(), change });
    }
    for tensor in &planned {
        for used in tensor.change.tensors() {
            unused.remove(used);
        }
    }
    match unused.first() {
        None => Ok(planned),
        Some(stray) => {
            Err(Error::adapter(format!("`{stray}` belongs to no matrix that its settings and this base name")))
        }
    }
}

fn change(name: &str, shape: &[i64], settings: &LoraSettings, adapter: &Checkpoint) -> Result<Change> {
    let module = name.rsplit_once('.').map_or(name, |(module, _)| module);
    if settings.is_saved(module) {
        let saved = format!("{ADAPTER_PREFIX}{name}");
        adapter.expect_shape(&saved, shape)?;
        return Ok(Change::Replaced(saved));
    }
    let (&[out, input], true) = (shape, name.ends_with(".weight") && name != EMBEDDING) else {
        return Ok(Change::None);
    };
    let part = |suffix: &str| format!("{ADAPTER_PREFIX}{module}{suffix}");
    if !is_changed(module, settings)? {
        return Ok(Change::None);
    }
    let shapes = settings.shape(module)?;
    adapter.expect_shape(&part(A), &[shapes.rank, input])?;
    adapter.expect_shape(&part(B), &[out, shapes.rank])?;
    if settings.dora {
        adapter.expect_shape(&part(MAGNITUDE), &[out])?;
    }
    let magnitude = settings.dora.then(|| part(MAGNITUDE));
    Ok(Change::Added { a: part(A), b: part(B), magnitude, rank: shapes.rank, scale: shapes.scale })
}

/// Whether a matrix is changed; `all-linear` means those of the layers, without the head.
fn is_changed(module: &str, settings: &LoraSettings) -> Result<bool> {
    let can_be = module.starts_with("model.layers.") || settings.targets != Targets::AllLinear;
    Ok(can_be && settings.is_target(module)?)
}

impl Change {
    /// The adapter's tensors that it is made of.
    fn tensors(&self) -> impl Iterator<Item = &str> {
        let used = match self {
            Self::None => vec![],
            Self::Replaced(name) => vec![name.as_str()],
            Self::Added { a, b, magnitude, .. } => [a, b].into_iter().chain(magnitude).map(String::as_str).collect(),
        };
        used.into_iter()
    }
}

/// Refuses settings that name a module that the base does not have.
pub(super) fn expect_modules(config: &Config, settings: &LoraSettings) -> Result<()> {
    let mut modules = BTreeSet::from(["lm_head".to_owned()]);
    for (name, _) in config.tensors() {
        modules.extend(name.rsplit_once('.').map(|(module, _)| module.to_owned()));
    }
    let named = |end: &str| modules.iter().any(|module| siyu_checkpoint::ends_in(module, end));
    let names = match &settings.targets {
        Targets::Names(names) => names.as_slice(),
        _ => &[],
    };
    match settings.modules_to_save.iter().chain(names).find(|name| !named(name)) {
        None => Ok(()),
        Some(name) => Err(Error::adapter(format!("no module of the base is named `{name}`"))),
    }
}
