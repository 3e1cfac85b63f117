//! What the scheduler needs of a model: one step for many rows, whose keys and values lie in numbered slots.

use crate::Result;

/// A row of a decode step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The token that is read.
    pub token: u32,
    /// How many tokens its slot holds before it.
    pub length: usize,
}

/// A model with the keys and values of some texts.
///
/// A slot holds the tokens of one text from its beginning. What a slot holds behind the lengths that calls name is
/// never read.
pub trait Forward: Send {
    /// How many texts it holds at once.
    fn slots(&self) -> usize;

    /// Most tokens of a text.
    fn context(&self) -> usize;

    /// How many logits a token has.
    fn vocab(&self) -> usize;

    /// Reads `tokens` into a slot behind the `start` tokens that it holds; the logits behind the last of them.
    ///
    /// # Shapes
    /// - returns: `[vocab]`
    fn prefill(&mut self, slot: usize, start: usize, tokens: &[u32]) -> Result<&[f32]>;

    /// Reads one token into each of the slots `0..rows.len()`; the logits behind them.
    ///
    /// A row's logits must not depend on the other rows, to the last bit.
    ///
    /// # Shapes
    /// - returns: `[rows, vocab]`
    fn decode(&mut self, rows: &[Row]) -> Result<&[f32]>;

    /// Makes slot `to` hold the first `length` tokens of slot `from`.
    fn move_slot(&mut self, from: usize, to: usize, length: usize) -> Result<()>;

    /// Bytes of the keys and values of one token, or `None` where they cannot be taken out of their slots.
    fn token_bytes(&self) -> Option<usize>;

    /// Takes a copy of the keys and values of `count` tokens of a slot behind its first `start`.
    fn take_block(&mut self, slot: usize, start: usize, count: usize) -> Result<Vec<u8>>;

    /// Puts a block back behind the first `start` tokens of a slot, where it was taken from the same place of the same
    /// text.
    fn put_block(&mut self, slot: usize, start: usize, count: usize, block: &[u8]) -> Result<()>;
}
