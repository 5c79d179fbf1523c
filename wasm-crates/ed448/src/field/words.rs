//! Eight limbs of 56 bits: the kernel of 64-bit machines.
//!
//! With phi = 2^224 the modulus is phi^2 - phi - 1, so an element is a0 + a1 phi with halves of four limbs, and
//! phi^2 = phi + 1 makes one product three half products (Karatsuba), with nothing left to reduce but carries.
//!
//! A *tight* element has limbs of at most 2^56 + 2^10, a *loose* one is the sum of two tight ones. [`Words::add`] takes
//! tight elements and gives a loose one; everything else takes loose elements and gives tight ones.

use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroize;

const MASK: u64 = (1 << 56) - 1;
const TIGHT: u64 = (1 << 56) + (1 << 10);

/// Limbs of p.
const P: [u64; 8] = [MASK, MASK, MASK, MASK, MASK - 1, MASK, MASK, MASK];

/// An element of the field, not necessarily reduced.
#[derive(Clone, Copy, Debug)]
pub struct Words([u64; 8]);

type Half = [u64; 4];

/// Product of two halves as polynomials in 2^56.
#[inline(always)]
fn product(a: &Half, b: &Half) -> [u128; 7] {
    let mut out = [0; 7];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += u128::from(*x) * u128::from(*y);
        }
    }
    out
}

/// Square of a half as polynomial in 2^56.
#[inline(always)]
fn square(a: &Half) -> [u128; 7] {
    let m = |x: u64, y: u64| u128::from(x) * u128::from(y);
    // Doubled before the products: words are cheaper to double than double words.
    let (twice_0, twice_1, twice_2) = (2 * a[0], 2 * a[1], 2 * a[2]);
    [
        m(a[0], a[0]),
        m(twice_0, a[1]),
        m(twice_0, a[2]) + m(a[1], a[1]),
        m(twice_0, a[3]) + m(twice_1, a[2]),
        m(twice_1, a[3]) + m(a[2], a[2]),
        m(twice_2, a[3]),
        m(a[3], a[3]),
    ]
}

/// a0 b0 + a1 b1 + ((a0 + a1)(b0 + b1) - a0 b0) phi, given the three products.
#[inline(always)]
fn combine(low: &[u128; 7], high: &[u128; 7], sum: &[u128; 7]) -> Words {
    let mut out = [0u128; 8];
    for i in 0..4 {
        out[i] = low[i] + high[i];
        out[i + 4] = sum[i] - low[i];
        if i < 3 {
            out[i] += sum[i + 4] - low[i + 4];
            out[i + 4] += sum[i + 4] + high[i + 4];
        }
    }
    carry(out)
}

/// Carries of wide limbs below 2^120.
#[inline(always)]
fn carry(wide: [u128; 8]) -> Words {
    let mut out = [0u64; 8];
    let (mut low, mut high) = (0u128, 0u128);
    for i in 0..4 {
        low += wide[i];
        high += wide[i + 4];
        out[i] = (low as u64) & MASK;
        out[i + 4] = (high as u64) & MASK;
        low >>= 56;
        high >>= 56;
    }
    // 2^448 = 2^224 + 1
    let first = u128::from(out[0]) + high;
    let fifth = u128::from(out[4]) + low + high;
    out[0] = (first as u64) & MASK;
    out[1] += (first >> 56) as u64;
    out[4] = (fifth as u64) & MASK;
    out[5] += (fifth >> 56) as u64;
    Words(out)
}

impl Words {
    /// 0.
    pub const ZERO: Self = Self([0; 8]);
    /// 1.
    pub const ONE: Self = Self([1, 0, 0, 0, 0, 0, 0, 0]);

    /// The 448-bit little-endian integer, which may be p or more.
    #[must_use]
    pub const fn from_bytes(bytes: &[u8; 56]) -> Self {
        let mut limbs = [0u64; 8];
        let mut i = 0;
        while i < 56 {
            limbs[i / 7] |= (bytes[i] as u64) << (8 * (i % 7));
            i += 1;
        }
        Self(limbs)
    }

