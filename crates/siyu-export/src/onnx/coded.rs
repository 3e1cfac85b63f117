//! Multiplication with weights in few bits.

use super::Variant;
use super::decoder::Decoder;
use super::element::{Element, transposed_bytes};
use super::graph::{Value, int};
use crate::error::{Error, Result};
use crate::quantize::blocks::{Coded, Coder};
use crate::quantize::inputs::{Inputs, Moments, Observed};
use crate::quantize::{MatrixCost, QuantizeSettings, Scheme, gptq};
use rayon::prelude::*;

/// The zero of 8-bit codes of dynamic quantization. Unsigned codes do not saturate on processors that multiply 8-bit
/// numbers in pairs.
const MIDDLE: u8 = 128;

/// What is done to weights, and what was found on the way.
pub(crate) struct Coding<'a> {
    pub(crate) settings: QuantizeSettings,
    pub(crate) inputs: Option<Inputs<'a>>,
    pub(crate) costs: Vec<MatrixCost>,
}

/// Inputs of matrices, to be made outputs.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) values: Vec<(Value, Observed)>,
}

impl Watch {
    /// Remembers that a matrix is multiplied with `input`.
    pub(crate) fn note(&mut self, input: &Value, matrix: &str, width: usize) {
        if let Some((_, observed)) = self.values.iter_mut().find(|(value, _)| value == input) {
            observed.matrices.push(matrix.to_owned());
            return;
        }
        let output = format!("observed.{}", self.values.len());
        self.values.push((input.clone(), Observed { output, matrices: vec![matrix.to_owned()], width }));
    }
}

impl Decoder<'_, '_> {
    /// `input · Wᵀ` with the `[rows, columns]` numbers in few bits.
    pub(crate) fn coded_product(
        &mut self,
        name: &str,
        numbers: &[f32],
        [rows, columns]: [usize; 2],
        input: &Value,
    ) -> Result<Value> {
        let coding = self.coding.as_mut().expect("the caller looked");
        let moments = match &mut coding.inputs {
            Some(inputs) => inputs.of(name)?,
            None => None,
        };
        let squares = moments.map(|moments| moments.squares(columns));
        match coding.settings.scheme {
            Scheme::Blocks(blocks) => {
                let coder = Coder { blocks, narrow: self.element == Element::F16 };
                let coded = match moments {
                    Some(Moments::Full(products)) => {
                        gptq::round(coder, numbers, columns, products).unwrap_or_else(|| coder.round(numbers, columns))
                    }
                    _ => coder.round(numbers, columns),
                };
                let share = cost(numbers, columns, squares.as_deref(), |row| coder.row(&coded, columns, row));
                coding.costs.push(MatrixCost { name: name.to_owned(), share });
                self.blocks_product(name, coder, &coded, [rows, columns], input)
            }
            Scheme::Dynamic => {
                let scales: Vec<f32> = numbers.chunks(columns).map(symmetric_scale).collect();
                let code = |number: f32, scale: f32| {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
                    let code = ((number / scale).round() + f32::from(MIDDLE)).clamp(1.0, 255.0) as u8;
                    code
                };
                let coded = numbers.chunks(columns).zip(&scales);
                let codes: Vec<u8> =
                    coded.flat_map(|(row, &scale)| row.iter().map(move |&number| code(number, scale))).collect();
                let share = cost(numbers, columns, squares.as_deref(), |row| {
                    let codes = &codes[row * columns..][..columns];
                    let scale = scales[row];
                    codes.iter().map(move |&code| (f32::from(code) - f32::from(MIDDLE)) * scale)
                });
                coding.costs.push(MatrixCost { name: name.to_owned(), share });
                self.dynamic_product(name, &codes, &scales, [rows, columns], input)
            }
        }
    }

