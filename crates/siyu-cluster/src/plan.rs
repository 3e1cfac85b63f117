//! The plan of a job: a list of task numbers, one partition each, and the node that does them.

use crate::host::Host;
use crate::relay::Stages;
use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::{StreamExt, stream};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Does the tasks whose numbers come from below, and hands the numbers on.
///
/// Which task a partition is follows from its rows and never from its number: Ballista cuts plans into slices and
/// numbers the partitions of each from 0. A list in memory is a leaf that it knows how to slice.
#[derive(Debug)]
pub struct TaskExec {
    /// Version of siyu that made the plan.
    pub(crate) version: String,
    /// The file of the order.
    pub(crate) order: PathBuf,
    /// Where that is, if not in a folder that all hosts share.
    pub(crate) stages: Option<Stages>,
    input: Arc<dyn ExecutionPlan>,
    /// The process that can do tasks; none where the plan is only passed on.
    host: Option<Arc<Host>>,
    properties: Arc<PlanProperties>,
}

impl TaskExec {
    /// The plan that does these tasks of an order.
    ///
    /// # Errors
    /// `DataFusion`'s own.
    pub fn new(order: &Path, stages: Option<Stages>, tasks: impl IntoIterator<Item = u32>) -> Result<Self> {
        let batch = |task| RecordBatch::try_new(schema(), vec![Arc::new(UInt32Array::from(vec![task]))]);
        let partitions: Vec<Vec<RecordBatch>> =
            tasks.into_iter().map(|task| Ok(vec![batch(task)?])).collect::<Result<_>>()?;
        let input = MemorySourceConfig::try_new_exec(&partitions, schema(), None)?;
        Ok(Self::above(input, env!("CARGO_PKG_VERSION").to_owned(), (order.to_owned(), stages), None))
    }

    pub(crate) fn above(
        input: Arc<dyn ExecutionPlan>,
        version: String,
        (order, stages): (PathBuf, Option<Stages>),
        host: Option<Arc<Host>>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema()),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { version, order, stages, input, host, properties: Arc::new(properties) }
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("task", DataType::UInt32, false)]))
}

impl DisplayAs for TaskExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TaskExec: {}", self.order.display())
    }
}

impl ExecutionPlan for TaskExec {
    fn name(&self) -> &'static str {
        "TaskExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
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
        let input = input.ok_or_else(|| DataFusionError::Internal("tasks need a list".to_owned()))?;
        Ok(Arc::new(Self::above(
            input,
            self.version.clone(),
            (self.order.clone(), self.stages.clone()),
            self.host.clone(),
        )))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let keep = datafusion::physical_plan::execution_plan::ChildrenPropertiesMode::Recompute;
        self.replace_children(children, ReplaceChildrenOptions::new(keep))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let host = self.host.clone();
        let host = host.ok_or_else(|| DataFusionError::Internal("tasks are done by executors".to_owned()))?;
        let mut input = self.input.execute(partition, context)?;
        let (order, stages, version) = (self.order.clone(), self.stages.clone(), self.version.clone());
        let done = async move {
            let mut tasks = Vec::new();
            while let Some(batch) = input.next().await {
                tasks.extend_from_slice(batch?.column(0).as_primitive::<UInt32Type>().values());
            }
            for &task in &tasks {
                Arc::clone(&host).perform(order.clone(), stages.clone(), version.clone(), task as usize).await?;
            }
            Ok(RecordBatch::try_new(schema(), vec![Arc::new(UInt32Array::from(tasks))])?)
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), stream::once(done))))
    }
}
