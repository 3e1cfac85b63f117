//! What an earlier run decided about documents that gave way to a near copy right in front of the split.
//!
//! An amended document takes the place of its earlier version, and with it the earlier version's side: what was tested
//! on before must not be trained on under a few new words.

use super::decide::{Decisions, NONE};
use super::ledger::read_ledger;
use super::raw;
use super::sketches::{RECORD_BYTES, document};
use super::{Pass, SplitJob};
use crate::error::Result;

/// What an earlier run decided.
pub(super) struct Previous {
    ledger: Vec<(u128, u8)>,
    /// Sides of documents that gave way, by the number of the one that stays.
    inherited: Vec<Option<u8>>,
}

impl Previous {
    pub(super) fn open(pass: &Pass<'_>, split: &SplitJob) -> Result<Self> {
        let ledger = split.previous.as_deref().map(read_ledger).transpose()?.unwrap_or_default();
        let decided = pass.earlier.iter().filter_map(|act| act.decisions.as_deref());
        let chain = right_before(decided, pass.number, pass.earlier.len());
        let columns = &pass.act.slots[..pass.job.content];
        let inherited = sides(&chain, columns, |content| side(&ledger, content))?;
        Ok(Self { ledger, inherited })
    }

    /// The side of a document, or of one that gave way to it.
    pub(super) fn side(&self, number: usize, content: u128) -> Option<u8> {
        side(&self.ledger, content).max(self.inherited.get(number).copied().flatten())
    }

    /// Says so where a ledger knows none of the documents, whose sides are these.
    pub(super) fn strangers(&self, sides: &[Option<u8>]) -> Option<String> {
        let strange = !self.ledger.is_empty() && !sides.is_empty() && sides.iter().all(Option::is_none);
        strange.then(|| {
            format!(
                "none of the {} contents in `previous` is among these documents: was it made from other documents, or \
                 by other columns or steps in front of `split`?",
                self.ledger.len()
            )
        })
    }
}

fn side(ledger: &[(u128, u8)], content: u128) -> Option<u8> {
    ledger.binary_search_by_key(&content, |entry| entry.0).ok().map(|index| ledger[index].1)
}

/// Those of these decisions that drop documents right in front of act `act` of an exchange, the first of them first: the
/// documents that one of them lets through are the next one's.
pub(super) fn right_before<'a>(
    decisions: impl DoubleEndedIterator<Item = &'a Decisions>,
    exchange: usize,
    act: usize,
) -> Vec<&'a Decisions> {
    let mut chain: Vec<&Decisions> = Vec::new();
    for decisions in decisions.rev().filter(|decisions| decisions.exchange == exchange && decisions.act < act) {
        if !decisions.drops() || decisions.act + chain.len() + 1 != act {
            break;
        }
        chain.push(decisions);
    }
    chain.reverse();
    chain
}

/// The strongest side that is `known` of each document behind the chain, or of one that gave way to it; only of acts that
/// compared the same `columns`.
pub(super) fn sides(
    chain: &[&Decisions],
    columns: &[usize],
    known: impl Fn(u128) -> Option<u8>,
) -> Result<Vec<Option<u8>>> {
    let mut sides: Vec<Option<u8>> = Vec::new();
    for decisions in chain {
        sides.resize(decisions.mates().len(), None);
        if decisions.columns == columns {
            for (number, content) in contents(decisions)? {
                sides[number] = sides[number].max(known(content));
            }
        }
        let next = survivors(decisions);
        let mut passed = vec![None; next.iter().filter(|&&next| next != NONE).count()];
        for (number, &mate) in decisions.mates().iter().enumerate() {
            let kept = if mate == NONE { number } else { mate as usize };
            let heir: &mut Option<u8> = &mut passed[next[kept] as usize];
            *heir = (*heir).max(sides[number]);
        }
        sides = passed;
    }
    Ok(sides)
}

