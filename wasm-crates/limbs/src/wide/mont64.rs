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
///
/// Natively the carry is added last, so that only two instructions per limb depend on the limb before it; WASM has instructions
/// for whole 128-bit sums.
#[inline(always)]
fn multiply_add(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let t = u128::from(a) * u128::from(b) + u128::from(c);
    if cfg!(target_family = "wasm") {
        let t = t + u128::from(carry);
        return (t as u64, (t >> 64) as u64);
    }
    let (low, over) = (t as u64).overflowing_add(carry);
    // The whole sum is below 2^128.
    (low, ((t >> 64) as u64).wrapping_add(u64::from(over)))
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

/// [`add_product`] on whole elements, eight limbs at a time.
#[inline(always)]
fn add_row<const N: usize>(acc: &mut [u64; N], row: &[u64; N], factor: u64) -> u64 {
    let mut carry = 0u64;
    let (eights, rest) = acc.as_chunks_mut::<8>();
    let (row_eights, row_rest) = row.as_chunks::<8>();
    for (slots, limbs) in eights.iter_mut().zip(row_eights) {
        for (slot, &limb) in slots.iter_mut().zip(limbs) {
            (*slot, carry) = multiply_add(limb, factor, *slot, carry);
        }
    }
    for (slot, &limb) in rest.iter_mut().zip(row_rest) {
        (*slot, carry) = multiply_add(limb, factor, *slot, carry);
    }
    carry
}

/// square <- a^2, `square` twice as long as `a` and zero: the products above the diagonal, doubled, and the diagonal.
#[inline(always)]
fn square_rows(a: &[u64], square: &mut [u64]) {
    let n = a.len();
    for i in 0..n {
        let carry = add_product(&mut square[2 * i + 1..i + n], &a[i + 1..], a[i]);
        square[i + n] = carry;
    }
    double_and_add_diagonal(a, square);
}

/// square <- 2 square + the squares of the limbs of `a`.
#[inline(always)]
fn double_and_add_diagonal(a: &[u64], square: &mut [u64]) {
    let mut top = 0u64;
    let mut carry = 0u64;
    for (pair, &limb) in square.as_chunks_mut::<2>().0.iter_mut().zip(a) {
        let s = u128::from(limb) * u128::from(limb);
        let lo = u128::from(pair[0] << 1 | top) + u128::from(s as u64) + u128::from(carry);
        let mid = pair[1] << 1 | pair[0] >> 63;
        top = pair[1] >> 63;
        let hi = u128::from(mid) + (s >> 64) + (lo >> 64);
        *pair = [lo as u64, hi as u64];
        carry = (hi >> 64) as u64;
    }
}

/// Limbs of a 2048-bit element, the length that the discriminant search needs, and half of them.
const LONG: usize = 32;
const HALF: usize = LONG / 2;

/// a^2 of one half; one copy of straight code for the three squares of [`square_long`].
#[inline(never)]
fn square_half(a: &[u64; HALF]) -> [u64; LONG] {
    let mut square = [0u64; LONG];
    /// Rows of the triangle above the diagonal, of constant length so that they become straight code. The last has no product.
    macro_rules! rows {
        ($($i:literal)*) => {$({
            let mut carry = 0u64;
            for j in $i + 1..HALF {
                (square[$i + j], carry) = multiply_add(a[j], a[$i], square[$i + j], carry);
            }
            square[$i + HALF] = carry;
        })*};
    }
    rows!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    double_and_add_diagonal(a, &mut square);
    square
}

/// product <- a^2 by one step of Karatsuba: with a = high B + low, the middle term is low^2 + high^2 - (low - high)^2.
#[inline(always)]
fn square_long(low: &[u64; HALF], high: &[u64; HALF], product: &mut [u64]) {
    let mut difference = *low;
    if subtract(&mut difference, high) {
        let mut carry = true;
        for limb in &mut difference {
            (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
        }
    }
    let (low, high, difference) = (
        square_half(low),
        square_half(high),
        square_half(&difference),
    );
    product[..LONG].copy_from_slice(&low);
    product[LONG..].copy_from_slice(&high);
    // Non-negative as a whole; single limbs may borrow.
    let mut carry = 0i128;
    for (i, slot) in product[HALF..].iter_mut().enumerate() {
        if let (Some(&l), Some(&h), Some(&d)) = (low.get(i), high.get(i), difference.get(i)) {
            carry += i128::from(*slot) + i128::from(l) + i128::from(h) - i128::from(d);
        } else {
            carry += i128::from(*slot);
        }
        *slot = carry as u64;
        carry >>= 64;
    }
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
        match a
            .split_first_chunk::<HALF>()
            .map(|(low, high)| (low, high.try_into()))
        {
            Some((low, Ok(high))) => square_long(low, high, product.as_flattened_mut()),
            _ => square_rows(a, product.as_flattened_mut()),
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
