//! The machine word of the big integers and the row operations on slices of it.

#[cfg(not(any(
    feature = "narrow-limbs",
    all(target_arch = "wasm32", not(feature = "wide"))
)))]
mod width {
    pub type Limb = u64;
    pub type Double = u128;
}
#[cfg(any(
    feature = "narrow-limbs",
    all(target_arch = "wasm32", not(feature = "wide"))
))]
mod width {
    pub type Limb = u32;
    pub type Double = u64;
}

/// One limb: 64 bits where a 128-bit product is cheap, 32 bits elsewhere (WebAssembly without wide arithmetic).
pub type Limb = width::Limb;
/// A product of two limbs.
pub type Double = width::Double;

/// Bits of a limb.
pub const LIMB_BITS: u32 = Limb::BITS;

/// Splits a double limb into low and high.
#[inline(always)]
pub const fn split(t: Double) -> (Limb, Limb) {
    (t as Limb, (t >> LIMB_BITS) as Limb)
}

/// acc <- acc + row * factor over the length of `row`, returning the carry.
#[inline(always)]
pub fn add_product(acc: &mut [Limb], row: &[Limb], factor: Limb) -> Limb {
    let mut carry = 0;
    for (slot, &limb) in acc.iter_mut().zip(row) {
        let t = limb as Double * factor as Double + *slot as Double + carry as Double;
        (*slot, carry) = split(t);
    }
    carry
}

/// acc <- acc - row * factor over the length of `row`, returning the borrow.
#[inline(always)]
pub fn sub_product(acc: &mut [Limb], row: &[Limb], factor: Limb) -> Limb {
    let mut borrow: Limb = 0;
    for (slot, &limb) in acc.iter_mut().zip(row) {
        let (low, high) = split(limb as Double * factor as Double + borrow as Double);
        let (difference, under) = slot.overflowing_sub(low);
        *slot = difference;
        borrow = high + under as Limb;
    }
    borrow
}

/// acc <- acc + row, with `row` no longer than `acc`; returns the carry out of `acc`.
#[inline(always)]
pub fn add_rows(acc: &mut [Limb], row: &[Limb]) -> bool {
    let (low, high) = acc.split_at_mut(row.len().min(acc.len()));
    let mut carry = false;
    for (slot, &limb) in low.iter_mut().zip(row) {
        let (s, c1) = slot.overflowing_add(limb);
        let (s, c2) = s.overflowing_add(carry as Limb);
        *slot = s;
        carry = c1 | c2;
    }
    for slot in high {
        if !carry {
            break;
        }
        (*slot, carry) = slot.overflowing_add(1);
    }
    carry
}

/// acc <- acc - row, with `row` no longer than `acc`; returns the borrow out of `acc`.
#[inline(always)]
pub fn sub_rows(acc: &mut [Limb], row: &[Limb]) -> bool {
    let (low, high) = acc.split_at_mut(row.len().min(acc.len()));
    let mut borrow = false;
    for (slot, &limb) in low.iter_mut().zip(row) {
        let (d, b1) = slot.overflowing_sub(limb);
        let (d, b2) = d.overflowing_sub(borrow as Limb);
        *slot = d;
        borrow = b1 | b2;
    }
    for slot in high {
        if !borrow {
            break;
        }
        (*slot, borrow) = slot.overflowing_sub(1);
    }
    borrow
}

/// The reciprocal of a normalised limb for [`divide_double`] (Moeller, Granlund 2011).
#[inline(always)]
pub fn reciprocal(divisor: Limb) -> Limb {
    let numerator = (!divisor as Double) << LIMB_BITS | Limb::MAX as Double;
    (numerator / divisor as Double) as Limb
}

/// (high, low) / divisor for a normalised divisor above `high`: quotient and remainder without a division.
#[inline(always)]
pub fn divide_double(high: Limb, low: Limb, divisor: Limb, reciprocal: Limb) -> (Limb, Limb) {
    let estimate =
        reciprocal as Double * high as Double + ((high as Double) << LIMB_BITS | low as Double);
    let (fraction, quotient) = split(estimate);
    let mut quotient = quotient.wrapping_add(1);
    let mut remainder = low.wrapping_sub(quotient.wrapping_mul(divisor));
    if remainder > fraction {
        quotient = quotient.wrapping_sub(1);
        remainder = remainder.wrapping_add(divisor);
    }
    if remainder >= divisor {
        quotient = quotient.wrapping_add(1);
        remainder -= divisor;
    }
    (quotient, remainder)
}
