//! Constants of one state width, and the sparse form of its partial rounds.
//!
//! Two rewritings of the plain rounds, both exact:
//!
//! 1. A partial round applies the S-box to lane 0 only, so the constants of the other lanes can be
//!    added after it, that is, moved through the matrix into the next round. One constant per
//!    partial round is left; what remains at the end joins the first of the last full rounds.
//! 2. Write the matrix as `M = [[m, v], [w, N]]`. A block `diag(1, X)` commutes with the S-box of a
//!    partial round, and `diag(1, X) M = [[m, v N^-1 X^-1], [X w, I]] diag(1, X N)`. Taking such
//!    a block out of every partial round, last one first, leaves sparse matrices
//!    `[[m, v N^-k], [N^(k-1) w, I]]`, k = RP .. 1, and one block `diag(1, N^RP)` that is merged
//!    into the matrix of the full round before them.

use crate::field::{Field, MAX_TERMS};
use crate::grain::Grain;

/// Partial rounds for t = 2..=17 (spec 10 section 3.1).
const PARTIAL_ROUNDS: [usize; 16] = [
    56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68,
];
/// Full rounds before the partial ones, and after them.
pub(crate) const HALF_FULL_ROUNDS: usize = 4;
/// The largest state width.
pub(crate) const MAX_WIDTH: usize = 17;

/// What the generator gives: the plain form of the permutation.
pub(crate) struct Plain<F> {
    pub(crate) t: usize,
    pub(crate) partial_rounds: usize,
    /// `t` constants per round, in order.
    pub(crate) round_constants: Vec<F>,
    /// Row-major `t x t`.
    pub(crate) mds: Vec<F>,
}

impl<F: Field> Plain<F> {
    /// Runs the generator for width `t` in 2..=17; nothing for another width.
    pub(crate) fn generate(t: usize) -> Option<Self> {
        let partial_rounds = *PARTIAL_ROUNDS.get(t.checked_sub(2)?)?;
        let mut grain = Grain::new(t, partial_rounds);
        let rounds = 2 * HALF_FULL_ROUNDS + partial_rounds;
        let round_constants = (0..t * rounds)
            .map(|_| F::from_limbs(&grain.rejected()))
            .collect();
        let xs: Vec<F> = (0..t).map(|_| F::from_limbs(&grain.reduced())).collect();
        let ys: Vec<F> = (0..t).map(|_| F::from_limbs(&grain.reduced())).collect();
        let mut mds: Vec<F> = xs
            .iter()
            .flat_map(|x| ys.iter().map(|y| x.add(*y)))
            .collect();
        invert_all(&mut mds);
        Some(Self {
            t,
            partial_rounds,
            round_constants,
            mds,
        })
    }
}

/// Partial rounds that are run together: the lanes other than 0 are written once per block, so one
/// reduction per lane and block is left. A round then depends on the lanes at the block's start and,
/// through products of its row with earlier columns, on the S-box outputs of the block so far.
pub(crate) const BLOCK: usize = MAX_TERMS - MAX_WIDTH + 1;

/// Consecutive partial rounds.
pub(crate) struct Block<F> {
    /// Constant of lane 0, and factors of: the own S-box output, the other lanes, the S-box outputs
    /// before it in the block.
    pub(crate) rounds: Vec<(F, Vec<F>)>,
    /// For each lane from 1 on, the factors of the block's S-box outputs.
    pub(crate) columns: Vec<F>,
}

impl<F: Field> Block<F> {
    /// From rounds given as constant, row and column of a sparse matrix.
    fn new(rounds: &[(F, Vec<F>, Vec<F>)], corner: F, n: usize) -> Self {
        let combined = |(j, (constant, row, _)): (usize, &(F, Vec<F>, Vec<F>))| {
            let mut factors = vec![corner];
            factors.extend_from_slice(row);
            let earlier = rounds.iter().take(j);
            factors.extend(earlier.map(|(_, _, column)| F::inner_product(row, column)));
            (*constant, factors)
        };
        let lane = |i: usize| rounds.iter().map(move |(_, _, column)| column[i]);
        Self {
            rounds: rounds.iter().enumerate().map(combined).collect(),
            columns: (0..n).flat_map(lane).collect(),
        }
    }
}

/// The permutation as it is run.
pub(crate) struct Params<F> {
    pub(crate) t: usize,
    /// Constants of the first four full rounds.
    pub(crate) first: Vec<F>,
    pub(crate) partial: Vec<Block<F>>,
    /// Constants of the last four full rounds.
    pub(crate) last: Vec<F>,
    pub(crate) mds: Vec<F>,
    /// The matrix of the fourth full round.
    pub(crate) entry: Vec<F>,
}

impl<F: Field> Params<F> {
    /// The sparse form for width `t` in 2..=17; nothing for another width.
    pub(crate) fn generate(t: usize) -> Option<Self> {
        Self::derive(Plain::generate(t)?)
    }

