//! 21 lanes of 28 bits, products in columns of 64 bits: R = 2^616, one lane more than an element
//! has, so that sums of products come out reduced. For targets without a 128-bit product.
//!
//! Lanes below the top one are at most a few units above 2^28, the top lane stays below 2^31; a
//! column of a product is then below 2^62, and so is one of Karatsuba's products of sums of two lanes.

use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroize;

use super::Kernel;
use super::kernel::unrolled;
use super::modulus::{MODULUS, WORDS, negative_inverse, power_of_two, shifted, subtract};

/// Lanes of an element.
const LANES: usize = 21;
/// Lanes that a reduction removes.
const ROUNDS: usize = 22;
/// Columns of a product, and one for the carry out of the last.
const COLUMNS: usize = 2 * LANES;
/// Low lanes in Karatsuba's product.
const HALF: usize = 11;
/// Bits of a lane.
const BITS: u32 = 28;
/// The bits of a lane.
const MASK: u32 = (1 << BITS) - 1;

/// The lanes of p.
const P: [u32; LANES] = split(&MODULUS);
/// What subtraction adds to stay positive.
const BIAS: [u32; LANES] = split(&shifted(8));
/// `-p^-1 mod 2^28`.
const N0: u32 = negative_inverse() as u32 & MASK;
/// R^2 mod p, which brings an integer into Montgomery form.
const R_SQUARED: Element = Element(split(&power_of_two(2 * ROUNDS * BITS as usize)));
/// Bits of the reciprocal of the top of p in [`Kernel::tidy`].
const RECIPROCAL_BITS: u32 = 52;
/// `2^52 / (p / 2^560)`, rounded down.
const RECIPROCAL: u64 = ((1u128 << (RECIPROCAL_BITS + BITS))
    / (((P[LANES - 1] as u128) << BITS | P[LANES - 2] as u128) + 1)) as u64;

/// An element in Montgomery form, loosely reduced and never negative.
#[derive(Clone, Copy, Debug)]
pub struct Element([u32; LANES]);

/// A sum of products: signed columns, each product carried to 28 bits.
#[derive(Clone, Copy, Debug)]
pub struct Wide([i64; COLUMNS]);

impl Zeroize for Element {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// The lanes of an integer; the top lane takes what is left.
const fn split(words: &[u64; WORDS]) -> [u32; LANES] {
    let mut out = [0u32; LANES];
    let mut i = 0;
    while i < LANES {
        let at = i * BITS as usize;
        let mut bits = words[at / 64] >> (at % 64);
        if at % 64 > 32 && at / 64 + 1 < WORDS {
            bits |= words[at / 64 + 1] << (64 - at % 64);
        }
        out[i] = if i + 1 < LANES {
            bits as u32 & MASK
        } else {
            bits as u32
        };
        i += 1;
    }
    out
}

/// The integer of carried lanes.
fn join(lanes: &[u32; LANES]) -> [u64; WORDS] {
    let mut out = [0u64; WORDS];
    for (i, lane) in lanes.iter().enumerate() {
        let at = i * BITS as usize;
        out[at / 64] |= u64::from(*lane) << (at % 64);
        if at % 64 > 32 && at / 64 + 1 < WORDS {
            out[at / 64 + 1] |= u64::from(*lane) >> (64 - at % 64);
        }
    }
    out
}

/// Carries signed lanes from the bottom up; the value must not be negative.
#[inline]
fn carry(lanes: &[i64; LANES]) -> Element {
    let mut out = [0u32; LANES];
    let mut carry = 0i64;
    for i in 0..LANES {
        let lane = lanes[i] + carry;
        out[i] = if i + 1 < LANES {
            lane as u32 & MASK
        } else {
            lane as u32
        };
        carry = lane >> BITS;
    }
    Element(out)
}

/// The sum of `a[i] b[K - i]`. All bounds are known at compile time, so the loop unrolls.
#[inline(always)]
fn column<const K: usize, const N: usize>(a: &[u64; N], b: &[u64; N]) -> u64 {
    let mut acc = 0;
    let (mut i, last) = (K.saturating_sub(N - 1), if K < N { K } else { N - 1 });
    while i <= last {
        acc += a[i] * b[K - i];
        i += 1;
    }
    acc
}

/// The columns of a product of 11 lanes.
#[inline(always)]
fn columns_of_halves(a: &[u64; HALF], b: &[u64; HALF]) -> [u64; 2 * HALF - 1] {
    let mut out = [0u64; 2 * HALF - 1];
    unrolled!(K in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20] {
        out[K] = column::<K, HALF>(a, b);
    });
    out
}

