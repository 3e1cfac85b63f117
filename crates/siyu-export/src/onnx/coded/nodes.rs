//! The nodes that multiply with weights in few bits.

use crate::error::Result;
use crate::onnx::Variant;
use crate::onnx::attribute::int;
use crate::onnx::decoder::Decoder;
use crate::onnx::element::{Element, transposed, transposed_bytes};
use crate::onnx::graph::Value;
use crate::quantize::blocks::{Coded, Coder};
use crate::quantize::rows::{MIDDLE, RowCodes};

impl Decoder<'_, '_> {
    pub(super) fn blocks_product(
        &mut self,
        name: &str,
        coder: Coder,
        coded: &Coded,
        [rows, columns]: [usize; 2],
        input: &Value,
    ) -> Result<Value> {
        if self.settings.variant == Variant::Plain {
            return self.dequantized_product(name, coder, coded, [rows, columns], input);
        }
        let (blocks, count) = (coder.blocks, coder.blocks.count(columns));
        let blob = blocks.size * blocks.bits as usize / 8;
        let weight = self.graph.weight(
            &format!("{name}_codes"),
            Element::U8,
            &[rows, count, blob],
            coder.packed(coded, columns),
        )?;
        let scales = self.scales(name, coded, &[rows, count])?;
        let mut inputs = vec![input.clone(), weight, scales];
        if !blocks.symmetric {
            let zeros = coder.packed_zeros(coded, columns);
            inputs.push(self.graph.weight(
                &format!("{name}_zeros"),
                Element::U8,
                &[rows, zeros.len() / rows],
                zeros,
            )?);
        }
        let size = |size: usize| i64::try_from(size).expect("sizes are counts");
        let attributes = vec![
            int("K", size(columns)),
            int("N", size(rows)),
            int("bits", blocks.bits.into()),
            int("block_size", size(blocks.size)),
            // Inputs are rounded to 8 bits as well where that is faster; the gate measures what comes of it.
            int("accuracy_level", 4),
        ];
        let inputs: Vec<&Value> = inputs.iter().collect();
        let [product] = self.graph.contributed("MatMulNBits", &inputs, attributes, [true]);
        Ok(product)
    }

    pub(super) fn scales(&mut self, name: &str, coded: &Coded, dims: &[usize]) -> Result<Value> {
        let scales: Vec<f32> = coded.grids.iter().map(|grid| grid.scale).collect();
        self.graph.weight(&format!("{name}_scales"), self.element, dims, self.element.bytes(&scales))
    }

    /// With standard operators: the matrix is written out again, unless the runtime knows better.
    fn dequantized_product(
        &mut self,
        name: &str,
        coder: Coder,
        coded: &Coded,
        [rows, columns]: [usize; 2],
        input: &Value,
    ) -> Result<Value> {
        let (blocks, count) = (coder.blocks, coder.blocks.count(columns));
        let element = if blocks.bits == 4 { Element::U4 } else { Element::U8 };
        let stored = |bytes: Vec<u8>| if blocks.bits == 4 { halves(&bytes) } else { bytes };
        let codes = stored(transposed_bytes(&coded.codes, rows, columns));
        let codes = self.graph.weight(&format!("{name}_codes"), element, &[columns, rows], codes)?;
        let scales: Vec<f32> = coded.grids.iter().map(|grid| grid.scale).collect();
        let scales = self.element.bytes(&transposed(&scales, rows, count));
        let scales = self.graph.weight(&format!("{name}_scales"), self.element, &[count, rows], scales)?;
        let zeros: Vec<u8> = coded.grids.iter().map(|grid| grid.zero).collect();
        let zeros = stored(transposed_bytes(&zeros, rows, count));
        let zeros = self.graph.weight(&format!("{name}_zeros"), element, &[count, rows], zeros)?;
        let size = i64::try_from(blocks.size).expect("sizes are counts");
        let attributes = vec![int("axis", 0), int("block_size", size)];
        let matrix = self.graph.node("DequantizeLinear", &[&codes, &scales, &zeros], attributes);
        Ok(self.graph.node("MatMul", &[input, &matrix], vec![]))
    }

