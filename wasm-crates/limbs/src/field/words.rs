//! Ten 64-bit words, products through 128-bit integers: R = 2^640.

use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroize;

use super::Kernel;
use super::kernel::unrolled;
use super::modulus::{MODULUS, WORDS, negative_inverse, power_of_two, shifted, subtract};

/// Words of a product.
const DOUBLE: usize = 2 * WORDS;
/// `-p^-1 mod 2^64`.
const N0: u64 = negative_inverse();
/// R^2 mod p, which brings an integer into Montgomery form.
const R_SQUARED: Element = Element(power_of_two(2 * 64 * WORDS));
/// What subtraction adds to stay positive.
const BIAS: [u64; WORDS] = shifted(8);
/// Bits of the reciprocal of the top of p in [`Kernel::tidy`].
const RECIPROCAL_BITS: u32 = 40;
/// `2^40 / (p / 2^576)`, rounded down.
const RECIPROCAL: u64 = ((1u128 << (RECIPROCAL_BITS + 32))
    / ((((MODULUS[9] as u128) << 64 | MODULUS[8] as u128) >> 32) + 1))
    as u64;

/// An element in Montgomery form, loosely reduced and never negative.
#[derive(Clone, Copy, Debug)]
pub struct Element([u64; WORDS]);

/// A sum of products, in two's complement.
#[derive(Clone, Copy, Debug)]
pub struct Wide([u64; DOUBLE]);

impl Zeroize for Element {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// `a + b * c + carry`: low word, high word.
#[inline(always)]
const fn mac(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let t = a as u128 + b as u128 * c as u128 + carry as u128;
    (t as u64, (t >> 64) as u64)
}

/// `a + b + carry`: sum, carry. In WASM through 128-bit sums: with wide-arithmetic, chains of
/// `carrying_add` give wrong code (rustc 1.95).
#[inline(always)]
fn adc(a: u64, b: u64, carry: bool) -> (u64, bool) {
    if cfg!(target_arch = "wasm32") {
        let sum = a as u128 + b as u128 + carry as u128;
        (sum as u64, sum >> 64 != 0)
    } else {
        a.carrying_add(b, carry)
    }
}

/// `a - b - borrow`: difference, borrow.
#[inline(always)]
fn sbb(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    if cfg!(target_arch = "wasm32") {
        let difference = (a as u128)
            .wrapping_sub(b as u128)
            .wrapping_sub(borrow as u128);
        (difference as u64, difference >> 127 != 0)
    } else {
        a.borrowing_sub(b, borrow)
    }
}

/// `factor * x`: all low and high halves first, then one chain of carries, which compiles better than
/// a carry per product.
#[inline(always)]
fn row(factor: u64, x: &[u64; WORDS]) -> [u64; WORDS + 1] {
    let (mut low, mut high) = ([0u64; WORDS], [0u64; WORDS]);
    for j in 0..WORDS {
        let product = u128::from(factor) * u128::from(x[j]);
        low[j] = product as u64;
        high[j] = (product >> 64) as u64;
    }
    let mut out = [0u64; WORDS + 1];
    let mut carry = false;
    out[0] = low[0];
    for j in 1..WORDS {
        (out[j], carry) = adc(low[j], high[j - 1], carry);
    }
    out[WORDS] = high[WORDS - 1] + u64::from(carry);
    out
}

/// The product, a carry per step: what wide-arithmetic instructions do best.
#[inline(always)]
fn product_by_steps(a: &[u64; WORDS], b: &[u64; WORDS]) -> [u64; DOUBLE] {
    let mut t = [0u64; DOUBLE];
    unrolled!(I in [0 1 2 3 4 5 6 7 8 9] {
        let mut carry = 0;
        for j in 0..WORDS {
            (t[I + j], carry) = mac(t[I + j], a[I], b[j], carry);
        }
        t[I + WORDS] = carry;
    });
    t
}

/// The upper half of the reduction in the same manner; signed.
#[inline(always)]
fn reduction_by_steps(wide: &[u64; DOUBLE]) -> [u64; WORDS] {
    let mut t = *wide;
    let mut top = 0u128;
    unrolled!(I in [0 1 2 3 4 5 6 7 8 9] {
        let m = t[I].wrapping_mul(N0);
        let mut carry = 0;
        for j in 0..WORDS {
            (t[I + j], carry) = mac(t[I + j], m, MODULUS[j], carry);
        }
        top = (top >> 64) + u128::from(t[I + WORDS]) + u128::from(carry);
        t[I + WORDS] = top as u64;
    });
    core::array::from_fn(|i| t[i + WORDS])
}

/// The running column of a reduction, three words.
#[derive(Default)]
struct Column {
    low: u64,
    middle: u64,
    high: u64,
}

impl Column {
    #[inline(always)]
    fn add(&mut self, x: u64) {
        let carry;
        (self.low, carry) = adc(self.low, x, false);
        let (middle, over) = adc(self.middle, 0, carry);
        self.middle = middle;
        self.high += u64::from(over);
    }

