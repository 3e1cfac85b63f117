//! Choosing what of a model is trained.

use crate::error::{Error, Result};
use crate::layer::Layer;
use crate::model::Model;
use crate::parameters::Plan;
use crate::projection::Projection;
use crate::weight::Weight;
use siyu_checkpoint::{LoraSettings, Targets, ends_in};

impl Model {
    /// Freezes the base and adds trained changes to some of its matrices.
    ///
    /// # Errors
    /// [`Error::Adapter`] where nothing matches, a number makes no sense, or something is trained already.
    pub fn adapt(&mut self, settings: &LoraSettings) -> Result<()> {
        settings.check()?;
        self.expect_untrained()?;
        self.expect_modules(settings)?;
        let mut plan = Plan::default();
        self.layers.iter_mut().try_for_each(|layer| layer.adapt(&mut plan, settings))?;
        if plan.is_empty() {
            let problem = format!("no matrix of the model matches {}", settings.targets);
            return Err(Error::Adapter { problem });
        }
        self.untie(&|name| settings.is_saved(name))?;
        self.choose(&mut plan, &|name| settings.is_saved(name))?;
        self.parameters = plan.finish(self.options.device)?;
        self.adapter = Some(settings.clone());
        Ok(())
    }

    /// Trains the weights of the modules that are `chosen` by name, as `model.layers.0.mlp.down_proj`.
    ///
    /// All names chosen is full training; the modules of the last layers only is freeze training.
    ///
    /// # Errors
    /// [`Error::Adapter`] where nothing is chosen, or something is trained already.
    pub fn train(&mut self, chosen: impl Fn(&str) -> bool) -> Result<()> {
        self.expect_untrained()?;
        let mut plan = Plan::default();
        self.choose(&mut plan, &chosen)?;
        if plan.is_empty() {
            return Err(Error::Adapter { problem: "no module of the model was chosen for training".to_owned() });
        }
        self.parameters = plan.finish(self.options.device)?;
        Ok(())
    }

    /// Refuses names that stand for nothing, and tables that cannot carry a low-rank change.
    fn expect_modules(&self, settings: &LoraSettings) -> Result<()> {
        let refused = |problem| Err(Error::Adapter { problem });
        let matrices: Vec<&str> = self.layers.iter().flat_map(Layer::projections).flat_map(Projection::names).collect();
        let tables = ["lm_head", "model.embed_tokens"];
        if settings.targets != Targets::AllLinear {
            for table in tables {
                if settings.is_target(table)? {
                    return refused(format!(
                        "`{table}` cannot carry a low-rank change; list it in `modules_to_save` to train it whole"
                    ));
                }
            }
        }
        if let Targets::Names(names) = &settings.targets
            && let Some(unknown) = names.iter().find(|name| !matrices.iter().any(|matrix| ends_in(matrix, name)))
        {
            return refused(format!("no matrix of the model is named `{unknown}`"));
        }
        let vectors = self.layers.iter().flat_map(Layer::weights).map(Weight::module);
        let all: Vec<&str> = vectors.chain(matrices).chain(tables).chain(["model.norm"]).collect();
        match settings.modules_to_save.iter().find(|name| !all.iter().any(|module| ends_in(module, name))) {
            Some(unknown) => refused(format!("no module of the model is named `{unknown}`")),
            None => Ok(()),
        }
    }

    fn choose(&mut self, plan: &mut Plan, chosen: &dyn Fn(&str) -> bool) -> Result<()> {
        if chosen("model.embed_tokens") {
            self.embedding.train(plan)?;
        }
        self.layers.iter_mut().try_for_each(|layer| layer.train(plan, chosen))?;
        if chosen("model.norm") {
            self.norm.train(plan)?;
        }
        if let Some(head) = self.head.as_mut().filter(|_| chosen("lm_head")) {
            head.train(plan)?;
        }
        Ok(())
    }

    /// Gives the head a table of its own where an adapter saves it or the embedding: PEFT copies what it saves.
    fn untie(&mut self, saved: &dyn Fn(&str) -> bool) -> Result<()> {
        if self.head.is_none() && (saved("lm_head") || saved("model.embed_tokens")) {
            let table = self.embedding.get(&self.parameters, self.options.kind)?;
            self.head = Some(Weight::fixed("lm_head.weight", table));
        }
        Ok(())
    }

    fn expect_untrained(&self) -> Result<()> {
        if self.parameters.list().is_empty() {
            return Ok(());
        }
        Err(Error::Adapter { problem: "the model is being trained already; load it again".to_owned() })
    }
}
