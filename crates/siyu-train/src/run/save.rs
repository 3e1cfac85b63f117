//! What a run writes of its model, and the state it continues from.

use std::{fs, path::Path};

use crate::{
    Error, Result, files,
    run::{Event, Trainer, Watch},
    settings::Method,
    state,
};

/// What belongs to a model beside its weights.
const BESIDE: [&str; 5] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "generation_config.json",
    "chat_template.jinja",
];

impl Trainer<'_> {
    /// Writes the adapter, or the whole model, and what it belongs to.
    pub(super) fn save_model(&self, folder: &Path, watch: &mut Watch<'_>) -> Result<()> {
        files::folder(folder)?;
        let settings = &self.run.settings;
        match settings.method {
            Method::Lora | Method::Qlora => self.model.save_adapter(folder, &settings.model.display().to_string())?,
            Method::Full | Method::Freeze => {
                self.model.save(folder, self.run.config.precision)?;
                for name in BESIDE {
                    let from = settings.model.join(name);
                    if from.is_file() {
                        files::replace(&folder.join(name), &fs::read(&from).map_err(Error::read(&from))?)?;
                    }
                }
            }
        }
        self.run.record.write_origin(folder)?;
        watch(Event::Saved(folder));
        Ok(())
    }

    /// Writes the state from which a killed run continues.
    pub(super) fn save_state(&mut self) -> Result<()> {
        self.progress.logs = [self.metrics.synced()?, self.events.synced()?];
        state::save(&self.run.settings.output, &self.progress, self.model.parameters(), &self.optimizer)
    }
}
