//! The node that reads back what was put aside in scratch files: the rows that ended, and what was masked.

use super::{Node, external, rows};
use crate::error::{Error, Result};
use crate::files;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::FileReader;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads rows of one schema, file after file.
#[derive(Debug)]
pub(crate) struct ScratchScan {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) schema: SchemaRef,
}

impl Node for ScratchScan {
    const NAME: &'static str = "ScratchScan";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn partitions(&self) -> usize {
        1
    }

    fn stream(
        &self,
        _: usize,
        _: Option<SendableRecordBatchStream>,
    ) -> datafusion::error::Result<SendableRecordBatchStream> {
        let batches = self.paths.clone().into_iter().flat_map(|path| match read(&path) {
            Ok(batches) => Box::new(batches) as Box<dyn Iterator<Item = Result<RecordBatch>> + Send>,
            Err(error) => Box::new(std::iter::once(Err(error))),
        });
        Ok(rows(self.schema(), stream::iter(batches.map(|batch| batch.map_err(external)))))
    }
}

fn read(path: &Path) -> Result<impl Iterator<Item = Result<RecordBatch>> + Send + use<>> {
    let file = File::open(path).map_err(Error::read(path))?;
    let path = path.to_owned();
    let reader = FileReader::try_new(BufReader::new(file), None).map_err(|error| files::arrow_error(&path, error))?;
    Ok(reader.map(move |batch| batch.map_err(|error| files::arrow_error(&path, error))))
}
