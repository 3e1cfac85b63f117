//! Keys and values of all slots, in one buffer for the keys and one for the values of each layer.
//!
//! A buffer is `[slots, kv_heads, context, head_size]`. It is made once; on the processor the system gives memory to it
//! only as far as it is used.
#![allow(unsafe_code, reason = "the runtime reads and writes buffers by address")]

use super::{
    bound::view,
    graph::{Graph, failed},
};
use crate::Result;
use ort::{
    memory::Allocator,
    value::{DynTensor, TensorElementType},
};
use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    ffi::c_void,
    ptr::NonNull,
    slice,
};

/// A line of the processor's cache.
const ALIGNMENT: usize = 64;

enum Buffer {
    Host(Host),
    Device(DynTensor),
}

/// Zeroed memory that is only ever reached through its address, as the runtime reaches it.
struct Host {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the memory belongs to its `Host` alone.
unsafe impl Send for Host {}

impl Host {
    /// `None` where there is not so much memory.
    fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(bytes.max(1), ALIGNMENT).ok()?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Self { start, layout })
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the memory is ours for as long as the borrow, was zeroed, and any bytes are bytes. The runtime, which
        // knows its address too, does not run meanwhile.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.layout.size()) }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

pub(super) struct Memory {
    buffers: Vec<Buffer>,
    allocator: Allocator,
    numbers: TensorElementType,
    kv_heads: usize,
    context: usize,
    head_size: usize,
    /// Bytes of one head of one token.
    step: usize,
}

impl Memory {
    pub(super) fn new(graph: &Graph, slots: usize, context: usize) -> Result<Self> {
        let allocator = graph.allocator()?;
        let shape = [slots, graph.kv_heads, context, graph.head_size];
        let step = graph.head_size * graph.number_bytes();
        let bytes = shape[..3].iter().try_fold(step, |bytes, size| bytes.checked_mul(*size));
        let buffer = |_| {
            if allocator.memory_info().is_cpu_accessible() {
                bytes
                    .and_then(Host::new)
                    .map(Buffer::Host)
                    .ok_or_else(|| ort::Error::new("there is not so much memory"))
            } else {
                DynTensor::new(&allocator, graph.numbers, shape).map(Buffer::Device)
            }
        };
        let buffers: Result<Vec<Buffer>, ort::Error> = (0..graph.past.len()).map(buffer).collect();
        Ok(Self {
            buffers: buffers.map_err(failed("get memory for keys and values; lower `slots` or `context`"))?,
            numbers: graph.numbers,
            kv_heads: graph.kv_heads,
            head_size: graph.head_size,
            allocator,
            context,
            step,
        })
    }

    pub(super) fn context(&self) -> usize {
        self.context
    }

    /// Whether this program can read the buffers itself.
    pub(super) fn is_host(&self) -> bool {
        self.buffers.iter().all(|buffer| matches!(buffer, Buffer::Host(_)))
    }

    /// Bytes of all keys and values of one token.
    pub(super) fn token_bytes(&self) -> usize {
        self.buffers.len() * self.kv_heads * self.step
    }

    /// Bytes of a slot in one buffer.
    fn slot_bytes(&self) -> usize {
        self.kv_heads * self.context * self.step
    }

    /// `count` slots of one buffer, from slot `first` on, as the runtime sees them.
    ///
    /// The value must not be used once this memory is gone; every value of one region is the same memory.
    pub(super) fn slots(&mut self, index: usize, first: usize, count: usize) -> Result<DynTensor> {
        let (offset, bytes) = (first * self.slot_bytes(), count * self.slot_bytes());
        let shape = [count, self.kv_heads, self.context, self.head_size].map(|size| i64::try_from(size).unwrap_or(0));
        let start: *mut c_void = match &mut self.buffers[index] {
            Buffer::Host(host) => {
                assert!(offset + bytes <= host.layout.size(), "the slots lie in their buffer");
                host.start.as_ptr().cast()
            }
            Buffer::Device(tensor) => tensor.data_ptr_mut(),
        };
        // SAFETY: the slots lie in the buffer, which neither moves nor goes before this memory does; `Shared` keeps no
        // value longer than that.
        unsafe { view(&self.allocator, start.byte_add(offset), bytes, &shape, self.numbers) }
            .map_err(failed("use the memory of keys and values"))
    }

    /// Copies the first `length` tokens of one slot to another.
    pub(super) fn copy(&mut self, from: usize, to: usize, length: usize) -> Result<()> {
        let (slot, head, used) = (self.slot_bytes(), self.context * self.step, length * self.step);
        let kv_heads = self.kv_heads;
        for index in 0..self.buffers.len() {
            if let Some(bytes) = self.bytes(index) {
                for start in (0..kv_heads).map(|place| place * head) {
                    let source = from * slot + start;
                    bytes.copy_within(source..source + used, to * slot + start);
                }
            } else {
                let (source, mut target) = (self.slots(index, from, 1)?, self.slots(index, to, 1)?);
                source.copy_into(&mut target).map_err(failed("move keys and values"))?;
            }
        }
        Ok(())
    }

    /// The keys and values of `count` tokens behind the first `start` of a slot.
    pub(super) fn take(&mut self, slot: usize, start: usize, count: usize) -> Vec<u8> {
        let mut block = Vec::with_capacity(count * self.token_bytes());
        self.each_run(slot, start, count, |run| block.extend_from_slice(run));
        block
    }

    /// Puts back what [`Self::take`] took.
    pub(super) fn put(&mut self, slot: usize, start: usize, count: usize, block: &[u8]) {
        let mut runs = block.chunks_exact(count * self.step);
        self.each_run(slot, start, count, |run| run.copy_from_slice(runs.next().unwrap_or_default()));
    }

    /// Goes through the bytes of `count` tokens of a slot, a head at a time.
    fn each_run(&mut self, slot: usize, start: usize, count: usize, mut each: impl FnMut(&mut [u8])) {
        let (slot, head) = (slot * self.slot_bytes(), self.context * self.step);
        let (kv_heads, step) = (self.kv_heads, self.step);
        for index in 0..self.buffers.len() {
            let Some(bytes) = self.bytes(index) else { return };
            for place in 0..kv_heads {
                let at = slot + place * head + start * step;
                each(&mut bytes[at..at + count * step]);
            }
        }
    }

    fn bytes(&mut self, index: usize) -> Option<&mut [u8]> {
        match &mut self.buffers[index] {
            Buffer::Host(host) => Some(host.bytes()),
            Buffer::Device(_) => None,
        }
    }
}