    #[inline(always)]
    fn add_product(&mut self, x: u64, y: u64) {
        let product = u128::from(x) * u128::from(y);
        let (low, carry) = adc(self.low, product as u64, false);
        let (middle, over) = adc(self.middle, (product >> 64) as u64, carry);
        self.low = low;
        self.middle = middle;
        self.high += u64::from(over);
    }

    /// Adds `m[i] p[K - i]` for the quotient words before `K`; unrolls, as `K` is a constant.
    #[inline(always)]
    fn add_products<const K: usize>(&mut self, m: &[u64; WORDS]) {
        let (mut i, end) = (
            K.saturating_sub(WORDS - 1),
            if K < WORDS { K } else { WORDS },
        );
        while i < end {
            self.add_product(m[i], MODULUS[K - i]);
            i += 1;
        }
    }

    /// Takes the low word and moves to the next column.
    #[inline(always)]
    fn shift(&mut self) -> u64 {
        let out = self.low;
        (self.low, self.middle, self.high) = (self.middle, self.high, 0);
        out
    }
}

impl Element {
    /// The words of the Montgomery form, R = 2^640, loosely reduced.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn montgomery_words(&self) -> &[u64; WORDS] {
        &self.0
    }

    /// The element with these words.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn from_montgomery_words(words: [u64; WORDS]) -> Self {
        Self(words)
    }

    /// Operands of products stay below 1,700 p.
    #[inline(always)]
    fn check(&self) {
        debug_assert!(
            self.0[WORDS - 1] < 1 << 15,
            "operand of a product out of bounds"
        );
    }
}

impl Kernel for Element {
    type Wide = Wide;

    const ZERO: Self = Self([0; WORDS]);
    const ONE: Self = Self(power_of_two(64 * WORDS));
    const WIDE_ZERO: Wide = Wide([0; DOUBLE]);

    fn from_words(words: &[u64; WORDS]) -> Self {
        Self(*words).mul(&R_SQUARED)
    }

    fn to_words(&self) -> [u64; WORDS] {
        let mut wide = Wide([0; DOUBLE]);
        wide.0[..WORDS].copy_from_slice(&self.0);
        let mut out = Self::reduce(&wide).0;
        for _ in 0..2 {
            let (less, below) = subtract(&out, &MODULUS);
            let keep = Choice::from(u8::from(below));
            for (word, reduced) in out.iter_mut().zip(&less) {
                *word = u64::conditional_select(reduced, word, keep);
            }
        }
        out
    }

    #[inline]
    fn add(&self, other: &Self) -> Self {
        let mut out = [0u64; WORDS];
        let mut carry = false;
        for i in 0..WORDS {
            (out[i], carry) = adc(self.0[i], other.0[i], carry);
        }
        Self(out)
    }

    #[inline]
    fn sub_loose(&self, other: &Self) -> Self {
        debug_assert!(
            other.0[WORDS - 1] < BIAS[WORDS - 1],
            "subtrahend out of bounds"
        );
        let mut out = [0u64; WORDS];
        let mut carry = false;
        for i in 0..WORDS {
            (out[i], carry) = adc(self.0[i], BIAS[i], carry);
        }
        let mut borrow = false;
        for i in 0..WORDS {
            (out[i], borrow) = sbb(out[i], other.0[i], borrow);
        }
        Self(out)
    }

    #[inline]
    fn tidy(&self) -> Self {
        // The quotient is never too large, and too small by less than 1.1.
        let quotient = (self.0[WORDS - 1] * RECIPROCAL) >> RECIPROCAL_BITS;
        let mut out = [0u64; WORDS];
        let (mut high, mut borrow) = (0, false);
        for i in 0..WORDS {
            let (low, next) = mac(0, quotient, MODULUS[i], high);
            high = next;
            (out[i], borrow) = sbb(self.0[i], low, borrow);
        }
        Self(out)
    }

    fn halve(&self) -> Self {
        let odd = 0u64.wrapping_sub(self.0[0] & 1);
        let mut even = [0u64; WORDS];
        let mut carry = false;
        for i in 0..WORDS {
            (even[i], carry) = adc(self.0[i], MODULUS[i] & odd, carry);
        }
        let mut out = [0u64; WORDS];
        for i in 0..WORDS {
            let above = even.get(i + 1).copied().unwrap_or(0);
            out[i] = even[i] >> 1 | above << 63;
        }
        Self(out)
    }

