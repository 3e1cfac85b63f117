//! A session with what its graph says of the model.

use crate::{Error, Result, settings::Device};
use ort::{
    memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType},
    session::Session,
    value::{TensorElementType, ValueType},
};
use std::{ffi::CString, path::Path};

/// The domain of onnxruntime's own operators.
const MICROSOFT: &str = "com.microsoft";

pub(super) struct Graph {
    pub(super) session: Session,
    /// Names of the cache's inputs and outputs: keys and values of the layers, one after another.
    pub(super) past: Vec<CString>,
    pub(super) present: Vec<CString>,
    pub(super) kv_heads: usize,
    pub(super) head_size: usize,
    pub(super) vocab: usize,
    /// The numbers of the cache.
    pub(super) numbers: TensorElementType,
    /// The graph gives logits of a row's last token only.
    pub(super) last_only: bool,
    pub(super) device: Device,
}

impl Graph {
    pub(super) fn of(session: Session, path: &Path, device: Device) -> Result<Self> {
        let refused = |problem: String| Error::Model {
            path: path.to_owned(),
            problem: format!("{problem}; export the model with `siyu export-onnx`"),
        };
        let named = |name: &str, outputs: bool| {
            let outlets = if outputs { session.outputs() } else { session.inputs() };
            outlets.iter().find(|outlet| outlet.name() == name).map(|outlet| outlet.dtype().clone())
        };
        for name in ["input_ids", "attention_mask"] {
            named(name, false).ok_or_else(|| refused(format!("the graph has no input `{name}`")))?;
        }
        let expected = session.inputs().len();
        let (mut past, mut present) = (Vec::new(), Vec::new());
        for index in 0.. {
            let [key, value] = ["key", "value"].map(|part| format!("past_key_values.{index}.{part}"));
            if named(&key, false).is_none() {
                break;
            }
            for (name, part) in [(key, "key"), (value, "value")] {
                past.push(c_name(&name));
                present.push(c_name(&format!("present.{index}.{part}")));
            }
        }
        if past.len() + 2 != expected {
            return Err(refused("the graph has other inputs than ids, mask and keys and values".to_owned()));
        }
        let cache =
            named("past_key_values.0.key", false).ok_or_else(|| refused("the graph has no cache".to_owned()))?;
        let (numbers, shape) = tensor(&cache).ok_or_else(|| refused("its cache is no tensor".to_owned()))?;
        let [_, kv_heads, _, head_size] = shape.as_slice() else {
            return Err(refused("its cache is not `[batch, heads, length, head_size]`".to_owned()));
        };
        let logits = named("logits", true).ok_or_else(|| refused("the graph has no output `logits`".to_owned()))?;
        let (kind, shape) = tensor(&logits).ok_or_else(|| refused("its logits are no tensor".to_owned()))?;
        let (TensorElementType::Float32, [_, per_row, vocab]) = (kind, shape.as_slice()) else {
            return Err(refused("its logits are not `[batch, length, vocab]` in 32 bits".to_owned()));
        };
        let size = |size: i64, what: &str| {
            usize::try_from(size)
                .ok()
                .filter(|&size| size > 0)
                .ok_or_else(|| refused(format!("{what} has no fixed size")))
        };
        Ok(Self {
            kv_heads: size(*kv_heads, "the axis of heads")?,
            head_size: size(*head_size, "the axis of a head")?,
            vocab: size(*vocab, "the axis of the vocabulary")?,
            numbers,
            last_only: *per_row == 1,
            past,
            present,
            device,
            session,
        })
    }

    /// Whether past and present may be one buffer, and rows may have texts of different lengths.
    pub(super) fn shares_buffers(&self) -> bool {
        self.session.opset_for_domain(MICROSOFT).is_some()
    }

    /// Bytes of one number of the cache.
    pub(super) fn number_bytes(&self) -> usize {
        self.numbers.byte_size(1).unwrap_or(4)
    }

    /// Where keys and values lie.
    pub(super) fn allocator(&self) -> Result<Allocator> {
        let device = match self.device {
            Device::Cpu => return Ok(Allocator::default()),
            Device::Cuda => AllocationDevice::CUDA,
        };
        MemoryInfo::new(device, 0, AllocatorType::Device, MemoryType::Default)
            .and_then(|info| Allocator::new(&self.session, info))
            .map_err(failed("find the memory of the GPU"))
    }
}

pub(super) fn c_name(name: &str) -> CString {
    CString::new(name).unwrap_or_default()
}

pub(super) fn failed(doing: &str) -> impl FnOnce(ort::Error) -> Error {
    let doing = doing.to_owned();
    move |source| Error::Onnx { doing, source }
}

fn tensor(kind: &ValueType) -> Option<(TensorElementType, Vec<i64>)> {
    match kind {
        ValueType::Tensor { ty, shape, .. } => Some((*ty, shape.iter().copied().collect())),
        _ => None,
    }
}
