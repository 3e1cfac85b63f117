//! Attention on a CPU, forward and backward, over packed documents of any lengths at once.
//!
//! libtorch's own takes most of a step of a small model: its blocks are made for long texts and large heads. Here a
//! task is one document and one key/value head; four rows of queries go through all keys they see before the next four.
//! Each number is summed up by one thread in one order, so results do not depend on the count of threads.

#![expect(clippy::inline_always, reason = "only what is inlined is compiled for the instructions of its caller")]

mod block;
mod exponential;
mod inputs;
mod softmax;
mod task;

use super::Plan;
use crate::error::Result;
use inputs::{Inputs, Shape, Target};
use std::sync::atomic::{AtomicUsize, Ordering};
use task::{Backward, Forward, Scratch};
use tch::{Device, Kind, Tensor};

/// Whether this processor and these numbers can be treated here.
pub(crate) fn is_usable(queries: &Tensor, head_size: i64) -> bool {
    queries.device() == Device::Cpu && queries.kind() == Kind::Float && head_size % 8 == 0 && has_instructions()
}

#[cfg(target_arch = "x86_64")]
fn has_instructions() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_instructions() -> bool {
    false
}

/// What the backward pass needs of the forward pass.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Queries, keys and values, `[tokens, heads, head_size]`, contiguous and without a graph.
    inputs: [Tensor; 3],
    /// `[tokens, heads, head_size]`.
    attended: Tensor,
    /// Logarithms of the sums of exponentials, `[tokens, heads]`.
    sums: Tensor,
    /// Lengths of the documents.
    lengths: Vec<usize>,
    window: usize,
}

impl Kept {
    /// What was attended, `[tokens, heads * head_size]`.
    pub(crate) fn attended(&self) -> Result<Tensor> {
        Ok(self.attended.f_view([self.attended.size()[0], -1])?)
    }
}

/// Attends within each document; `window` is as in [`super::within_documents`].
pub(crate) fn forward(heads: [&Tensor; 3], plan: &Plan, window: Option<i64>) -> Result<Kept> {
    let [queries, keys, values] = heads.map(|tensor| tensor.f_detach()?.f_contiguous());
    let inputs = [queries?, keys?, values?];
    let lengths = plan.lengths.iter().map(|&length| size(length)).collect();
    let shape = inputs[0].size();
    let on = (Kind::Float, Device::Cpu);
    let kept = Kept {
        attended: Tensor::f_empty(&*shape, on)?,
        sums: Tensor::f_empty([shape[0], shape[1]], on)?,
        inputs,
        lengths,
        window: window.map_or(usize::MAX, size),
    };
    let forward = Forward { attended: Target::of(&kept.attended), sums: Target::of(&kept.sums) };
    each_task(&kept, |inputs, scratch| task::forward(inputs, scratch, &forward));
    Ok(kept)
}

/// Gradients of queries, keys and values, in their shapes.
///
/// # Shapes
/// `above`: the gradient of what was attended, `[tokens, heads * head_size]`.
pub(crate) fn backward(kept: &Kept, above: &Tensor) -> Result<[Tensor; 3]> {
    let above = above.f_contiguous()?;
    let [queries, keys, values] = [0, 1, 2].map(|index| kept.inputs[index].f_empty_like());
    let gradients = [queries?, keys?, values?];
    let backward = Backward {
        above: numbers(&above),
        attended: numbers(&kept.attended),
        sums: numbers(&kept.sums),
        queries: Target::of(&gradients[0]),
        keys: Target::of(&gradients[1]),
        values: Target::of(&gradients[2]),
    };
    each_task(kept, |inputs, scratch| task::backward(inputs, scratch, &backward));
    Ok(gradients)
}

