//! A run: prepared from its settings, forecast, trained, continued after a kill.

mod memory;
mod save;
mod step;

use std::{path::Path, sync::Arc, time::Instant};

use siyu_dataset::{Dataset, Purpose, TokenRows, Wanted};
use siyu_model::{Config, LoraSettings, Model, Options};
use tch::Tensor;

use crate::{
    Error, Result, Settings,
    compute::Machine,
    course::Course,
    evaluate,
    feed::Feed,
    files,
    forecast::{Forecast, Rows},
    metrics::{EvaluationMetrics, Log, METRICS, StepMetrics},
    modules::{self, Trained},
    optimizer::AdamW,
    record::{self, Hashes, Outcome, Record},
    report,
    settings::{Init, Method},
    state::{self, Progress},
    tensorboard,
};

/// The file that `TensorBoard` reads.
const EVENTS: &str = "events.out.tfevents.siyu";

/// What happens in a run, for whoever watches.
#[derive(Debug)]
pub enum Event<'a> {
    /// Something to know: rows left out, a step left out, batches halved.
    Note(String),
    /// The run goes on where it was after so many steps.
    Continued(u64),
    /// A step is done, of so many.
    Step(&'a StepMetrics, u64),
    /// The model was judged.
    Evaluated(&'a EvaluationMetrics),
    /// Something was written.
    Saved(&'a Path),
}

/// Whoever watches a run.
pub type Watch<'a> = dyn FnMut(Event<'_>) + 'a;

/// A run that can begin: its dataset is verified, its model is known by its configuration.
#[derive(Debug)]
pub struct Run {
    settings: Settings,
    /// The training file as it was written.
    text: String,
    machine: Machine,
    config: Config,
    lora: LoraSettings,
    trained: Trained,
    record: Record,
    train: Arc<TokenRows>,
    validation: Option<Arc<TokenRows>>,
    course: Course,
    forecast: Forecast,
    notes: Vec<String>,
}

impl Run {
    /// Opens and verifies the dataset, reads the model's configuration and forecasts what the run will need. The
    /// model's weights are only hashed; nothing is written.
    ///
    /// `text` is the training file, kept in the run's folder; `progress` is called with bytes verified.
    ///
    /// # Errors
    /// Where the dataset may not be trained on or does not go with the model, and for a folder that holds another run.
    pub fn prepare(settings: Settings, text: &str, progress: impl Fn(u64) + Sync) -> Result<Self> {
        let machine = Machine::of(settings.device, settings.precision)?;
        let config = Config::from_folder(&settings.model)?;
        let hashes = Hashes::of(&settings)?;
        let limit = settings.max_tokens.unwrap_or(config.max_positions).min(config.max_positions);
        let dataset = Dataset::open(&settings.dataset)?;
        let wanted = |split, purpose| Wanted {
            split,
            purpose,
            tokenizer: &hashes.tokenizer,
            vocab: usize::try_from(config.vocab).unwrap_or(0),
            max_tokens: limit,
        };
        let train = Arc::new(dataset.token_rows(&wanted("train", Purpose::Training), &progress)?);
        let mut notes = record::left_out("train", &train, limit);
        let validation = match dataset.shards("validation").map(|shard| shard.rows).sum::<u64>() {
            0 => {
                notes.push(
                    "the dataset has no rows in `validation`: nothing tells when to stop; add `split` to its pipeline"
                        .to_owned(),
                );
                None
            }
            _ => Some(Arc::new(dataset.token_rows(&wanted("validation", Purpose::Evaluation), &progress)?)),
        };
        if let Some(rows) = &validation {
            notes.extend(record::left_out("validation", rows, limit));
        }
        let course = Course::new(Arc::clone(&train), &settings);
        let rows = Rows {
            lengths: train.sizes().map(|size| u64::from(size.tokens)).collect(),
            longest_batch: course.longest().iter().map(|size| u64::from(size.tokens)).collect(),
            steps: course.steps(),
            epoch_steps: course.epoch_steps(),
        };
        let lora = match &settings.adapter {
            Some(folder) => LoraSettings::from_folder(folder)?,
            None => lora_settings(&settings),
        };
        let trained = Trained::of(&settings, &lora, &config)?;
        let forecast = Forecast::new(&settings, trained, &config, &machine, machine.expected_speed()?, &rows);
        notes.extend(forecast.advice.iter().cloned());
        let record = record::begin(&settings, hashes, &machine, &train, validation.as_deref(), course.steps());
        if let Some(other) = Record::open(&settings.output)?
            && let Some(difference) = record.difference(&other)
        {
            return Err(Error::OtherRun { path: settings.output, difference });
        }
        let text = text.to_owned();
        Ok(Self { settings, text, machine, config, lora, trained, record, train, validation, course, forecast, notes })
    }

    /// What the run will need.
    pub fn forecast(&self) -> &Forecast {
        &self.forecast
    }

    /// Where and with what numbers it computes.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What the run is made of.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What whoever starts the run should know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Trains to the end, from where an earlier run of the same settings was killed. `clock` gives seconds since 1970,
    /// for `TensorBoard`.
    ///
    /// # Errors
    /// [`Error::NonFinite`] where the loss is no number, [`Error::OutOfMemory`] where a single row does not fit, and
    /// whatever the dataset, the model or the disk refuse.
    pub fn train(self, clock: &dyn Fn() -> f64, watch: &mut Watch<'_>) -> Result<Outcome> {
        if let Some(Record { outcome: Some(outcome), .. }) = Record::open(&self.settings.output)? {
            watch(Event::Note(format!("`{}` holds this run already, to its end", self.settings.output.display())));
            return Ok(outcome);
        }
        let mut trainer = Trainer::new(&self, clock)?;
        if trainer.progress.steps > 0 {
            watch(Event::Continued(trainer.progress.steps));
        } else {
            trainer.rehearse(watch)?;
            if self.settings.evaluation.at_start {
                trainer.evaluate(watch)?;
            }
        }
        let feed = Feed::start(Arc::clone(&self.train), self.course.clone(), trainer.progress.steps);
        while !trainer.progress.stopped {
            let begin = Instant::now();
            let Some(read) = feed.next() else { break };
            trainer.step(read?, begin, watch)?;
        }
        drop(feed);
        trainer.finish(watch)
    }
}

/// A run under way.
struct Trainer<'a> {
    run: &'a Run,
    clock: &'a dyn Fn() -> f64,
    model: Model,
    optimizer: AdamW,
    gradient: Tensor,
    progress: Progress,
    metrics: Log,
    events: Log,
}

