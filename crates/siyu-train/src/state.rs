//! What a killed run continues from: one file, replaced as a whole.

use std::{borrow::Cow, fs, io, path::Path};

use safetensors::tensor::{Dtype, View, serialize_to_file};
use serde::{Deserialize, Serialize};
use siyu_model::{Checkpoint, Parameters};
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
    let json = serde_json::to_vec(progress).map_err(|error| Error::damaged(&path, error))?;
    let mut tensors = vec![(PROGRESS.to_owned(), Stored { shape: [json.len()], bytes: json, dtype: Dtype::U8 })];
    for (name, tensor) in
        [("parameters", parameters.flat()), ("first", &optimizer.first), ("second", &optimizer.second)]
    {
        tensors.push((name.to_owned(), Stored::of(tensor)));
    }
    let partial = path.with_extension("partial");
    let write = || -> io::Result<()> {
        serialize_to_file(tensors, None, &partial).map_err(io::Error::other)?;
        fs::File::open(&partial)?.sync_all()?;
        fs::rename(&partial, &path)?;
        fs::File::open(parent)?.sync_all()
    };
    write().map_err(Error::write(&path))
}

/// Takes up the state of a folder, where it has one.
pub(crate) fn load(folder: &Path, parameters: &Parameters, optimizer: &AdamW) -> Result<Option<Progress>> {
    let path = folder.join(STATE);
    if !path.exists() {
        return Ok(None);
    }
    let file = Checkpoint::of_file(&path)?;
    let json = Vec::<u8>::try_from(file.tensor(PROGRESS, Device::Cpu, Kind::Uint8)?)?;
    let progress = serde_json::from_slice(&json).map_err(|error| Error::damaged(&path, error))?;
    for (name, place) in [("parameters", parameters.flat()), ("first", &optimizer.first), ("second", &optimizer.second)]
    {
        let value = file.shaped(name, &place.size(), Device::Cpu, Kind::Float)?;
        tch::no_grad(|| place.shallow_clone().f_copy_(&value))?;
    }
    Ok(Some(progress))
}

/// Numbers on their way into a file.
struct Stored {
    shape: [usize; 1],
    bytes: Vec<u8>,
    dtype: Dtype,
}

impl Stored {
    fn of(tensor: &Tensor) -> Self {
        let tensor = tensor.to_device(Device::Cpu);
        let mut bytes = vec![0; tensor.numel() * 4];
        tensor.copy_data_u8(&mut bytes, tensor.numel());
        Self { shape: [tensor.numel()], bytes, dtype: Dtype::F32 }
    }
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