    fn derive(plain: Plain<F>) -> Option<Self> {
        let Plain {
            t,
            partial_rounds,
            round_constants,
            mds,
        } = plain;
        let n = t - 1;
        let (first, rest) = round_constants.split_at_checked(HALF_FULL_ROUNDS * t)?;
        let (middle, last) = rest.split_at_checked(partial_rounds * t)?;

        let mut constants = Vec::with_capacity(partial_rounds);
        let mut moved = vec![F::ZERO; t];
        for round in middle.chunks_exact(t) {
            let mut sum: Vec<F> = moved.iter().zip(round).map(|(a, b)| a.add(*b)).collect();
            let head = sum.first_mut()?;
            constants.push(*head);
            *head = F::ZERO;
            moved = apply(&mds, t, &sum);
        }
        let mut last = last.to_vec();
        for (a, b) in last.iter_mut().zip(&moved) {
            *a = a.add(*b);
        }

        let corner = *mds.first()?;
        let v = mds.get(1..t)?.to_vec();
        let w: Vec<F> = mds.chunks_exact(t).skip(1).map(|row| row[0]).collect();
        let block: Vec<F> = mds
            .chunks_exact(t)
            .skip(1)
            .flat_map(|row| row[1..].iter().copied())
            .collect();
        let inverse = transpose(&invert_matrix(&block, n)?, n);
        let (mut row, mut column) = (v, w);
        let mut partial = Vec::with_capacity(partial_rounds);
        for constant in constants.into_iter().rev() {
            row = apply(&inverse, n, &row);
            partial.push((constant, row.clone(), column.clone()));
            column = apply(&block, n, &column);
        }
        partial.reverse();
        let partial = partial
            .chunks(BLOCK)
            .map(|rounds| Block::new(rounds, corner, n))
            .collect();

        let power = matrix_power(&block, n, partial_rounds);
        let mut entry = mds.get(..t)?.to_vec();
        let below = multiply(&power, n, mds.get(t..)?, t);
        entry.extend(below);
        Some(Self {
            t,
            first: first.to_vec(),
            partial,
            last,
            mds,
            entry,
        })
    }
}

/// Matrix (rows of `width`) times column vector.
pub(crate) fn apply<F: Field>(matrix: &[F], width: usize, x: &[F]) -> Vec<F> {
    matrix
        .chunks_exact(width)
        .map(|row| F::inner_product(row, x))
        .collect()
}

/// `a` (square, side n) times `b` (n rows of `width`).
fn multiply<F: Field>(a: &[F], n: usize, b: &[F], width: usize) -> Vec<F> {
    let columns: Vec<Vec<F>> = (0..width)
        .map(|j| b.chunks_exact(width).map(|row| row[j]).collect())
        .collect();
    a.chunks_exact(n)
        .flat_map(|row| columns.iter().map(|c| F::inner_product(row, c)))
        .collect()
}

fn transpose<F: Field>(a: &[F], n: usize) -> Vec<F> {
    (0..n)
        .flat_map(|j| a.chunks_exact(n).map(move |row| row[j]))
        .collect()
}

fn identity<F: Field>(n: usize) -> Vec<F> {
    (0..n * n)
        .map(|i| if i / n == i % n { F::ONE } else { F::ZERO })
        .collect()
}

/// `a^exponent` for an exponent of at least 1.
fn matrix_power<F: Field>(a: &[F], n: usize, exponent: usize) -> Vec<F> {
    let mut out = a.to_vec();
    for bit in (0..exponent.ilog2()).rev() {
        out = multiply(&out, n, &out, n);
        if exponent >> bit & 1 == 1 {
            out = multiply(&out, n, a, n);
        }
    }
    out
}

/// Inverts every element with one inversion; none may be zero (the sums of a Cauchy matrix are not).
fn invert_all<F: Field>(xs: &mut [F]) {
    let mut product = F::ONE;
    let mut before = Vec::with_capacity(xs.len());
    for x in xs.iter() {
        before.push(product);
        product = product.mul(*x);
    }
    let mut inverse = product.inverse();
    for (x, b) in xs.iter_mut().zip(before).rev() {
        let out = inverse.mul(b);
        inverse = inverse.mul(*x);
        *x = out;
    }
}

/// Gauss-Jordan; nothing for a singular matrix (a Cauchy block never is).
fn invert_matrix<F: Field>(a: &[F], n: usize) -> Option<Vec<F>> {
    let mut rows: Vec<Vec<F>> = a
        .chunks_exact(n)
        .zip(identity(n).chunks_exact(n))
        .map(|(left, right)| [left, right].concat())
        .collect();
    for i in 0..n {
        let pivot = (i..n).find(|&r| rows[r][i] != F::ZERO)?;
        rows.swap(i, pivot);
        let scale = rows[i][i].inverse();
        let mut own = core::mem::take(&mut rows[i]);
        for x in &mut own {
            *x = x.mul(scale);
        }
        for row in rows.iter_mut().filter(|row| !row.is_empty()) {
            let factor = row[i];
            for (x, y) in row.iter_mut().zip(&own).skip(i) {
                *x = x.sub(y.mul(factor));
            }
        }
        rows[i] = own;
    }
    Some(
        rows.iter()
            .flat_map(|row| row[n..].iter().copied())
            .collect(),
    )
}