    fn blocks_product(
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

    fn scales(&mut self, name: &str, coded: &Coded, dims: &[usize]) -> Result<Value> {
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
        let scales = self.element.bytes(&super::element::transposed(&scales, rows, count));
        let scales = self.graph.weight(&format!("{name}_scales"), self.element, &[count, rows], scales)?;
        let zeros: Vec<u8> = coded.grids.iter().map(|grid| grid.zero).collect();
        let zeros = stored(transposed_bytes(&zeros, rows, count));
        let zeros = self.graph.weight(&format!("{name}_zeros"), element, &[count, rows], zeros)?;
        let size = i64::try_from(blocks.size).expect("sizes are counts");
        let attributes = vec![int("axis", 0), int("block_size", size)];
        let matrix = self.graph.node("DequantizeLinear", &[&codes, &scales, &zeros], attributes);
        Ok(self.graph.node("MatMul", &[input, &matrix], vec![]))
    }

    fn dynamic_product(
        &mut self,
        name: &str,
        codes: &[u8],
        scales: &[f32],
        [rows, columns]: [usize; 2],
        input: &Value,
    ) -> Result<Value> {
        let turned = transposed_bytes(codes, rows, columns);
        let weight = self.graph.weight(&format!("{name}_codes"), Element::U8, &[columns, rows], turned)?;
        let bytes = Element::F32.bytes(scales);
        let scales = self.graph.weight(&format!("{name}_scales"), Element::F32, &[rows], bytes)?;
        let middle = self.graph.byte(MIDDLE);
        let cast = |to: Element| vec![int("to", to.code().into())];
        let wide = match self.element {
            Element::F32 => input.clone(),
            _ => self.graph.node("Cast", &[input], cast(Element::F32)),
        };
        let [rounded, scale, zero] = self.graph.many("DynamicQuantizeLinear", &[&wide], vec![]);
        let sums = self.graph.node("MatMulInteger", &[&rounded, &weight, &zero, &middle], vec![]);
        let sums = self.graph.node("Cast", &[&sums], cast(Element::F32));
        let both = self.graph.node("Mul", &[&scale, &scales], vec![]);
        let product = self.graph.node("Mul", &[&sums, &both], vec![]);
        Ok(match self.element {
            Element::F32 => product,
            narrow => self.graph.node("Cast", &[&product], cast(narrow)),
        })
    }

    /// The embeddings of tokens from a table in few bits.
    pub(crate) fn coded_embedding(&mut self, name: &str, numbers: &[f32], width: usize, ids: &Value) -> Result<Value> {
        let coding = self.coding.as_mut().expect("the caller looked");
        let Scheme::Blocks(blocks) = coding.settings.scheme else {
            let problem =
                "embeddings are quantized in blocks only; choose the scheme of blocks or keep them".to_owned();
            return Err(Error::Setting { problem });
        };
        if self.settings.variant == Variant::Plain || !width.is_multiple_of(blocks.size) {
            let problem = format!(
                "embeddings of {width} numbers cannot be quantized in blocks of {} with the variant `{}`; keep them",
                blocks.size,
                self.settings.variant.name()
            );
            return Err(Error::Setting { problem });
        }
        let coder = Coder { blocks, narrow: self.element == Element::F16 };
        let coded = coder.round(numbers, width);
        let share = cost(numbers, width, None, |row| coder.row(&coded, width, row));
        coding.costs.push(MatrixCost { name: name.to_owned(), share });
        let (rows, count) = (numbers.len() / width, blocks.count(width));
        let dims = [rows, width * blocks.bits as usize / 8];
        let codes = self.graph.weight(&format!("{name}_codes"), Element::U8, &dims, coder.packed(&coded, width))?;
        let scales = self.scales(name, &coded, &[rows, count])?;
        let mut inputs = vec![codes, ids.clone(), scales];
        if !blocks.symmetric {
            let zeros = coder.packed_zeros(&coded, width);
            inputs.push(self.graph.weight(
                &format!("{name}_zeros"),
                Element::U8,
                &[rows, zeros.len() / rows],
                zeros,
            )?);
        }
        let attributes = vec![
            int("bits", blocks.bits.into()),
            int("block_size", i64::try_from(blocks.size).expect("sizes are counts")),
            int("gather_axis", 0),
            int("quantize_axis", 1),
        ];
        let inputs: Vec<&Value> = inputs.iter().collect();
        let [embedded] = self.graph.contributed("GatherBlockQuantized", &inputs, attributes, [true]);
        Ok(embedded)
    }
}

/// The scale of a row whose farthest number gets the code that is 127 from the middle.
fn symmetric_scale(row: &[f32]) -> f32 {
    let farthest = row.iter().fold(0.0_f32, |far, number| far.max(number.abs()));
    if farthest == 0.0 { 1.0 } else { farthest / 127.0 }
}

/// Two codes a byte, the first in the low half.
fn halves(codes: &[u8]) -> Vec<u8> {
    codes.chunks(2).map(|pair| pair[0] | pair.get(1).map_or(0, |high| high << 4)).collect()
}

/// The share of what comes out of a matrix that its rounding changes, by squares; each input is weighed by the sum of
/// its squares where they are known.
fn cost<I: Iterator<Item = f32>>(
    numbers: &[f32],
    columns: usize,
    squares: Option<&[f32]>,
    stands_for: impl Fn(usize) -> I + Sync,
) -> f64 {
    let of_row = |(row, numbers): (usize, &[f32])| {
        let (mut lost, mut whole) = (0.0, 0.0);
        for (column, (number, made)) in numbers.iter().zip(stands_for(row)).enumerate() {
            let weight = squares.map_or(1.0, |squares| squares[column]);
            lost += weight * (number - made).powi(2);
            whole += weight * number.powi(2);
        }
        (f64::from(lost), f64::from(whole))
    };
    // Summed up in one order, whatever the count of threads.
    let rows: Vec<(f64, f64)> = numbers.par_chunks(columns).enumerate().map(of_row).collect();
    let (lost, whole) = rows.into_iter().fold((0.0, 0.0), |sums, row| (sums.0 + row.0, sums.1 + row.1));
    if whole == 0.0 { 0.0 } else { (lost / whole).sqrt() }
}
