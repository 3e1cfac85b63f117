//! From a text to the personal data in it.

use super::chunk::Chunk;
use super::kind::{Kind, Kinds};
use super::scan::{self, Trigger};
use super::sequence::{self, Sequence, Site};
use super::{
    account, address, bank_card, cn_id, date, email, foreign_permit, hardware, iban, ip, landline, mobile, overseas_id,
    person, phone, plate, secret, travel, us, uscc,
};

/// One piece of personal data in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Byte offset of its first character.
    pub start: usize,
    /// Byte offset behind its last character.
    pub end: usize,
    /// The pattern that it fits: the kind's name, and more where a kind has several patterns.
    pub rule: &'static str,
}

/// What a validator believes in, before overlaps are resolved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Confidence of 100; the higher one wins where two overlap.
    pub(super) score: u8,
    /// The pattern that it fits.
    pub(super) rule: &'static str,
}

/// Finds personal data of chosen kinds.
#[derive(Clone, Debug)]
pub struct Detector {
    kinds: Kinds,
}

impl Detector {
    /// A detector of the given kinds.
    pub fn new(kinds: &[Kind]) -> Self {
        Self { kinds: Kinds::new(kinds) }
    }

    /// All personal data in `text`, sorted, not overlapping, at character boundaries.
    pub fn find(&self, text: &str) -> Vec<Found> {
        let mut found = Vec::new();
        self.scan(text, &mut found);
        account::find_anchored(text, self.kinds, &mut found);
        if self.kinds.has(Kind::Person) {
            person::find(text, &mut found);
        }
        if self.kinds.has(Kind::Address) {
            address::find(text, &mut found);
        }
        found.retain(|candidate| masked_token_end(text.as_bytes(), candidate.start).is_none());
        resolve(found)
    }

    fn scan(&self, text: &str, found: &mut Vec<Candidate>) {
        let bytes = text.as_bytes();
        let mut chunk = Chunk::default();
        let mut sequence = Sequence::default();
        let mut from = 0;
        let mut read = 0;
        while let Some((at, trigger)) = scan::next(bytes, from) {
            from = at + if bytes[at] == 0xEF { 3 } else { 1 };
            match trigger {
                Trigger::Digit if at < read => {}
                Trigger::Digit => {
                    if bytes.get(at + 3) == Some(&b'_')
                        && let Some(end) = mobile::underscored(text, at, self.kinds, found)
                    {
                        from = end;
                    } else if let Some(end) = short_number(text, at, read) {
                        date::at_digit(text, at, self.kinds, found);
                        from = end;
                    } else if let Some(end) = masked_token_end(bytes, at) {
                        from = end;
                    } else {
                        chunk.read(bytes, read, at);
                        read = chunk.end;
                        let site = Site { text, chunk: &chunk, kinds: self.kinds, found };
                        judge_chunk(site, &mut sequence);
                    }
                }
                Trigger::At => email::at_sign(text, at, self.kinds, found),
                Trigger::Colon => {
                    ip::at_colon(text, at, self.kinds, found);
                    hardware::at_separator(text, at, self.kinds, found);
                    secret::at_assignment(text, at, self.kinds, found);
                }
                Trigger::Equals => secret::at_assignment(text, at, self.kinds, found),
                Trigger::Dash => {
                    hardware::at_separator(text, at, self.kinds, found);
                    secret::at_dash(text, at, self.kinds, found);
                }
                Trigger::Dot => hardware::at_separator(text, at, self.kinds, found),
            }
        }
    }
}

fn judge_chunk(mut site: Site<'_>, sequence: &mut Sequence) {
    let digits: usize = site.chunk.words.iter().map(|word| word.digits).sum();
    for index in 0..site.chunk.words.len() {
        judge_word(&mut site, index);
    }
    if digits >= 4 {
        ip::in_chunk(&mut site);
    }
    date::in_chunk(&mut site);
    if digits >= 5 {
        sequence::each(&mut site, sequence, judge_sequence);
        landline::in_chunk(&mut site);
        phone::in_chunk(&mut site);
    }
}

