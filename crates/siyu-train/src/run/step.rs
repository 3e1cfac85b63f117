//! One step: gradients of its batches, one change of the parameters.

use std::time::Instant;

use siyu_model::{BackwardSettings, Loss};
use xxhash_rust::xxh3::Xxh3;

use crate::{
    Result,
    compute::{operations, peak_memory},
    feed::{ReadStep, Rows},
    guard,
    metrics::StepMetrics,
    optimizer,
    record::epoch_folder,
    run::{Event, Trainer, Watch, memory},
    settings::NonFinite,
    tensorboard,
};

/// What the batches of a step made.
struct Gradient {
    /// Mean loss of the step's labels.
    loss: f64,
    /// Its norm, before it was shortened.
    norm: f64,
    /// A batch whose loss is no number.
    wrong: Option<usize>,
}

impl Trainer<'_> {
    /// Computes the largest batch once and forgets it: where memory does not suffice, that shows before the run.
    pub(super) fn rehearse(&mut self, watch: &mut Watch<'_>) -> Result<()> {
        let sizes = self.run.course.longest();
        let batches = vec![Rows::read(&self.run.train, &sizes)?];
        let labels = sizes.iter().map(|size| u64::from(size.labels)).sum();
        self.gradient_of(batches, labels, u64::MAX, watch)?;
        Ok(())
    }

    /// Does a step and whatever follows it: an adapter, a judgement, a state.
    pub(super) fn step(&mut self, read: ReadStep, begin: Instant, watch: &mut Watch<'_>) -> Result<()> {
        let waited = begin.elapsed().as_secs_f64();
        let step = &read.step;
        let rate = self.rate(step.number);
        let scale = self.progress.scale;
        let (gradient, batches) = self.gradient_of(read.batches, step.labels(), step.number, watch)?;
        let skipped = self.change(&gradient, &batches, step.number, rate, watch)?;
        self.progress.steps = step.number + 1;
        let seconds = begin.elapsed().as_secs_f64();
        let lengths = batches.iter().flat_map(|batch| &batch.0).map(|row| row.ids.len() as u64);
        let settings = &self.run.settings;
        let config = &self.run.config;
        let done = operations(config, &self.run.trained, settings.recomputed_layers(config.layers), lengths);
        let metrics = StepMetrics {
            step: self.progress.steps,
            epoch: self.progress.steps as f64 / self.run.course.epoch_steps() as f64,
            loss: gradient.loss,
            learning_rate: rate,
            gradient_norm: Some(gradient.norm).filter(|norm| norm.is_finite()),
            tokens: step.tokens(),
            labels: step.labels(),
            seconds,
            data_wait_seconds: waited,
            tokens_per_second: step.tokens() as f64 / seconds,
            mfu: self.run.machine.peak.map(|peak| done / seconds / peak),
            peak_memory_bytes: peak_memory(),
            loss_scale: scale.moves().then(|| scale.get()),
            skipped,
        };
        self.log(&metrics)?;
        watch(Event::Step(&metrics, self.run.course.steps()));
        self.after(read.step.ends_epoch, read.step.epoch + 1, watch)
    }

    fn rate(&self, step: u64) -> f64 {
        let (settings, total) = (&self.run.settings, self.run.course.steps());
        settings.learning_rate * settings.schedule.factor(step, settings.warm_up.steps(total), total)
    }

    /// The gradient of a step's mean loss, batch by batch; halves batches that do not fit in memory.
    fn gradient_of(
        &mut self,
        batches: Vec<Rows>,
        labels: u64,
        step: u64,
        watch: &mut Watch<'_>,
    ) -> Result<(Gradient, Vec<Rows>)> {
        let before = self.progress.halvings;
        let mut halvings = before;
        let found = memory::fitting(batches, &mut halvings, |batches| self.accumulate(batches, labels, step))?;
        if halvings > before {
            self.progress.halvings = halvings;
            watch(Event::Note(
                "memory did not suffice: batches are halved from here on, steps stay what they are".to_owned(),
            ));
        }
        Ok(found)
    }

    fn accumulate(&mut self, batches: &[Rows], labels: u64, step: u64) -> Result<Gradient> {
        let scale = self.progress.scale.get();
        let _ = self.gradient.f_zero_()?;
        let mut losses: Vec<Loss> = Vec::with_capacity(batches.len());
        for (index, rows) in batches.iter().enumerate() {
            let batch = rows.batch(self.run.machine.device)?;
            let settings = BackwardSettings {
                scale: scale / labels as f64,
                seed: self.seed(step, index),
                recomputed_layers: self.run.settings.recompute_layers,
                chunk_rows: None,
                noise_alpha: self.run.settings.neftune_alpha,
            };
            losses.push(self.model.backward(&batch, &settings, &self.gradient)?);
        }
        if self.progress.scale.moves() {
            let _ = self.gradient.f_mul_scalar_(1.0 / scale)?;
        }
        let norm = optimizer::clip(&mut self.gradient, self.run.settings.clip)?;
        // Only here the device is waited for.
        let sums: Vec<f64> = losses.iter().map(Loss::sum).collect();
        Ok(Gradient {
            loss: sums.iter().sum::<f64>() / labels as f64,
            norm,
            wrong: sums.iter().position(|sum| !sum.is_finite()),
        })
    }

    /// Changes the parameters, or says why not.
    fn change(
        &mut self,
        gradient: &Gradient,
        batches: &[Rows],
        step: u64,
        rate: f64,
        watch: &mut Watch<'_>,
    ) -> Result<Option<String>> {
        let finite = gradient.norm.is_finite();
        let overflows = self.progress.scale.moves() && gradient.wrong.is_none() && !finite;
        if gradient.wrong.is_some() || (!finite && !overflows) {
            let index = gradient.wrong.unwrap_or(0);
            let wrong = guard::Wrong {
                step,
                seed: self.seed(step, index),
                scale: self.progress.scale.get(),
                batch: &batches[index],
            };
            let error = guard::keep(&self.run.settings.output, &self.model, &self.run.train, &wrong)?;
            self.progress.scale.update(false);
            if self.run.settings.non_finite == NonFinite::Stop {
                return Err(error);
            }
            watch(Event::Note(format!("step {} is left out: {error}", step + 1)));
            return Ok(Some("the loss is no number".to_owned()));
        }
        self.progress.scale.update(finite);
        if overflows {
            return Ok(Some("the gradient overflows at this loss scale".to_owned()));
        }
        self.progress.changes += 1;
        self.optimizer.step(self.model.parameters().flat(), &self.gradient, rate, self.progress.changes)?;
        Ok(None)
    }

    /// The seed of a batch's dropout and noise, where it has any.
    fn seed(&self, step: u64, batch: usize) -> Option<u64> {
        let settings = &self.run.settings;
        let dropout = settings.method.is_adapter() && self.run.lora.dropout > 0.0;
        (dropout || settings.neftune_alpha > 0.0).then(|| {
            let mut hasher = Xxh3::with_seed(settings.seed);
            hasher.update(&step.to_le_bytes());
            hasher.update(&(batch as u64).to_le_bytes());
            hasher.digest()
        })
    }

    fn log(&mut self, metrics: &StepMetrics) -> Result<()> {
        self.metrics.line(metrics)?;
        let mut curves = vec![
            ("train/loss", metrics.loss),
            ("train/learning_rate", metrics.learning_rate),
            ("train/tokens_per_second", metrics.tokens_per_second),
            ("train/data_wait_seconds", metrics.data_wait_seconds),
        ];
        curves.extend(metrics.gradient_norm.map(|norm| ("train/gradient_norm", norm)));
        curves.extend(metrics.mfu.map(|mfu| ("train/mfu", mfu)));
        curves.extend(metrics.loss_scale.map(|scale| ("train/loss_scale", scale)));
        self.events.append(&tensorboard::scalars((self.clock)(), metrics.step, &curves))
    }

    fn after(&mut self, ends_epoch: bool, epoch: u64, watch: &mut Watch<'_>) -> Result<()> {
        let (settings, steps) = (&self.run.settings, self.progress.steps);
        let last = steps == self.run.course.steps();
        if ends_epoch && settings.method.is_adapter() {
            self.save_model(&epoch_folder(&settings.output, epoch), watch)?;
        }
        if ends_epoch || last || settings.evaluation.every_steps.is_some_and(|every| steps.is_multiple_of(every)) {
            self.evaluate(watch)?;
        }
        if ends_epoch || last || self.progress.stopped || steps.is_multiple_of(settings.state_every_steps) {
            self.save_state()?;
        }
        Ok(())
    }
}
