//! Attention of packed documents, each by itself.

pub(crate) mod cpu;

use crate::error::Result;
use tch::{Kind, Tensor};

/// Attends within each document, by libtorch.
///
/// `runs` tells how the documents lie: length, count of documents of that length. `window` is how many tokens back a
/// token sees, itself included.
///
/// # Shapes
/// - `queries`: `[tokens, heads, head_size]`; `keys`, `values`: `[tokens, kv_heads, head_size]`
/// - returns: `[tokens, heads * head_size]`
pub(crate) fn within_documents(
    [queries, keys, values]: [&Tensor; 3],
    runs: &[(i64, i64)],
    window: Option<i64>,
) -> Result<Tensor> {
    if let [(length, _)] = *runs {
        return run([queries, keys, values], length, window);
    }
    let sizes: Vec<i64> = runs.iter().map(|(length, count)| length * count).collect();
    // Split, not narrowed: the gradient of a split is one concatenation.
    let split = |tensor: &Tensor| tensor.f_split_with_sizes(&sizes, 0);
    let (queries, keys, values) = (split(queries)?, split(keys)?, split(values)?);
    let attended: Result<Vec<Tensor>> = runs
        .iter()
        .enumerate()
        .map(|(index, &(length, _))| run([&queries[index], &keys[index], &values[index]], length, window))
        .collect();
    Ok(Tensor::f_cat(&attended?, 0)?)
}

/// Documents of one length.
fn run(heads: [&Tensor; 3], length: i64, window: Option<i64>) -> Result<Tensor> {
    let by_document = |tensor: &Tensor| -> Result<Tensor> {
        let size = tensor.size();
        Ok(tensor.f_view([-1, length, size[1], size[2]])?.f_transpose(1, 2)?)
    };
    let [queries, keys, values] = heads.map(by_document);
    let (queries, keys, values) = (queries?, keys?, values?);
    let mask = match window {
        Some(window) if window < length => Some(banded(length, length, window, queries.device())?),
        _ => None,
    };
    let attended = attend([&queries, &keys, &values], mask.as_ref(), mask.is_none() && length > 1)?;
    let size = attended.size();
    Ok(attended.f_transpose(1, 2)?.f_reshape([size[0] * length, size[1] * size[3]])?)
}

/// Scaled dot-product attention with grouped heads.
///
/// # Shapes
/// `[batch, heads, length, head_size]`, keys and values with fewer heads.
pub(crate) fn attend([queries, keys, values]: [&Tensor; 3], mask: Option<&Tensor>, causal: bool) -> Result<Tensor> {
    let grouped = queries.size()[1] != keys.size()[1];
    Ok(Tensor::f_scaled_dot_product_attention(queries, keys, values, mask, 0.0, causal, None, grouped)?)
}

/// Which of `total` tokens the last `length` of them see, `[length, total]`, true where they do.
pub(crate) fn banded(length: i64, total: i64, window: i64, device: tch::Device) -> Result<Tensor> {
    let all = Tensor::f_ones([length, total], (Kind::Bool, device))?;
    let past = total - length;
    Ok(all.f_tril(past)?.f_triu(past - window + 1)?)
}
