//! The field of 2^448 - 2^224 - 1 elements, constant time.
//!
//! Two kernels with the same operations: [`words`] where 64-bit products are fast, [`lanes`] in WebAssembly. Both are
//! compiled everywhere, so that tests compare them.

pub mod lanes;
pub mod words;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, CtOption};

/// An element of the field, by the kernel of this target.
#[cfg(not(target_arch = "wasm32"))]
pub type Element = words::Words;
/// An element of the field, by the kernel of this target.
#[cfg(target_arch = "wasm32")]
pub type Element = lanes::Lanes;

impl Element {
    /// The element with these 56 little-endian bytes, none when they are p or more.
    #[must_use]
    pub fn from_canonical(bytes: &[u8; 56]) -> CtOption<Self> {
        let element = Self::from_bytes(bytes);
        CtOption::new(element, element.to_bytes().ct_eq(bytes))
    }

    /// The negative.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// Equality of values, constant time.
    #[must_use]
    pub fn equals(&self, other: &Self) -> Choice {
        self.to_bytes().ct_eq(&other.to_bytes())
    }

    /// Whether the value is 0, constant time.
    #[must_use]
    pub fn is_zero(&self) -> Choice {
        self.to_bytes().ct_eq(&[0; 56])
    }

    /// Lowest bit of the reduced value: the sign of Ed448 and of RFC 9496.
    #[must_use]
    pub fn is_odd(&self) -> Choice {
        Choice::from(self.to_bytes()[0] & 1)
    }

    /// The even one of the value and its negative (CT_ABS of RFC 9496).
    #[must_use]
    pub fn absolute(&self) -> Self {
        self.negate_if(self.is_odd())
    }

    /// The negative when `choice` is set, the value itself otherwise.
    #[must_use]
    pub fn negate_if(&self, choice: Choice) -> Self {
        Self::conditional_select(self, &self.negate(), choice)
    }

    /// Inverse; 0 for 0.
    #[must_use]
    pub fn invert(&self) -> Self {
        // p - 2 = 4 (p - 3)/4 + 1
        self.power_p_minus_3_over_4().square_times(2).mul(self)
    }

    fn square_times(&self, count: u32) -> Self {
        let mut out = *self;
        for _ in 0..count {
            out = out.square();
        }
        out
    }

    /// The power (p - 3)/4 = 2^446 - 2^222 - 1.
    fn power_p_minus_3_over_4(&self) -> Self {
        // ones(n) = the power 2^n - 1; ones(a + b) = ones(a)^(2^b) ones(b)
        let ones_3 = self.square().mul(self).square().mul(self);
        let ones_6 = ones_3.square_times(3).mul(&ones_3);
        let ones_9 = ones_6.square_times(3).mul(&ones_3);
        let ones_18 = ones_9.square_times(9).mul(&ones_9);
        let ones_37 = ones_18.square_times(18).mul(&ones_18).square().mul(self);
        let ones_74 = ones_37.square_times(37).mul(&ones_37);
        let ones_111 = ones_74.square_times(37).mul(&ones_37);
        let ones_222 = ones_111.square_times(111).mul(&ones_111);
        let ones_223 = ones_222.square().mul(self);
        ones_223.square_times(223).mul(&ones_222)
    }

    /// The even square root of u/v and whether u/v is a square (SQRT_RATIO_M1 of RFC 9496 section 5.2).
    #[must_use]
    pub fn sqrt_ratio(u: &Self, v: &Self) -> (Choice, Self) {
        let root = u.mul(v).power_p_minus_3_over_4().mul(u);
        let is_square = root.square().mul(v).equals(u);
        (is_square, root.absolute())
    }
}
