//! Attention of packed documents, each by itself.

pub(crate) mod cpu;
mod plan;

pub(crate) use plan::{Bucket, Plan};

use crate::error::Result;
use tch::{Kind, Tensor};

/// Attends within each document, by libtorch.
///
/// `window` is how many tokens back a token sees, itself included.
///
/// # Shapes
/// - `queries`: `[tokens, heads, head_size]`; `keys`, `values`: `[tokens, kv_heads, head_size]`
/// - returns: `[tokens, heads * head_size]`
pub(crate) fn within_documents(heads: [&Tensor; 3], plan: &Plan, window: Option<i64>) -> Result<Tensor> {
    if let [all] = &plan.buckets[..] {
        return bucket(heads, all, window);
    }
    let sizes: Vec<i64> = plan.buckets.iter().map(|bucket| bucket.tokens).collect();
    // Split, not narrowed: the gradient of a split is one concatenation.
    let [queries, keys, values] = heads.map(|tensor| tensor.f_split_with_sizes(&sizes, 0));
    let (queries, keys, values) = (queries?, keys?, values?);
    let each = plan.buckets.iter().zip(&queries).zip(&keys).zip(&values);
    let attended: Result<Vec<Tensor>> =
        each.map(|(((part, queries), keys), values)| bucket([queries, keys, values], part, window)).collect();
    Ok(Tensor::f_cat(&attended?, 0)?)
}

/// Documents that are attended together.
fn bucket(heads: [&Tensor; 3], bucket: &Bucket, window: Option<i64>) -> Result<Tensor> {
    let length = bucket.length;
    let by_document = |tensor: &Tensor| -> Result<Tensor> {
        let size = tensor.size();
        let filled = match &bucket.padding {
            Some(padding) => tensor.f_index_select(0, &padding.rows)?,
            None => tensor.shallow_clone(),
        };
        Ok(filled.f_view([-1, length, size[1], size[2]])?.f_transpose(1, 2)?)
    };
    let [queries, keys, values] = heads.map(by_document);
    let (queries, keys, values) = (queries?, keys?, values?);
    let mask = match window {
        Some(window) if window < length => Some(banded(length, length, window, queries.device())?),
        _ => None,
    };
    let attended = attend([&queries, &keys, &values], mask.as_ref(), mask.is_none() && length > 1)?;
    let size = attended.size();
    let attended = attended.f_transpose(1, 2)?.f_reshape([size[0] * length, size[1] * size[3]])?;
    Ok(match &bucket.padding {
        Some(padding) => attended.f_index_select(0, &padding.places)?,
        None => attended,
    })
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
