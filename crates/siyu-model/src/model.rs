//! A whole model: loading, making, choosing what is trained.

use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::layer::Layer;
use crate::parameters::Parameters;
use crate::rope::Rope;
use crate::weight::{Source, Start, Weight};
use siyu_checkpoint::{Config, LoraSettings};
use std::path::Path;
use tch::{Device, Kind};

/// Where a model computes, and with what numbers.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The device.
    pub device: Device,
    /// The kind of number of weights and hidden states; parameters are f32 whatever it is.
    pub kind: Kind,
    /// Round the layers' matrices to bitsandbytes' 4-bit numbers; those of a checkpoint that is so already stay it.
    pub nf4: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { device: Device::Cpu, kind: Kind::Float, nf4: false }
    }
}

/// A decoder with, after [`Model::adapt`] or [`Model::train`], trained parameters.
#[derive(Debug)]
pub struct Model {
    pub(crate) config: Config,
    pub(crate) options: Options,
    pub(crate) rope: Rope,
    pub(crate) embedding: Weight,
    pub(crate) layers: Vec<Layer>,
    pub(crate) norm: Weight,
    /// `None` where the head is the embedding table.
    pub(crate) head: Option<Weight>,
    pub(crate) parameters: Parameters,
    pub(crate) adapter: Option<LoraSettings>,
    /// Keeps the memory alive that untouched weights lie in.
    _checkpoint: Option<Checkpoint>,
}

impl Model {
    /// Loads a Hugging Face folder: `config.json` and the safetensors files.
    ///
    /// Weights already of the wanted kind stay in the mapped file where they can.
    ///
    /// # Errors
    /// [`Error::Files`](crate::Error::Files) names what does not fit.
    pub fn load(folder: impl AsRef<Path>, options: Options) -> Result<Self> {
        let folder = folder.as_ref();
        let config = Config::from_folder(folder)?;
        let checkpoint = Checkpoint::open(folder)?;
        let model = Self::from_source(config, &Source::Checkpoint(&checkpoint), options)?;
        Ok(Self { _checkpoint: Some(checkpoint), ..model })
    }

    /// Makes a model of random weights: normal with a standard deviation of `initializer_range` (0.02 where the
    /// configuration has none), norms of one, biases of zero.
    ///
    /// # Errors
    /// [`Error::Torch`](crate::Error::Torch) where memory does not suffice.
    pub fn random(config: Config, seed: u64, options: Options) -> Result<Self> {
        let deviation = config.json.get("initializer_range").and_then(serde_json::Value::as_f64).unwrap_or(0.02);
        Self::from_source(config, &Source::Random { seed, deviation }, options)
    }

    fn from_source(config: Config, source: &Source<'_>, options: Options) -> Result<Self> {
        let table = |name: &str| {
            Weight::load(source, vec![(name.to_owned(), config.vocab)], Some(config.width), Start::Normal, options)
        };
        let norm = vec![("model.norm.weight".to_owned(), config.width)];
        let layers: Result<Vec<Layer>> =
            (0..config.layers).map(|index| Layer::load(source, &config, index, options)).collect();
        Ok(Self {
            options,
            rope: Rope::new(config.rope.clone(), options.device, options.kind),
            embedding: table("model.embed_tokens.weight")?,
            layers: layers?,
            norm: Weight::load(source, norm, None, Start::Ones, options)?,
            head: if config.tied_head { None } else { Some(table("lm_head.weight")?) },
            parameters: Parameters::none(),
            adapter: None,
            _checkpoint: None,
            config,
        })
    }

    /// Sizes and choices.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where the model computes, and with what numbers.
    pub fn options(&self) -> Options {
        self.options
    }

    /// What is trained.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// How the adapter was made, if the model has one.
    pub fn adapter(&self) -> Option<&LoraSettings> {
        self.adapter.as_ref()
    }

    /// Whether matrices are stored in 4-bit numbers.
    pub fn is_quantized(&self) -> bool {
        self.layers.iter().flat_map(Layer::weights).any(Weight::is_quantized)
    }

    /// The table that hidden states are compared with.
    pub(crate) fn head_weight(&self) -> &Weight {
        self.head.as_ref().unwrap_or(&self.embedding)
    }
}
