//! Sums of multiples of fixed points of G1 by combs (Lim and Lee, CRYPTO 1994). Public values only.
//!
//! The endomorphism splits a scalar in two halves of 260 bits; each is written with digits 1 and -1
//! alone (Hedabou, Pinel, Beneteau 2005), which needs odd halves, and read in [`COLUMNS`] columns of
//! [`TEETH`] digits. A column is an entry of the table of its point, up to sign. All entries of one
//! column of all points are added in affine coordinates ([`crate::sums`]); one walk over the columns
//! with a doubling each ends the sum.

use crate::fp::Fp;
use crate::g1::{self, G1Affine, G1Projective};
use crate::public_scalar::{HALF_BITS, HALF_WORDS, Half, PublicScalar};
use crate::sums::{add_all, double_all, sum_groups, to_affine_all};
use crate::tower::Tower;

/// Digits of a column: a table has `2^(TEETH - 1)` entries of 160 bytes.
const TEETH: usize = if cfg!(target_arch = "wasm32") { 8 } else { 10 };
/// Columns of half a scalar.
const COLUMNS: usize = HALF_BITS.div_ceil(TEETH);
/// Entries of a table.
const ENTRIES: usize = 1 << (TEETH - 1);

/// Tables of fixed points.
#[derive(Clone, Debug)]
pub struct Combs {
    /// For each point, its [`ENTRIES`] entries; the bits of the position are the signs of all teeth
    /// but the last, whose sign is plus.
    tables: Vec<Vec<G1Affine>>,
    beta: Fp,
}

/// One sum: a point to start from, and multiples of fixed points by their position.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    /// Added to the multiples; `None` is the identity.
    pub start: Option<G1Affine>,
    /// Position of the fixed point, factor. Positions beyond the table count as nothing.
    pub terms: Vec<(usize, PublicScalar)>,
}

impl Combs {
    /// The tables of points of G1; `None` when one of them has small order.
    #[must_use]
    pub fn new(points: &[G1Affine]) -> Option<Self> {
        let mut teeth = vec![points.to_vec()];
        for _ in 1..TEETH {
            let mut tooth = teeth.last()?.clone();
            for _ in 0..COLUMNS {
                double_all(&mut tooth)?;
            }
            teeth.push(tooth);
        }
        let (last, others) = teeth.split_last()?;
        let mut lowest = last.clone();
        for tooth in others {
            let negated: Vec<_> = tooth.iter().map(G1Affine::negate).collect();
            lowest = add_all(&lowest.iter().zip(&negated).collect::<Vec<_>>())?;
        }
        let mut tables: Vec<Vec<G1Affine>> = lowest.into_iter().map(|entry| vec![entry]).collect();
        for tooth in others {
            let mut twice = tooth.clone();
            double_all(&mut twice)?;
            let pairs: Vec<_> = tables
                .iter()
                .zip(&twice)
                .flat_map(|(table, step)| table.iter().map(move |entry| (entry, step)))
                .collect();
            let mut sums = add_all(&pairs)?.into_iter();
            for table in &mut tables {
                let count = table.len();
                table.extend(sums.by_ref().take(count));
            }
        }
        Some(Self {
            tables,
            beta: g1::beta(),
        })
    }

    /// All sums, each `None` for the identity.
    #[must_use]
    pub fn sums(&self, sums: &[Sum]) -> Vec<Option<G1Affine>> {
        let (mut entries, mut lengths) = (Vec::new(), Vec::with_capacity(COLUMNS * sums.len()));
        for sum in sums {
            let halves: Vec<_> = sum
                .terms
                .iter()
                .filter(|(_, factor)| !factor.is_zero())
                .filter_map(|(at, factor)| {
                    let (low, high) = factor.odd_halves();
                    Some((self.tables.get(*at)?, digits(&low), digits(&high)))
                })
                .collect();
            for column in 0..COLUMNS {
                let before = entries.len();
                for (table, low, high) in &halves {
                    entries.extend(entry(table, low, column));
                    entries.extend(entry(table, high, column).map(|point| G1Affine {
                        x: Tower::mul(&point.x, &self.beta),
                        y: Tower::neg(&point.y),
                    }));
                }
                lengths.push(entries.len() - before);
            }
        }
        let columns = sum_groups(&entries, &lengths);
        let totals: Vec<G1Projective> = sums
            .iter()
            .zip(columns.chunks(COLUMNS))
            .map(|(sum, columns)| {
                let total = columns
                    .iter()
                    .rev()
                    .fold(G1Projective::IDENTITY, |acc, column| acc.dbl().add(column));
                sum.start.map_or(total, |start| total.add_affine(&start))
            })
            .collect();
        to_affine_all(&totals)
    }
}

/// The digits of an odd number: bit i is set where digit i is 1, clear where it is -1.
fn digits(half: &Half) -> Half {
    // sum of (2 b_i - 1) 2^i = half, over n digits: b = (half + 2^n - 1) / 2.
    const BITS: usize = TEETH * COLUMNS;
    let mut sum = [0u64; HALF_WORDS];
    let mut carry = 0u128;
    for (i, (out, word)) in sum.iter_mut().zip(half).enumerate() {
        let low = BITS.saturating_sub(64 * i).min(64) as u32;
        let ones = u64::MAX.checked_shr(64 - low).unwrap_or(0);
        carry = (carry >> 64) + u128::from(*word) + u128::from(ones);
        *out = carry as u64;
    }
    core::array::from_fn(|i| sum[i] >> 1 | sum.get(i + 1).copied().unwrap_or(0) << 63)
}

/// The table's entry for one column.
fn entry(table: &[G1Affine], digits: &Half, column: usize) -> Option<G1Affine> {
    let bits = (0..TEETH).fold(0, |bits, tooth| {
        let at = column + tooth * COLUMNS;
        bits | ((digits[at / 64] >> (at % 64) & 1) as usize) << tooth
    });
    if bits & ENTRIES != 0 {
        table.get(bits & (ENTRIES - 1)).copied()
    } else {
        table.get(!bits & (ENTRIES - 1)).map(G1Affine::negate)
    }
}
