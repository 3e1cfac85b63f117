//! Words that the dictionary lacks: a hidden Markov model over the places of characters in words.
//!
//! Each character begins a word, is in its middle, ends it, or is one by itself.

use super::tables;
use std::sync::LazyLock;

/// What jieba takes for the logarithm of zero.
const NEVER: f64 = -3.14e100;

// The order of the letters B, E, M, S, by which ties are decided: the later wins.
const BEGIN: usize = 0;
const END: usize = 1;
const MIDDLE: usize = 2;
const SINGLE: usize = 3;

const START: [f64; 4] = [-0.262_686_608_092_500_16, NEVER, NEVER, -1.465_263_339_853_767_8];

/// For each state the two before it, in ascending order, with the logarithms of the transitions.
const BEFORE: [[(usize, f64); 2]; 4] = [
    [(END, -0.589_714_973_685_451_3), (SINGLE, -0.721_196_565_466_984_1)],
    [(BEGIN, -0.510_825_623_765_990), (MIDDLE, -0.333_448_568_119_485_14)],
    [(BEGIN, -0.916_290_731_874_155), (MIDDLE, -1.260_362_382_026_822_6)],
    [(END, -0.808_525_047_466_993_7), (SINGLE, -0.665_863_144_879_821_2)],
];

/// Whether the model knows the character's block.
pub(super) fn is_han(character: char) -> bool {
    ('\u{4e00}'..='\u{9fd5}').contains(&character)
}

struct Emissions {
    /// By code point from U+4E00 on; row 0 is for characters without any.
    rows: Box<[u16]>,
    probabilities: Vec<[f64; 4]>,
}

static EMISSIONS: LazyLock<Emissions> = LazyLock::new(|| {
    let mut rows = vec![0; 0x9fd6 - 0x4e00].into_boxed_slice();
    let mut probabilities = vec![[NEVER; 4]];
    for line in tables::emissions().lines() {
        let mut fields = line.split(' ');
        let character = fields.next().and_then(|field| field.chars().next()).unwrap_or_default();
        let Some(row) = (character as usize).checked_sub(0x4e00).and_then(|at| rows.get_mut(at)) else { continue };
        let mut row_of = [NEVER; 4];
        for (state, field) in [BEGIN, MIDDLE, END, SINGLE].into_iter().zip(fields) {
            row_of[state] = field.parse().unwrap_or(NEVER);
        }
        *row = u16::try_from(probabilities.len()).expect("the block has far below 65,536 characters");
        probabilities.push(row_of);
    }
    Emissions { rows, probabilities }
});

/// The model, and room for its work.
pub(super) struct Model {
    emissions: &'static Emissions,
    /// For each character, by two bits per state, which of the two states before it is the likelier.
    choices: Vec<u8>,
    ends: Vec<usize>,
}

impl Model {
    pub(super) fn new() -> Self {
        Self { emissions: &EMISSIONS, choices: Vec::new(), ends: Vec::new() }
    }

    fn emission(&self, character: char) -> &[f64; 4] {
        let row = (character as usize).checked_sub(0x4e00).and_then(|at| self.emissions.rows.get(at));
        &self.emissions.probabilities[usize::from(row.copied().unwrap_or(0))]
    }

    /// Where the likeliest words of `characters` end, as places among them.
    pub(super) fn ends(&mut self, characters: impl Iterator<Item = char>) -> &[usize] {
        self.choices.clear();
        self.ends.clear();
        let mut value = [0.0; 4];
        for (place, character) in characters.enumerate() {
            let emission = self.emission(character);
            if place == 0 {
                value = std::array::from_fn(|state| START[state] + emission[state]);
                self.choices.push(0);
                continue;
            }
            let mut choice = 0;
            let mut next = [0.0; 4];
            for (state, [low, high]) in BEFORE.iter().enumerate() {
                let from_low = value[low.0] + low.1 + emission[state];
                let from_high = value[high.0] + high.1 + emission[state];
                let later = from_high >= from_low;
                next[state] = if later { from_high } else { from_low };
                choice |= u8::from(later) << state;
            }
            value = next;
            self.choices.push(choice);
        }
        let mut state = if value[SINGLE] >= value[END] { SINGLE } else { END };
        for (place, choice) in self.choices.iter().enumerate().rev() {
            if state == END || state == SINGLE {
                self.ends.push(place + 1);
            }
            state = BEFORE[state][usize::from(choice >> state & 1)].0;
        }
        self.ends.reverse();
        &self.ends
    }
}
