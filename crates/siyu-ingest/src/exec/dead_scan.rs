//! The node that reads back the rows that ended, from all scratch files.

use super::{Node, external, rows};
use crate::error::{Error, Result};
use crate::files;
use crate::rows::identity_fields;
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::reader::FileReader;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads the identity of dead rows, file after file.
#[derive(Debug)]
pub(crate) struct DeadScan {
    pub(crate) paths: Vec<PathBuf>,
}

impl Node for DeadScan {
    const NAME: &'static str = "DeadScan";

    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(identity_fields()))
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
