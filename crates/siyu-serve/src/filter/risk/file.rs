//! The file of a classifier: safetensors, with the labels in its metadata.

use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::{BUCKETS, Model};
use crate::filter::Error;

/// The one key of the metadata; its value is the list of labels, in JSON. Another way of hashing is another format.
const FORMAT: &str = "siyu-risk-1";

impl Model {
    /// Reads a classifier; `path` is for messages.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let problem = |problem: &str| Error::RiskModel { path: path.to_owned(), problem: problem.to_owned() };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|_| problem("it is no safetensors file"))?;
        let labels = metadata.metadata().as_ref().and_then(|entries| entries.get(FORMAT));
        let labels = labels.ok_or_else(|| problem("its metadata has no `siyu-risk-1`"))?;
        let labels: Vec<String> =
            serde_json::from_str(labels).map_err(|_| problem("`siyu-risk-1` is no list of labels"))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|_| problem("it is no safetensors file"))?;
        let bias =
            floats(&tensors, "bias", &[labels.len()]).ok_or_else(|| problem("`bias` is not `[labels]` in F32"))?;
        let weights = floats(&tensors, "weights", &[BUCKETS, labels.len()])
            .ok_or_else(|| problem("`weights` is not `[131072, labels]` in F32"))?;
        if labels.len() < 2 || bias.iter().chain(&weights).any(|value| !value.is_finite()) {
            return Err(problem("it has fewer than two labels, or a weight that is no number"));
        }
        Ok(Self { labels, bias, weights })
    }

    /// The bytes of the classifier's file; the same model gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let (bias, weights) = (bytes(&self.bias), bytes(&self.weights));
        let failed = |_| Error::RiskTraining { problem: "the model is too large to be written".to_owned() };
        let labels = serde_json::to_string(&self.labels)
            .map_err(|_| Error::RiskTraining { problem: "a label cannot be written".to_owned() })?;
        let tensors = [
            ("bias", TensorView::new(Dtype::F32, vec![self.labels.len()], &bias).map_err(failed)?),
            ("weights", TensorView::new(Dtype::F32, vec![BUCKETS, self.labels.len()], &weights).map_err(failed)?),
        ];
        safetensors::serialize(tensors, Some([(FORMAT.to_owned(), labels)].into())).map_err(failed)
    }
}

fn floats(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Option<Vec<f32>> {
    let tensor = tensors.tensor(name).ok()?;
    let fits = tensor.dtype() == Dtype::F32 && tensor.shape() == shape;
    let values = tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    fits.then(|| values.collect())
}
