//! What a run will need, told before the model is loaded.

use siyu_model::Config;

use crate::{
    Settings,
    compute::{Machine, operations},
    modules::Trained,
    settings::Method,
};

/// Logits that are there at once.
const LOGITS_BYTES: f64 = 256.0 * 1024.0 * 1024.0;

/// What a run will need, about.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// Numbers of the model.
    pub model_numbers: u64,
    /// Numbers that are trained.
    pub trained_numbers: u64,
    /// Bytes of weights, trained numbers with their gradient and moments, and what a batch leaves for its backward
    /// pass.
    pub memory_bytes: u64,
    /// Bytes that can be had, where known.
    pub memory_available: Option<u64>,
    /// Steps of the run.
    pub steps: u64,
    /// Tokens of the run.
    pub tokens: u64,
    /// Operations of the run.
    pub operations: f64,
    /// Seconds, as far as the speed of the device can be told; about half or twice as many.
    pub seconds: Option<f64>,
    /// What to do where it will not fit or looks wrong.
    pub advice: Vec<String>,
}

/// The rows of a run, as far as a forecast needs them.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// Lengths of all rows of an epoch.
    pub(crate) lengths: Vec<u64>,
    /// Lengths of the rows of the largest batch.
    pub(crate) longest_batch: Vec<u64>,
    /// Steps of the run.
    pub(crate) steps: u64,
    /// Steps of an epoch.
    pub(crate) epoch_steps: u64,
}

impl Forecast {
    /// Forecasts a run on a machine of a speed in operations a second.
    pub(crate) fn new(
        settings: &Settings,
        trained: Trained,
        config: &Config,
        machine: &Machine,
        speed: Option<f64>,
        rows: &Rows,
    ) -> Self {
        let table = number(config.vocab * config.width);
        let (model_numbers, trained_numbers) = (number(trained.model), number(trained.numbers));
        let wide = machine.kind.elt_size_in_bytes() as f64;
        let tokens = rows.longest_batch.iter().sum::<u64>() as f64;
        let logits = (tokens * config.vocab as f64 * 4.0).min(LOGITS_BYTES);
        let kept = kept_numbers(config, settings.recomputed_layers(config.layers)) * tokens * wide;
        let base = match settings.method {
            Method::Full | Method::Freeze => (1.0 - trained.whole) * model_numbers as f64 * wide,
            Method::Lora => model_numbers as f64 * wide,
            // The tables stay as they are; 4 bits and the scales of their blocks for all other numbers.
            Method::Qlora => {
                let tables = (table + if config.tied_head { 0 } else { table }) as f64;
                tables * wide + (model_numbers as f64 - tables) * 4.127 / 8.0
            }
        };
        let memory = base + trained_numbers as f64 * 20.0 + kept + 2.0 * logits;
        let epochs = rows.steps as f64 / rows.epoch_steps.max(1) as f64;
        let per_epoch =
            operations(config, &trained, settings.recomputed_layers(config.layers), rows.lengths.iter().copied());
        let total = per_epoch * epochs;
        let mut forecast = Self {
            model_numbers,
            trained_numbers,
            memory_bytes: whole(memory),
            memory_available: machine.memory,
            steps: rows.steps,
            tokens: whole(rows.lengths.iter().sum::<u64>() as f64 * epochs),
            operations: total,
            seconds: speed.map(|speed| total / speed),
            advice: Vec::new(),
        };
        forecast.advise(settings, machine, kept / memory);
        forecast
    }

    fn advise(&mut self, settings: &Settings, machine: &Machine, kept_share: f64) {
        if self.memory_available.is_some_and(|available| self.memory_bytes > available) {
            if kept_share > 0.3 {
                let rows = settings.batch * settings.accumulation;
                self.advice.push(format!(
                    "memory will not suffice: set `batch: 1` with `accumulation: {rows}`, which computes the same, and then `recompute_layers`"
                ));
            } else if !settings.method.is_adapter() {
                self.advice
                    .push("memory will not suffice: set `method: lora`, which keeps no moments of the base".to_owned());
            } else if settings.method == Method::Lora {
                self.advice.push(
                    "memory will not suffice: set `method: qlora`, which keeps the base in 4-bit numbers".to_owned(),
                );
            } else {
                self.advice.push("memory will not suffice: take a smaller base".to_owned());
            }
        }
        if machine.kind == tch::Kind::Half && settings.learning_rate > 5e-4 {
            self.advice.push(format!(
                "`learning_rate` {} is high for 16-bit floats: numbers may overflow; stay below 5e-4 or set `precision: bf16`",
                settings.learning_rate
            ));
        }
        let warm_up = settings.warm_up.steps(self.steps);
        if warm_up >= self.steps {
            self.advice.push(format!(
                "the run has {} steps and its rate rises over {warm_up}: it never reaches `learning_rate`; set `warm_up: 0.05`",
                self.steps
            ));
        }
    }
}

/// Numbers that a token leaves for the backward pass: per layer two norms with their inputs, queries, keys, values,
/// what attention makes, and the three of the feed-forward block.
fn kept_numbers(config: &Config, recomputed: usize) -> f64 {
    let layer = 6 * config.width + 2 * config.query_width() + 2 * config.kv_width() + 4 * config.inner_width;
    let recomputed = recomputed.min(config.layers);
    // One layer's are there while it is computed again.
    let whole = (config.layers - recomputed).max(usize::from(recomputed > 0));
    layer as f64 * whole as f64 + config.width as f64 * recomputed as f64
}

fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes are positive and far below 2^64")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}