/// The sum of `a[i] a[K - i]`, each pair once.
#[inline(always)]
fn column_square<const K: usize>(a: &[u64; LANES]) -> u64 {
    let mut acc = 0;
    let mut i = K.saturating_sub(LANES - 1);
    while 2 * i < K {
        acc += a[i] * a[K - i];
        i += 1;
    }
    acc *= 2;
    if K.is_multiple_of(2) {
        acc += a[K / 2] * a[K / 2];
    }
    acc
}

/// The part of column `K` that the quotient lanes before `K` bring in.
#[inline(always)]
fn column_reduce<const K: usize>(m: &[u64; ROUNDS]) -> i64 {
    let mut acc = 0;
    let (mut i, last) = (
        K.saturating_sub(LANES - 1),
        if K < ROUNDS { K } else { ROUNDS },
    );
    while i < last {
        acc += m[i] * P[K - i] as u64;
        i += 1;
    }
    acc as i64
}

impl Kernel for Element {
    type Wide = Wide;

    const ZERO: Self = Self([0; LANES]);
    const ONE: Self = Self(split(&power_of_two(ROUNDS * BITS as usize)));
    const WIDE_ZERO: Wide = Wide([0; COLUMNS]);

    fn from_words(words: &[u64; WORDS]) -> Self {
        Self(split(words)).mul(&R_SQUARED)
    }

    fn to_words(&self) -> [u64; WORDS] {
        let mut wide = Wide([0; COLUMNS]);
        for (column, lane) in wide.0.iter_mut().zip(&self.0) {
            *column = i64::from(*lane);
        }
        let mut out = join(&Self::reduce(&wide).0);
        for _ in 0..2 {
            let (less, below) = subtract(&out, &MODULUS);
            let keep = Choice::from(u8::from(below));
            for (word, reduced) in out.iter_mut().zip(&less) {
                *word = u64::conditional_select(reduced, word, keep);
            }
        }
        out
    }

    #[inline(never)]
    fn add(&self, other: &Self) -> Self {
        let mut sum = [0u32; LANES];
        for i in 0..LANES {
            sum[i] = self.0[i] + other.0[i];
        }
        let mut out = [0u32; LANES];
        out[0] = sum[0] & MASK;
        for i in 1..LANES - 1 {
            out[i] = (sum[i] & MASK) + (sum[i - 1] >> BITS);
        }
        out[LANES - 1] = sum[LANES - 1] + (sum[LANES - 2] >> BITS);
        Self(out)
    }

    #[inline(never)]
    fn sub_loose(&self, other: &Self) -> Self {
        let mut lanes = [0i64; LANES];
        for i in 0..LANES {
            lanes[i] = i64::from(self.0[i]) + i64::from(BIAS[i]) - i64::from(other.0[i]);
        }
        let out = carry(&lanes);
        debug_assert!(out.0[LANES - 1] < 1 << 31, "subtrahend out of bounds");
        out
    }

    #[inline(never)]
    fn tidy(&self) -> Self {
        // The top lane may miss a carry of one from below: the quotient is never too large.
        let quotient = ((u64::from(self.0[LANES - 1]) * RECIPROCAL) >> RECIPROCAL_BITS) as i64;
        let mut lanes = [0i64; LANES];
        for i in 0..LANES {
            lanes[i] = i64::from(self.0[i]) - quotient * i64::from(P[i]);
        }
        carry(&lanes)
    }

    fn halve(&self) -> Self {
        let odd = 0u32.wrapping_sub(self.0[0] & 1);
        let mut lanes = [0i64; LANES];
        for i in 0..LANES {
            lanes[i] = i64::from(self.0[i]) + i64::from(P[i] & odd);
        }
        let even = carry(&lanes).0;
        let mut out = [0u32; LANES];
        for i in 0..LANES {
            let above = even.get(i + 1).copied().unwrap_or(0);
            out[i] = even[i] >> 1 | (above & 1) << (BITS - 1);
        }
        Self(out)
    }

