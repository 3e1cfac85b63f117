//! Which documents gave way to another that they resemble.

use crate::{
    Dataset, Result,
    dataset::{decoded, text},
};

/// A document that was dropped for its likeness with one that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Mate {
    /// The id of the dropped document.
    pub id: String,
    /// The similarity of the two, 0 to 1.
    pub similarity: f64,
}

/// Why a near-copy was dropped, as `dropped/` tells it.
pub fn near_copy_detail(kept: &str, similarity: f64) -> String {
    format!("near copy: of `{kept}`, similarity {similarity}")
}

/// The kept document's id and the similarity, where a detail is one of [`near_copy_detail`].
pub fn parse_near_copy(detail: &str) -> Option<(&str, f64)> {
    let (kept, similarity) = detail.strip_prefix("near copy: of `")?.rsplit_once("`, similarity ")?;
    Some((kept, similarity.parse().ok()?))
}

impl Dataset {
    /// The documents that were dropped as near-copies of the one with this id, in the order of the input.
    pub fn mates(&self, id: &str) -> Result<Vec<Mate>> {
        let mut mates = Vec::new();
        for part in &self.manifest().dropped {
            for batch in self.batches(&part.path, Some(&["id", "detail"]))? {
                let batch = decoded(&part.path, batch)?;
                for row in 0..batch.num_rows() {
                    let detail = text(&batch, "detail", row).unwrap_or_default();
                    if let Some((kept, similarity)) = parse_near_copy(&detail)
                        && kept == id
                    {
                        mates.push(Mate { id: text(&batch, "id", row).unwrap_or_default(), similarity });
                    }
                }
            }
        }
        Ok(mates)
    }
}

#[cfg(test)]
mod tests {
    use super::{near_copy_detail, parse_near_copy};

    #[test]
    fn a_detail_tells_what_it_was_made_of_whatever_the_id() {
        for id in ["law-7", "", "a`, similarity 0.1", "档案 12:3"] {
            assert_eq!(parse_near_copy(&near_copy_detail(id, 0.8125)), Some((id, 0.8125)));
        }
        assert_eq!(parse_near_copy("content 00ff"), None);
    }
}
