//! The node that reads back what an exchange has brought together: one partition per bucket.

use super::{Node, external, rows};
use crate::exchange::Exchange;
use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream;
use std::sync::Arc;

/// Reads the rows of each bucket from all runs of an exchange.
#[derive(Debug)]
pub(crate) struct BucketScan {
    pub(crate) exchange: Arc<Exchange>,
}

impl Node for BucketScan {
    const NAME: &'static str = "BucketScan";

    fn schema(&self) -> SchemaRef {
        self.exchange.schema()
    }

    fn partitions(&self) -> usize {
        self.exchange.buckets as usize
    }

    fn stream(&self, bucket: usize, _: Option<SendableRecordBatchStream>) -> Result<SendableRecordBatchStream> {
        let exchange = Arc::clone(&self.exchange);
        let bucket = u32::try_from(bucket).expect("buckets are counted in 32 bits");
        let batches =
            (0..exchange.runs()).filter_map(move |run| exchange.read(run, bucket).map_err(external).transpose());
        Ok(rows(self.schema(), stream::iter(batches)))
    }
}
