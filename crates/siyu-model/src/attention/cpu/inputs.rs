//! What a task reads, and where it writes.

use super::block::ROWS;
use std::marker::PhantomData;
use std::ops::Range;
use tch::{Device, Kind, Tensor};

/// Keys treated together.
pub(super) const LANES: usize = 16;

#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_size: usize,
    /// How many tokens back a token sees, itself included.
    pub(super) window: usize,
}

/// One document and one key/value head of what is attended to.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) shape: Shape,
    pub(super) queries: &'a [f32],
    pub(super) keys: &'a [f32],
    pub(super) values: &'a [f32],
    /// First token of the document.
    pub(super) start: usize,
    pub(super) length: usize,
    pub(super) kv_head: usize,
}

impl Inputs<'_> {
    /// Where the numbers of a token begin in the tensors with all heads.
    pub(super) fn at(&self, token: usize, head: usize) -> usize {
        self.row_at(token, head) * self.shape.head_size
    }

    /// Where the number of a token lies in a tensor with one for each head.
    pub(super) fn row_at(&self, token: usize, head: usize) -> usize {
        (self.start + token) * self.shape.heads + head
    }

    /// Where the numbers of a token begin in the tensors with key/value heads.
    pub(super) fn kv_at(&self, token: usize) -> usize {
        ((self.start + token) * self.shape.kv_heads + self.kv_head) * self.shape.head_size
    }

    /// How far apart tokens begin in those.
    pub(super) fn kv_stride(&self) -> usize {
        self.shape.kv_heads * self.shape.head_size
    }

    /// The heads that share this key/value head.
    pub(super) fn group(&self) -> Range<usize> {
        let count = self.shape.heads / self.shape.kv_heads;
        self.kv_head * count..(self.kv_head + 1) * count
    }

    /// Length of a row of scores.
    pub(super) fn padded(&self) -> usize {
        self.length.next_multiple_of(LANES)
    }

    /// The four rows from `first` on of a tensor with all heads; the last row again where there are fewer.
    pub(super) fn rows<'a>(&self, numbers: &'a [f32], first: usize, head: usize) -> [&'a [f32]; ROWS] {
        std::array::from_fn(|row| &numbers[self.at((first + row).min(self.length - 1), head)..][..self.shape.head_size])
    }

    /// The keys that a query sees.
    pub(super) fn seen(&self, query: usize) -> (usize, usize) {
        ((query + 1).saturating_sub(self.shape.window), query + 1)
    }

    /// The keys that four queries from `first` on see among them, in whole lanes.
    pub(super) fn span(&self, first: usize) -> (usize, usize) {
        let last = (first + ROWS - 1).min(self.length - 1);
        (self.seen(first).0 / LANES * LANES, self.seen(last).1.next_multiple_of(LANES))
    }

    /// What scores are multiplied with.
    pub(super) fn scale(&self) -> f32 {
        1.0 / (self.shape.head_size as f32).sqrt()
    }
}

/// A tensor that tasks write into, each into parts of its own.
pub(super) struct Target<'a> {
    start: *mut f32,
    count: usize,
    tensor: PhantomData<&'a Tensor>,
}

#[expect(unsafe_code, reason = "threads write into one tensor")]
// SAFETY: `write` is the only access, and its callers keep to parts of their own.
unsafe impl Sync for Target<'_> {}

impl<'a> Target<'a> {
    pub(super) fn of(tensor: &'a Tensor) -> Self {
        assert!(tensor.is_contiguous() && tensor.kind() == Kind::Float && tensor.device() == Device::Cpu);
        Self { start: tensor.data_ptr().cast::<f32>(), count: tensor.numel(), tensor: PhantomData }
    }

    /// Writes numbers from `at` on, which no other task reads or writes.
    #[expect(unsafe_code, reason = "threads write into one tensor")]
    pub(super) fn write(&self, at: usize, numbers: &[f32]) {
        assert!(at + numbers.len() <= self.count);
        // SAFETY: the range lies in the tensor, as was just checked, and tasks differ in document or head, so that no
        // two of them come here with the same place.
        unsafe { std::ptr::copy_nonoverlapping(numbers.as_ptr(), self.start.add(at), numbers.len()) }
    }
}
