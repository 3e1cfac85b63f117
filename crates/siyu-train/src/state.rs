//! What a killed run continues from: one file, replaced as a whole.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use siyu_model::{Checkpoint, Parameters, write_tensors};
use tch::{Device, Kind, Tensor};

use crate::{Error, Result, optimizer::AdamW, scale::LossScale};

/// The file's name in the folder of a run.
pub(crate) const STATE: &str = "state/state.safetensors";
/// The tensor that holds the JSON of [`Progress`].
const PROGRESS: &str = "progress";

/// All of a run that is no tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Steps done.
    pub(crate) steps: u64,
    /// Steps that changed the parameters: what the optimizer counts.
    pub(crate) changes: u64,
    /// The scale of the loss.
    pub(crate) scale: LossScale,
    /// How often batches were halved for want of memory.
    pub(crate) halvings: u32,
    /// Lowest loss of a judgement, and the step it was made at.
    pub(crate) best: Option<(f64, u64)>,
    /// Judgements since.
    pub(crate) worse: u64,
    /// Whether the run stops early.
    pub(crate) stopped: bool,
    /// Bytes of `metrics.jsonl` and of the file for `TensorBoard`.
    pub(crate) logs: [u64; 2],
}

impl Progress {
    pub(crate) fn new(moves: bool) -> Self {
        Self {
            steps: 0,
            changes: 0,
            scale: LossScale::new(moves),
            halvings: 0,
            best: None,
            worse: 0,
            stopped: false,
            logs: [0; 2],
        }
    }
}

/// Writes a state; whoever is killed meanwhile finds the one before.
pub(crate) fn save(folder: &Path, progress: &Progress, parameters: &Parameters, optimizer: &AdamW) -> Result<()> {
    let path = folder.join(STATE);
    let parent = path.parent().unwrap_or(folder);
    crate::files::folder(parent)?;
    let json = serde_json::to_vec(progress).map_err(|error| Error::damaged(&path, &error))?;
    let tensors = vec![
        (PROGRESS.to_owned(), Tensor::f_from_slice(&json)?),
        ("parameters".to_owned(), parameters.flat().shallow_clone()),
        ("first".to_owned(), optimizer.first.shallow_clone()),
        ("second".to_owned(), optimizer.second.shallow_clone()),
    ];
    write_tensors(&path, tensors)?;
    fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(Error::write(&path))
}

/// Takes up the state of a folder, where it has one.
pub(crate) fn load(folder: &Path, parameters: &Parameters, optimizer: &AdamW) -> Result<Option<Progress>> {
    let path = folder.join(STATE);
    if !path.exists() {
        return Ok(None);
    }
    let file = Checkpoint::of_file(&path)?;
    let json = Vec::<u8>::try_from(file.tensor(PROGRESS, Device::Cpu, Kind::Uint8)?)?;
    let progress = serde_json::from_slice(&json).map_err(|error| Error::damaged(&path, &error))?;
    for (name, place) in [("parameters", parameters.flat()), ("first", &optimizer.first), ("second", &optimizer.second)]
    {
        let value = file.shaped(name, &place.size(), Device::Cpu, Kind::Float)?;
        tch::no_grad(|| place.shallow_clone().f_copy_(&value))?;
    }
    Ok(Some(progress))
}
