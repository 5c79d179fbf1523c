//! Signed integers of fixed capacity on the stack, for forms of a discriminant of at most 2048 bits.
//!
//! Values are public, so everything runs in variable time. A form's arithmetic stays below
//! [`CAPACITY_BITS`]; callers keep to the bounds stated at each operation.

mod bytes;
mod divide;
mod euclid;
mod limb;

use core::cmp::Ordering;
pub use euclid::{Euclid, gcd_cofactor};
use limb::{Double, LIMB_BITS, Limb, add_product, add_rows, split, sub_rows};

/// Every integer of this crate fits this many bits: products of two 1032-bit coefficients and a little more.
pub const CAPACITY_BITS: u32 = 2304;
const CAPACITY: usize = (CAPACITY_BITS / LIMB_BITS) as usize;

/// A signed integer: sign and magnitude. Zero is never negative; limbs from `len` upwards are zero.
#[derive(Clone, Copy)]
pub struct Int {
    limbs: [Limb; CAPACITY],
    len: usize,
    negative: bool,
}

impl Int {
    /// 0.
    pub const ZERO: Self = Self {
        limbs: [0; CAPACITY],
        len: 0,
        negative: false,
    };

    /// A small value.
    pub fn small(value: u32) -> Self {
        let mut out = Self::ZERO;
        out.limbs[0] = value as Limb;
        out.len = usize::from(value != 0);
        out
    }

    /// The magnitude's limbs without leading zeros.
    pub(crate) fn magnitude(&self) -> &[Limb] {
        &self.limbs[..self.len]
    }

    /// Sets the length by dropping leading zeros below `bound`.
    fn trim(&mut self, bound: usize) {
        let bound = bound.min(CAPACITY);
        self.len = self.limbs[..bound]
            .iter()
            .rposition(|&l| l != 0)
            .map_or(0, |top| top + 1);
        self.negative &= self.len != 0;
    }

    /// Whether this is 0.
    pub fn is_zero(&self) -> bool {
        self.len == 0
    }

    /// Whether this is 1.
    pub fn is_one(&self) -> bool {
        self.len == 1 && self.limbs[0] == 1 && !self.negative
    }

    /// Whether this is below 0.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Bits of the magnitude.
    pub fn bit_length(&self) -> u32 {
        match self.magnitude().last() {
            Some(top) => self.len as u32 * LIMB_BITS - top.leading_zeros(),
            None => 0,
        }
    }

    /// Bit `i` of the magnitude.
    pub fn bit(&self, i: u32) -> bool {
        self.limbs
            .get((i / LIMB_BITS) as usize)
            .is_some_and(|l| l >> (i % LIMB_BITS) & 1 == 1)
    }

    /// The 64 bits of the magnitude from bit `from` upwards.
    pub(crate) fn word(&self, from: u32) -> u64 {
        let at = (from / LIMB_BITS) as usize;
        let offset = from % LIMB_BITS;
        let mut word = 0u128;
        for i in (0..=(64 / LIMB_BITS) as usize).rev() {
            word = word << LIMB_BITS | u128::from(self.limbs.get(at + i).copied().unwrap_or(0));
        }
        (word >> offset) as u64
    }

    /// -self.
    pub fn negated(mut self) -> Self {
        self.negative = !self.negative && self.len != 0;
        self
    }

    /// self, negated when `negate`.
    pub fn negated_if(self, negate: bool) -> Self {
        if negate { self.negated() } else { self }
    }

    /// |self|.
    pub fn abs(mut self) -> Self {
        self.negative = false;
        self
    }

    /// Compares magnitudes.
    pub fn cmp_abs(&self, other: &Self) -> Ordering {
        self.len.cmp(&other.len).then_with(|| {
            self.magnitude()
                .iter()
                .rev()
                .cmp(other.magnitude().iter().rev())
        })
    }

    /// |self| + |other|, sign of self.
    fn add_magnitudes(&self, other: &Self) -> Self {
        let (long, short) = if self.len >= other.len {
            (self, other)
        } else {
            (other, self)
        };
        let mut out = *long;
        out.negative = self.negative;
        let carry = add_rows(&mut out.limbs[..long.len], short.magnitude());
        if carry && let Some(slot) = out.limbs.get_mut(long.len) {
            *slot = 1;
            out.len += 1;
        }
        out
    }

    /// |self| - |other| with the sign of self; both senses.
    fn sub_magnitudes(&self, other: &Self) -> Self {
        let swap = self.cmp_abs(other) == Ordering::Less;
        let (large, little) = if swap { (other, self) } else { (self, other) };
        let mut out = *large;
        sub_rows(&mut out.limbs[..large.len], little.magnitude());
        out.negative = self.negative != swap;
        out.trim(large.len);
        out
    }

