//! `mask_pii`.

use crate::audit;
use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, map_text};
use crate::steps::{is_true, text_columns, text_fields};
use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::pii::{Kind, Masker, Replacement};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Replaces personal data, and secrets such as keys and passwords, by a mask.
///
/// With `key_from` the same value gets the same pseudonym, such as `<cn_mobile:3f9a1c27b04d>`, so that who spoke to whom
/// can still be learnt. The report counts what was masked, by kind.
///
/// # Why
/// A model repeats what it was trained on, telephone numbers included.
/// # Example
/// `mask_pii: { kinds: [cn_mobile, cn_id, email], with: "<{kind}>" }`
/// # Nulls
/// A missing text stays missing.
/// # Source
/// GB 11643 (identity numbers), GB 32100 (organization codes), ISO/IEC 7812 (card numbers), RFC 5321 (e-mail);
/// pseudonyms are HMAC-SHA-256, RFC 2104.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaskPii {
    /// Kinds that are masked, of 25. When absent the 23 that form, check digit or label decide; `person` and `address`
    /// are guesses: in 52 MB of statutes, which name no one, they mask 287 places.
    #[serde(default = "kinds")]
    pub kinds: Vec<Kind>,
    /// What stands in their place; `{kind}` becomes the kind's name. `<MASK>` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// Environment variable that holds the secret key of pseudonyms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_from: Option<String>,
    /// Text columns that are rewritten.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
    /// Whether the finished shards are searched once more; a run that finds these kinds there publishes nothing.
    #[serde(default = "is_true")]
    pub recheck: bool,
    /// Whether every masked place is listed in `audit/part-00000.parquet` of the dataset: kind, rule, source and row, id,
    /// column, offset and length in bytes of the text that the step was given. The value itself is written nowhere.
    #[serde(default)]
    pub audit: bool,
}

fn kinds() -> Vec<Kind> {
    Kind::DEFAULT.to_vec()
}

impl MaskPii {
    fn check(&self) -> Result<()> {
        if self.kinds.is_empty() {
            return Err(Error::setting(
                "mask_pii",
                "kinds",
                "name at least one kind, or leave the setting out for all",
            ));
        }
        if self.with.is_some() && self.key_from.is_some() {
            let problem = "give either `with` or `key_from`: pseudonyms have a form of their own";
            return Err(Error::setting("mask_pii", "with", problem));
        }
        if self.with.as_ref().is_some_and(|with| with.replace("{kind}", "").contains(['{', '}'])) {
            return Err(Error::setting("mask_pii", "with", "the only placeholder is `{kind}`"));
        }
        Ok(())
    }

    /// What masking leaves in the place of values, where that is fixed.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let Some(with) = &self.with else { return Vec::new() };
        self.kinds.iter().map(|kind| with.replace("{kind}", kind.name())).collect()
    }

    /// The key's value never appears in a message.
    fn replacement(&self) -> Result<Replacement> {
        let Some(name) = &self.key_from else {
            return Ok(Replacement::Fixed(self.with.clone().unwrap_or_else(|| "<MASK>".to_owned())));
        };
        match std::env::var(name) {
            Ok(key) if !key.is_empty() => Ok(Replacement::Pseudonym { key: key.into_bytes() }),
            _ => Err(Error::setting(
                "mask_pii",
                "key_from",
                format!("the environment variable `{name}` is not set; it must hold the secret key of the pseudonyms"),
            )),
        }
    }
}

impl RowOperator for MaskPii {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(self.columns.clone())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.check()?;
        Ok(text_fields(&self.columns))
    }

    fn key_from(&self) -> Option<&str> {
        self.key_from.as_deref()
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        self.check()?;
        let detector = Masker::new(&self.kinds, self.replacement()?);
        let (names, audit) = (self.columns.clone(), self.audit);
        Ok(Box::new(move |columns| {
            let mut notes = vec![Notes::default(); columns.first().map_or(0, Array::len)];
            let named = columns.iter().zip(&names);
            let rewritten = named.map(|(column, name)| mask(&detector, column, audit.then_some(name), &mut notes));
            let columns = rewritten.collect::<Result<_, _>>()?;
            let notes = notes.into_iter().map(Notes::text).collect::<StringArray>();
            Ok(Verdict { columns, notes: Some(notes), ..Verdict::default() })
        }))
    }
}

/// What is noted of a row.
#[derive(Clone, Debug, Default)]
struct Notes {
    tally: BTreeMap<Kind, u32>,
    /// Entries of the audit, where it is asked for.
    places: String,
}

impl Notes {
    fn text(mut self) -> Option<String> {
        for (kind, count) in self.tally {
            write!(self.places, "{kind}={count};").expect("writing to a string does not fail");
        }
        (!self.places.is_empty()).then_some(self.places)
    }
}

/// Masks a column, notes what was found, and each place where the audit wants the column's name with it.
fn mask(
    masker: &Masker,
    column: &ArrayRef,
    audited: Option<&String>,
    notes: &mut [Notes],
) -> Result<ArrayRef, ArrowError> {
    let mut rows = (0..column.len()).filter(|&row| column.is_valid(row));
    map_text(column, |text| {
        let row = rows.next().expect("each text is in a row");
        let notes = &mut notes[row];
        let found = masker.mask_noting(text, |found| {
            if let Some(name) = audited {
                audit::note(&mut notes.places, &found, name);
            }
        });
        for (kind, count) in found.counts {
            *notes.tally.entry(kind).or_default() += count;
        }
        found.text
    })
}

#[cfg(test)]
mod tests {
    use super::{MaskPii, kinds};
    use crate::operator::RowOperator;
    use crate::testing::{rewritten, verdict};
    use arrow::array::Array;

    fn step(with: Option<&str>, key_from: Option<&str>) -> MaskPii {
        let (with, key_from) = (with.map(str::to_owned), key_from.map(str::to_owned));
        MaskPii { kinds: kinds(), with, key_from, columns: vec!["text".to_owned()], recheck: true, audit: false }
    }

    #[test]
    fn masks_and_counts_by_kind() {
        let texts = [None, Some("无"), Some("电话13800138000或13900139000，邮箱a@example.com")];
        let expected = [None, Some("无".to_owned()), Some("电话<MASK>或<MASK>，邮箱<MASK>".to_owned())];
        assert_eq!(rewritten(&step(None, None), &texts), expected);
        let notes = verdict(&step(None, None), &texts).notes.unwrap();
        assert_eq!(notes.value(2), "cn_mobile=2;email=1;");
        assert!(notes.is_null(0) && notes.is_null(1));
    }

    #[test]
    fn the_mask_can_name_the_kind() {
        assert_eq!(
            rewritten(&step(Some("[{kind}]"), None), &[Some("电话13800138000")]),
            [Some("电话[cn_mobile]".to_owned())]
        );
    }

    #[test]
    fn a_missing_key_is_named_and_nothing_is_masked_without_it() {
        let error = step(None, Some("SIYU_TEST_KEY_THAT_NOBODY_SETS")).build(&[]).err().unwrap();
        assert!(error.to_string().contains("`SIYU_TEST_KEY_THAT_NOBODY_SETS` is not set"), "{error}");
    }

    #[test]
    fn contradicting_settings_are_refused() {
        assert!(step(Some("x"), Some("HOME")).writes(&[]).is_err());
        assert!(step(Some("<{name}>"), None).writes(&[]).is_err());
        assert!(MaskPii { kinds: Vec::new(), ..step(None, None) }.writes(&[]).is_err());
    }
}
