//! Memory of ours as the runtime's tensors, and their binding to inputs and outputs.
//!
//! `ort`'s own binding copies tensors that it does not own, and lets an output have no memory that is an input's as well:
//! that sharing is what a preallocated cache is.
#![allow(unsafe_code, reason = "the runtime reads and writes buffers by address")]

use ort::{
    AsPointer, Error,
    memory::Allocator,
    session::IoBinding,
    value::{DynTensor, TensorElementType},
};
use std::{
    ffi::{CStr, c_void},
    ptr::{self, NonNull},
};

/// A tensor over memory that is not its own.
///
/// # Safety
/// `start` is the address of `bytes` bytes in memory of the allocator's kind, which outlive the tensor and every binding
/// of it that is run, and `shape` needs no more than them.
pub(super) unsafe fn view(
    allocator: &Allocator,
    start: *mut c_void,
    bytes: usize,
    shape: &[i64],
    numbers: TensorElementType,
) -> ort::Result<DynTensor> {
    let mut value = ptr::null_mut();
    let create = ort::api().CreateTensorWithDataAsOrtValue;
    let info = allocator.memory_info().ptr();
    // SAFETY: the pointers are valid for the call, and the caller vouches for the memory.
    let status = unsafe { create(info, start, bytes, shape.as_ptr(), shape.len(), numbers.into(), &raw mut value) };
    // SAFETY: the status is the runtime's.
    unsafe { Error::result_from_status(status) }?;
    let value = NonNull::new(value).ok_or_else(|| Error::new("the runtime made no tensor"))?;
    // SAFETY: the value was just made and is nobody else's.
    Ok(unsafe { DynTensor::from_ptr(value, Some(allocator)) })
}

/// Numbers of ours as an input or an output, for the next run only.
///
/// # Safety
/// As [`view`]: `numbers` must not move before the run.
pub(super) unsafe fn host_view<T>(
    numbers: &mut [T],
    shape: &[usize],
    kind: TensorElementType,
) -> ort::Result<DynTensor> {
    let shape: Vec<i64> = shape.iter().map(|&size| i64::try_from(size).unwrap_or(0)).collect();
    // SAFETY: the caller vouches for it.
    unsafe { view(&Allocator::default(), numbers.as_mut_ptr().cast(), size_of_val(numbers), &shape, kind) }
}

/// Binds a tensor to an input.
///
/// # Safety
/// The tensor's memory outlives every run of the binding until the input is bound anew.
pub(super) unsafe fn bind_input(binding: &mut IoBinding, name: &CStr, value: &DynTensor) -> ort::Result<()> {
    let bind = ort::api().BindInput;
    // SAFETY: all three are valid for the call; the binding keeps its own reference to the value.
    let status = unsafe { bind(binding.ptr_mut(), name.as_ptr(), value.ptr()) };
    // SAFETY: the status is the runtime's.
    unsafe { Error::result_from_status(status) }
}

/// Binds a tensor to an output.
///
/// # Safety
/// As [`bind_input`].
pub(super) unsafe fn bind_output(binding: &mut IoBinding, name: &CStr, value: &DynTensor) -> ort::Result<()> {
    let bind = ort::api().BindOutput;
    // SAFETY: all three are valid for the call; the binding keeps its own reference to the value.
    let status = unsafe { bind(binding.ptr_mut(), name.as_ptr(), value.ptr()) };
    // SAFETY: the status is the runtime's.
    unsafe { Error::result_from_status(status) }
}
