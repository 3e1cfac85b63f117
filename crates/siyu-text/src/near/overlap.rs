//! Overlap: long passages that two texts have in common word for word.

mod units;

use super::mix;
use std::collections::{HashMap, VecDeque};
use units::{Event, units};

/// Passages of some texts, to be looked for in others.
///
/// The units of a text are its Han characters and its words, which are runs of all other letters and digits; case,
/// width, punctuation and white space do not count. A passage is so many words in a row, or so many Han characters; of
/// mixed text, a run in which the shares of both come to a whole, such as 10 of 20 Han characters and 7 of 13 words.
///
/// A text too short for a passage is looked for as a whole where it comes to a given share of one: with nothing but
/// punctuation, a line's end or the text's end on either side, so that a name within a sentence is no overlap.
#[derive(Clone, Debug)]
pub struct Overlap {
    words: usize,
    han: usize,
    /// What a text must weigh that is looked for as a whole.
    least: usize,
    /// The text that each passage was first seen in.
    passages: HashMap<u64, u32>,
    /// Likewise for whole texts.
    wholes: HashMap<u64, u32>,
}

/// How a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// By its passages.
    Passages,
    /// As a whole: it is too short for a passage.
    Whole,
    /// Not at all: it is too short to mean anything.
    TooShort,
    /// Not at all: it has no letter and no digit.
    Empty,
}

impl Overlap {
    /// Passages of so many words and so many Han characters; texts of at least `whole` passages count as a whole.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a passage is small and positive"
    )]
    pub fn new(words: usize, han: usize, whole: f64) -> Self {
        let (words, han) = (words.max(1), han.max(1));
        let least = (whole.clamp(0.0, 1.0) * (words * han) as f64).ceil().max(1.0) as usize;
        Self { words, han, least, passages: HashMap::new(), wholes: HashMap::new() }
    }

    /// Adds a text, which is known by a number; tells how it is looked for.
    pub fn add(&mut self, text: &str, number: u32) -> Sought {
        let mut run = Run::new(self.words, self.han);
        let (mut found, mut whole) = (Vec::new(), Whole::default());
        units(text, |event| match event {
            Event::Border => {}
            Event::Unit { hash, is_han } => {
                whole.push(hash, self.weight(is_han));
                run.push(hash, is_han, |passage| found.push(passage));
            }
        });
        if whole.weight == 0 {
            return Sought::Empty;
        }
        if found.is_empty() {
            if whole.weight < self.least {
                return Sought::TooShort;
            }
            self.wholes.entry(whole.hash).or_insert(number);
            return Sought::Whole;
        }
        for passage in found {
            self.passages.entry(passage).or_insert(number);
        }
        Sought::Passages
    }

    /// The number of the text that shares a passage with this one or stands in it as a whole, the smallest of several.
    pub fn find(&self, text: &str) -> Option<u32> {
        let mut first: Option<u32> = None;
        let mut meet = |number: Option<&u32>| {
            if let Some(&number) = number {
                first = Some(first.map_or(number, |first| first.min(number)));
            }
        };
        let mut run = Run::new(self.words, self.han);
        let mut open: VecDeque<Whole> = VecDeque::new();
        units(text, |event| match event {
            Event::Unit { hash, is_han } => {
                run.push(hash, is_han, |passage| meet(self.passages.get(&passage)));
                for whole in &mut open {
                    whole.push(hash, self.weight(is_han));
                }
                while open.front().is_some_and(|whole| whole.weight >= self.words * self.han) {
                    open.pop_front();
                }
            }
            Event::Border if self.wholes.is_empty() => {}
            Event::Border => {
                let long = open.iter().filter(|whole| whole.weight >= self.least);
                long.for_each(|whole| meet(self.wholes.get(&whole.hash)));
                if open.back().is_none_or(|whole| whole.weight > 0) {
                    open.push_back(Whole::default());
                }
            }
        });
        first
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.passages.is_empty() && self.wholes.is_empty()
    }

    fn weight(&self, is_han: bool) -> usize {
        if is_han { self.words } else { self.han }
    }
}

/// Units from one border on.
#[derive(Default)]
struct Whole {
    hash: u64,
    weight: usize,
}

impl Whole {
    fn push(&mut self, unit: u64, weight: usize) {
        self.hash = mix(self.hash.rotate_left(17) ^ unit);
        self.weight += weight;
    }
}

/// The last units, as many as make a passage.
///
/// A word weighs as much as a passage has Han characters and a Han character as a passage has words: the product of
/// both is a whole passage, of whatever it is made.
struct Run {
    words: usize,
    han: usize,
    weight: usize,
    units: VecDeque<(u64, usize)>,
}

impl Run {
    fn new(words: usize, han: usize) -> Self {
        Self { words, han, weight: 0, units: VecDeque::new() }
    }

