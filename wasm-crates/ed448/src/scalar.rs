//! Numbers modulo the group order L, constant time, with the byte semantics of the network (spec 10 section 5, 42 section 2).

use crate::Error;
use crate::error::exact;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of a scalar.
pub const SCALAR_BYTES: usize = 56;

type Words = [u32; 14];

/// The order of the group of both Ed448's base point and Decaf448:
/// 2^446 - 13818066809895115352007386748515426880336692474882178609894547503885.
const L: Words = [
    0xab58_44f3,
    0x2378_c292,
    0x8dc5_8f55,
    0x216c_c272,
    0xaed6_3690,
    0xc44e_db49,
    0x7cca_23e9,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0xffff_ffff,
    0x3fff_ffff,
];

/// -1/L modulo 2^32.
const MINUS_INVERSE: u32 = {
    let mut inverse = 1u32;
    let mut i = 0;
    while i < 5 {
        inverse = inverse.wrapping_mul(2u32.wrapping_sub(L[0].wrapping_mul(inverse)));
        i += 1;
    }
    inverse.wrapping_neg()
};

/// 2^896 mod L, the square of Montgomery's R = 2^448.
const R_SQUARED: Words = {
    let mut value = [0; 14];
    value[0] = 1;
    let mut i = 0;
    while i < 896 {
        let (doubled, _) = sum(&value, &value);
        let (less, borrow) = difference(&doubled, &L);
        value = if borrow == 0 { less } else { doubled };
        i += 1;
    }
    value
};

/// Sum and its carry.
const fn sum(a: &Words, b: &Words) -> (Words, u32) {
    let mut out = [0; 14];
    let mut carry = 0u64;
    let mut i = 0;
    while i < 14 {
        carry += a[i] as u64 + b[i] as u64;
        out[i] = carry as u32;
        carry >>= 32;
        i += 1;
    }
    (out, carry as u32)
}

/// Difference and its borrow.
const fn difference(a: &Words, b: &Words) -> (Words, u32) {
    let mut out = [0; 14];
    let mut borrow = 0i64;
    let mut i = 0;
    while i < 14 {
        borrow += a[i] as i64 - b[i] as i64;
        out[i] = borrow as u32;
        borrow >>= 32;
        i += 1;
    }
    (out, (borrow & 1) as u32)
}

fn select(a: &Words, b: &Words, choice: Choice) -> Words {
    let mut out = *a;
    for (word, other) in out.iter_mut().zip(b) {
        word.conditional_assign(other, choice);
    }
    out
}

/// a b / 2^448 mod L, reduced, for a below 2^448 and b below L.
fn montgomery(a: &Words, b: &Words) -> Words {
    let mut t = [0u32; 15];
    for x in a {
        let mut carry = 0u64;
        for (word, y) in t.iter_mut().zip(b) {
            carry += u64::from(*word) + u64::from(*x) * u64::from(*y);
            *word = carry as u32;
            carry >>= 32;
        }
        let top = u64::from(t[14]) + carry;
        let m = t[0].wrapping_mul(MINUS_INVERSE);
        let mut carry = (u64::from(t[0]) + u64::from(m) * u64::from(L[0])) >> 32;
        for i in 1..14 {
            carry += u64::from(t[i]) + u64::from(m) * u64::from(L[i]);
            t[i - 1] = carry as u32;
            carry >>= 32;
        }
        let top = top + carry;
        t[13] = top as u32;
        t[14] = (top >> 32) as u32;
    }
    // Below 2 L < 2^447, so t[14] is 0.
    let mut low = [0; 14];
    low.copy_from_slice(&t[..14]);
    let (less, borrow) = difference(&low, &L);
    select(&less, &low, Choice::from(borrow as u8))
}

/// a + b mod L for reduced a and b.
fn sum_reduced(a: &Words, b: &Words) -> Words {
    let (total, _) = sum(a, b);
    let (less, borrow) = difference(&total, &L);
    select(&less, &total, Choice::from(borrow as u8))
}

fn reduced(a: &Words) -> Words {
    let mut one = [0; 14];
    one[0] = 1;
    montgomery(&montgomery(a, &R_SQUARED), &one)
}

/// A 448-bit number that acts modulo L; its bytes are kept as they came (CH-10). Wiped when dropped.
#[derive(Clone)]
pub struct Scalar(Words);