    /// The reduced little-endian integer.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 56] {
        let mut limbs = Self::weak(self.0).0;
        // Below 2p here: subtract p, and add it again when that was too much.
        let mut borrow = 0i64;
        for (limb, p) in limbs.iter_mut().zip(P) {
            borrow += *limb as i64 - p as i64;
            *limb = (borrow as u64) & MASK;
            borrow >>= 56;
        }
        let again = borrow as u64;
        let mut up = 0u64;
        for (limb, p) in limbs.iter_mut().zip(P) {
            up += *limb + (p & again);
            *limb = up & MASK;
            up >>= 56;
        }
        let mut bytes = [0; 56];
        for (chunk, limb) in bytes.chunks_exact_mut(7).zip(limbs) {
            for (byte, from) in chunk.iter_mut().zip(limb.to_le_bytes()) {
                *byte = from;
            }
        }
        bytes
    }

    /// One carry of every limb to the next.
    #[inline(always)]
    fn weak(limbs: [u64; 8]) -> Self {
        let top = limbs[7] >> 56;
        let mut out = [0; 8];
        out[0] = (limbs[0] & MASK) + top;
        for i in 1..8 {
            out[i] = (limbs[i] & MASK) + (limbs[i - 1] >> 56);
        }
        out[4] += top;
        Self(out)
    }

    #[inline(always)]
    fn assert_at_most(&self, tight: u64) {
        debug_assert!(self.0.iter().all(|limb| *limb <= tight * TIGHT));
    }

    /// Sum of two tight elements: loose.
    #[inline(always)]
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        self.assert_at_most(1);
        other.assert_at_most(1);
        let mut out = self.0;
        for (limb, more) in out.iter_mut().zip(other.0) {
            *limb += more;
        }
        Self(out)
    }

    /// Difference.
    #[inline(always)]
    #[must_use]
    pub fn sub(&self, other: &Self) -> Self {
        self.assert_at_most(2);
        other.assert_at_most(2);
        let mut out = self.0;
        for ((limb, less), p) in out.iter_mut().zip(other.0).zip(P) {
            *limb = *limb + 4 * p - less;
        }
        Self::weak(out)
    }

    /// Product.
    #[inline]
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        self.assert_at_most(2);
        other.assert_at_most(2);
        let [a0, a1, a2, a3, a4, a5, a6, a7] = self.0;
        let [b0, b1, b2, b3, b4, b5, b6, b7] = other.0;
        let low = product(&[a0, a1, a2, a3], &[b0, b1, b2, b3]);
        let high = product(&[a4, a5, a6, a7], &[b4, b5, b6, b7]);
        let sum = product(
            &[a0 + a4, a1 + a5, a2 + a6, a3 + a7],
            &[b0 + b4, b1 + b5, b2 + b6, b3 + b7],
        );
        combine(&low, &high, &sum)
    }

    /// Square.
    #[inline]
    #[must_use]
    pub fn square(&self) -> Self {
        self.assert_at_most(2);
        let [a0, a1, a2, a3, a4, a5, a6, a7] = self.0;
        let low = square(&[a0, a1, a2, a3]);
        let high = square(&[a4, a5, a6, a7]);
        let sum = square(&[a0 + a4, a1 + a5, a2 + a6, a3 + a7]);
        combine(&low, &high, &sum)
    }

    /// Product with a small number.
    #[inline(always)]
    #[must_use]
    pub fn mul_small(&self, factor: u32) -> Self {
        self.assert_at_most(2);
        carry(self.0.map(|limb| u128::from(limb) * u128::from(factor)))
    }
}

impl ConditionallySelectable for Words {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        let mut out = a.0;
        for (limb, other) in out.iter_mut().zip(b.0) {
            limb.conditional_assign(&other, choice);
        }
        Self(out)
    }
}

impl Zeroize for Words {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}
