//! Embeddings in few bits.

use super::cost::cost;
use crate::error::{Error, Result};
use crate::onnx::Variant;
use crate::onnx::attribute::int;
use crate::onnx::decoder::Decoder;
use crate::onnx::element::Element;
use crate::onnx::graph::Value;
use crate::quantize::blocks::Coder;
use crate::quantize::codes::Codes;
use crate::quantize::{MatrixCost, Scheme};

impl Decoder<'_, '_> {
    /// The embeddings of tokens from a table in few bits.
    pub(crate) fn coded_embedding(&mut self, name: &str, numbers: &[f32], width: usize, ids: &Value) -> Result<Value> {
        let coding = self.coding.as_mut().expect("the caller looked");
        let Scheme::Blocks(blocks) = coding.settings.scheme else { unreachable!("settings were checked") };
        if self.settings.variant == Variant::Plain || !width.is_multiple_of(blocks.size) {
            let problem = format!(
                "embeddings of {width} numbers cannot be quantized in blocks of {} with the variant `{}`; keep them",
                blocks.size,
                self.settings.variant.name()
            );
            return Err(Error::Setting { problem });
        }
        let coder = Coder { blocks, narrow: self.element == Element::F16 };
        let codes = Codes::Blocks(coder, coder.round(numbers, width));
        let share = cost(numbers, width, None, |row| codes.lost(numbers, width, row));
        coding.costs.push(MatrixCost { name: name.to_owned(), share, recovered: None });
        let Codes::Blocks(_, coded) = &codes else { unreachable!("made above") };
        let (rows, count) = (numbers.len() / width, blocks.count(width));
        let dims = [rows, width * blocks.bits as usize / 8];
        let codes = self.graph.weight(&format!("{name}_codes"), Element::U8, &dims, coder.packed(coded, width))?;
        let scales = self.scales(name, coded, &[rows, count])?;
        let mut inputs = vec![codes, ids.clone(), scales];
        if !blocks.symmetric {
            let zeros = coder.packed_zeros(coded, width);
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