/// The contents of documents that gave way, each with the number behind the chain of the one that stays.
pub(super) fn gone(chain: &[&Decisions], columns: &[usize]) -> Result<Vec<(u128, u32)>> {
    let mut gone = Vec::new();
    let mut behind: Option<Vec<u32>> = None;
    for decisions in chain.iter().rev() {
        let next = survivors(decisions);
        let heir = |(number, &mate): (usize, &u32)| {
            let next = next[if mate == NONE { number } else { mate as usize }];
            behind.as_ref().map_or(next, |behind| behind[next as usize])
        };
        let heirs: Vec<u32> = decisions.mates().iter().enumerate().map(heir).collect();
        if decisions.columns == columns {
            let dropped = contents(decisions)?.into_iter().filter(|(number, _)| decisions.mates()[*number] != NONE);
            gone.extend(dropped.map(|(number, content)| (content, heirs[number])));
        }
        behind = Some(heirs);
    }
    Ok(gone)
}

/// The number of each document among those that stay.
fn survivors(decisions: &Decisions) -> Vec<u32> {
    let mut next = 0;
    let number = |&mate: &u32| {
        let own = next;
        next += u32::from(mate == NONE);
        if mate == NONE { own } else { NONE }
    };
    decisions.mates().iter().map(number).collect()
}

/// Every document with its content's hash.
fn contents(decisions: &Decisions) -> Result<Vec<(usize, u128)>> {
    let mut contents = Vec::with_capacity(decisions.mates().len());
    for bucket in 0..decisions.before.len() - 1 {
        let bytes = raw::read(&decisions.folder.join(format!("documents-{bucket:08}.bin")))?;
        let numbers = contents.len()..;
        contents.extend(numbers.zip(bytes.chunks_exact(RECORD_BYTES).map(|record| document(record).content)));
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::{Decisions, NONE, gone, right_before, sides};
    use crate::near::raw::Numbers;
    use std::path::Path;

    /// Decisions about documents with these contents.
    fn decisions(folder: &Path, act: usize, contents: &[u128], mates: &[u32]) -> Decisions {
        let folder = folder.join(act.to_string());
        std::fs::create_dir(&folder).unwrap();
        let mut file = Numbers::create(folder.join("documents-00000000.bin")).unwrap();
        for content in contents {
            let mut record = [0; super::RECORD_BYTES / 8];
            record[1] = u64::try_from(*content).unwrap();
            file.u64s(&record).unwrap();
        }
        file.finish().unwrap();
        Decisions::of_test(folder, (2, act), mates.to_vec())
    }

    #[test]
    fn sides_and_contents_go_to_the_document_that_stays_through_several_steps() {
        let folder = tempfile::tempdir().unwrap();
        // Documents 10 and 12 give way to 11, then 11 (by now the first) to 13.
        let first = decisions(folder.path(), 1, &[10, 11, 12, 13, 14], &[1, NONE, 1, NONE, NONE]);
        let second = decisions(folder.path(), 2, &[11, 13, 14], &[1, NONE, NONE]);
        let all = [&first, &second];
        let chain = right_before(all.into_iter(), 2, 3);
        assert_eq!(chain.len(), 2);
        let known =
            |content| [(10, 1), (12, 2), (14, 0)].into_iter().find(|known| known.0 == content).map(|known| known.1);
        assert_eq!(sides(&chain, &[7], known).unwrap(), [Some(2), Some(0)]);
        let mut found = gone(&chain, &[7]).unwrap();
        found.sort_unstable();
        assert_eq!(found, [(10, 0), (11, 0), (12, 0)]);
        // Other columns have other hashes.
        assert_eq!(sides(&chain, &[8], known).unwrap(), [None, None]);
        // A step in between, or another exchange, breaks the chain.
        assert!(right_before(all.into_iter(), 2, 4).is_empty() && right_before(all.into_iter(), 3, 3).is_empty());
    }
}
