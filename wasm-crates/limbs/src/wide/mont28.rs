//! Montgomery arithmetic on 28-bit digits: a column of products fits a u64 without carries, which is
//! what a machine without a 64 by 64 to 128 bit multiplication wants (baseline WebAssembly).

use super::montgomery::{Montgomery, negated_inverse, power_of_two_mod};

/// Bits of a digit.
pub(crate) const DIGIT_BITS: u32 = 28;
/// A digit's mask.
pub(crate) const DIGIT_MASK: u32 = (1 << DIGIT_BITS) - 1;

/// Arithmetic modulo an odd integer of at most 28 N - 4 bits; R = 2^(28 N), N at most 100.
#[derive(Clone, Debug)]
pub struct Mont28<const N: usize> {
    modulus: [u32; N],
    limbs: [u64; 64],
    /// -1/modulus mod 2^28.
    inverse: u32,
}

/// Digits of little-endian limbs; `None` when significant bits do not fit.
pub(crate) fn digits<const N: usize>(limbs: &[u64]) -> [u32; N] {
    core::array::from_fn(|i| {
        let bit = i * DIGIT_BITS as usize;
        let (at, offset) = (bit / 64, bit % 64);
        let low = limbs.get(at).map_or(0, |l| l >> offset);
        let high = match offset {
            0 => 0,
            _ => limbs.get(at + 1).map_or(0, |l| l << (64 - offset)),
        };
        (low | high) as u32 & DIGIT_MASK
    })
}

impl<const N: usize> Mont28<N> {
    /// Column-wise product and reduction; `column(k)` is the sum of products of weight k, below 2^63.
    /// The result is below the modulus plus (product / R).
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "two indices of constant sum")]
    fn reduce(&self, column: impl Fn(usize) -> u64) -> [u32; N] {
        let mut q = [0u32; N];
        let mut out = [0u32; N];
        let mut acc = 0u64;
        for k in 0..N {
            acc += column(k);
            for i in 0..k {
                acc += u64::from(q[i]) * u64::from(self.modulus[k - i]);
            }
            let digit = (acc as u32).wrapping_mul(self.inverse) & DIGIT_MASK;
            q[k] = digit;
            acc += u64::from(digit) * u64::from(self.modulus[0]);
            acc >>= DIGIT_BITS;
        }
        for k in N..2 * N {
            if k < 2 * N - 1 {
                acc += column(k);
                for i in k + 1 - N..N {
                    acc += u64::from(q[i]) * u64::from(self.modulus[k - i]);
                }
            }
            out[k - N] = acc as u32 & DIGIT_MASK;
            acc >>= DIGIT_BITS;
        }
        out
    }

    fn canonical(&self, mut v: [u32; N]) -> [u32; N] {
        while v.iter().rev().ge(self.modulus.iter().rev()) {
            v = self.difference(&v, &self.modulus).0;
        }
        v
    }

    fn difference(&self, a: &[u32; N], b: &[u32; N]) -> ([u32; N], bool) {
        let mut borrow = 0i64;
        let out = core::array::from_fn(|i| {
            let t = i64::from(a[i]) - i64::from(b[i]) + borrow;
            borrow = t >> DIGIT_BITS;
            t as u32 & DIGIT_MASK
        });
        (out, borrow != 0)
    }

    fn sum(a: &[u32; N], b: &[u32; N]) -> [u32; N] {
        let mut carry = 0u32;
        core::array::from_fn(|i| {
            let t = a[i] + b[i] + carry;
            carry = t >> DIGIT_BITS;
            t & DIGIT_MASK
        })
    }
}

impl<const N: usize> Montgomery for Mont28<N> {
    type Element = [u32; N];

    fn new(modulus: &[u64]) -> Option<Self> {
        let bits = super::montgomery::bit_length(modulus);
        if bits < 2 || modulus.first()? & 1 == 0 || bits + 4 > DIGIT_BITS * N as u32 || N > 100 {
            return None;
        }
        let mut limbs = [0u64; 64];
        for (slot, &l) in limbs.iter_mut().zip(modulus) {
            *slot = l;
        }
        Some(Self {
            modulus: digits(modulus),
            limbs,
            inverse: negated_inverse(*modulus.first()?) as u32 & DIGIT_MASK,
        })
    }

    fn power_of_two(&self, exponent: u32) -> [u32; N] {
        digits(&power_of_two_mod(
            &self.limbs,
            DIGIT_BITS * N as u32 + exponent,
        ))
    }

    fn mul(&self, a: &[u32; N], b: &[u32; N]) -> [u32; N] {
        self.canonical(self.reduce(
            #[inline(always)]
            |k| {
                let mut acc = 0u64;
                for i in (k + 1).saturating_sub(N)..=k.min(N - 1) {
                    acc += u64::from(a[i]) * u64::from(b[k - i]);
                }
                acc
            },
        ))
    }

    fn square(&self, a: &[u32; N]) -> [u32; N] {
        let twice: [u32; N] = a.map(|d| d << 1);
        self.canonical(self.reduce(
            #[inline(always)]
            |k| {
                let mut acc = 0u64;
                for i in (k + 1).saturating_sub(N)..k.div_ceil(2) {
                    acc += u64::from(twice[i]) * u64::from(a[k - i]);
                }
                if k % 2 == 0 {
                    acc += u64::from(a[k / 2]) * u64::from(a[k / 2]);
                }
                acc
            },
        ))
    }

    fn add(&self, a: &[u32; N], b: &[u32; N]) -> [u32; N] {
        self.canonical(Self::sum(a, b))
    }

    fn sub(&self, a: &[u32; N], b: &[u32; N]) -> [u32; N] {
        match self.difference(a, b) {
            (d, false) => d,
            (d, true) => Self::sum(&d, &self.modulus),
        }
    }

    fn zero(&self) -> [u32; N] {
        [0; N]
    }
}
