//! Division: Knuth's algorithm D with a precomputed reciprocal of the top limb.

use super::limb::{
    Double, LIMB_BITS, Limb, add_rows, divide_double, reciprocal, split, sub_product,
};
use super::{CAPACITY, Int};
use core::cmp::Ordering;

impl Int {
    /// Quotient and remainder toward zero: self = q divisor + r, |r| < |divisor|, r has the sign of self.
    /// A zero divisor gives (0, self).
    pub fn div_rem(&self, divisor: &Self) -> (Self, Self) {
        if divisor.is_zero() || self.cmp_abs(divisor) == Ordering::Less {
            return (Self::ZERO, *self);
        }
        let (mut quotient, mut remainder) = match divisor.magnitude() {
            [limb] => self.div_limb(*limb),
            _ => self.div_long(divisor),
        };
        quotient.negative = self.negative != divisor.negative && !quotient.is_zero();
        remainder.negative = self.negative && !remainder.is_zero();
        (quotient, remainder)
    }

    fn div_limb(&self, divisor: Limb) -> (Self, Self) {
        let shift = divisor.leading_zeros();
        let divisor = divisor << shift;
        let inverse = reciprocal(divisor);
        let mut quotient = Self::ZERO;
        // The running remainder stays shifted, so that the divisor is normalised.
        let shifted = self.shifted_left(shift);
        let mut rest: Limb = 0;
        for (slot, &limb) in quotient
            .limbs
            .iter_mut()
            .zip(&shifted.limbs)
            .take(shifted.len)
            .rev()
        {
            (*slot, rest) = divide_double(rest, limb, divisor, inverse);
        }
        quotient.trim(shifted.len);
        let mut remainder = Self::ZERO;
        remainder.limbs[0] = rest >> shift;
        remainder.trim(1);
        (quotient, remainder)
    }

    /// Both with at least two limbs and |self| >= |divisor|.
    fn div_long(&self, divisor: &Self) -> (Self, Self) {
        let n = divisor.len;
        let shift = divisor.limbs[n - 1].leading_zeros();
        let d = divisor.shifted_left(shift);
        let (top, second) = (d.limbs[n - 1], d.limbs[n - 2]);
        let inverse = reciprocal(top);
        // The numerator gets one more limb for the shift.
        let mut numerator = [0 as Limb; CAPACITY + 1];
        let mut below: Limb = 0;
        for (slot, &limb) in numerator
            .iter_mut()
            .zip(self.limbs.iter().take(self.len).chain([&0]))
        {
            *slot = if shift == 0 {
                limb
            } else {
                limb << shift | below >> (LIMB_BITS - shift)
            };
            below = limb;
        }
        let mut quotient = Self::ZERO;
        for j in (0..=self.len - n).rev() {
            let (high, low, next) = (numerator[j + n], numerator[j + n - 1], numerator[j + n - 2]);
            let digit = if high >= top {
                Limb::MAX
            } else {
                let (mut digit, rest) = divide_double(high, low, top, inverse);
                // The estimate is at most two too large; the second limb settles nearly all of it.
                let mut rest = rest as Double;
                while rest >> LIMB_BITS == 0
                    && digit as Double * second as Double > (rest << LIMB_BITS | next as Double)
                {
                    digit -= 1;
                    rest += top as Double;
                }
                digit
            };
            let window = &mut numerator[j..=j + n];
            let borrow = sub_product(&mut window[..n], &d.limbs[..n], digit);
            let (rest, under) = window[n].overflowing_sub(borrow);
            window[n] = rest;
            quotient.limbs[j] = digit;
            let mut negative = under;
            while negative {
                quotient.limbs[j] -= 1;
                negative = !add_rows(window, &d.limbs[..n]);
            }
        }
        quotient.trim(self.len - n + 1);
        let mut remainder = Self::ZERO;
        for (i, slot) in remainder.limbs[..n].iter_mut().enumerate() {
            let (low, high) = (numerator[i], numerator[i + 1]);
            *slot = if shift == 0 {
                low
            } else {
                low >> shift | high << (LIMB_BITS - shift)
            };
        }
        remainder.trim(n);
        (quotient, remainder)
    }

    /// self mod modulus in 0..modulus, for a positive modulus.
    pub fn modulo(&self, modulus: &Self) -> Self {
        let remainder = self.div_rem(modulus).1;
        if remainder.is_negative() {
            remainder.add(modulus)
        } else {
            remainder
        }
    }

    /// The quotient of a division that leaves no remainder.
    pub fn div_exact(&self, divisor: &Self) -> Self {
        let (quotient, remainder) = self.div_rem(divisor);
        debug_assert!(remainder.is_zero(), "exact division");
        quotient
    }

    /// The quotient when nothing remains.
    pub fn checked_div_exact(&self, divisor: &Self) -> Option<Self> {
        let (quotient, remainder) = self.div_rem(divisor);
        (remainder.is_zero() && !divisor.is_zero()).then_some(quotient)
    }
}

/// Low and high limb of a product, re-exported for the Euclidean step.
#[inline(always)]
pub fn product(a: Limb, b: Limb, carry: Limb) -> (Limb, Limb) {
    split(a as Double * b as Double + carry as Double)
}
