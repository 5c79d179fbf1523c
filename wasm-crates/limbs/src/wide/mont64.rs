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

/// acc <- acc + row * factor over the length of `row`, returning the carry.
#[inline(always)]
fn add_product(acc: &mut [u64], row: &[u64], factor: u64) -> u64 {
    let mut carry = 0u64;
    for (slot, &limb) in acc.iter_mut().zip(row) {
        let t = u128::from(limb) * u128::from(factor) + u128::from(*slot) + u128::from(carry);
        *slot = t as u64;
        carry = (t >> 64) as u64;
    }
    carry
}

impl<const N: usize> Mont64<N> {
    /// (low + high R) / R mod the modulus; `low` and `high` together are below modulus * R.
    fn reduce(&self, low: &mut [u64; N], high: &mut [u64; N]) -> [u64; N] {
        // Row i clears limb i of the low half; its carry belongs to limb i of the high half.
        let mut window = [0u64; N];
        let mut over = 0u64;
        for i in 0..N {
            let q = low[i].wrapping_mul(self.inverse);
            let split = N - i;
            let c = add_product(&mut low[i..], &self.modulus[..split], q);
            let t = self.row_top(high, i, split, q, c);
            let sum = u128::from(t) + u128::from(high[i]) + u128::from(over);
            high[i] = sum as u64;
            over = (sum >> 64) as u64;
        }
        window.copy_from_slice(high);
        if over != 0 || !less(&window, &self.modulus) {
            subtract(&mut window, &self.modulus);
        }
        window
    }

    /// The part of a reduction row that lies in the high half; returns its carry.
    #[inline(always)]
    fn row_top(&self, high: &mut [u64; N], i: usize, split: usize, q: u64, carry: u64) -> u64 {
        let mut carry = carry;
        for (slot, &limb) in high[..i].iter_mut().zip(&self.modulus[split..]) {
            let t = u128::from(limb) * u128::from(q) + u128::from(*slot) + u128::from(carry);
            *slot = t as u64;
            carry = (t >> 64) as u64;
        }
        carry
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
        let (mut low, mut high) = ([0u64; N], [0u64; N]);
        for i in 0..N {
            let split = N - i;
            let mut carry = add_product(&mut low[i..], &b[..split], a[i]);
            for (slot, &limb) in high[..i].iter_mut().zip(&b[split..]) {
                let t = u128::from(limb) * u128::from(a[i]) + u128::from(*slot) + u128::from(carry);
                *slot = t as u64;
                carry = (t >> 64) as u64;
            }
            high[i] = carry;
        }
        self.reduce(&mut low, &mut high)
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
        let [low, high] = &mut product;
        self.reduce(low, high)
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