/// Does the work of every document and key/value head, on as many threads as libtorch uses.
fn each_task(kept: &Kept, work: impl Fn(&Inputs<'_>, &mut Scratch) + Sync) {
    let [queries, keys, values] = [0, 1, 2].map(|index| numbers(&kept.inputs[index]));
    let (of_queries, of_keys) = (kept.inputs[0].size(), kept.inputs[1].size());
    let shape = Shape {
        heads: size(of_queries[1]),
        kv_heads: size(of_keys[1]),
        head_size: size(of_queries[2]),
        window: kept.window,
    };
    let mut tasks = Vec::with_capacity(kept.lengths.len() * shape.kv_heads);
    let mut start = 0;
    for &length in &kept.lengths {
        tasks.extend((0..shape.kv_heads).map(|kv_head| Inputs {
            shape,
            queries,
            keys,
            values,
            start,
            length,
            kv_head,
        }));
        start += length;
    }
    // The last are the longest; nobody should begin with them when the others are done.
    let next = AtomicUsize::new(tasks.len());
    let run = || {
        let mut scratch = Scratch::default();
        loop {
            let taken = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            let Ok(left) = taken else { break };
            work(&tasks[left - 1], &mut scratch);
        }
    };
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1).clamp(1, tasks.len().max(1));
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
}

#[expect(unsafe_code, reason = "libtorch hands out the memory of a tensor as an address only")]
fn numbers(tensor: &Tensor) -> &[f32] {
    assert!(tensor.is_contiguous() && tensor.kind() == Kind::Float && tensor.device() == Device::Cpu);
    // SAFETY: a contiguous f32 tensor on the CPU is that many numbers from there on, and lives as long as the borrow;
    // nothing here changes an input while it is read.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<f32>(), tensor.numel()) }
}

fn size(size: i64) -> usize {
    usize::try_from(size).expect("sizes are counts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::within_documents;

    /// Largest differences to libtorch of what is attended and of the three gradients, over the largest numbers there.
    fn differences((heads, kv_heads, head_size): (i64, i64, i64), lengths: &[i64], window: Option<i64>) -> Vec<f64> {
        let plan = Plan::new(lengths.to_vec(), Device::Cpu).unwrap();
        let tokens: i64 = lengths.iter().sum();
        let drawn = |heads: i64, seed| {
            let shape = [tokens, heads, head_size];
            crate::seed::seeded(seed, || Tensor::randn(shape, (Kind::Float, Device::Cpu)) * 2.0).set_requires_grad(true)
        };
        let inputs = [drawn(heads, 1), drawn(kv_heads, 2), drawn(kv_heads, 3)];
        let above = drawn(heads, 4).detach().view([tokens, -1]);
        let borrowed = [&inputs[0], &inputs[1], &inputs[2]];
        let theirs = within_documents(borrowed, &plan, window).unwrap();
        let of_theirs = Tensor::run_backward(&[(&theirs * &above).sum(Kind::Float)], &borrowed, false, false);
        let kept = forward(borrowed, &plan, window).unwrap();
        let ours = tch::no_grad(|| backward(&kept, &above)).unwrap();
        let difference =
            |one: &Tensor, other: &Tensor| ((one - other).abs().max() / other.abs().max()).double_value(&[]);
        let first = difference(&kept.attended().unwrap(), &theirs.detach());
        std::iter::once(first).chain(ours.iter().zip(&of_theirs).map(|(one, other)| difference(one, other))).collect()
    }

    #[test]
    fn it_computes_what_libtorch_does() {
        if !has_instructions() {
            return;
        }
        for heads in [(4, 2, 8), (3, 3, 24), (6, 2, 16), (2, 1, 64), (1, 1, 128)] {
            for lengths in [vec![1, 1, 7, 16, 16, 30, 33], vec![90]] {
                for window in [None, Some(1), Some(5), Some(40)] {
                    let found = differences(heads, &lengths, window);
                    // A token that sees itself alone has no gradient of queries and keys but what rounding leaves.
                    let compared = if window == Some(1) { &found[..1] } else { &found };
                    assert!(compared.iter().all(|&found| found < 1e-5), "{heads:?} {lengths:?} {window:?}: {found:?}");
                }
            }
        }
    }
}
