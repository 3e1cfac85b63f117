//! Exported models, run by onnxruntime.
//!
//! Graphs with onnxruntime's own attention keep keys and values in one buffer per layer that is made once, and answer
//! many at once. Graphs of standard operators grow their cache with every token, text by text.

mod bound;
mod graph;
mod growing;
mod memory;
mod shared;

use super::Forward;
use crate::{
    Error, Result,
    load::Load,
    settings::{Device, Engine},
};
use graph::{Graph, failed};
use growing::Growing;
use ort::{
    environment::Environment,
    ep::{self, ExecutionProvider},
    session::{
        Session,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
};
use shared::Shared;
use std::path::Path;

/// The file of the graph in its folder.
pub const GRAPH_FILE: &str = "model.onnx";

/// Most tokens of a text where neither the settings nor the model ask for fewer.
const USUAL_CONTEXT: usize = 4096;

/// Opens the model of a folder for as many texts as `settings` say, none longer than `limit` tokens.
///
/// # Errors
/// [`Error::Runtime`] without onnxruntime, [`Error::NoGpu`] without one for GPUs where they ask for it, [`Error::Onnx`]
/// and [`Error::Model`] for the graph.
pub fn open(folder: &Path, settings: &Engine, limit: usize) -> Result<Box<dyn Forward>> {
    open_for(&Load::default(), folder, settings, limit)
}

/// The same, but ends with [`Error::GivenUp`] soon after nobody wants the model any more.
pub(crate) fn open_for(load: &Load, folder: &Path, settings: &Engine, limit: usize) -> Result<Box<dyn Forward>> {
    let path = folder.join(GRAPH_FILE);
    let environment = siyu_export::load_runtime().map_err(|error| Error::Runtime { problem: error.to_string() })?;
    let place = match settings.device {
        Device::Cpu => "",
        Device::Cuda if ep::CUDA::is_available().unwrap_or(false) => " on the first GPU",
        Device::Cuda => return Err(Error::NoGpu),
    };
    let doing = format!("open `{}`{place}", path.display());
    let mut builder = builder(environment, settings).map_err(failed(&doing))?;
    load.runs(builder.canceler())?;
    let session = builder.commit_from_file(&path).map_err(failed(&doing));
    load.go_on()?;
    let session = session?;
    let graph = Graph::of(session, &path, settings.device)?;
    let context = settings.context.unwrap_or(USUAL_CONTEXT).min(limit);
    if graph.shares_buffers() {
        Ok(Box::new(Shared::new(graph, settings.slots, context, settings.prefill_chunk)?))
    } else {
        Ok(Box::new(Growing::new(graph, settings.slots, context)))
    }
}

fn builder(environment: &Environment, settings: &Engine) -> ort::Result<SessionBuilder> {
    let mut builder = Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(settings.threads.unwrap_or(0))?
        // Shapes change with every request that joins or leaves.
        .with_memory_pattern(false)?;
    if settings.device == Device::Cuda {
        builder = builder.with_execution_providers([ep::CUDA::default().build().error_on_failure()])?;
    }
    Ok(builder)
}
