//! Division of rows by their root mean square.

use super::Variant;
use super::attribute::{float, int, ints};
use super::element::Element;
use super::graph::{Graph, Value};

/// A norm's kind of nodes and numbers.
#[derive(Clone, Copy)]
pub(crate) struct Norm {
    pub(crate) variant: Variant,
    pub(crate) element: Element,
    pub(crate) epsilon: f32,
}

impl Norm {
    /// Normalizes the last axis and multiplies with `weight`.
    pub(crate) fn apply(self, graph: &mut Graph, input: &Value, weight: &Value) -> Value {
        match self.variant {
            Variant::Fused => {
                let attributes = vec![int("axis", -1), float("epsilon", self.epsilon)];
                graph.node("RMSNormalization", &[input, weight], attributes)
            }
            Variant::Plain => self.spelled_out(graph, input, weight),
        }
    }

    /// Adds `more` to `state` and normalizes the sum; returns the norm and the sum.
    pub(crate) fn after_adding(self, graph: &mut Graph, state: &Value, more: &Value, weight: &Value) -> [Value; 2] {
        match self.variant {
            Variant::Fused => {
                let attributes = vec![float("epsilon", self.epsilon)];
                let inputs = [state, more, weight];
                let wanted = [true, false, false, true];
                let [normed, _, _, sum] =
                    graph.contributed("SkipSimplifiedLayerNormalization", &inputs, attributes, wanted);
                [normed, sum]
            }
            Variant::Plain => {
                let sum = graph.node("Add", &[state, more], vec![]);
                [self.spelled_out(graph, &sum, weight), sum]
            }
        }
    }

    /// In f32 whatever the model's numbers are, for squares overflow 16 bits.
    fn spelled_out(self, graph: &mut Graph, input: &Value, weight: &Value) -> Value {
        let narrow = self.element != Element::F32;
        let cast = |graph: &mut Graph, value: &Value, to: Element| {
            graph.node("Cast", &[value], vec![int("to", to.code().into())])
        };
        let wide = if narrow { cast(graph, input, Element::F32) } else { input.clone() };
        let (two, epsilon) = (graph.scalar(Element::F32, 2.0), graph.scalar(Element::F32, self.epsilon));
        let squares = graph.node("Pow", &[&wide, &two], vec![]);
        let axes = graph.list(&[-1]);
        let mean = graph.node("ReduceMean", &[&squares, &axes], vec![int("keepdims", 1)]);
        let raised = graph.node("Add", &[&mean, &epsilon], vec![]);
        let root = graph.node("Sqrt", &[&raised], vec![]);
        let normed = graph.node("Div", &[&wide, &root], vec![]);
        let normed = if narrow { cast(graph, &normed, self.element) } else { normed };
        graph.node("Mul", &[&normed, weight], vec![])
    }
}

/// The axes of heads and tokens exchanged: `[batch, tokens, heads, size]` to `[batch, heads, tokens, size]` and back.
pub(crate) fn exchanged(graph: &mut Graph, heads: &Value) -> Value {
    graph.node("Transpose", &[heads], vec![ints("perm", &[0, 2, 1, 3])])
}