impl Scalar {
    /// The little-endian number, not reduced.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; SCALAR_BYTES]) -> Self {
        let mut words = [0; 14];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            for (i, byte) in chunk.iter().enumerate() {
                *word |= u32::from(*byte) << (8 * i);
            }
        }
        Self(words)
    }

    /// The same from a slice.
    ///
    /// # Errors
    /// `Length` unless there are 56 bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::from_bytes(&exact("scalar", "56", bytes)?))
    }

    /// The small number.
    #[must_use]
    pub fn from_u32(value: u32) -> Self {
        let mut words = [0; 14];
        words[0] = value;
        Self(words)
    }

    /// The number of 912 bits modulo L: a hash as Ed448 makes it.
    #[must_use]
    pub fn from_wide(bytes: &[u8; 114]) -> Self {
        let mut chunk = [[0u8; SCALAR_BYTES]; 3];
        for (to, from) in chunk.iter_mut().zip(bytes.chunks(SCALAR_BYTES)) {
            for (byte, value) in to.iter_mut().zip(from) {
                *byte = *value;
            }
        }
        let [low, middle, high] = chunk.map(|bytes| Self::from_bytes(&bytes));
        chunk.zeroize();
        // low + R (middle + R high)
        let high = montgomery(&high.0, &R_SQUARED);
        let rest = sum_reduced(&high, &reduced(&middle.0));
        let rest = montgomery(&rest, &R_SQUARED);
        Self(sum_reduced(&rest, &reduced(&low.0)))
    }

    /// The number's little-endian bytes, not reduced.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SCALAR_BYTES] {
        let mut bytes = [0; SCALAR_BYTES];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The number modulo L.
    #[must_use]
    pub fn reduce(&self) -> Self {
        Self(reduced(&self.0))
    }

    /// Whether the number is below L.
    #[must_use]
    pub fn is_reduced(&self) -> Choice {
        Choice::from(difference(&self.0, &L).1 as u8)
    }

    /// Whether the number is 0 modulo L.
    #[must_use]
    pub fn is_zero(&self) -> Choice {
        reduced(&self.0).ct_eq(&[0; 14])
    }

    /// The sum, corrected by L once when it is L or more: not reduced where the operands are not. A result that one
    /// correction does not bring below 2^448 is reduced.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let (total, carry) = sum(&self.0, &other.0);
        let (less, borrow) = difference(&total, &L);
        let too_much = Choice::from((carry & (borrow ^ 1)) as u8);
        let below = Choice::from((borrow & (carry ^ 1)) as u8);
        let exact = select(&less, &total, below);
        let small = sum_reduced(&reduced(&self.0), &reduced(&other.0));
        Self(select(&exact, &small, too_much))
    }

    /// The difference, corrected by L once when it is negative: not reduced where the operands are not. A result that one
    /// correction does not bring to 0 or more is reduced.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let (less, borrow) = difference(&self.0, &other.0);
        let (again, carry) = sum(&less, &L);
        let negative = Choice::from(borrow as u8);
        let too_little = Choice::from((borrow & (carry ^ 1)) as u8);
        let exact = select(&less, &again, negative);
        let (minus, _) = difference(&L, &reduced(&other.0));
        let small = sum_reduced(&reduced(&self.0), &minus);
        Self(select(&exact, &small, too_little))
    }

    /// The product, reduced.
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Self {
        Self(montgomery(&other.0, &montgomery(&self.0, &R_SQUARED)))
    }

    /// The inverse, reduced.
    ///
    /// # Errors
    /// `Zero` for 0 modulo L.
    pub fn invert(&self) -> Result<Self, Error> {
        if self.is_zero().into() {
            return Err(Error::Zero);
        }
        // Fermat: the exponent L - 2 is public.
        let base = montgomery(&self.0, &R_SQUARED);
        let mut power = base;
        for bit in (0..445).rev() {
            power = montgomery(&power, &power);
            let word = if bit < 32 { L[0] - 2 } else { L[bit / 32] };
            if word >> (bit % 32) & 1 == 1 {
                power = montgomery(&power, &base);
            }
        }
        let mut one = [0; 14];
        one[0] = 1;
        Ok(Self(montgomery(&power, &one)))
    }
}

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Scalar {}

impl ConstantTimeEq for Scalar {
    /// Equality modulo L.
    fn ct_eq(&self, other: &Self) -> Choice {
        reduced(&self.0).ct_eq(&reduced(&other.0))
    }
}

impl core::fmt::Debug for Scalar {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Scalar(..)")
    }
}
