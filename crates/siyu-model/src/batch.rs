//! Documents laid one after another on one axis of tokens.
//!
//! Everything but attention treats tokens by themselves, so documents are not padded: they are packed, and attention is
//! done for each document apart. No token of one document can touch another's.

use crate::attention::Plan;
use crate::error::{Error, Result};
use tch::{Device, Tensor};

/// The label of a token that is not learned.
pub const IGNORED: i64 = -100;

/// One document: its tokens, and for each the token itself where it is to be learned or [`IGNORED`].
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Tokens.
    pub ids: &'a [i64],
    /// As many labels; the label of a token is compared with the prediction made one token before it.
    pub labels: &'a [i64],
}

/// Documents as the model takes them. Shorter documents come first, whatever order they were given in.
#[derive(Debug)]
pub struct Batch {
    /// `[tokens]`.
    pub(crate) ids: Tensor,
    /// The least and the largest token.
    pub(crate) extremes: [i64; 2],
    pub(crate) plan: Plan,
    /// Rows whose next token is learned, `[labels]`.
    pub(crate) rows: Tensor,
    /// The tokens to learn, `[labels]`.
    pub(crate) targets: Tensor,
    order: Vec<usize>,
    label_count: i64,
}

impl Batch {
    /// Packs documents and sends them to `device`.
    ///
    /// # Errors
    /// [`Error::Batch`] for no document, an empty one, or one with another number of labels than tokens.
    pub fn new(documents: &[Document<'_>], device: Device) -> Result<Self> {
        let wrong = |problem| Err(Error::Batch { problem });
        if documents.is_empty() {
            return wrong("there is no document in it".to_owned());
        }
        for (index, document) in documents.iter().enumerate() {
            let (ids, labels) = (document.ids.len(), document.labels.len());
            if ids == 0 || ids != labels {
                return wrong(format!("document {index} has {ids} tokens and {labels} labels"));
            }
        }
        let mut order: Vec<usize> = (0..documents.len()).collect();
        order.sort_by_key(|&index| documents[index].ids.len());
        let (mut ids, mut rows, mut targets, mut lengths) = (vec![], vec![], vec![], vec![]);
        for &index in &order {
            let document = &documents[index];
            let learned = document.labels.iter().enumerate().skip(1).filter(|&(_, &label)| label != IGNORED);
            for (position, &label) in learned {
                rows.push(count(ids.len() + position - 1));
                targets.push(label);
            }
            ids.extend_from_slice(document.ids);
            lengths.push(count(document.ids.len()));
        }
        Ok(Self {
            extremes: extremes(&ids),
            ids: Tensor::f_from_slice(&ids)?.f_to_device(device)?,
            plan: Plan::new(lengths, device)?,
            label_count: count(targets.len()),
            rows: Tensor::f_from_slice(&rows)?.f_to_device(device)?,
            targets: Tensor::f_from_slice(&targets)?.f_to_device(device)?,
            order,
        })
    }

    /// Packs documents of which nothing is learned, for their hidden states.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn unlabelled(documents: &[&[i64]], device: Device) -> Result<Self> {
        let longest = documents.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let labels = vec![IGNORED; longest];
        let documents: Vec<Document<'_>> =
            documents.iter().map(|ids| Document { ids, labels: &labels[..ids.len()] }).collect();
        Self::new(&documents, device)
    }

    /// Count of tokens.
    pub fn token_count(&self) -> i64 {
        self.plan.lengths.iter().sum()
    }

    /// Count of tokens that are learned: the share of this batch in a step's loss.
    pub fn label_count(&self) -> i64 {
        self.label_count
    }

    /// For each document as it lies, its place among those given.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Lengths of the documents as they lie.
    pub fn lengths(&self) -> &[i64] {
        &self.plan.lengths
    }
}

/// The least and the largest of some tokens: looked at here, where no device need be waited for.
pub(crate) fn extremes(ids: &[i64]) -> [i64; 2] {
    [ids.iter().copied().min().unwrap_or(0), ids.iter().copied().max().unwrap_or(0)]
}

fn count(value: usize) -> i64 {
    i64::try_from(value).expect("a batch has fewer than 2^63 tokens")
}
