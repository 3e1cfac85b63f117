//! The node that applies row steps.

use super::{Node, rows};
use crate::fused::Fused;
use arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::{StreamExt, stream};
use std::sync::Arc;

/// Applies the row steps of a segment to each batch.
#[derive(Debug)]
pub(crate) struct Steps {
    pub(crate) fused: Arc<Fused>,
    pub(crate) partitions: usize,
}

impl Node for Steps {
    const NAME: &'static str = "Steps";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.fused.output)
    }

    fn partitions(&self) -> usize {
        self.partitions
    }

    fn stream(&self, _: usize, input: Option<SendableRecordBatchStream>) -> Result<SendableRecordBatchStream> {
        let input = input.ok_or_else(|| DataFusionError::Internal("steps need an input".to_owned()))?;
        let fused = Arc::clone(&self.fused);
        let applied = input.flat_map(move |batch| {
            let batches = match batch.and_then(|batch| Ok(fused.apply(&batch)?)) {
                Ok(batches) => batches.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            stream::iter(batches)
        });
        Ok(rows(self.schema(), applied))
    }
}
