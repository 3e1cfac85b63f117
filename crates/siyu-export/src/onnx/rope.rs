//! Positions: tables of cosines and sines, and the nodes that turn heads by them.

use super::attribute::int;
use super::element::Element;
use super::graph::{Graph, Value};
use crate::error::Result;
use siyu_checkpoint::{RopeScaling, RopeSettings};

/// Cosines and sines of the tokens at hand, f32.
pub(crate) struct Turns {
    /// `[batch, 1, sequence, head_size / 2]`, or with the second and third size exchanged.
    cosines: Value,
    sines: Value,
}

/// The tables that onnxruntime's attention reads, `[positions, head_size / 2]` each.
pub(crate) fn tables(graph: &mut Graph, settings: &RopeSettings, element: Element) -> Result<[Value; 2]> {
    let (frequencies, factor) = settings.frequencies(0);
    let rows = settings.positions();
    #[expect(clippy::cast_possible_truncation, reason = "computed in f32, as the models were trained")]
    let factor = factor as f32;
    let table = |of: fn(f32) -> f32| -> Vec<f32> {
        let row = |position: usize| frequencies.iter().map(move |frequency| of(position as f32 * frequency) * factor);
        (0..rows).flat_map(row).collect()
    };
    let dims = [rows, frequencies.len()];
    let cosines = graph.weight("cos_cache", element, &dims, element.bytes(&table(f32::cos)))?;
    let sines = graph.weight("sin_cache", element, &dims, element.bytes(&table(f32::sin)))?;
    Ok([cosines, sines])
}

/// The cosines and sines of `positions`, computed in the graph.
///
/// `totals` is the length of each row's text so far, which only dynamic scaling asks for.
///
/// # Shapes
/// - `positions`: i64, `[batch, sequence]`; `totals`: i64, `[batch]`
/// - `heads_axis`: where heads have the axis that they share cosines along, 1 or 2
pub(crate) fn turns(
    graph: &mut Graph,
    settings: &RopeSettings,
    [positions, totals]: [&Value; 2],
    heads_axis: i64,
) -> Result<Turns> {
    let (frequencies, factor) = settings.frequencies(0);
    let frequencies = match settings.scaling {
        RopeScaling::Dynamic { factor } => growing(graph, settings, factor, totals)?,
        _ => graph.weight(
            "rope/frequencies",
            Element::F32,
            &[1, 1, frequencies.len()],
            Element::F32.bytes(&frequencies),
        )?,
    };
    let positions = graph.node("Cast", &[positions], vec![int("to", Element::F32.code().into())]);
    let last = graph.list(&[2]);
    let positions = graph.node("Unsqueeze", &[&positions, &last], vec![]);
    let angles = graph.node("Mul", &[&positions, &frequencies], vec![]);
    let axis = graph.list(&[heads_axis]);
    #[expect(clippy::cast_possible_truncation, reason = "computed in f32, as the models were trained")]
    let factor = factor as f32;
    let mut made = |operator: &str| {
        let mut turn = graph.node(operator, &[&angles], vec![]);
        if (factor - 1.0).abs() > f32::EPSILON {
            let factor = graph.scalar(Element::F32, factor);
            turn = graph.node("Mul", &[&turn, &factor], vec![]);
        }
        graph.node("Unsqueeze", &[&turn, &axis], vec![])
    };
    Ok(Turns { cosines: made("Cos"), sines: made("Sin") })
}

/// Frequencies whose base grows with the length of each row's text, `[batch, 1, head_size / 2]`, in f64 until the end.
fn growing(graph: &mut Graph, settings: &RopeSettings, factor: f64, totals: &Value) -> Result<Value> {
    let (size, half) = (settings.head_size as f64, settings.head_size / 2);
    let double = |graph: &mut Graph, name: &str, numbers: Vec<f64>| {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        graph.weight(&format!("rope/{name}"), Element::F64, &[1, 1, numbers.len()], bytes)
    };
    let slope = double(graph, "slope", vec![factor / settings.max_positions as f64])?;
    let offset = double(graph, "offset", vec![factor - 1.0])?;
    let (one, theta) = (double(graph, "one", vec![1.0])?, double(graph, "theta", vec![settings.theta])?);
    let power = double(graph, "power", vec![size / (size - 2.0)])?;
    let exponents = double(graph, "exponents", (0..half).map(|index| -2.0 * index as f64 / size).collect())?;
    let totals = graph.node("Cast", &[totals], vec![int("to", Element::F64.code().into())]);
    let axes = graph.list(&[1, 2]);
    let totals = graph.node("Unsqueeze", &[&totals, &axes], vec![]);
    let stretched = graph.node("Mul", &[&totals, &slope], vec![]);
    let stretched = graph.node("Sub", &[&stretched, &offset], vec![]);
    // A text within the maximum is not stretched.
    let stretched = graph.node("Max", &[&stretched, &one], vec![]);
    let grown = graph.node("Pow", &[&stretched, &power], vec![]);
    let base = graph.node("Mul", &[&grown, &theta], vec![]);
    let frequencies = graph.node("Pow", &[&base, &exponents], vec![]);
    Ok(graph.node("Cast", &[&frequencies], vec![int("to", Element::F32.code().into())]))
}

impl Turns {
    /// Turns heads in f32 whose last axis is `head_size`; the first half of a head is paired with the second.
    pub(crate) fn apply(&self, graph: &mut Graph, heads: &Value) -> Value {
        let [first, second] = graph.many("Split", &[heads], vec![int("axis", -1), int("num_outputs", 2)]);
        let mut product = |one: &Value, other: &Value| graph.node("Mul", &[one, other], vec![]);
        let (kept_first, lost) = (product(&first, &self.cosines), product(&second, &self.sines));
        let (kept_second, gained) = (product(&second, &self.cosines), product(&first, &self.sines));
        let first = graph.node("Sub", &[&kept_first, &lost], vec![]);
        let second = graph.node("Add", &[&kept_second, &gained], vec![]);
        graph.node("Concat", &[&first, &second], vec![int("axis", -1)])
    }
}
