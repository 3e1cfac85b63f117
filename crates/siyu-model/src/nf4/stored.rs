//! The tensors that bitsandbytes keeps beside a matrix.

use super::{BLOCK, NESTED_BLOCK, Nf4, Scales};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use serde::Deserialize;
use siyu_checkpoint::Error as FileError;
use tch::{Device, Kind, Tensor};

/// What is stored as text among the tensors.
#[derive(Deserialize)]
struct State {
    quant_type: String,
    blocksize: i64,
    shape: Vec<i64>,
    #[serde(default)]
    nested_blocksize: Option<i64>,
    #[serde(default)]
    nested_offset: Option<f64>,
}

impl Nf4 {
    /// Whether a checkpoint holds a matrix in 4-bit numbers.
    pub(crate) fn is_stored(checkpoint: &Checkpoint, name: &str) -> bool {
        checkpoint.contains(&state_name(name))
    }

    /// Reads a matrix of one shape.
    ///
    /// # Errors
    /// [`FileError::Dtype`] for another layout than the one bitsandbytes makes by default; [`FileError::Shape`].
    pub(crate) fn load(checkpoint: &Checkpoint, name: &str, shape: &[i64], device: Device) -> Result<Self> {
        let other = |found: String| Error::from(FileError::Dtype { name: name.to_owned(), found });
        let state: State = serde_json::from_slice(checkpoint.bytes(&state_name(name))?)
            .map_err(|_| other("4-bit numbers of an unknown layout".to_owned()))?;
        let nested = state.nested_blocksize.is_none_or(|size| size == NESTED_BLOCK);
        if state.quant_type != "nf4" || state.blocksize != BLOCK || !nested {
            return Err(other(format!("`{}` in blocks of {}", state.quant_type, state.blocksize)));
        }
        let [rows, columns] = shape else { return Err(other("a vector in 4-bit numbers".to_owned())) };
        if state.shape != shape {
            let name = name.to_owned();
            return Err(FileError::Shape { name, found: state.shape, expected: shape.to_vec() }.into());
        }
        let part = |suffix: &str, kind| checkpoint.tensor(&format!("{name}{suffix}"), device, kind);
        let codes = part("", Kind::Uint8)?.f_reshape([-1])?;
        if codes.size() != [(rows * columns + 1) / 2] {
            let name = name.to_owned();
            return Err(FileError::Shape { name, found: codes.size(), expected: vec![rows * columns / 2] }.into());
        }
        let scales = match state.nested_offset {
            None => Scales::Plain(part(".absmax", Kind::Float)?),
            Some(offset) => Scales::Nested {
                codes: part(".absmax", Kind::Uint8)?,
                map: part(".nested_quant_map", Kind::Float)?,
                largest: part(".nested_absmax", Kind::Float)?,
                offset: Tensor::from(offset).f_to_kind(Kind::Float)?.f_to_device(device)?,
            },
        };
        Self::new(codes, scales, *rows, *columns)
    }

    /// The tensors that bitsandbytes would keep, under its names.
    pub(crate) fn stored(&self, name: &str) -> Result<Vec<(String, Tensor)>> {
        let mut state = serde_json::json!({
            "quant_type": "nf4", "blocksize": BLOCK, "dtype": "float32", "shape": [self.rows, self.columns],
        });
        let mut tensors = vec![
            (name.to_owned(), self.codes.f_view([-1, 1])?),
            (format!("{name}.quant_map"), Tensor::from_slice(&super::LEVELS)),
        ];
        match &self.scales {
            Scales::Plain(scales) => tensors.push((format!("{name}.absmax"), scales.shallow_clone())),
            Scales::Nested { codes, map, largest, offset } => {
                tensors.push((format!("{name}.absmax"), codes.shallow_clone()));
                tensors.push((format!("{name}.nested_absmax"), largest.shallow_clone()));
                tensors.push((format!("{name}.nested_quant_map"), map.shallow_clone()));
                state["nested_blocksize"] = NESTED_BLOCK.into();
                state["nested_dtype"] = "float32".into();
                state["nested_offset"] = offset.double_value(&[]).into();
            }
        }
        tensors.push((state_name(name), Tensor::from_slice(state.to_string().as_bytes())));
        Ok(tensors)
    }
}

fn state_name(name: &str) -> String {
    format!("{name}.quant_state.bitsandbytes__nf4")
}
