//! Adapters on the disk, in the format of PEFT.

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::parameters::Parameter;
use crate::write;
use siyu_checkpoint::{ADAPTER_CONFIG, ADAPTER_PREFIX, ADAPTER_WEIGHTS, LoraSettings, adapter_json, write_json};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Kind, Tensor};

impl Model {
    /// Writes the adapter into `folder`, which is made where it is missing; `base` is how other tools find the base.
    ///
    /// # Errors
    /// [`Error::Adapter`] where the model has no adapter; [`siyu_checkpoint::Error::Write`].
    pub fn save_adapter(&self, folder: impl AsRef<Path>, base: &str) -> Result<()> {
        let folder = folder.as_ref();
        let Some(settings) = &self.adapter else {
            return Err(Error::Adapter { problem: "the model has none; save the whole model".to_owned() });
        };
        write::folder(folder)?;
        let mut tensors = Vec::new();
        for (index, parameter) in self.parameters.list().iter().enumerate() {
            tensors.extend(named(parameter, self.parameters.leaf(index))?);
        }
        write::write_tensors(&folder.join(ADAPTER_WEIGHTS), tensors)?;
        Ok(write_json(&folder.join(ADAPTER_CONFIG), &adapter_json(settings, base))?)
    }

    /// Adds the adapter that lies in `folder`, to run it or to train on.
    ///
    /// # Errors
    /// [`Error::Files`] and [`Error::Adapter`] name a tensor that the adapter lacks, that has
    /// another shape than the base calls for, or that nothing asks for.
    pub fn load_adapter(&mut self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let found = Checkpoint::of_file(folder.join(ADAPTER_WEIGHTS))?;
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
        tensors.push((format!("{ADAPTER_PREFIX}{name}"), whole.f_narrow(0, start, *rows)?));
        start += rows;
    }
    Ok(tensors)
}