    /// With inputs rounded to 8 bits as they come, each token's by a scale of its own: none depends on its neighbours.
    ///
    /// # Source
    /// Yao et al. 2022, "`ZeroQuant`: Efficient and Affordable Post-Training Quantization for Large-Scale Transformers",
    /// section 4.1, for scales by the token.
    pub(super) fn dynamic_product(
        &mut self,
        name: &str,
        coded: &RowCodes,
        [rows, columns]: [usize; 2],
        input: &Value,
    ) -> Result<Value> {
        let (weight, scales) = self.row_codes(name, coded, [rows, columns])?;
        let wide = self.graph.cast(input, self.element, Element::F32);
        let (rounded, scale) = self.token_codes(&wide);
        let middle = self.graph.byte(MIDDLE);
        let sums = self.graph.node("MatMulInteger", &[&rounded, &weight, &middle, &middle], vec![]);
        let sums = self.graph.node("Cast", &[&sums], vec![int("to", Element::F32.code().into())]);
        let scaled = self.graph.node("Mul", &[&sums, &scales], vec![]);
        let product = self.graph.node("Mul", &[&scaled, &scale], vec![]);
        Ok(self.graph.cast(&product, Element::F32, self.element))
    }

    /// Numbers `[.., columns]` as bytes that stand for `(byte - MIDDLE) * scale`, and the scales, `[.., 1]`.
    fn token_codes(&mut self, wide: &Value) -> (Value, Value) {
        let graph = &mut self.graph;
        let (axes, farthest) = (graph.list(&[-1]), graph.node("Abs", &[wide], vec![]));
        let farthest = graph.node("ReduceMax", &[&farthest, &axes], vec![int("keepdims", 1)]);
        let [least, most, middle] =
            [f32::MIN_POSITIVE, 127.0, f32::from(MIDDLE)].map(|number| graph.scalar(Element::F32, number));
        let scale = graph.node("Div", &[&farthest, &most], vec![]);
        // A token of zeros alone has zeros for codes, whatever its scale is.
        let scale = graph.node("Max", &[&scale, &least], vec![]);
        let rounded = graph.node("Div", &[wide, &scale], vec![]);
        let rounded = graph.node("Round", &[&rounded], vec![]);
        let raised = graph.node("Add", &[&rounded, &middle], vec![]);
        let codes = graph.node("Cast", &[&raised], vec![int("to", Element::U8.code().into())]);
        (codes, scale)
    }

    /// With inputs rounded to 8 bits of one range: pairs of `QuantizeLinear` and `DequantizeLinear`, of which runtimes
    /// make products of whole numbers.
    ///
    /// # Source
    /// Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    /// Inference", section 3, for the scale and zero point of a range.
    pub(super) fn static_product(
        &mut self,
        name: &str,
        coded: &RowCodes,
        [rows, columns]: [usize; 2],
        input: &Value,
        [low, high]: [f32; 2],
    ) -> Result<Value> {
        let (weight, scales) = self.row_codes(name, coded, [rows, columns])?;
        let middles = self.graph.weight(&format!("{name}_zeros"), Element::U8, &[rows], vec![MIDDLE; rows])?;
        // Zero has a code of its own.
        let (low, high) = (low.min(0.0), high.max(0.0));
        let scale = if high > low { (high - low) / 255.0 } else { 1.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
        let zero = (-low / scale).round().clamp(0.0, 255.0) as u8;
        let (scale, zero) = (self.graph.scalar(Element::F32, scale), self.graph.byte(zero));
        let wide = self.graph.cast(input, self.element, Element::F32);
        let rounded = self.graph.node("QuantizeLinear", &[&wide, &scale, &zero], vec![]);
        let rounded = self.graph.node("DequantizeLinear", &[&rounded, &scale, &zero], vec![]);
        let matrix = self.graph.node("DequantizeLinear", &[&weight, &scales, &middles], vec![int("axis", 1)]);
        let product = self.graph.node("MatMul", &[&rounded, &matrix], vec![]);
        Ok(self.graph.cast(&product, Element::F32, self.element))
    }

    /// Codes, `[columns, rows]`, and the scale of each row.
    fn row_codes(&mut self, name: &str, coded: &RowCodes, [rows, columns]: [usize; 2]) -> Result<(Value, Value)> {
        let turned = transposed_bytes(&coded.codes, rows, columns);
        let codes = self.graph.weight(&format!("{name}_codes"), Element::U8, &[columns, rows], turned)?;
        let bytes = Element::F32.bytes(&coded.scales);
        Ok((codes, self.graph.weight(&format!("{name}_scales"), Element::F32, &[rows], bytes)?))
    }
}

/// Two codes a byte, the first in the low half.
fn halves(codes: &[u8]) -> Vec<u8> {
    codes.chunks(2).map(|pair| pair[0] | pair.get(1).map_or(0, |high| high << 4)).collect()
}