impl<'a> Trainer<'a> {
    fn new(run: &'a Run, clock: &'a dyn Fn() -> f64) -> Result<Self> {
        let output = &run.settings.output;
        files::folder(output)?;
        files::replace(&output.join("train.yaml"), run.text.as_bytes())?;
        run.record.write(output)?;
        let model = load(run)?;
        let optimizer = AdamW::new(model.parameters(), &run.settings)?;
        let gradient = model.parameters().zeros();
        let fp16 = run.machine.kind == tch::Kind::Half;
        let found = state::load(output, model.parameters(), &optimizer)?;
        let progress = found.unwrap_or_else(|| Progress::new(fp16));
        let metrics = Log::open(&output.join(METRICS), progress.logs[0])?;
        let mut events = Log::open(&output.join(EVENTS), progress.logs[1])?;
        if progress.logs[1] == 0 {
            events.append(&tensorboard::begin(clock()))?;
        }
        Ok(Self { run, clock, model, optimizer, gradient, progress, metrics, events })
    }

    /// Judges the model, and keeps it where it was never better.
    fn evaluate(&mut self, watch: &mut Watch<'_>) -> Result<()> {
        let Some(rows) = &self.run.validation else { return Ok(()) };
        let judgement = evaluate::judge(&self.model, rows, &self.run.settings)?;
        let loss = judgement.loss();
        let best = loss.is_finite() && self.progress.best.is_none_or(|(least, _)| loss < least);
        if best {
            self.progress.best = Some((loss, self.progress.steps));
            self.progress.worse = 0;
            self.save_model(&self.run.settings.output.join("best"), watch)?;
        } else {
            self.progress.worse += 1;
        }
        let metrics = EvaluationMetrics {
            step: self.progress.steps,
            validation_loss: loss,
            validation_perplexity: loss.exp(),
            validation_token_accuracy: judgement.token_accuracy(),
            labels: judgement.labels,
            best,
        };
        self.metrics.line(&metrics)?;
        let curves = [
            ("validation/loss", loss),
            ("validation/perplexity", loss.exp()),
            ("validation/token_accuracy", judgement.token_accuracy()),
        ];
        self.events.append(&tensorboard::scalars((self.clock)(), metrics.step, &curves))?;
        if self.run.settings.evaluation.patience.is_some_and(|patience| self.progress.worse >= patience) {
            self.progress.stopped = true;
        }
        watch(Event::Evaluated(&metrics));
        Ok(())
    }

    /// Writes what the run has made and how it ended.
    fn finish(self, watch: &mut Watch<'_>) -> Result<Outcome> {
        let output = &self.run.settings.output;
        self.save_model(output, watch)?;
        let lines = crate::metrics::read(output)?;
        let skipped =
            lines.iter().filter(|line| matches!(line, crate::metrics::Line::Step(step) if step.skipped.is_some()));
        let outcome = Outcome {
            steps: self.progress.steps,
            skipped_steps: skipped.count() as u64,
            stopped_early: self.progress.stopped,
            best: self.progress.best,
        };
        let record = Record { outcome: Some(outcome.clone()), ..self.run.record.clone() };
        report::write(output, &record, &lines)?;
        // Last: with it the run is done.
        record.write(output)?;
        Ok(outcome)
    }
}

fn load(run: &Run) -> Result<Model> {
    let settings = &run.settings;
    let options = Options { device: run.machine.device, kind: run.machine.kind, nf4: settings.method == Method::Qlora };
    let mut model = match settings.init {
        Init::Pretrained => Model::load(&settings.model, options)?,
        Init::Random => Model::random(run.config.clone(), settings.seed, options)?,
    };
    match (settings.method, &settings.adapter) {
        (Method::Lora | Method::Qlora, Some(folder)) => model.load_adapter(folder)?,
        (Method::Lora | Method::Qlora, None) => model.adapt(&run.lora)?,
        (Method::Full | Method::Freeze, _) => {
            model.train(|name| modules::is_trained(settings, &run.config, name))?;
        }
    }
    Ok(model)
}

fn lora_settings(settings: &Settings) -> LoraSettings {
    let lora = &settings.lora;
    LoraSettings {
        rank: lora.rank,
        alpha: lora.alpha,
        dropout: lora.dropout,
        targets: lora.targets.clone(),
        rslora: lora.rslora,
        dora: lora.dora,
        modules_to_save: lora.modules_to_save.clone(),
        rank_pattern: lora.rank_pattern.clone().into_iter().collect(),
        alpha_pattern: lora.alpha_pattern.clone().into_iter().collect(),
        seed: settings.seed,
    }
}
