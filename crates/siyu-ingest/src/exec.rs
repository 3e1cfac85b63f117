//! The nodes of our physical plans, and what they share.

mod bucket_scan;
mod resolve;
mod scratch_scan;
mod settled;
mod source;
mod steps;

pub(crate) use bucket_scan::BucketScan;
pub(crate) use resolve::{Resolve, keys, resolve_duplicate};
pub(crate) use scratch_scan::ScratchScan;
pub(crate) use settled::Settled;
pub(crate) use source::{BlockQueue, Source, living};
pub(crate) use steps::Steps;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::Stream;
use std::fmt;
use std::sync::Arc;

/// What one of our nodes does; [`Node::plan`] makes it a part of a plan.
pub(crate) trait Node: fmt::Debug + Send + Sync + Sized + 'static {
    /// The node's name in a printed plan.
    const NAME: &'static str;

    /// Columns of its rows.
    fn schema(&self) -> SchemaRef;

    /// Number of its partitions.
    fn partitions(&self) -> usize;

    /// Its rows, given those of its only input where it has one.
    fn stream(&self, partition: usize, input: Option<SendableRecordBatchStream>) -> Result<SendableRecordBatchStream>;

    /// The node above `input`.
    fn plan(self, input: Option<Arc<dyn ExecutionPlan>>) -> Arc<dyn ExecutionPlan> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(self.schema()),
            Partitioning::UnknownPartitioning(self.partitions()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Arc::new(NodeExec { node: Arc::new(self), input, properties: Arc::new(properties) })
    }
}

/// A stream of rows from what yields them.
pub(crate) fn rows(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// The rows of each partition of `plan` in the order of the columns in `slots`; spills when they outgrow the memory.
pub(crate) fn sorted(plan: Arc<dyn ExecutionPlan>, slots: &[usize]) -> Arc<dyn ExecutionPlan> {
    let schema = plan.schema();
    let by = |&slot: &usize| PhysicalSortExpr::new_default(Arc::new(Column::new(schema.field(slot).name(), slot)));
    let order = LexOrdering::new(slots.iter().map(by)).expect("there is a column to sort by");
    Arc::new(SortExec::new(order, plan).with_preserve_partitioning(true))
}

/// Carries an error of this crate through DataFusion.
pub(crate) fn external(error: crate::error::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[derive(Debug)]
struct NodeExec<N> {
    node: Arc<N>,
    input: Option<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
}

impl<N: Node> DisplayAs for NodeExec<N> {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {:?}", N::NAME, self.node)
    }
}

impl<N: Node> ExecutionPlan for NodeExec<N> {
    fn name(&self) -> &str {
        N::NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.input.iter().collect()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.into_iter().next();
        Ok(Arc::new(Self { node: Arc::clone(&self.node), input, properties: Arc::clone(&self.properties) }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let keep = datafusion::physical_plan::execution_plan::ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(keep))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.as_ref().map(|input| input.execute(partition, context)).transpose()?;
        self.node.stream(partition, input)
    }
}
