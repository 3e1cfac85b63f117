//! Multiplication with weights.

use super::Variant;
use super::attribute::int;
use super::decoder::Decoder;
use super::element::{Element, transposed};
use super::graph::Value;
use crate::error::Result;

/// The table of the embeddings.
const EMBEDDING: &str = "model.embed_tokens.weight";
/// The matrix of the head, where it is not that table.
pub(crate) const HEAD: &str = "lm_head.weight";

impl Decoder<'_, '_> {
    /// A vector of the model.
    pub(crate) fn vector(&mut self, name: &str, size: i64, element: Element) -> Result<Value> {
        let numbers = self.weights.numbers(name, &[size])?;
        self.graph.weight(name, element, &[numbers.len()], element.bytes(&numbers))
    }

    /// `input · Wᵀ + b`, with the change that an adapter makes of it.
    ///
    /// # Shapes
    /// `[…, width_in]` to `[…, width_out]`; the matrix of `module` is stored as `[width_out, width_in]`.
    pub(crate) fn linear(&mut self, module: &str, shape: [i64; 2], bias: bool, input: &Value) -> Result<Value> {
        let numbers = self.weights.numbers(&format!("{module}.weight"), &shape)?;
        let mut output = self.product(&format!("{module}.weight"), &numbers, shape, input)?;
        output = self.changed(module, shape, input, output)?;
        if bias {
            let bias = self.vector(&format!("{module}.bias"), shape[0], self.element)?;
            output = self.graph.node("Add", &[&output, &bias], vec![]);
        }
        Ok(output)
    }

    /// Whether modules can share one multiplication: no adapter works inside.
    pub(crate) fn can_pack(&self, parts: &[(String, i64)]) -> bool {
        self.branches.is_none_or(|branches| parts.iter().all(|(module, _)| !branches.changes(module)))
    }

    /// Several modules with one input as one, their outputs one after another.
    pub(crate) fn packed(
        &mut self,
        name: &str,
        parts: &[(String, i64)],
        width: i64,
        bias: bool,
        input: &Value,
    ) -> Result<Value> {
        let (mut numbers, mut biases) = (Vec::new(), Vec::new());
        for (module, size) in parts {
            numbers.extend(self.weights.numbers(&format!("{module}.weight"), &[*size, width])?);
            if bias {
                biases.extend(self.weights.numbers(&format!("{module}.bias"), &[*size])?);
            }
        }
        let size = parts.iter().map(|(_, size)| size).sum();
        let mut output = self.product(&format!("{name}.weight"), &numbers, [size, width], input)?;
        if bias {
            let bytes = self.element.bytes(&biases);
            let bias = self.graph.weight(&format!("{name}.bias"), self.element, &[biases.len()], bytes)?;
            output = self.graph.node("Add", &[&output, &bias], vec![]);
        }
        Ok(output)
    }

    /// `input · Wᵀ` for `[width_out, width_in]` numbers.
    fn product(&mut self, name: &str, numbers: &[f32], shape: [i64; 2], input: &Value) -> Result<Value> {
        let [rows, columns] = shape.map(|size| usize::try_from(size).expect("sizes are counts"));
        if let Some(watch) = &mut self.watch {
            watch.note(input, name, columns);
        }
        if self.coding.as_ref().is_some_and(|coding| name != HEAD || coding.settings.head) {
            return self.coded_product(name, numbers, [rows, columns], input);
        }
        let turned = transposed(numbers, rows, columns);
        let weight = self.graph.weight(name, self.element, &[columns, rows], self.element.bytes(&turned))?;
        Ok(self.graph.node("MatMul", &[input, &weight], vec![]))
    }

    /// The embeddings of tokens in the model's numbers, and the table where the head is the same.
    pub(crate) fn embedding(&mut self, ids: &Value) -> Result<(Option<Value>, Value)> {
        let (vocab, width) = (self.config.vocab, self.config.width);
        let numbers = self.weights.numbers(EMBEDDING, &[vocab, width])?;
        // An adapter that was trained with a table or a head of its own parted them; so does a table or head in few bits.
        let coded = self.coding.as_ref().is_some_and(|coding| coding.settings.embeddings);
        let coded_head = self.coding.as_ref().is_some_and(|coding| coding.settings.head);
        let parted = coded || coded_head || self.weights.replaces(HEAD) || self.weights.replaces(EMBEDDING);
        if coded {
            let width = usize::try_from(width).expect("sizes are counts");
            return Ok((None, self.coded_embedding(EMBEDDING, &numbers, width, ids)?));
        }
        let dims = [vocab, width].map(|size| usize::try_from(size).expect("sizes are counts"));
        let table = self.graph.weight(EMBEDDING, self.element, &dims, self.element.bytes(&numbers))?;
        let embedded = self.graph.node("Gather", &[&table, ids], vec![]);
        Ok(((self.config.tied_head && !parted).then_some(table), embedded))
    }

    /// The logits, f32; `table` is that of the embeddings where the head shares it.
    pub(crate) fn head(&mut self, normed: &Value, table: Option<&Value>) -> Result<Value> {
        let shape = [self.config.vocab, self.config.width];
        let logits = if let Some(table) = table {
            self.tied(table, normed)
        } else {
            let numbers = if self.config.tied_head && !self.weights.replaces(HEAD) {
                self.weights.base().numbers(EMBEDDING, &shape)?
            } else {
                self.weights.numbers(HEAD, &shape)?
            };
            self.product(HEAD, &numbers, shape, normed)?
        };
        let logits = self.changed("lm_head", shape, normed, logits)?;
        Ok(self.graph.cast(&logits, self.element, Element::F32))
    }

    /// `normed · tableᵀ` without a second copy of the table.
    fn tied(&mut self, table: &Value, normed: &Value) -> Value {
        if let Some(watch) = &mut self.watch {
            watch.note(normed, HEAD, usize::try_from(self.config.width).expect("sizes are counts"));
        }
        if self.settings.variant == Variant::Fused {
            let attributes = vec![int("transB", 1)];
            let [logits] = self.graph.contributed("FusedMatMul", &[normed, table], attributes, [true]);
            return logits;
        }
        let shape = self.graph.list(&[-1, self.config.width]);
        let flat = self.graph.node("Reshape", &[normed, &shape], vec![]);
        let logits = self.graph.node("Gemm", &[&flat, table], vec![int("transB", 1)]);
        let sizes = self.graph.node("Shape", &[normed], vec![int("start", 0), int("end", 2)]);
        let vocab = self.graph.list(&[self.config.vocab]);
        let shape = self.graph.node("Concat", &[&sizes, &vocab], vec![int("axis", 0)]);
        self.graph.node("Reshape", &[&logits, &shape], vec![])
    }
}