    #[inline(never)]
    fn mul_wide(&self, other: &Self, out: &mut Wide) {
        self.check();
        other.check();
        let (a, b) = (&self.0, &other.0);
        if cfg!(target_arch = "wasm32") {
            out.0 = product_by_steps(a, b);
            return;
        }
        let t = &mut out.0;
        t[..=WORDS].copy_from_slice(&row(a[0], b));
        for i in 1..WORDS {
            let product = row(a[i], b);
            let mut carry = false;
            for j in 0..WORDS {
                (t[i + j], carry) = adc(t[i + j], product[j], carry);
            }
            t[i + WORDS] = product[WORDS] + u64::from(carry);
        }
    }

    #[inline(never)]
    fn sqr_wide(&self, out: &mut Wide) {
        self.check();
        let a = &self.0;
        let mut t = [0u64; DOUBLE];
        for i in 0..WORDS {
            let mut carry = 0;
            for j in i + 1..WORDS {
                (t[i + j], carry) = mac(t[i + j], a[i], a[j], carry);
            }
            t[i + WORDS] = carry;
        }
        let (mut top, mut carry) = (0, false);
        for i in 0..WORDS {
            let square = a[i] as u128 * a[i] as u128;
            let (low, high) = (t[2 * i] << 1 | top, t[2 * i + 1] << 1 | t[2 * i] >> 63);
            top = t[2 * i + 1] >> 63;
            (t[2 * i], carry) = adc(low, square as u64, carry);
            (t[2 * i + 1], carry) = adc(high, (square >> 64) as u64, carry);
        }
        out.0 = t;
    }

    #[inline]
    fn wide_add(acc: &mut Wide, term: &Wide) {
        let mut carry = false;
        for i in 0..DOUBLE {
            (acc.0[i], carry) = adc(acc.0[i], term.0[i], carry);
        }
    }

    #[inline]
    fn wide_sub(acc: &mut Wide, term: &Wide) {
        let mut borrow = false;
        for i in 0..DOUBLE {
            (acc.0[i], borrow) = sbb(acc.0[i], term.0[i], borrow);
        }
    }

    #[inline(never)]
    fn reduce(wide: &Wide) -> Self {
        if cfg!(target_arch = "wasm32") {
            return Self(reduction_by_steps(&wide.0)).add(&Self(MODULUS));
        }
        let t = &wide.0;
        let mut m = [0u64; WORDS];
        let mut column = Column::default();
        unrolled!(K in [0 1 2 3 4 5 6 7 8 9] {
            column.add_products::<K>(&m);
            column.add(t[K]);
            m[K] = column.low.wrapping_mul(N0);
            column.add_product(m[K], MODULUS[0]);
            column.shift();
        });
        // The sum is signed and small against R p: adding p makes it positive and below 2 p.
        let mut out = [0u64; WORDS];
        unrolled!(K in [10 11 12 13 14 15 16 17 18 19] {
            column.add_products::<K>(&m);
            column.add(t[K]);
            column.add(MODULUS[K - WORDS]);
            out[K - WORDS] = column.shift();
        });
        Self(out)
    }

    fn select(a: &Self, b: &Self, choice: Choice) -> Self {
        let mut out = [0u64; WORDS];
        for i in 0..WORDS {
            out[i] = u64::conditional_select(&a.0[i], &b.0[i], choice);
        }
        Self(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        /// The forms that only WASM runs, natively.
        #[test]
        fn both_orders_of_steps_agree(
            low in prop::array::uniform9(any::<u64>()),
            high in prop::array::uniform9(any::<u64>()),
            tops in prop::array::uniform2(0u64..1 << 15),
        ) {
            let element = |words: &[u64; WORDS - 1], top: u64| {
                Element(core::array::from_fn(|i| words.get(i).copied().unwrap_or(top)))
            };
            let (a, b) = (element(&low, tops[0]), element(&high, tops[1]));
            let mut wide = Wide([0; DOUBLE]);
            a.mul_wide(&b, &mut wide);
            assert_eq!(wide.0, product_by_steps(&a.0, &b.0));
            let by_steps = |wide: &Wide| Element(reduction_by_steps(&wide.0)).add(&Element(MODULUS));
            assert_eq!(Element::reduce(&wide).0, by_steps(&wide).0);
            let mut negative = Wide([0; DOUBLE]);
            Element::wide_sub(&mut negative, &wide);
            assert_eq!(Element::reduce(&negative).0, by_steps(&negative).0);
        }
    }
}
