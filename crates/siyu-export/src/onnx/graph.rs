//! A graph in the making: nodes, constants, weights, inputs and outputs.

use super::attribute::{int, value_info};
use super::data::DataFile;
use super::element::{self, Element};
use super::proto::{Attribute, GraphMessage, Node, Size, TensorMessage};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Tensors up to this size lie in the graph itself, where shape inference sees them.
const INLINE_BYTES: usize = 1024;

/// The domain of onnxruntime's own operators.
pub(crate) const MICROSOFT: &str = "com.microsoft";

/// The name of something that is computed, given or constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value(String);

impl Value {
    /// An optional input that is left out.
    pub(crate) fn none() -> Self {
        Self(String::new())
    }
}

pub(crate) struct Graph {
    message: GraphMessage,
    data: DataFile,
    /// Names of constants and nodes so far.
    taken: BTreeSet<String>,
    /// Put before the names of nodes: `/model/layers.0/attention`.
    scope: String,
    /// Places of the nodes that add what wins back a loss.
    recoveries: Vec<usize>,
    /// What was cast, and from what, by the name of the result.
    casts: BTreeMap<String, (Value, Element)>,
}

impl Graph {
    pub(crate) fn new(data: DataFile) -> Self {
        let message = GraphMessage { name: Some("decoder".to_owned()), ..GraphMessage::default() };
        let (taken, scope, recoveries, casts) = (BTreeSet::new(), String::new(), Vec::new(), BTreeMap::new());
        Self { message, data, taken, scope, recoveries, casts }
    }

    /// Names the part of the model that the nodes to come belong to.
    pub(crate) fn enter(&mut self, scope: &str) {
        scope.clone_into(&mut self.scope);
    }

    pub(crate) fn input(&mut self, name: &str, element: Element, shape: Vec<Size>) -> Value {
        self.message.input.push(value_info(name, element, shape));
        Value(name.to_owned())
    }

    /// Gives `value` the name of an output; nothing may be added after it that reads `value`.
    pub(crate) fn output(&mut self, name: &str, element: Element, shape: Vec<Size>, value: &Value) {
        if value.0 != name {
            let of = self.message.node.iter_mut().flat_map(|node| &mut node.output).find(|output| **output == value.0);
            let old = std::mem::replace(of.expect("outputs are made by nodes"), name.to_owned());
            for input in self.message.node.iter_mut().flat_map(|node| &mut node.input).filter(|input| **input == old) {
                name.clone_into(input);
            }
        }
        self.message.output.push(value_info(name, element, shape));
    }

    /// A node of a standard operator with one output.
    pub(crate) fn node(&mut self, operator: &str, inputs: &[&Value], attributes: Vec<Attribute>) -> Value {
        let [value] = self.add("", operator, inputs, attributes, [true]);
        value
    }

    /// A node of a standard operator with several outputs.
    pub(crate) fn many<const N: usize>(
        &mut self,
        operator: &str,
        inputs: &[&Value],
        attributes: Vec<Attribute>,
    ) -> [Value; N] {
        self.add("", operator, inputs, attributes, [true; N])
    }

    /// A node of one of onnxruntime's operators; outputs that are not `wanted` are left out.
    pub(crate) fn contributed<const N: usize>(
        &mut self,
        operator: &str,
        inputs: &[&Value],
        attributes: Vec<Attribute>,
        wanted: [bool; N],
    ) -> [Value; N] {
        self.add(MICROSOFT, operator, inputs, attributes, wanted)
    }

    fn add<const N: usize>(
        &mut self,
        domain: &str,
        operator: &str,
        inputs: &[&Value],
        attribute: Vec<Attribute>,
        wanted: [bool; N],
    ) -> [Value; N] {
        let name = self.free(&format!("{}/{operator}", self.scope));
        let mut index = 0;
        let outputs = wanted.map(|wanted| {
            let output = if wanted { format!("{name}/output_{index}") } else { String::new() };
            index += 1;
            Value(output)
        });
        self.message.node.push(Node {
            input: inputs.iter().map(|value| value.0.clone()).collect(),
            output: outputs.iter().map(|value| value.0.clone()).collect(),
            name: Some(name),
            op_type: Some(operator.to_owned()),
            domain: (!domain.is_empty()).then(|| domain.to_owned()),
            attribute,
        });
        outputs
    }

    /// Remembers that the node made last adds what wins back a loss.
    pub(crate) fn mark_recovery(&mut self) {
        self.recoveries.push(self.message.node.len() - 1);
    }

    /// The graph without what wins back a loss; `None` where nothing does.
    pub(crate) fn unrecovered(&self) -> Option<GraphMessage> {
        let mut message = (!self.recoveries.is_empty()).then(|| self.message.clone())?;
        for &place in &self.recoveries {
            let node = &mut message.node[place];
            node.op_type = Some("Identity".to_owned());
            node.input.truncate(1);
        }
        Some(message)
    }