    /// Takes a unit, and hands over the shortest passages that begin somewhere and end with it.
    fn push(&mut self, unit: u64, is_han: bool, mut emit: impl FnMut(u64)) {
        let weight = if is_han { self.words } else { self.han };
        self.units.push_back((unit, weight));
        self.weight += weight;
        while self.weight >= self.words * self.han {
            emit(self.units.iter().fold(1, |hash: u64, (unit, _)| mix(hash.rotate_left(17) ^ unit)));
            self.weight -= self.units.pop_front().map_or(0, |(_, weight)| weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Overlap, Sought};
    use proptest::prelude::*;

    fn overlap() -> Overlap {
        Overlap::new(13, 20, 0.5)
    }

    const TWELVE: &str = "one two three four five six seven eight nine ten eleven twelve";

    #[test]
    fn twenty_han_characters_are_a_passage_whatever_stands_between_them() {
        let mut overlap = overlap();
        assert_eq!(overlap.add("问：当事人应当遵循公平原则确定各方的权利和义务吗？", 4), Sought::Passages);
        assert_eq!(overlap.find("第六条　当事人应当遵循公平原则，\n确定各方的权利和义务。"), Some(4));
        assert_eq!(overlap.find("当事人应当遵循公平原则确定各方的权利"), None);
        assert_eq!(overlap.find("当事人应当遵循公平原则A确定各方的权利和义务"), None);
    }

    #[test]
    fn thirteen_words_are_a_passage_and_twelve_are_none() {
        let mut overlap = overlap();
        assert_eq!(overlap.add(TWELVE, 1), Sought::Whole);
        assert_eq!(overlap.find(&format!("zero {TWELVE} thirteen")), None);
        assert_eq!(overlap.add(&format!("{TWELVE} thirteen"), 1), Sought::Passages);
        assert_eq!(overlap.find("ONE two, three four five six seven eight nine ten eleven twelve thirteen."), Some(1));
        assert_eq!(overlap.find("two three four five six seven eight nine ten eleven twelve thirteen fourteen"), None);
    }

    #[test]
    fn words_among_han_characters_are_part_of_a_passage() {
        let asked = "请用Python编写一个函数计算List中所有整数的平方和并返回JSON格式的结果给调用者使用";
        let mut overlap = overlap();
        assert_eq!(overlap.add(asked, 2), Sought::Passages);
        assert_eq!(overlap.find(&format!("第3题 {asked}。答案如下")), Some(2));
        // Half of either: 10 Han characters and 7 words.
        let mut mixed = Overlap::new(13, 20, 1.0);
        assert_eq!(mixed.add("甲a乙b丙c丁d戊e己f庚g辛壬癸", 0), Sought::Passages);
        let mut short = Overlap::new(13, 20, 1.0);
        assert_eq!(short.add("甲a乙b丙c丁d戊e己f庚辛壬癸", 0), Sought::TooShort);
    }

    #[test]
    fn a_short_text_is_found_where_it_stands_by_itself() {
        let mut overlap = overlap();
        assert_eq!(overlap.add("中华人民共和国第一任总理是谁？", 3), Sought::Whole);
        for text in
            ["中华人民共和国第一任总理是谁", "问：中华人民共和国\n第一任总理是谁？周", "1.中华人民共和国第一任总理是谁"]
        {
            assert_eq!(overlap.find(text), Some(3), "{text}");
        }
        assert_eq!(overlap.find("他问中华人民共和国第一任总理是谁的问题"), None);
        assert_eq!(overlap.add("全国人民代表大会", 3), Sought::TooShort);
        assert_eq!(overlap.add("……", 3), Sought::Empty);
        let mut name = self::overlap();
        assert_eq!(name.add("全国人民代表大会常务委员会", 0), Sought::Whole);
        assert_eq!(name.find("本法由全国人民代表大会常务委员会解释。"), None);
        assert_eq!(name.find("全国人民代表大会常务委员会：决定"), Some(0));
    }

    #[test]
    fn what_joins_the_parts_of_a_word_is_no_border() {
        let mut overlap = overlap();
        assert_eq!(overlap.add("known rules of the court apply here", 5), Sought::Whole);
        assert_eq!(overlap.find("Say: \"Known rules of the court apply here!\""), Some(5));
        assert_eq!(overlap.find("well-known rules of the court apply here"), None);
    }

    proptest! {
        #[test]
        fn a_text_that_is_looked_for_is_found_between_others(
            text in "[甲乙丙丁a1 b，.]{0,60}", before in "[甲乙a ，]{0,30}", after in "[甲乙a ，]{0,30}",
        ) {
            let mut overlap = overlap();
            let sought = overlap.add(&text, 0);
            let found = overlap.find(&format!("{before}\n{text}\n{after}"));
            match sought {
                Sought::Passages | Sought::Whole => prop_assert_eq!(found, Some(0)),
                Sought::TooShort | Sought::Empty => prop_assert_eq!(found, None),
            }
        }
    }
}
