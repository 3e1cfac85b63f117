//! The modules of a model by its configuration alone: their names, their sizes, and which of them a run trains.

use siyu_checkpoint::ends_in;
use siyu_model::{Config, LoraSettings};

use crate::{Error, Result, Settings, settings::Method};

/// A matrix or a vector of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) name: String,
    /// Inputs; 0 for a vector.
    pub(crate) inputs: i64,
    pub(crate) outputs: i64,
    has_bias: bool,
    /// The layer it belongs to, where it belongs to one.
    pub(crate) layer: Option<usize>,
}

impl Module {
    /// Numbers of its weight and bias.
    pub(crate) fn numbers(&self) -> i64 {
        self.inputs.max(1) * self.outputs + if self.has_bias { self.outputs } else { 0 }
    }

    /// Whether it is a matrix of a layer, which may carry a low-rank change.
    fn is_projection(&self) -> bool {
        self.layer.is_some() && self.inputs > 0
    }
}

/// All modules of a model; the head is one of them where it has a table of its own.
pub(crate) fn all(config: &Config) -> Vec<Module> {
    let mut modules = vec![table("model.embed_tokens", config)];
    for layer in 0..config.layers {
        let named = |name: &str, inputs, outputs, has_bias| Module {
            name: format!("model.layers.{layer}.{name}"),
            inputs,
            outputs,
            has_bias,
            layer: Some(layer),
        };
        let (width, inner) = (config.width, config.inner_width);
        modules.push(named("input_layernorm", 0, width, false));
        modules.push(named("self_attn.q_proj", width, config.query_width(), config.qkv_bias));
        modules.push(named("self_attn.k_proj", width, config.kv_width(), config.qkv_bias));
        modules.push(named("self_attn.v_proj", width, config.kv_width(), config.qkv_bias));
        if config.head_norm {
            modules.push(named("self_attn.q_norm", 0, config.head_size, false));
            modules.push(named("self_attn.k_norm", 0, config.head_size, false));
        }
        modules.push(named("self_attn.o_proj", config.query_width(), width, config.output_bias));
        modules.push(named("post_attention_layernorm", 0, width, false));
        modules.push(named("mlp.gate_proj", width, inner, config.mlp_bias));
        modules.push(named("mlp.up_proj", width, inner, config.mlp_bias));
        modules.push(named("mlp.down_proj", inner, width, config.mlp_bias));
    }
    modules.push(Module {
        name: "model.norm".to_owned(),
        inputs: 0,
        outputs: config.width,
        has_bias: false,
        layer: None,
    });
    if !config.tied_head {
        modules.push(table("lm_head", config));
    }
    modules
}

fn table(name: &str, config: &Config) -> Module {
    Module { name: name.to_owned(), inputs: config.width, outputs: config.vocab, has_bias: false, layer: None }
}

/// What a run trains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trained {
    /// Numbers of the whole model.
    pub(crate) model: i64,
    /// Numbers that are trained.
    pub(crate) numbers: i64,
    /// Share of the layers that a gradient passes, from the last one down.
    pub(crate) depth: f64,
    /// Share of the model's numbers that have a gradient of their own.
    pub(crate) whole: f64,
}

impl Trained {
    /// What these settings train of a model.
    ///
    /// # Errors
    /// [`Error::Refused`] for a module that the model does not have, and [`siyu_checkpoint::Error::Adapter`] for a pattern
    /// that is no regular expression.
    pub(crate) fn of(settings: &Settings, lora: &LoraSettings, config: &Config) -> Result<Self> {
        let modules = all(config);
        let model = modules.iter().map(Module::numbers).sum();
        let (mut changes, mut whole) = (0, 0);
        let mut lowest = config.layers;
        let mut take = |module: &Module| lowest = lowest.min(module.layer.unwrap_or(config.layers));
        for module in &modules {
            if settings.method.is_adapter() {
                if module.is_projection() && lora.is_target(&module.name)? {
                    take(module);
                    changes += lora.shape(&module.name)?.rank * (module.inputs + module.outputs);
                    changes += if lora.dora { module.outputs } else { 0 };
                } else if lora.is_saved(&module.name) {
                    take(module);
                    whole += module.numbers();
                }
            } else if is_trained(settings, config, &module.name) {
                take(module);
                whole += module.numbers();
            }
        }
        let head = table("lm_head", config);
        if settings.method.is_adapter() && config.tied_head && lora.is_saved(&head.name) {
            whole += head.numbers();
        }
        if settings.method == Method::Freeze {
            refuse_strangers(&settings.freeze.extra_modules, &modules)?;
        }
        let embedded = if settings.method.is_adapter() {
            lora.is_saved("model.embed_tokens")
        } else {
            is_trained(settings, config, "model.embed_tokens")
        };
        let passed = if embedded { config.layers } else { config.layers - lowest };
        Ok(Self {
            model,
            numbers: changes + whole,
            depth: passed as f64 / config.layers.max(1) as f64,
            whole: whole as f64 / model as f64,
        })
    }
}

/// Whether a run without an adapter trains a module.
pub(crate) fn is_trained(settings: &Settings, config: &Config, name: &str) -> bool {
    if settings.method == Method::Full {
        return true;
    }
    let first = config.layers.saturating_sub(settings.freeze.trained_layers);
    let rest = name.strip_prefix("model.layers.").and_then(|rest| rest.split('.').next());
    let layer: Option<usize> = rest.and_then(|number| number.parse().ok());
    layer.is_some_and(|layer| layer >= first)
        || settings.freeze.extra_modules.iter().any(|target| ends_in(name, target))
}

/// Refuses names that stand for nothing.
fn refuse_strangers(names: &[String], modules: &[Module]) -> Result<()> {
    let Some(unknown) = names.iter().find(|name| !modules.iter().any(|module| ends_in(&module.name, name))) else {
        return Ok(());
    };
    let tied = if "lm_head" == unknown.as_str() { ": its head is the embedding table, `embed_tokens`" } else { "" };
    Err(Error::Refused(format!(
        "`freeze.extra_modules` names `{unknown}`, but no module of the model is named so{tied}"
    )))
}
