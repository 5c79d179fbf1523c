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

/// Digits of little-endian limbs; bits beyond them are dropped.
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

/// The sum of a[i] b[n - 1 - i] for two rows of n digits.
#[inline(always)]
fn convolve(a: &[u32], b: &[u32]) -> u64 {
    let product = |x: u32, y: u32| u64::from(x) * u64::from(y);
    let (fours_a, rest_a) = a.as_chunks::<4>();
    let (rest_b, fours_b) = b.as_rchunks::<4>();
    let mut acc = 0;
    for (x, y) in fours_a.iter().zip(fours_b.iter().rev()) {
        acc +=
            product(x[0], y[3]) + product(x[1], y[2]) + product(x[2], y[1]) + product(x[3], y[0]);
    }
    for (&x, &y) in rest_a.iter().zip(rest_b.iter().rev()) {
        acc += product(x, y);
    }
    acc
}

impl<const N: usize> Mont28<N> {
    /// Column-wise product and reduction; `column(k)` is the sum of products of weight k, below 2^63.
    /// The result is below the modulus plus (product / R).
    #[inline(always)]
    fn reduce(&self, column: impl Fn(usize) -> u64) -> [u32; N] {
        let mut q = [0u32; N];
        let mut out = [0u32; N];
        let mut acc = 0u64;
        for k in 0..N {
            acc += column(k) + convolve(&q[..k], &self.modulus[1..=k]);
            let digit = (acc as u32).wrapping_mul(self.inverse) & DIGIT_MASK;
            q[k] = digit;
            acc += u64::from(digit) * u64::from(self.modulus[0]);
            acc >>= DIGIT_BITS;
        }
        for k in N..2 * N - 1 {
            let from = k + 1 - N;
            acc += column(k) + convolve(&q[from..], &self.modulus[from..]);
            out[k - N] = acc as u32 & DIGIT_MASK;
            acc >>= DIGIT_BITS;
        }
        out[N - 1] = acc as u32;
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
                let (from, to) = ((k + 1).saturating_sub(N), k.min(N - 1));
                convolve(&a[from..=to], &b[k - to..=k - from])
            },
        ))
    }

    fn square(&self, a: &[u32; N]) -> [u32; N] {
        let twice: [u32; N] = a.map(|d| d << 1);
        self.canonical(self.reduce(
            #[inline(always)]
            |k| {
                let (from, half) = ((k + 1).saturating_sub(N), k.div_ceil(2));
                let pairs = convolve(&twice[from..half], &a[k + 1 - half..=k - from]);
                match k % 2 {
                    0 => pairs + u64::from(a[half]) * u64::from(a[half]),
                    _ => pairs,
                }
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
