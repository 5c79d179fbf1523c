//! Integers modulo the group order r; constant time (spec 10 sections 1 and 1.2).

use limbs::field::mont::Modulus;
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroize;

/// Words of a scalar.
const WORDS: usize = 10;
/// Bytes of a scalar on the wire.
pub const SCALAR_BYTES: usize = 73;

/// `|u|`, the absolute value of the curve parameter (which is negative).
pub const U_ABS: u64 = 0x1_4000_0381;

/// r = u^16 - u^8 + 1, least significant word first.
pub const ORDER: [u64; WORDS] = [
    0x18a5_fe6f_cd67_1c01,
    0xccbe_5994_67c2_4da1,
    0xa85c_7cd0_5623_03c4,
    0x4196_9d34_c4c9_2016,
    0x3fad_6bc9_72c2_e6e7,
    0x3538_7a3f_0b3c_be00,
    0x3a9c_cc16_15c0_d6c6,
    0x86f8_a925_e288_5e23,
    0x0000_0000_0000_0023,
    0,
];

/// The ring of scalars.
const RING: Modulus<WORDS> = Modulus::new(ORDER);

/// An integer modulo r. Wiped when dropped.
#[derive(Clone)]
pub struct Scalar([u64; WORDS]);

impl Zeroize for Scalar {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for Scalar {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl Scalar {
    /// The residue of a big-endian integer of any length.
    pub fn from_bytes_reduced(bytes: &[u8]) -> Self {
        let mut radix = [0u64; WORDS];
        radix[8] = 1;
        let radix = RING.enter(&radix);
        let (first, rest) = bytes.split_at(bytes.len() % 64);
        let mut acc = [0u64; WORDS];
        for chunk in std::iter::once(first).chain(rest.chunks(64)) {
            let mut words = [0u64; WORDS];
            for (i, byte) in chunk.iter().rev().enumerate() {
                words[i / 8] |= u64::from(*byte) << (8 * (i % 8));
            }
            let entered = RING.enter(&words);
            acc = RING.add(&RING.mul(&acc, &radix), &entered);
            words.zeroize();
        }
        let out = Self(RING.leave(&acc));
        acc.zeroize();
        out
    }

    /// 73 bytes, big-endian, canonical.
    pub fn to_bytes(&self) -> [u8; SCALAR_BYTES] {
        let mut out = [0u8; SCALAR_BYTES];
        for (i, byte) in out.iter_mut().rev().enumerate() {
            *byte = (self.0[i / 8] >> (8 * (i % 8))) as u8;
        }
        out
    }

    /// Whether this is 0; constant time but for the answer.
    pub fn is_zero(&self) -> bool {
        self.0.iter().fold(0, |acc, word| acc | word) == 0
    }

    /// Sum.
    pub fn add(&self, other: &Self) -> Self {
        Self(RING.add(&self.0, &other.0))
    }

    /// Difference.
    pub fn sub(&self, other: &Self) -> Self {
        Self(RING.add(&self.0, &RING.neg(&other.0)))
    }

    /// Product.
    pub fn mul(&self, other: &Self) -> Self {
        Self(RING.mul(&RING.enter(&self.0), &other.0))
    }

    /// The inverse, and 0 for 0 (Fermat: the exponent r - 2 is public).
    pub fn invert(&self) -> Self {
        let base = RING.enter(&self.0);
        let mut one = [0u64; WORDS];
        one[0] = 1;
        let mut acc = RING.enter(&one);
        let mut exponent = ORDER;
        exponent[0] -= 2;
        for bit in (0..64 * WORDS).rev() {
            acc = RING.mul(&acc, &acc);
            if exponent[bit / 64] >> (bit % 64) & 1 == 1 {
                acc = RING.mul(&acc, &base);
            }
        }
        Self(RING.leave(&acc))
    }

    /// `(a, b)` with `self = a + b |u|^8`, both below `|u|^8` (260 bits).
    pub(crate) fn split_in_two(&self) -> [Halves; 2] {
        let (mut quotient, remainder) = divide(&self.0, &U_TO_8);
        let high = core::array::from_fn(|i| quotient[i]);
        quotient.zeroize();
        [Halves(remainder), Halves(high)]
    }

    /// The 16 digits of self in base `|u|`, lowest first.
    pub(crate) fn digits(&self) -> Digits {
        let mut digits = Digits([0u64; 16]);
        let mut rest = self.0;
        for digit in &mut digits.0 {
            let (quotient, [remainder]) = divide(&rest, &[U_ABS]);
            rest = quotient;
            *digit = remainder;
        }
        rest.zeroize();
        digits
    }
}

/// Half of a scalar; wiped when dropped.
pub(crate) struct Halves([u64; 5]);

impl Halves {
    /// The four bits at `4 window`.
    pub fn window(&self, window: usize) -> u64 {
        self.0[window / 16] >> (4 * (window % 16)) & 15
    }
}

impl Drop for Halves {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Digits in base `|u|`; wiped when dropped.
pub(crate) struct Digits([u64; 16]);

impl Digits {
    /// Bit `bit` of the digits `4 group .. 4 group + 4`, as a number below 16.
    pub fn column(&self, group: usize, bit: u32) -> u64 {
        (0..4).fold(0, |acc, i| acc | (self.0[4 * group + i] >> bit & 1) << i)
    }
}

impl Drop for Digits {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// `|u|^8`.
const U_TO_8: [u64; 5] = {
    let mut power = [0u64; 5];
    power[0] = 1;
    let mut n = 0;
    while n < 8 {
        let (mut i, mut carry) = (0, 0u128);
        while i < 5 {
            let t = power[i] as u128 * U_ABS as u128 + carry;
            power[i] = t as u64;
            carry = t >> 64;
            i += 1;
        }
        n += 1;
    }
    power
};

/// Quotient and remainder, bit by bit and without a branch.
fn divide<const M: usize>(value: &[u64; WORDS], divisor: &[u64; M]) -> ([u64; WORDS], [u64; M]) {
    let mut quotient = [0u64; WORDS];
    let mut rest = [0u64; M];
    for bit in (0..64 * WORDS).rev() {
        let mut incoming = value[bit / 64] >> (bit % 64) & 1;
        for word in &mut rest {
            let top = *word >> 63;
            *word = *word << 1 | incoming;
            incoming = top;
        }
        let mut less = [0u64; M];
        let mut borrow = false;
        for i in 0..M {
            let (x, b0) = rest[i].overflowing_sub(divisor[i]);
            let (y, b1) = x.overflowing_sub(u64::from(borrow));
            less[i] = y;
            borrow = b0 | b1;
        }
        let fits = Choice::from(u8::from(!borrow));
        for i in 0..M {
            rest[i] = u64::conditional_select(&rest[i], &less[i], fits);
        }
        quotient[bit / 64] |= u64::from(!borrow) << (bit % 64);
    }
    (quotient, rest)
}
