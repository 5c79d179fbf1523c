//! Integers modulo r that are public: values of commitments, challenges of proofs. Not for secrets,
//! which [`crate::Scalar`] holds. Kept in Montgomery form over nine words.

use limbs::field::mont::Modulus;

use crate::scalar::{ORDER, SCALAR_BYTES, U_ABS};

/// Words of the order.
const WORDS: usize = 9;
/// Words of half a scalar, with room for a sign and a carry.
pub(crate) const HALF_WORDS: usize = 5;
/// `|u|^8` has 259 bits; a half is `a + b |u|^8` with both below it, or below twice it when made odd.
pub(crate) const HALF_BITS: usize = 260;

/// Half of a scalar, as a number modulo 2^320 (two's complement where it has a sign).
pub(crate) type Half = [u64; HALF_WORDS];

/// The ring modulo r.
const RING: Modulus<WORDS> = Modulus::new({
    let mut words = [0u64; WORDS];
    let mut i = 0;
    while i < WORDS {
        words[i] = ORDER[i];
        i += 1;
    }
    words
});

/// `|u|^8`.
const U_TO_8: Half = {
    let mut power = [0u64; HALF_WORDS];
    power[0] = 1;
    let mut n = 0;
    while n < 8 {
        let (mut i, mut carry) = (0, 0u128);
        while i < HALF_WORDS {
            let t = power[i] as u128 * U_ABS as u128 + carry;
            power[i] = t as u64;
            carry = t >> 64;
            i += 1;
        }
        n += 1;
    }
    power
};

/// `2^576 / |u|^8`, rounded down: 318 bits.
const RECIPROCAL: Half = {
    let (mut quotient, mut rest) = ([0u64; HALF_WORDS], [0u64; HALF_WORDS]);
    let mut bit = 577;
    while bit > 0 {
        bit -= 1;
        let (mut i, mut incoming) = (0, (bit == 576) as u64);
        while i < HALF_WORDS {
            let top = rest[i] >> 63;
            rest[i] = rest[i] << 1 | incoming;
            incoming = top;
            i += 1;
        }
        let (less, borrow) = minus(&rest, &U_TO_8);
        if !borrow {
            rest = less;
            quotient[bit / 64] |= 1 << (bit % 64);
        }
    }
    quotient
};

/// `a - b` modulo 2^320 and whether it is negative.
const fn minus(a: &Half, b: &Half) -> (Half, bool) {
    let (mut out, mut borrow, mut i) = ([0u64; HALF_WORDS], false, 0);
    while i < HALF_WORDS {
        let (x, b0) = a[i].overflowing_sub(b[i]);
        let (x, b1) = x.overflowing_sub(borrow as u64);
        out[i] = x;
        borrow = b0 | b1;
        i += 1;
    }
    (out, borrow)
}

/// `a + b` modulo 2^320.
fn plus(a: &Half, b: &Half) -> Half {
    let mut carry = 0u128;
    core::array::from_fn(|i| {
        carry = (carry >> 64) + u128::from(a[i]) + u128::from(b[i]);
        carry as u64
    })
}

/// A public integer modulo r.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicScalar([u64; WORDS]);

impl PublicScalar {
    /// 0.
    pub const ZERO: Self = Self([0; WORDS]);

    /// 1.
    #[must_use]
    pub fn one() -> Self {
        Self::from_u64(1)
    }

    /// A small integer.
    #[must_use]
    pub fn from_u64(value: u64) -> Self {
        let mut words = [0u64; WORDS];
        words[0] = value;
        Self(RING.enter(&words))
    }

