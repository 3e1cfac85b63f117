//! How packed documents are gathered for libtorch's attention, which takes texts of one length only.

use crate::error::Result;
use tch::{Device, Tensor};

/// Documents as they lie on the axis of tokens, shorter ones first.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Lengths of the documents.
    pub(crate) lengths: Vec<i64>,
    pub(crate) buckets: Vec<Bucket>,
}

/// Documents that are attended together.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Count of their tokens.
    pub(crate) tokens: i64,
    /// Length of the longest.
    pub(crate) length: i64,
    /// Where their lengths differ.
    pub(crate) padding: Option<Padding>,
}

/// Filling up at the right, where a causal mask hides it.
#[derive(Debug)]
pub(crate) struct Padding {
    /// For each place the row that comes there, `[documents * length]`; the last row of a document fills it up.
    pub(crate) rows: Tensor,
    /// For each row its place, `[tokens]`.
    pub(crate) places: Tensor,
}

impl Plan {
    /// For documents of rising lengths.
    pub(crate) fn new(lengths: Vec<i64>, device: Device) -> Result<Self> {
        let mut buckets = Vec::new();
        let mut rest = &lengths[..];
        while let Some(&shortest) = rest.first() {
            // At most a quarter of a bucket is padding.
            let (bucket, longer) = rest.split_at(rest.partition_point(|&length| 3 * length <= 4 * shortest));
            buckets.push(Bucket::new(bucket, device)?);
            rest = longer;
        }
        Ok(Self { lengths, buckets })
    }
}

impl Bucket {
    fn new(lengths: &[i64], device: Device) -> Result<Self> {
        let (shortest, longest) = (lengths.first().copied().unwrap_or(0), lengths.last().copied().unwrap_or(0));
        let tokens = lengths.iter().sum();
        if shortest == longest {
            return Ok(Self { tokens, length: longest, padding: None });
        }
        let (mut rows, mut places, mut start, mut document) = (Vec::new(), Vec::new(), 0, 0);
        for &length in lengths {
            rows.extend((0..longest).map(|place| start + place.min(length - 1)));
            places.extend((0..length).map(|row| document + row));
            start += length;
            document += longest;
        }
        let sent = |numbers: &[i64]| -> Result<Tensor> { Ok(Tensor::f_from_slice(numbers)?.f_to_device(device)?) };
        Ok(Self { tokens, length: longest, padding: Some(Padding { rows: sent(&rows)?, places: sent(&places)? }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_share_a_bucket_up_to_a_third_more_in_length() {
        let plan = Plan::new(vec![6, 7, 8, 9, 9], Device::Cpu).unwrap();
        let found: Vec<_> =
            plan.buckets.iter().map(|bucket| (bucket.tokens, bucket.length, bucket.padding.is_some())).collect();
        assert_eq!(found, [(21, 8, true), (18, 9, false)]);
        let padding = plan.buckets[0].padding.as_ref().unwrap();
        let rows = Vec::<i64>::try_from(&padding.rows).unwrap();
        assert_eq!(rows[..16], [0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 8, 9, 10, 11, 12, 12]);
        let there_and_back = padding.rows.index_select(0, &padding.places);
        assert_eq!(Vec::<i64>::try_from(there_and_back).unwrap(), (0..21).collect::<Vec<_>>());
    }
}
