//! Montgomery arithmetic on u64 limbs with 128-bit products, squaring with half the products.

use super::montgomery::{
    Montgomery, add_assign, double, less, negated_inverse, odd_modulus, power_of_two_mod, subtract,
};

/// Arithmetic modulo an odd integer below 2^(64 N); R = 2^(64 N).
#[derive(Clone, Debug)]
pub struct Mont64<const N: usize> {
    modulus: [u64; N],
    /// -1/modulus mod 2^64.
    inverse: u64,
}

/// a * b + c + carry, low and high.
#[inline(always)]
fn multiply_add(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let t = u128::from(a) * u128::from(b) + u128::from(c) + u128::from(carry);
    (t as u64, (t >> 64) as u64)
}

/// acc <- acc + row * factor over the length of `row`, returning the carry.
#[inline(always)]
fn add_product(acc: &mut [u64], row: &[u64], factor: u64) -> u64 {
    let mut carry = 0u64;
    for (slot, &limb) in acc.iter_mut().zip(row) {
        (*slot, carry) = multiply_add(limb, factor, *slot, carry);
    }
    carry
}

/// [`add_product`] on whole elements: the constant length lets the compiler unroll it.
#[inline(always)]
fn add_row<const N: usize>(acc: &mut [u64; N], row: &[u64; N], factor: u64) -> u64 {
    let mut carry = 0u64;
    for i in 0..N {
        (acc[i], carry) = multiply_add(row[i], factor, acc[i], carry);
    }
    carry
}

impl<const N: usize> Mont64<N> {
    /// product / R mod the modulus, for a product below modulus * R, low half first.
    #[inline(always)]
    fn reduce(&self, product: &mut [[u64; N]; 2]) -> [u64; N] {
        let flat = product.as_flattened_mut();
        let mut over = false;
        for i in 0..N {
            // Row i clears limb i; its carry belongs to limb i + N.
            if let Some((row, [top, ..])) = flat[i..].split_first_chunk_mut::<N>() {
                let q = row[0].wrapping_mul(self.inverse);
                let carry = add_row(row, &self.modulus, q);
                let (sum, c1) = top.overflowing_add(carry);
                let (sum, c2) = sum.overflowing_add(u64::from(over));
                *top = sum;
                over = c1 | c2;
            }
        }
        let [_, mut high] = *product;
        if over || !less(&high, &self.modulus) {
            subtract(&mut high, &self.modulus);
        }
        high
    }
}

impl<const N: usize> Montgomery for Mont64<N> {
    type Element = [u64; N];

    fn new(modulus: &[u64]) -> Option<Self> {
        let modulus = odd_modulus(modulus)?;
        let inverse = negated_inverse(*modulus.first()?);
        Some(Self { modulus, inverse })
    }

    fn power_of_two(&self, exponent: u32) -> [u64; N] {
        power_of_two_mod(&self.modulus, N as u32 * 64 + exponent)
    }

    fn mul(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let mut product = [[0u64; N]; 2];
        let flat = product.as_flattened_mut();
        for (i, &factor) in a.iter().enumerate() {
            if let Some((row, [top, ..])) = flat[i..].split_first_chunk_mut::<N>() {
                *top = add_row(row, b, factor);
            }
        }
        self.reduce(&mut product)
    }

    fn square(&self, a: &[u64; N]) -> [u64; N] {
        let mut product = [[0u64; N]; 2];
        let flat = product.as_flattened_mut();
        for i in 0..N {
            let carry = add_product(&mut flat[2 * i + 1..i + N], &a[i + 1..], a[i]);
            flat[i + N] = carry;
        }
        let mut top = 0u64;
        let mut carry = 0u64;
        for (pair, &limb) in flat.as_chunks_mut::<2>().0.iter_mut().zip(a) {
            let s = u128::from(limb) * u128::from(limb);
            let lo = u128::from(pair[0] << 1 | top) + u128::from(s as u64) + u128::from(carry);
            let mid = pair[1] << 1 | pair[0] >> 63;
            top = pair[1] >> 63;
            let hi = u128::from(mid) + (s >> 64) + (lo >> 64);
            *pair = [lo as u64, hi as u64];
            carry = (hi >> 64) as u64;
        }
        self.reduce(&mut product)
    }

    fn add(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let mut sum = *a;
        if add_assign(&mut sum, b) || !less(&sum, &self.modulus) {
            subtract(&mut sum, &self.modulus);
        }
        sum
    }

    fn sub(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let mut difference = *a;
        if subtract(&mut difference, b) {
            add_assign(&mut difference, &self.modulus);
        }
        difference
    }

    fn zero(&self) -> [u64; N] {
        [0; N]
    }

    fn shift(&self, a: &[u64; N], shift: u32) -> [u64; N] {
        let mut v = *a;
        for _ in 0..shift {
            if double(&mut v) || !less(&v, &self.modulus) {
                subtract(&mut v, &self.modulus);
            }
        }
        v
    }
}
