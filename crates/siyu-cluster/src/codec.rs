//! How a plan with tasks travels: our node as a few bytes of JSON, all others as Ballista writes them.

use crate::host::Host;
use crate::plan::TaskExec;
use crate::relay::Stages;
use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// What our bytes begin with: no message of Ballista does.
const MAGIC: &[u8] = b"\xffsiyu-task ";

/// The node on its way. A later version may add fields and must keep these, so that a node of another version can say
/// which one it is.
#[derive(Serialize, Deserialize)]
struct Node {
    version: String,
    order: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stages: Option<Stages>,
}

/// Reads and writes plans; on an executor with the process that does the tasks.
#[derive(Debug, Default)]
pub struct Codec {
    host: Option<Arc<Host>>,
    ballista: BallistaPhysicalExtensionCodec,
}

impl Codec {
    /// For an executor.
    pub fn of_executor(host: Arc<Host>) -> Self {
        Self { host: Some(host), ballista: BallistaPhysicalExtensionCodec::default() }
    }
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(json) = buf.strip_prefix(MAGIC) else {
            return self.ballista.try_decode(buf, inputs, context, converter);
        };
        let node: Node = serde_json::from_slice(json).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let input = inputs.first().ok_or_else(|| DataFusionError::Internal("tasks need a list".to_owned()))?;
        Ok(Arc::new(TaskExec::above(Arc::clone(input), node.version, (node.order, node.stages), self.host.clone())))
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let Some(tasks) = node.downcast_ref::<TaskExec>() else {
            return self.ballista.try_encode(node, buf, converter);
        };
        let node = Node { version: tasks.version.clone(), order: tasks.order.clone(), stages: tasks.stages.clone() };
        buf.extend_from_slice(MAGIC);
        serde_json::to_writer(buf, &node).map_err(|error| DataFusionError::External(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::Codec;
    use crate::plan::TaskExec;
    use crate::relay::Stages;
    use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
    use datafusion::prelude::SessionContext;
    use datafusion_proto::physical_plan::AsExecutionPlan;
    use datafusion_proto::protobuf::PhysicalPlanNode;
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn a_plan_of_tasks_comes_back_with_its_order_and_partitions() {
        let stages = Some(Stages { url: "s3://bucket/run".to_owned(), mirror: None });
        let plan: Arc<dyn ExecutionPlan> =
            Arc::new(TaskExec::new(Path::new("/shared/o.json"), stages.clone(), [7, 9, 4]).unwrap());
        let codec = Codec::default();
        let node = PhysicalPlanNode::try_from_physical_plan(plan, &codec).unwrap();
        let context = SessionContext::new();
        let back = node.try_into_physical_plan(&context.task_ctx(), &codec).unwrap();
        let tasks = back.downcast_ref::<TaskExec>().unwrap();
        assert_eq!((tasks.order.as_path(), tasks.version.as_str()), (Path::new("/shared/o.json"), "0.1.0"));
        assert_eq!(tasks.stages, stages);
        assert_eq!(back.output_partitioning().partition_count(), 3);
    }
}