/// Kinds of digits and letters, or with a name before them.
fn judge_word(site: &mut Site<'_>, index: usize) {
    plate::judge(site, index);
    secret::judge_word(site, index);
    let word = site.chunk.words[index];
    if word.digits == word.len() && word.len() < 15 || word.digits < 2 {
        return;
    }
    hardware::judge_word(site, index);
    iban::judge(site, index);
    uscc::judge(site, index);
    foreign_permit::judge(site, index);
    overseas_id::judge(site, index);
    travel::judge(site, index);
    us::judge_word(site, index);
}

/// Kinds of digits alone.
fn judge_sequence(site: &mut Site<'_>, sequence: &Sequence) {
    mobile::judge(site, sequence);
    cn_id::judge(site, sequence);
    foreign_permit::judge_digits(site, sequence);
    bank_card::judge(site, sequence);
    account::judge_qq(site, sequence);
    travel::judge_digits(site, sequence);
    us::judge(site, sequence);
}

/// The end of a number of at most four digits with no letter, digit or separator at either side: a year, an article.
fn short_number(text: &str, at: usize, read: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if at > read && !ends_number(bytes, at - 1, true) {
        return None;
    }
    let digits = bytes[at..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let end = at + digits;
    (digits <= 4 && digits > 0 && (end == bytes.len() || ends_number(bytes, end, false))).then_some(end)
}

/// Whether the byte cannot belong to a number: Han, or punctuation that no number holds.
fn ends_number(bytes: &[u8], at: usize, before: bool) -> bool {
    match bytes[at] {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'(' | b')' | b'+' | b'/' | b':' => false,
        b' ' => before,
        0x80.. if before => {
            // The last byte of a character: plates begin with a province's Han, so only frequent words are passed.
            let start = super::chunk::previous(bytes, at + 1);
            matches!(
                &bytes[start..=at],
                [0xE7, 0xAC, 0xAC] | [0xE5, 0xB9, 0xB4] | [0xE6, 0x9C, 0x88] | [0xEF, 0xBC, 0x88]
            )
        }
        0x80.. => (0xE4..=0xE9).contains(&bytes[at]),
        _ => true,
    }
}

/// The end of a pseudonym `<kind:hex>` around `at`.
fn masked_token_end(bytes: &[u8], at: usize) -> Option<usize> {
    let low = at.saturating_sub(32);
    let open = low + bytes[low..at].iter().rposition(|&byte| byte == b'<')?;
    let close = at + bytes[at..].iter().take(16).position(|&byte| byte == b'>')?;
    let name = bytes.get(open + 1..close)?.split(|&byte| byte == b':').next()?;
    Kind::ALL.iter().any(|kind| kind.name().as_bytes() == name).then_some(close + 1)
}

/// Keeps the most trusted, then longest, of overlapping candidates.
fn resolve(mut candidates: Vec<Candidate>) -> Vec<Found> {
    candidates.sort_by_key(|candidate| candidate.start);
    let mut kept = Vec::with_capacity(candidates.len());
    let mut rest = candidates.as_mut_slice();
    // Those that overlap, one by the next, are few: what is before them and behind is decided apart.
    while let Some(first) = rest.first() {
        let mut end = first.end;
        let others = rest[1..].iter().take_while(|candidate| {
            let overlaps = candidate.start < end;
            end = end.max(candidate.end);
            overlaps
        });
        let count = 1 + others.count();
        let (overlapping, behind) = rest.split_at_mut(count);
        choose(overlapping, &mut kept);
        rest = behind;
    }
    kept
}

/// Appends the surest of candidates that overlap, and of the others those that do not overlap it, and so on.
fn choose(candidates: &mut [Candidate], all: &mut Vec<Found>) {
    candidates.sort_by_key(|candidate| {
        (std::cmp::Reverse((candidate.score, candidate.end - candidate.start)), candidate.start, candidate.kind)
    });
    let first = all.len();
    for &mut Candidate { kind, start, end, rule, .. } in candidates {
        let kept = &all[first..];
        let at = kept.partition_point(|found| found.start < start);
        let free_before = at.checked_sub(1).is_none_or(|before| kept[before].end <= start);
        if free_before && kept.get(at).is_none_or(|next| end <= next.start) {
            all.insert(first + at, Found { kind, start, end, rule });
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn values<'a>(kind: &str, text: &'a str) -> Vec<&'a str> {
        let found = Detector::new(Kind::DEFAULT).find(text);
        found.iter().filter(|one| one.kind.name() == kind).map(|one| text.get(one.start..one.end).unwrap()).collect()
    }

    pub(crate) fn finds(kind: &str, text: &str, value: &str) {
        assert_eq!(values(kind, text), [value], "{kind} in {text}");
    }

    pub(crate) fn finds_no(kind: &str, text: &str) {
        assert!(values(kind, text).is_empty(), "{kind} in {text}: {:?}", values(kind, text));
    }

    proptest::proptest! {
        /// Against a look at all that was kept for each candidate, the surest first.
        #[test]
        fn the_surest_of_overlapping_candidates_stay(given in proptest::collection::vec((0_usize..60, 1_usize..9, 0_u8..4), 0..40)) {
            let candidate = |&(start, length, score): &(usize, usize, u8)| {
                Candidate { kind: Kind::Email, start, end: start + length, score, rule: "" }
            };
            let mut sorted = given.clone();
            sorted.sort_by_key(|&(start, length, score)| (std::cmp::Reverse((score, length)), start));
            let mut expected: Vec<(usize, usize)> = Vec::new();
            for (start, length, _) in sorted {
                if expected.iter().all(|&(from, to)| to <= start || start + length <= from) {
                    expected.push((start, start + length));
                }
            }
            expected.sort_unstable();
            let kept: Vec<(usize, usize)> =
                resolve(given.iter().map(candidate).collect()).iter().map(|found| (found.start, found.end)).collect();
            proptest::prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn numbers_of_law_and_science_stay() {
        for text in [
            "（2021）京0105民初12345号",
            "第一百二十条第3款",
            "ISBN 978-7-5036-1234-5",
            "doi:10.1000/182",
            "550e8400-e29b-41d4-a716-446655440000",
            "时间戳1700000000000",
            "2021-01-02 03:04:05",
            "Q235B",
            "C6H12O6",
            "人民币1234567.89元",
            "快递单号75123456789012",
        ] {
            assert_eq!(Detector::new(Kind::DEFAULT).find(text), [], "{text}");
        }
    }

    #[test]
    fn no_text_takes_more_than_linear_time() {
        let detector = Detector::new(Kind::ALL);
        for unit in [
            "1",
            "1-",
            "1 ",
            "1.",
            "(1)",
            "a1",
            "a1-",
            "１",
            "12345 ",
            "1:",
            "a:",
            "@",
            "a@",
            "#换@",
            "=",
            "-",
            "密码",
            "sk-1",
            "<qq:1",
            "QQ1",
            "qq12345:",
            "-----BEGIN PRIVATE KEY\n",
        ] {
            crate::work::assert_linear(unit, 200_000 / unit.len(), 1000, |text| drop(detector.find(text)));
        }
    }

    #[test]
    fn the_end_of_many_keys_is_not_looked_for_through_all_that_follows() {
        let text = format!("{}-----END {}", "-----BEGIN PRIVATE KEY\n".repeat(500), "x".repeat(200_000));
        let work = crate::work::during(|| drop(Detector::new(Kind::ALL).find(&text)));
        assert!(work <= 100 * text.len(), "{work} units for {} bytes", text.len());
    }

    #[test]
    fn the_foot_of_a_key_is_found_whole() {
        let key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----";
        finds("secret", &format!("{key} and more -----"), key);
    }
}
