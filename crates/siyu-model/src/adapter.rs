//! Adapters on the disk, in the format of PEFT.
//!
//! `adapter_config.json` holds only what differs from the defaults of every release of PEFT: an older one stops at a
//! key it does not know.

mod json;

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::lora::LoraSettings;
use crate::model::Model;
use crate::parameters::Parameter;
use crate::write;
use json::AdapterJson;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tch::{Kind, Tensor};

/// What PEFT puts before the name of a module.
const PREFIX: &str = "base_model.model.";
const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

impl LoraSettings {
    /// Reads how an adapter was made. The seed is not on the disk; it becomes 0.
    ///
    /// # Errors
    /// [`Error::Adapter`] names a setting that cannot be honoured.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        let path = folder.as_ref().join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let json: AdapterJson = serde_json::from_str(&text).map_err(|source| Error::Json { path, source })?;
        json.into_settings()
    }
}

impl Model {
    /// Writes the adapter into `folder`, which is made where it is missing; `base` is how other tools find the base.
    ///
    /// # Errors
    /// [`Error::Adapter`] where the model has no adapter; [`Error::Write`].
    pub fn save_adapter(&self, folder: impl AsRef<Path>, base: &str) -> Result<()> {
        let folder = folder.as_ref();
        let Some(settings) = &self.adapter else {
            return Err(Error::Adapter { problem: "the model has none; save the whole model".to_owned() });
        };
        fs::create_dir_all(folder).map_err(|source| Error::Write { path: folder.to_owned(), source })?;
        let mut tensors = Vec::new();
        for (index, parameter) in self.parameters.list().iter().enumerate() {
            tensors.extend(named(parameter, self.parameters.leaf(index))?);
        }
        write::tensors(&folder.join(WEIGHTS), tensors)?;
        write::json(&folder.join(CONFIG), &AdapterJson::of(settings, base))
    }

    /// Adds the adapter that lies in `folder`, to run it or to train on.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Shape`] and [`Error::Adapter`] name a tensor that the adapter lacks, that has
    /// another shape than the base calls for, or that nothing asks for.
    pub fn load_adapter(&mut self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let found = Checkpoint::of_file(folder.join(WEIGHTS))?;
        self.adapt(&LoraSettings::from_folder(folder)?)?;
        let mut wanted = BTreeMap::new();
        for (index, parameter) in self.parameters.list().iter().enumerate() {
            for (name, tensor) in named(parameter, self.parameters.leaf(index))? {
                wanted.insert(name, tensor);
            }
        }
        if let Some(stranger) = found.names().find(|name| !wanted.contains_key(*name)) {
            let problem = format!("`{stranger}` belongs to no matrix that its settings and this base name");
            return Err(Error::Adapter { problem });
        }
        for (name, mut place) in wanted {
            found.expect_shape(&name, &place.size())?;
            let value = found.mapped(&name)?;
            tch::no_grad(|| place.f_copy_(&value))?;
        }
        Ok(())
    }
}

/// The tensors of a parameter under the names PEFT gives them; they share its memory.
fn named(parameter: &Parameter, leaf: &Tensor) -> Result<Vec<(String, Tensor)>> {
    let whole = leaf.f_detach()?;
    debug_assert_eq!(whole.kind(), Kind::Float, "parameters are f32");
    let mut start = 0;
    let mut tensors = Vec::with_capacity(parameter.parts.len());
    for (name, rows) in &parameter.parts {
        tensors.push((format!("{PREFIX}{name}"), whole.f_narrow(0, start, *rows)?));
        start += rows;
    }
    Ok(tensors)
}
