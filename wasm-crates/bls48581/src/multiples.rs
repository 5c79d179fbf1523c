//! Sums of multiples of arbitrary points of G1 (Straus 1964). Public values only.
//!
//! The endomorphism halves the scalars; signed windows of five bits pick from a table of each point,
//! and what one window picks is added in affine coordinates ([`crate::sums`]).

use crate::g1::{self, G1Affine, G1Projective};
use crate::public_scalar::{HALF_BITS, Half, PublicScalar};
use crate::sums::{sum_groups, to_affine_all};
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
    let tables = tables(terms);
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
        for (table, (low, high)) in tables.chunks(ENTRIES).zip(&digits) {
            entries.extend(entry(table, low[window]));
            entries.extend(entry(table, high[window]).map(|point| G1Affine {
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

/// The multiples 1 to 16 of every point.
fn tables(terms: &[(G1Affine, PublicScalar)]) -> Vec<Option<G1Affine>> {
    let multiples: Vec<G1Projective> = terms
        .iter()
        .flat_map(|(point, _)| {
            std::iter::successors(Some(point.to_projective()), |multiple| {
                Some(multiple.add_affine(point))
            })
            .take(ENTRIES)
        })
        .collect();
    to_affine_all(&multiples)
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

/// The multiple of a digit; `None` for 0.
fn entry(table: &[Option<G1Affine>], digit: i8) -> Option<G1Affine> {
    let at = usize::from(digit.unsigned_abs()).checked_sub(1)?;
    let point = (*table.get(at)?)?;
    Some(if digit < 0 { point.negate() } else { point })
}
