//! Sums of multiples of arbitrary points of G1 (Straus 1964). Public values only.
//!
//! The endomorphism halves the scalars; signed windows of five bits pick from a table of each point,
//! and what one window picks is added in affine coordinates ([`crate::sums`]).

use crate::g1::{self, G1Affine, G1Projective};
use crate::public_scalar::{HALF_BITS, Half, PublicScalar};
use crate::sums::{add_all, double_all, sum_groups};
use crate::tower::Tower;

/// Bits of a window.
const WINDOW: usize = 5;
/// Windows of half a scalar, with one bit for the last carry.
const WINDOWS: usize = (HALF_BITS + 1).div_ceil(WINDOW);
/// Entries of a table: the multiples 1 .. 2^(WINDOW - 1).
const ENTRIES: usize = 1 << (WINDOW - 1);

/// `sum of factor * point`; the points are of G1.
#[must_use]
pub fn sum_of_multiples(terms: &[(G1Affine, PublicScalar)]) -> G1Projective {
    let Some(tables) = tables(terms) else {
        return one_by_one(terms);
    };
    let beta = g1::beta();
    let digits: Vec<_> = terms
        .iter()
        .map(|(_, factor)| {
            let (low, high) = factor.halves();
            (windows(&low), windows(&high))
        })
        .collect();
    let (mut entries, mut lengths) = (Vec::new(), Vec::with_capacity(WINDOWS));
    for window in 0..WINDOWS {
        let before = entries.len();
        for (term, (low, high)) in digits.iter().enumerate() {
            entries.extend(entry(&tables, term, low[window]));
            entries.extend(entry(&tables, term, high[window]).map(|point| G1Affine {
                x: Tower::mul(&point.x, &beta),
                y: Tower::neg(&point.y),
            }));
        }
        lengths.push(entries.len() - before);
    }
    let columns = sum_groups(&entries, &lengths);
    columns
        .iter()
        .rev()
        .fold(G1Projective::IDENTITY, |acc, column| {
            (0..WINDOW).fold(acc, |acc, _| acc.dbl()).add(column)
        })
}

/// The sum by the complete formulas, for points of a small order.
fn one_by_one(terms: &[(G1Affine, PublicScalar)]) -> G1Projective {
    terms
        .iter()
        .fold(G1Projective::IDENTITY, |sum, (point, factor)| {
            let multiple = factor
                .to_bytes()
                .iter()
                .fold(G1Projective::IDENTITY, |acc, byte| {
                    (0..8).rev().fold(acc, |acc, bit| {
                        let acc = acc.dbl();
                        if byte >> bit & 1 == 1 {
                            acc.add_affine(point)
                        } else {
                            acc
                        }
                    })
                });
            sum.add(&multiple)
        })
}

/// The multiples 1 to 16 of every point, all of one multiple together; `None` when a point has a small
/// order, hence is not of G1.
fn tables(terms: &[(G1Affine, PublicScalar)]) -> Option<Vec<Vec<G1Affine>>> {
    let mut multiples: Vec<Vec<G1Affine>> = vec![terms.iter().map(|(point, _)| *point).collect()];
    while multiples.len() < ENTRIES {
        // From the multiples up to n to those up to 2 n.
        let mut twice = multiples.last()?.clone();
        let top = multiples.last()?;
        let pairs: Vec<_> = multiples
            .iter()
            .take(multiples.len() - 1)
            .flat_map(|multiple| multiple.iter().zip(top))
            .collect();
        let sums = add_all(&pairs)?;
        double_all(&mut twice)?;
        multiples.extend(sums.chunks(terms.len().max(1)).map(<[_]>::to_vec));
        multiples.push(twice);
    }
    Some(multiples)
}

/// The digits in `[-15, 16]` of a number of at most [`HALF_BITS`] bits.
fn windows(half: &Half) -> [i8; WINDOWS] {
    let mut carry = 0;
    core::array::from_fn(|window| {
        let digit = carry
            + (0..WINDOW).fold(0, |digit, bit| {
                let at = window * WINDOW + bit;
                let word = half.get(at / 64).copied().unwrap_or(0);
                digit | ((word >> (at % 64) & 1) as i8) << bit
            });
        carry = i8::from(digit > ENTRIES as i8);
        digit - (carry << WINDOW)
    })
}

/// The multiple of a digit of one point; `None` for 0.
fn entry(tables: &[Vec<G1Affine>], term: usize, digit: i8) -> Option<G1Affine> {
    let multiple = usize::from(digit.unsigned_abs()).checked_sub(1)?;
    let point = *tables.get(multiple)?.get(term)?;
    Some(if digit < 0 { point.negate() } else { point })
}
