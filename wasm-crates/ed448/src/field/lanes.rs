//! Sixteen limbs of 28 bits: the kernel of WebAssembly, whose widest product has 64 bits.
//!
//! The same method as in [`super::words`] with halves of eight limbs. A *tight* element has limbs of at most 2^28 + 2^10,
//! a *loose* one is the sum of two tight ones: eight products of sums of two loose limbs stay below 2^63 + 2^47, and
//! with the half products added below 2^64.

use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroize;

const MASK: u32 = (1 << 28) - 1;
const TIGHT: u32 = (1 << 28) + (1 << 10);

/// Limbs of p.
const P: [u32; 16] = {
    let mut limbs = [MASK; 16];
    limbs[8] = MASK - 1;
    limbs
};

/// An element of the field, not necessarily reduced.
#[derive(Clone, Copy, Debug)]
pub struct Lanes([u32; 16]);

type Half = [u32; 8];

/// Product of two halves as polynomials in 2^28.
#[inline(always)]
fn product(a: &Half, b: &Half) -> [u64; 15] {
    let mut out = [0; 15];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += u64::from(*x) * u64::from(*y);
        }
    }
    out
}

/// Square of a half as polynomial in 2^28.
#[inline(always)]
fn square(a: &Half) -> [u64; 15] {
    let mut out = [0; 15];
    for i in 0..8 {
        for j in i + 1..8 {
            out[i + j] += u64::from(a[i]) * u64::from(a[j]);
        }
    }
    for (i, limb) in a.iter().enumerate() {
        out[2 * i] = 2 * out[2 * i] + u64::from(*limb) * u64::from(*limb);
        if i < 7 {
            out[2 * i + 1] *= 2;
        }
    }
    out
}

/// Low and high half of the limbs, and their sum.
#[inline(always)]
fn halves(limbs: &[u32; 16]) -> (Half, Half, Half) {
    let (mut low, mut high, mut sum) = ([0; 8], [0; 8], [0; 8]);
    for i in 0..8 {
        low[i] = limbs[i];
        high[i] = limbs[i + 8];
        sum[i] = limbs[i] + limbs[i + 8];
    }
    (low, high, sum)
}

/// a0 b0 + a1 b1 + ((a0 + a1)(b0 + b1) - a0 b0) phi, given the three products.
#[inline(always)]
fn combine(low: &[u64; 15], high: &[u64; 15], sum: &[u64; 15]) -> Lanes {
    let mut out = [0u64; 16];
    for i in 0..8 {
        out[i] = low[i] + high[i];
        out[i + 8] = sum[i] - low[i];
        if i < 7 {
            out[i] += sum[i + 8] - low[i + 8];
            out[i + 8] += sum[i + 8] + high[i + 8];
        }
    }
    carry(out)
}

/// Carries of wide limbs.
#[inline(always)]
fn carry(wide: [u64; 16]) -> Lanes {
    let mut out = [0u32; 16];
    let (mut low, mut high) = (0u64, 0u64);
    for i in 0..8 {
        low += wide[i];
        high += wide[i + 8];
        out[i] = (low as u32) & MASK;
        out[i + 8] = (high as u32) & MASK;
        low >>= 28;
        high >>= 28;
    }
    // 2^448 = 2^224 + 1
    let first = u64::from(out[0]) + high;
    let ninth = u64::from(out[8]) + low + high;
    out[0] = (first as u32) & MASK;
    out[1] += (first >> 28) as u32;
    out[8] = (ninth as u32) & MASK;
    out[9] += (ninth >> 28) as u32;
    Lanes(out)
}

impl Lanes {
    /// 0.
    pub const ZERO: Self = Self([0; 16]);
    /// 1.
    pub const ONE: Self = Self([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

    /// The 448-bit little-endian integer, which may be p or more.
    #[must_use]
    pub const fn from_bytes(bytes: &[u8; 56]) -> Self {
        let mut limbs = [0u32; 16];
        let mut i = 0;
        while i < 8 {
            let mut pair = 0u64;
            let mut j = 0;
            while j < 7 {
                pair |= (bytes[7 * i + j] as u64) << (8 * j);
                j += 1;
            }
            limbs[2 * i] = (pair as u32) & MASK;
            limbs[2 * i + 1] = (pair >> 28) as u32;
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
            borrow += i64::from(*limb) - i64::from(p);
            *limb = (borrow as u32) & MASK;
            borrow >>= 28;
        }
        let again = borrow as u32;
        let mut up = 0u32;
        for (limb, p) in limbs.iter_mut().zip(P) {
            up += *limb + (p & again);
            *limb = up & MASK;
            up >>= 28;
        }
        let mut bytes = [0; 56];
        for (chunk, limb) in bytes.chunks_exact_mut(7).zip(limbs.chunks_exact(2)) {
            let pair = u64::from(limb[0]) | u64::from(limb[1]) << 28;
            for (byte, from) in chunk.iter_mut().zip(pair.to_le_bytes()) {
                *byte = from;
            }
        }
        bytes
    }

    /// One carry of every limb to the next.
    #[inline(always)]
    fn weak(limbs: [u32; 16]) -> Self {
        let top = limbs[15] >> 28;
        let mut out = [0; 16];
        out[0] = (limbs[0] & MASK) + top;
        for i in 1..16 {
            out[i] = (limbs[i] & MASK) + (limbs[i - 1] >> 28);
        }
        out[8] += top;
        Self(out)
    }

    #[inline(always)]
    fn assert_at_most(&self, tight: u32) {
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
        let (a_low, a_high, a_sum) = halves(&self.0);
        let (b_low, b_high, b_sum) = halves(&other.0);
        combine(
            &product(&a_low, &b_low),
            &product(&a_high, &b_high),
            &product(&a_sum, &b_sum),
        )
    }

    /// Square.
    #[inline]
    #[must_use]
    pub fn square(&self) -> Self {
        self.assert_at_most(2);
        let (low, high, sum) = halves(&self.0);
        combine(&square(&low), &square(&high), &square(&sum))
    }

    /// Product with a small number.
    #[inline(always)]
    #[must_use]
    pub fn mul_small(&self, factor: u32) -> Self {
        self.assert_at_most(2);
        carry(self.0.map(|limb| u64::from(limb) * u64::from(factor)))
    }
}

impl ConditionallySelectable for Lanes {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        let mut out = a.0;
        for (limb, other) in out.iter_mut().zip(b.0) {
            limb.conditional_assign(&other, choice);
        }
        Self(out)
    }
}

impl Zeroize for Lanes {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}