    /// self + other.
    pub fn add(&self, other: &Self) -> Self {
        if other.is_zero() {
            *self
        } else if self.is_zero() {
            *other
        } else if self.negative == other.negative {
            self.add_magnitudes(other)
        } else {
            self.sub_magnitudes(other)
        }
    }

    /// self - other.
    pub fn sub(&self, other: &Self) -> Self {
        self.add(&other.negated())
    }

    /// self * other; together at most [`CAPACITY_BITS`].
    pub fn mul(&self, other: &Self) -> Self {
        let (long, short) = if self.len >= other.len {
            (self, other)
        } else {
            (other, self)
        };
        let mut out = Self::ZERO;
        debug_assert!(long.len + short.len <= CAPACITY, "product within capacity");
        for (i, &factor) in short.magnitude().iter().enumerate() {
            let carry = add_product(&mut out.limbs[i..i + long.len], long.magnitude(), factor);
            if let Some(slot) = out.limbs.get_mut(i + long.len) {
                *slot = carry;
            }
        }
        out.negative = self.negative != other.negative;
        out.trim(long.len + short.len);
        out
    }

    /// self * self; at most [`CAPACITY_BITS`].
    pub fn square(&self) -> Self {
        let n = self.len;
        let x = self.magnitude();
        let mut out = Self::ZERO;
        debug_assert!(2 * n <= CAPACITY, "square within capacity");
        for (i, &factor) in x.iter().enumerate() {
            let carry = add_product(&mut out.limbs[2 * i + 1..i + n], &x[i + 1..], factor);
            if let Some(slot) = out.limbs.get_mut(i + n) {
                *slot = carry;
            }
        }
        let (mut top, mut carry): (Limb, Limb) = (0, 0);
        for (pair, &limb) in out.limbs.as_chunks_mut::<2>().0.iter_mut().zip(x) {
            let (low, high) = split(limb as Double * limb as Double);
            let (first, c) =
                split((pair[0] << 1 | top) as Double + low as Double + carry as Double);
            let middle = pair[1] << 1 | pair[0] >> (LIMB_BITS - 1);
            top = pair[1] >> (LIMB_BITS - 1);
            let (second, c) = split(middle as Double + high as Double + c as Double);
            *pair = [first, second];
            carry = c;
        }
        out.trim(2 * n);
        out
    }

    /// self * 2.
    pub fn doubled(&self) -> Self {
        self.add(self)
    }

    /// The magnitude shifted down, the sign kept: division by 2^bits toward zero.
    pub fn shifted_right(&self, bits: u32) -> Self {
        let (skip, offset) = ((bits / LIMB_BITS) as usize, bits % LIMB_BITS);
        let mut out = Self::ZERO;
        for (i, slot) in out
            .limbs
            .iter_mut()
            .enumerate()
            .take(self.len.saturating_sub(skip))
        {
            let low = self.limbs[i + skip] >> offset;
            let above = self.limbs.get(i + skip + 1).copied().unwrap_or(0);
            *slot = if offset == 0 {
                low
            } else {
                low | above << (LIMB_BITS - offset)
            };
        }
        out.negative = self.negative;
        out.trim(self.len);
        out
    }

    /// The magnitude shifted up, the sign kept; the result within [`CAPACITY_BITS`].
    pub fn shifted_left(&self, bits: u32) -> Self {
        let (skip, offset) = ((bits / LIMB_BITS) as usize, bits % LIMB_BITS);
        let mut out = Self::ZERO;
        let mut below = 0;
        for (slot, &limb) in out
            .limbs
            .iter_mut()
            .skip(skip)
            .zip(&self.limbs[..(self.len + 1).min(CAPACITY)])
        {
            *slot = if offset == 0 {
                limb
            } else {
                limb << offset | below >> (LIMB_BITS - offset)
            };
            below = limb;
        }
        out.negative = self.negative;
        out.trim(self.len + skip + 1);
        out
    }

    /// The largest integer whose square is at most |self|, by Newton's iteration.
    pub fn sqrt(&self) -> Self {
        if self.is_zero() {
            return Self::ZERO;
        }
        let mut x = Self::small(1).shifted_left(self.bit_length().div_ceil(2));
        loop {
            let next = x.add(&self.abs().div_rem(&x).0).shifted_right(1);
            if next.cmp_abs(&x) != Ordering::Less {
                return x;
            }
            x = next;
        }
    }
}

impl PartialEq for Int {
    fn eq(&self, other: &Self) -> bool {
        self.negative == other.negative && self.magnitude() == other.magnitude()
    }
}

impl Eq for Int {}

impl core::fmt::Debug for Int {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(if self.negative { "-0x" } else { "0x" })?;
        for limb in self.magnitude().iter().rev() {
            write!(f, "{limb:0width$x}", width = LIMB_BITS as usize / 4)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
