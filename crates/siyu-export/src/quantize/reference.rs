//! The model as it was.

use super::inputs::{Inputs, Observed};
use crate::error::{Error, Result};
use crate::folder::Unfinished;
use crate::onnx::{ExportSettings, GRAPH_FILE, Logits, Numbers, Plan, build};
use crate::runtime::OnnxModel;
use siyu_checkpoint::{Checkpoint, Config};
use std::collections::BTreeMap;

/// The model in f32 with the inputs of all matrices as outputs, in a folder that does not stay.
pub(super) struct Reference {
    pub(super) model: OnnxModel,
    observed: Vec<Observed>,
    _folder: tempfile::TempDir,
}

impl Reference {
    pub(super) fn open(
        config: &Config,
        checkpoint: &Checkpoint,
        export: ExportSettings,
        unfinished: &Unfinished,
        threads: usize,
    ) -> Result<Self> {
        let folder = tempfile::tempdir_in(unfinished.folder()).map_err(Error::write(unfinished.folder()))?;
        let settings = ExportSettings { numbers: Numbers::F32, logits: Logits::All, ..export };
        let mut observed = Vec::new();
        build(&Plan { config, checkpoint, branches: None, settings }, None, Some(&mut observed), folder.path())?;
        let model = OnnxModel::with_config(&folder.path().join(GRAPH_FILE), config.clone(), threads)?;
        Ok(Self { model, observed, _folder: folder })
    }

    pub(super) fn inputs<'a>(&'a mut self, texts: &'a [Vec<i64>], full: bool) -> Inputs<'a> {
        let observed = self.observed.clone();
        Inputs { model: &mut self.model, observed, texts, full, measured: BTreeMap::new() }
    }
}
