//! Division of rows by their root mean square.
//!
//! In 32-bit floats whatever the model's numbers are: squares overflow 16 bits, and the sum that all layers add to loses
//! more by rounding to 16 bits than anything else in the model does.

use super::Variant;
use super::attribute::{float, int, ints};
use super::element::Element;
use super::graph::{Graph, Value};

/// A norm's kind of nodes and numbers.
#[derive(Clone, Copy)]
pub(crate) struct Norm {
    pub(crate) variant: Variant,
    /// What it gives.
    pub(crate) element: Element,
    pub(crate) epsilon: f32,
}

impl Norm {
    /// Normalizes the last axis of f32 numbers and multiplies with `weight`, f32 as well.
    pub(crate) fn apply(self, graph: &mut Graph, input: &Value, weight: &Value) -> Value {
        let normed = match self.variant {
            Variant::Fused => {
                let attributes = vec![int("axis", -1), float("epsilon", self.epsilon)];
                graph.node("RMSNormalization", &[input, weight], attributes)
            }
            Variant::Plain => self.spelled_out(graph, input, weight),
        };
        graph.cast(&normed, Element::F32, self.element)
    }

    /// Adds `more`, in the model's numbers, to `state` in f32 and normalizes the sum; returns the norm in the model's
    /// numbers and the sum in f32.
    pub(crate) fn after_adding(self, graph: &mut Graph, state: &Value, more: &Value, weight: &Value) -> [Value; 2] {
        let more = graph.cast(more, self.element, Element::F32);
        match self.variant {
            Variant::Fused => {
                let attributes = vec![float("epsilon", self.epsilon)];
                let inputs = [state, &more, weight];
                let wanted = [true, false, false, true];
                let [normed, _, _, sum] =
                    graph.contributed("SkipSimplifiedLayerNormalization", &inputs, attributes, wanted);
                [graph.cast(&normed, Element::F32, self.element), sum]
            }
            Variant::Plain => {
                let sum = graph.node("Add", &[state, &more], vec![]);
                [self.apply(graph, &sum, weight), sum]
            }
        }
    }

    fn spelled_out(self, graph: &mut Graph, input: &Value, weight: &Value) -> Value {
        let (two, epsilon) = (graph.scalar(Element::F32, 2.0), graph.scalar(Element::F32, self.epsilon));
        let squares = graph.node("Pow", &[input, &two], vec![]);
        let axes = graph.list(&[-1]);
        let mean = graph.node("ReduceMean", &[&squares, &axes], vec![int("keepdims", 1)]);
        let raised = graph.node("Add", &[&mean, &epsilon], vec![]);
        let root = graph.node("Sqrt", &[&raised], vec![]);
        let normed = graph.node("Div", &[input, &root], vec![]);
        graph.node("Mul", &[&normed, weight], vec![])
    }
}

/// The axes of heads and tokens exchanged: `[batch, tokens, heads, size]` to `[batch, heads, tokens, size]` and back.
pub(crate) fn exchanged(graph: &mut Graph, heads: &Value) -> Value {
    graph.node("Transpose", &[heads], vec![ints("perm", &[0, 2, 1, 3])])
}