    #[inline(never)]
    fn mul_wide(&self, other: &Self, out: &mut Wide) {
        debug_assert!(self.0[LANES - 1] < 1 << 31 && other.0[LANES - 1] < 1 << 31);
        // Karatsuba: 11 low lanes, 10 high ones.
        let low = |x: &[u32; LANES]| core::array::from_fn(|i| u64::from(x[i]));
        let high = |x: &[u32; LANES]| {
            core::array::from_fn(|i| x.get(HALF + i).map_or(0, |lane| u64::from(*lane)))
        };
        let (a0, a1): ([u64; HALF], [u64; HALF]) = (low(&self.0), high(&self.0));
        let (b0, b1): ([u64; HALF], [u64; HALF]) = (low(&other.0), high(&other.0));
        let z0 = columns_of_halves(&a0, &b0);
        let z2 = columns_of_halves(&a1, &b1);
        let a = core::array::from_fn(|i| a0[i] + a1[i]);
        let b = core::array::from_fn(|i| b0[i] + b1[i]);
        let z1 = columns_of_halves(&a, &b);
        let mut t = [0u64; COLUMNS];
        t[..z0.len()].copy_from_slice(&z0);
        // The high halves have 10 lanes: the last two columns of z2 are 0.
        t[2 * HALF..COLUMNS].copy_from_slice(&z2[..COLUMNS - 2 * HALF]);
        for i in 0..z1.len() {
            t[HALF + i] += z1[i] - z0[i] - z2[i];
        }
        let mut acc = 0u64;
        for i in 0..COLUMNS - 1 {
            acc += t[i];
            out.0[i] = (acc & u64::from(MASK)) as i64;
            acc >>= BITS;
        }
        out.0[COLUMNS - 1] = acc as i64;
    }

    #[inline(never)]
    fn sqr_wide(&self, out: &mut Wide) {
        debug_assert!(self.0[LANES - 1] < 1 << 31);
        let a = self.0.map(u64::from);
        let mut acc = 0u64;
        unrolled!(K in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29
                        30 31 32 33 34 35 36 37 38 39 40] {
            acc += column_square::<K>(&a);
            out.0[K] = (acc & u64::from(MASK)) as i64;
            acc >>= BITS;
        });
        out.0[COLUMNS - 1] = acc as i64;
    }

    #[inline(never)]
    fn wide_add(acc: &mut Wide, term: &Wide) {
        for i in 0..COLUMNS {
            acc.0[i] += term.0[i];
        }
    }

    #[inline(never)]
    fn wide_sub(acc: &mut Wide, term: &Wide) {
        for i in 0..COLUMNS {
            acc.0[i] -= term.0[i];
        }
    }

    #[inline(never)]
    fn reduce(wide: &Wide) -> Self {
        let t = &wide.0;
        let mut m = [0u64; ROUNDS];
        let mut acc = 0i64;
        unrolled!(K in [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21] {
            acc += t[K] + column_reduce::<K>(&m);
            m[K] = u64::from((acc as u32).wrapping_mul(N0) & MASK);
            acc += (m[K] * P[0] as u64) as i64;
            acc >>= BITS;
        });
        // The sum is signed and small against R p: adding p makes it positive and below 2 p.
        let mut out = [0u32; LANES];
        unrolled!(K in [22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41] {
            acc += t[K] + i64::from(P[K - ROUNDS]) + column_reduce::<K>(&m);
            out[K - ROUNDS] = acc as u32 & MASK;
            acc >>= BITS;
        });
        out[LANES - 1] = (acc + i64::from(P[LANES - 1])) as u32;
        Self(out)
    }

    fn select(a: &Self, b: &Self, choice: Choice) -> Self {
        let mut out = [0u32; LANES];
        for i in 0..LANES {
            out[i] = u32::conditional_select(&a.0[i], &b.0[i], choice);
        }
        Self(out)
    }
}
