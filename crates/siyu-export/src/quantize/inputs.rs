//! What the matrices of a model are multiplied with, measured on texts.

use crate::error::Result;
use crate::runtime::OnnxModel;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Bytes of moments that are measured in one pass over the texts, unless those of a single matrix are more.
const PASS_BYTES: usize = 1 << 30;

/// What is known of the inputs of a matrix.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) moments: Moments,
    /// The least and the largest.
    pub(crate) range: [f32; 2],
}

/// Second moments of the inputs of a matrix.
#[derive(Debug)]
pub(crate) enum Moments {
    /// Sum of the products of each two, `[width, width]`.
    Full(Vec<f32>),
    /// Sum of the squares of each, `[width]`.
    Diagonal(Vec<f32>),
}

/// An output of the observed graph and what is multiplied with it.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) output: String,
    /// Names of the matrices.
    pub(crate) matrices: Vec<String>,
    pub(crate) width: usize,
}

/// Measures moments when they are asked for, those of several matrices at once.
pub(crate) struct Inputs<'a> {
    pub(crate) model: &'a mut OnnxModel,
    pub(crate) observed: Vec<Observed>,
    pub(crate) texts: &'a [Vec<i64>],
    /// All products, not only squares.
    pub(crate) full: bool,
    pub(crate) measured: BTreeMap<String, Measured>,
}

impl Inputs<'_> {
    /// What is known of the input of a matrix; `None` for one that is not observed, or where there are no texts.
    pub(crate) fn of(&mut self, matrix: &str) -> Result<Option<&Measured>> {
        let is_it = |observed: &Observed| observed.matrices.iter().any(|name| name == matrix);
        let Some(place) = self.observed.iter().position(is_it).filter(|_| !self.texts.is_empty()) else {
            return Ok(None);
        };
        let output = self.observed[place].output.clone();
        if !self.measured.contains_key(&output) {
            self.measure(place)?;
        }
        Ok(self.measured.get(&output))
    }

    /// Measures `first` and as many after it as may lie in memory.
    fn measure(&mut self, first: usize) -> Result<()> {
        self.measured.clear();
        let numbers = |observed: &Observed| if self.full { observed.width * observed.width } else { observed.width };
        let mut bytes = 0;
        let fits = |observed: &&Observed| {
            bytes += 4 * numbers(observed);
            bytes == 4 * numbers(observed) || bytes <= PASS_BYTES
        };
        let chosen: Vec<Observed> = self.observed[first..].iter().take_while(fits).cloned().collect();
        let names: Vec<String> = chosen.iter().map(|observed| observed.output.clone()).collect();
        let mut sums: Vec<Vec<f32>> = chosen.iter().map(|observed| vec![0.0; numbers(observed)]).collect();
        let mut ranges = vec![[f32::INFINITY, f32::NEG_INFINITY]; chosen.len()];
        let full = self.full;
        for ids in self.texts.iter().filter(|ids| !ids.is_empty()) {
            self.model.observe(ids, &names, |place, states| {
                let (width, sums) = (chosen[place].width, &mut sums[place]);
                let [low, high] = ranges[place];
                ranges[place] = states.iter().fold([low, high], |[low, high], &one| [low.min(one), high.max(one)]);
                if full { add_products(sums, states, width) } else { add_squares(sums, states, width) }
            })?;
        }
        let moments = sums.into_iter().map(|sums| if full { Moments::Full(sums) } else { Moments::Diagonal(sums) });
        let measured = moments.zip(ranges).map(|(moments, range)| Measured { moments, range });
        self.measured = names.into_iter().zip(measured).collect();
        Ok(())
    }
}

fn add_squares(sums: &mut [f32], states: &[f32], width: usize) {
    for state in states.chunks_exact(width) {
        for (sum, number) in sums.iter_mut().zip(state) {
            *sum += number * number;
        }
    }
}

/// Adds `statesᵀ · states`; four states go through a row of the sums together.
fn add_products(sums: &mut [f32], states: &[f32], width: usize) {
    sums.par_chunks_exact_mut(width).enumerate().for_each(|(row, sums)| {
        let fours = states.chunks_exact(4 * width);
        for state in fours.remainder().chunks_exact(width) {
            sums.iter_mut().zip(state).for_each(|(sum, number)| *sum += state[row] * number);
        }
        for four in fours {
            let (one, rest) = four.split_at(width);
            let (two, rest) = rest.split_at(width);
            let (three, last) = rest.split_at(width);
            let own = [one[row], two[row], three[row], last[row]];
            for ((((sum, one), two), three), last) in sums.iter_mut().zip(one).zip(two).zip(three).zip(last) {
                *sum += (own[0] * one + own[1] * two) + (own[2] * three + own[3] * last);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_summed_over_all_states() {
        let states: Vec<f32> = (0_u8..18).map(f32::from).collect();
        let mut sums = vec![0.0; 9];
        add_products(&mut sums, &states, 3);
        let expected =
            |row: usize, column: usize| -> f32 { states.chunks(3).map(|state| state[row] * state[column]).sum() };
        let all: Vec<f32> = (0..9).map(|place| expected(place / 3, place % 3)).collect();
        assert_eq!(sums, all);
        let mut squares = vec![0.0; 3];
        add_squares(&mut squares, &states, 3);
        assert_eq!(squares, [sums[0], sums[4], sums[8]]);
    }
}