    /// A float of one kind as another; itself where they are the same. What was cast before is cast back to what it
    /// was, without the rounding between.
    pub(crate) fn cast(&mut self, value: &Value, from: Element, to: Element) -> Value {
        if from == to {
            return value.clone();
        }
        if let Some((source, _)) = self.casts.get(&value.0).filter(|(_, element)| *element == to) {
            return source.clone();
        }
        let cast = self.node("Cast", &[value], vec![int("to", to.code().into())]);
        self.casts.insert(cast.0.clone(), (value.clone(), from));
        cast
    }

    /// A weight: in the file beside the graph unless it is small.
    ///
    /// # Errors
    /// [`Error::Setting`] for one that 16 bits do not hold; where the file cannot be written.
    pub(crate) fn weight(&mut self, name: &str, element: Element, dims: &[usize], bytes: Vec<u8>) -> Result<Value> {
        if element == Element::F16 && !element::all_finite(&bytes) {
            let problem = format!("`{name}` holds a number that 16 bits do not; take `--precision f32`");
            return Err(Error::Setting { problem });
        }
        let name = self.free(name);
        let mut message = TensorMessage {
            dims: dims.iter().map(|&size| count(size)).collect(),
            data_type: Some(element.code()),
            name: Some(name.clone()),
            ..TensorMessage::default()
        };
        if bytes.len() <= INLINE_BYTES {
            message.raw_data = Some(bytes);
        } else {
            message.external_data = self.data.append(&bytes)?;
            message.data_location = Some(1);
        }
        self.message.initializer.push(message);
        Ok(Value(name))
    }

    /// A vector of sizes or places; equal ones share a name.
    pub(crate) fn list(&mut self, numbers: &[i64]) -> Value {
        let text: Vec<String> = numbers.iter().map(i64::to_string).collect();
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(format!("constants/i64/[{}]", text.join(",")), Element::I64, vec![count(numbers.len())], bytes)
    }

    /// One whole number.
    pub(crate) fn whole(&mut self, number: i64) -> Value {
        let bytes = number.to_le_bytes().to_vec();
        self.constant(format!("constants/i64/{number}"), Element::I64, vec![], bytes)
    }

    /// One float.
    pub(crate) fn scalar(&mut self, element: Element, number: f32) -> Value {
        self.constant(format!("constants/{element:?}/{number:e}"), element, vec![], element.bytes(&[number]))
    }

    /// One byte.
    pub(crate) fn byte(&mut self, byte: u8) -> Value {
        self.constant(format!("constants/u8/{byte}"), Element::U8, vec![], vec![byte])
    }

    fn constant(&mut self, name: String, element: Element, dims: Vec<i64>, bytes: Vec<u8>) -> Value {
        if self.taken.insert(name.clone()) {
            let (data_type, raw_data) = (Some(element.code()), Some(bytes));
            let named = TensorMessage { dims, data_type, raw_data, name: Some(name.clone()), ..Default::default() };
            self.message.initializer.push(named);
        }
        Value(name)
    }

    /// `name`, or `name_2` where it is taken, and so on.
    fn free(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut count = 1;
        while !self.taken.insert(free.clone()) {
            count += 1;
            free = format!("{name}_{count}");
        }
        free
    }

    /// The graph, without nodes whose results nothing reads, and the size of the file of weights in bytes.
    pub(crate) fn finish(mut self) -> Result<(GraphMessage, u64)> {
        let mut read: BTreeSet<String> = self.message.output.iter().filter_map(|output| output.name.clone()).collect();
        let mut kept = Vec::with_capacity(self.message.node.len());
        // Nodes read only what was made before them.
        for node in self.message.node.into_iter().rev() {
            if node.output.iter().any(|output| !output.is_empty() && read.contains(output)) {
                read.extend(node.input.iter().cloned());
                kept.push(node);
            }
        }
        kept.reverse();
        self.message.node = kept;
        Ok((self.message, self.data.finish()?))
    }
}

/// A count as files say it.
fn count(size: usize) -> i64 {
    i64::try_from(size).expect("memory holds less")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> (tempfile::TempDir, Graph) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFile::create(folder.path(), "weights").unwrap();
        (folder, Graph::new(data))
    }

    #[test]
    fn what_was_rounded_in_between_is_read_as_it_was_and_no_rounding_stays() {
        let (_folder, mut graph) = graph();
        let input = graph.input("input", Element::F32, vec![]);
        let wide = graph.node("Abs", &[&input], vec![]);
        let narrow = graph.cast(&wide, Element::F32, Element::F16);
        assert_eq!(graph.cast(&narrow, Element::F16, Element::F32), wide);
        let negative = graph.node("Neg", &[&wide], vec![]);
        graph.output("output", Element::F32, vec![], &negative);
        let operators: Vec<String> =
            graph.finish().unwrap().0.node.into_iter().filter_map(|node| node.op_type).collect();
        assert_eq!(operators, ["Abs", "Neg"]);
    }

    #[test]
    fn a_number_that_16_bits_do_not_hold_is_refused() {
        let (_folder, mut graph) = graph();
        let mut weight = |number: f32| {
            let element = Element::F16;
            graph.weight("w", element, &[1], element.bytes(&[number])).map(drop)
        };
        weight(65504.0).unwrap();
        for number in [65520.0, -1e6, f32::NAN] {
            let error = weight(number).unwrap_err().to_string();
            assert!(error.contains("`w` holds a number"), "{error}");
        }
    }
}
