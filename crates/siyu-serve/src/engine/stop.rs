//! Stop sequences in a text that comes in pieces.

/// Looks for the first of some sequences; what may be the beginning of one is held back.
#[derive(Debug, Default)]
pub(super) struct Stops {
    sequences: Vec<String>,
    held: String,
}

impl Stops {
    pub(super) fn new(mut sequences: Vec<String>) -> Self {
        sequences.retain(|sequence| !sequence.is_empty());
        Self { sequences, held: String::new() }
    }

    /// Takes the next piece; the text that is certain to stand before any sequence, and whether one was met.
    pub(super) fn push(&mut self, piece: &str) -> (String, bool) {
        if self.sequences.is_empty() {
            return (piece.to_owned(), false);
        }
        self.held.push_str(piece);
        let met = self.sequences.iter().filter_map(|sequence| self.held.find(sequence.as_str())).min();
        if let Some(at) = met {
            self.held.truncate(at);
            return (std::mem::take(&mut self.held), true);
        }
        let rest = self.held.split_off(self.held.len() - self.pending());
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// The text is over: what was held back.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Bytes at the end of what is held that begin a sequence.
    fn pending(&self) -> usize {
        let longest = self.sequences.iter().map(|sequence| sequence.len().saturating_sub(1)).max().unwrap_or(0);
        let tails = self.held.char_indices().map(|(at, _)| self.held.len() - at);
        tails.filter(|&tail| tail <= longest).find(|&tail| self.begins(tail)).unwrap_or(0)
    }

    fn begins(&self, tail: usize) -> bool {
        let tail = self.held.as_bytes().get(self.held.len() - tail..).unwrap_or_default();
        self.sequences.iter().any(|sequence| sequence.as_bytes().starts_with(tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (Vec<String>, bool) {
        let mut found = Stops::new(stops.iter().map(|&stop| stop.to_owned()).collect());
        let mut out = Vec::new();
        for piece in pieces {
            let (text, met) = found.push(piece);
            out.push(text);
            if met {
                return (out, true);
            }
        }
        out.push(found.finish());
        (out, false)
    }

    #[test]
    fn a_sequence_across_pieces_never_shows_its_beginning() {
        let expected = (vec!["甲".to_owned(), String::new(), String::new()], true);
        assert_eq!(run(&["\n\nQ:"], &["甲\n", "\n", "Q: 乙"]), expected);
    }

    #[test]
    fn a_beginning_that_comes_to_nothing_is_shown() {
        assert_eq!(run(&["END"], &["the E", "N", "d"]).0, ["the ", "", "ENd", ""]);
        assert_eq!(run(&["END"], &["the EN"]).0, ["the ", "EN"]);
    }

    #[test]
    fn the_first_of_several_ends_the_text() {
        assert_eq!(run(&["乙", "甲乙"], &["丙甲乙"]), (vec!["丙".to_owned()], true));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[ab]{0,20}", stops in proptest::collection::vec("[ab]{1,4}", 1..3), at in 0_usize..20) {
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            let (left, right) = text.split_at(at.min(text.len()));
            let whole = stops.iter().filter_map(|stop| text.find(stop)).min();
            let (pieces, met) = run(&stops, &[left, right]);
            prop_assert_eq!(met, whole.is_some());
            // What is met in the left piece may end there although a longer sequence began earlier.
            if met {
                prop_assert!(text.starts_with(&pieces.concat()));
            } else {
                prop_assert_eq!(pieces.concat(), text);
            }
        }
    }
}