    /// The big-endian integer of at most 72 bytes, modulo r; `None` for more.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut words = [0u64; WORDS];
        for (i, byte) in bytes.iter().rev().enumerate() {
            *words.get_mut(i / 8)? |= u64::from(*byte) << (8 * (i % 8));
        }
        Some(Self(RING.enter(&words)))
    }

    /// 73 bytes, big-endian, canonical.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SCALAR_BYTES] {
        let words = self.words();
        let mut out = [0u8; SCALAR_BYTES];
        for (i, byte) in out.iter_mut().rev().enumerate().take(8 * WORDS) {
            *byte = (words[i / 8] >> (8 * (i % 8))) as u8;
        }
        out
    }

    /// The canonical integer, least significant word first.
    fn words(&self) -> [u64; WORDS] {
        RING.leave(&self.0)
    }

    /// Whether this is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// Sum.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        Self(RING.add(&self.0, &other.0))
    }

    /// Difference.
    #[must_use]
    pub fn sub(&self, other: &Self) -> Self {
        self.add(&other.neg())
    }

    /// Negation.
    #[must_use]
    pub fn neg(&self) -> Self {
        Self(RING.neg(&self.0))
    }

    /// Product.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        Self(RING.mul(&self.0, &other.0))
    }

    /// Power with an exponent of any length, least significant word first.
    #[must_use]
    pub fn pow(&self, exponent: &[u64]) -> Self {
        let mut acc = Self::one();
        for word in exponent.iter().rev() {
            for bit in (0..64).rev() {
                acc = acc.mul(&acc);
                if word >> bit & 1 == 1 {
                    acc = acc.mul(self);
                }
            }
        }
        acc
    }

    /// The inverse, and 0 for 0.
    #[must_use]
    pub fn invert(&self) -> Self {
        let mut exponent = RING.words;
        exponent[0] -= 2;
        self.pow(&exponent)
    }

    /// The inverses of all, with one inversion; 0 stays 0.
    #[must_use]
    pub fn invert_all(values: &[Self]) -> Vec<Self> {
        let mut product = Self::one();
        let mut out: Vec<Self> = values
            .iter()
            .map(|value| {
                let before = product;
                if !value.is_zero() {
                    product = product.mul(value);
                }
                before
            })
            .collect();
        let mut inverse = product.invert();
        for (before, value) in out.iter_mut().zip(values).rev() {
            if value.is_zero() {
                *before = Self::ZERO;
            } else {
                *before = before.mul(&inverse);
                inverse = inverse.mul(value);
            }
        }
        out
    }

    /// The root of unity of a power of two up to 2^10: `37^((r-1)/order)` (spec 20 section 1);
    /// `None` for any other order.
    #[must_use]
    pub fn root_of_unity(order: usize) -> Option<Self> {
        if !order.is_power_of_two() || order > 1 << 10 {
            return None;
        }
        let shift = order.ilog2();
        let mut exponent = RING.words;
        exponent[0] -= 1;
        let quotient: Vec<u64> = (0..WORDS)
            .map(|i| {
                let above = exponent.get(i + 1).copied().unwrap_or(0);
                exponent[i] >> shift | above.checked_shl(64 - shift).unwrap_or(0)
            })
            .collect();
        Some(Self::from_u64(37).pow(&quotient))
    }

    /// `(a, b)` with `self = a + b |u|^8`, both in `[0, |u|^8)`.
    pub(crate) fn halves(&self) -> (Half, Half) {
        let words = self.words();
        let high: Half = core::array::from_fn(|i| words.get(i + 4).copied().unwrap_or(0));
        let mut product = [0u64; 2 * HALF_WORDS];
        for (i, x) in high.iter().enumerate() {
            let mut carry = 0u128;
            for (j, y) in RECIPROCAL.iter().enumerate() {
                carry += u128::from(product[i + j]) + u128::from(*x) * u128::from(*y);
                product[i + j] = carry as u64;
                carry >>= 64;
            }
            product[i + HALF_WORDS] = carry as u64;
        }
        let mut quotient: Half = core::array::from_fn(|i| product[i + HALF_WORDS]);
        // The estimate is too small by at most 2, so that the rest modulo 2^320 is exact.
        let mut rest: Half = core::array::from_fn(|i| words[i]);
        for (i, x) in quotient.iter().enumerate() {
            let (mut carry, mut borrow) = (0u128, false);
            for j in 0..HALF_WORDS - i {
                carry += u128::from(*x) * u128::from(U_TO_8[j]);
                let (d, b0) = rest[i + j].overflowing_sub(carry as u64);
                let (d, b1) = d.overflowing_sub(u64::from(borrow));
                rest[i + j] = d;
                borrow = b0 | b1;
                carry >>= 64;
            }
        }
        loop {
            let (less, negative) = minus(&rest, &U_TO_8);
            if negative {
                return (rest, quotient);
            }
            rest = less;
            quotient = plus(&quotient, &[1, 0, 0, 0, 0]);
        }
    }

    /// As [`Self::halves`] with both odd and below `2 |u|^8` in absolute value, two's complement.
    ///
    /// With m = |u|^8, which is odd, `(m, -1)` and `(1, m - 1)` stand for 0 (r = m^2 - m + 1); adding
    /// them or their difference changes the parities as needed.
    pub(crate) fn odd_halves(&self) -> (Half, Half) {
        let one: Half = [1, 0, 0, 0, 0];
        let (a, b) = self.halves();
        match (a[0] & 1, b[0] & 1) {
            (1, 1) => (a, b),
            (0, 0) => (plus(&a, &U_TO_8), minus(&b, &one).0),
            (0, _) => (minus(&a, &one).0, plus(&minus(&b, &U_TO_8).0, &one)),
            _ => (minus(&plus(&a, &U_TO_8), &one).0, minus(&b, &U_TO_8).0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scalar;
    use proptest::prelude::*;

    /// The scalar of a half in two's complement.
    fn value(half: &Half) -> PublicScalar {
        let negative = half[HALF_WORDS - 1] >> 63 == 1;
        let magnitude = if negative {
            minus(&[0; HALF_WORDS], half).0
        } else {
            *half
        };
        let bytes: Vec<u8> = magnitude
            .iter()
            .rev()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        let value = PublicScalar::from_bytes(&bytes).expect("40 bytes");
        if negative { value.neg() } else { value }
    }

    fn recombine((a, b): &(Half, Half)) -> PublicScalar {
        value(a).add(&value(b).mul(&value(&U_TO_8)))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn agrees_with_the_constant_time_ring(
            a in prop::collection::vec(any::<u8>(), 0..=72), b in prop::collection::vec(any::<u8>(), 0..=72),
        ) {
            let (x, y) = (PublicScalar::from_bytes(&a).unwrap(), PublicScalar::from_bytes(&b).unwrap());
            let (p, q) = (Scalar::from_bytes_reduced(&a), Scalar::from_bytes_reduced(&b));
            prop_assert_eq!(x.to_bytes(), p.to_bytes());
            prop_assert_eq!(x.mul(&y).to_bytes(), p.mul(&q).to_bytes());
            prop_assert_eq!(x.sub(&y).to_bytes(), p.sub(&q).to_bytes());
            prop_assert_eq!(x.invert().to_bytes(), p.invert().to_bytes());
        }

        #[test]
        fn halves_recombine(bytes in prop::collection::vec(any::<u8>(), 72)) {
            let scalar = PublicScalar::from_bytes(&bytes).unwrap();
            for scalar in [scalar, scalar.neg(), PublicScalar::ZERO, PublicScalar::one(), PublicScalar::one().neg(),
                value(&U_TO_8), value(&U_TO_8).add(&scalar)] {
                let halves = scalar.halves();
                prop_assert_eq!(recombine(&halves), scalar);
                prop_assert!(minus(&halves.0, &U_TO_8).1 && minus(&halves.1, &U_TO_8).1);
                let odd = scalar.odd_halves();
                prop_assert_eq!(recombine(&odd), scalar);
                prop_assert!(odd.0[0] & odd.1[0] & 1 == 1);
            }
        }
    }

    #[test]
    fn more_than_72_bytes_are_refused() {
        assert!(PublicScalar::from_bytes(&[1; 73]).is_none());
    }

    #[test]
    fn roots_of_unity_have_their_order() {
        for order in [2usize, 16, 64, 256, 1024] {
            let root = PublicScalar::root_of_unity(order).expect("a power of two");
            assert_eq!(root.pow(&[order as u64 / 2]), PublicScalar::one().neg());
        }
        assert!(PublicScalar::root_of_unity(2048).is_none());
        assert!(PublicScalar::root_of_unity(48).is_none());
    }

    #[test]
    fn inverses_of_many_keep_zero() {
        let values = [3u64, 0, 7].map(PublicScalar::from_u64);
        let inverses = PublicScalar::invert_all(&values);
        assert_eq!(inverses[0].mul(&values[0]), PublicScalar::one());
        assert!(inverses[1].is_zero());
        assert_eq!(inverses[2], values[2].invert());
    }
}
