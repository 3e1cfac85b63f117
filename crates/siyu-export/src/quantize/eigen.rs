//! Eigenvalues of small symmetric matrices.

/// Rounds of rotations; each but the first few leaves next to nothing off the diagonal.
const SWEEPS: usize = 30;
/// What is left off the diagonal, as a share of what is on it.
const LEFT: f64 = 1e-14;

/// The eigenvalues of a symmetric `[size, size]` matrix, largest first, each with its vector of length 1.
///
/// # Source
/// Golub and Van Loan, "Matrix Computations", algorithm 8.5.3 (cyclic Jacobi).
pub(crate) fn eigen(mut matrix: Vec<f64>, size: usize) -> Vec<(f64, Vec<f64>)> {
    let mut vectors = vec![0.0; size * size];
    for place in 0..size {
        vectors[place * size + place] = 1.0;
    }
    for _ in 0..SWEEPS {
        let squares = |wanted: fn(usize, usize) -> bool| -> f64 {
            let places = (0..size * size).filter(|place| wanted(place / size, place % size));
            places.map(|place| matrix[place] * matrix[place]).sum()
        };
        let off = squares(|row, column| row != column);
        if off.is_nan() || off <= LEFT * LEFT * squares(|row, column| row == column) {
            break;
        }
        for one in 0..size {
            for other in one + 1..size {
                rotate(&mut matrix, &mut vectors, size, [one, other]);
            }
        }
    }
    let vector = |column: usize| (0..size).map(|row| vectors[row * size + column]).collect();
    let mut found: Vec<(f64, Vec<f64>)> =
        (0..size).map(|place| (matrix[place * size + place], vector(place))).collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    found
}

/// Turns two axes so that the number that couples them becomes 0.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], size: usize, [one, other]: [usize; 2]) {
    let coupling = matrix[one * size + other];
    if coupling == 0.0 {
        return;
    }
    let ratio = (matrix[other * size + other] - matrix[one * size + one]) / (2.0 * coupling);
    let tangent = ratio.signum() / (ratio.abs() + ratio.hypot(1.0));
    let cosine = tangent.hypot(1.0).recip();
    let sine = tangent * cosine;
    let turn = |numbers: &mut [f64], first: usize, second: usize| {
        let (a, b) = (numbers[first], numbers[second]);
        numbers[first] = cosine * a - sine * b;
        numbers[second] = sine * a + cosine * b;
    };
    for place in 0..size {
        turn(matrix, place * size + one, place * size + other);
    }
    for place in 0..size {
        turn(matrix, one * size + place, other * size + place);
    }
    for place in 0..size {
        turn(vectors, place * size + one, place * size + other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_differences_have_the_eigenvalues_of_a_vibrating_string() {
        let size = 7;
        let entry = |place: usize| match (place / size).abs_diff(place % size) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        };
        let matrix: Vec<f64> = (0..size * size).map(entry).collect();
        for (index, (value, vector)) in eigen(matrix.clone(), size).into_iter().enumerate() {
            let angle = std::f64::consts::PI * (size - index) as f64 / (size + 1) as f64;
            assert!((value - (2.0 - 2.0 * angle.cos())).abs() < 1e-12, "{value}");
            for row in matrix.chunks(size).zip(&vector) {
                let product: f64 = row.0.iter().zip(&vector).map(|(number, part)| number * part).sum();
                assert!((product - value * row.1).abs() < 1e-12);
            }
        }
    }
}
