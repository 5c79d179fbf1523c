//! F_q on four 64-bit limbs, Montgomery radix R = 2^256.

use crate::field::{Field, Limbs, MAX_TERMS, Q, at_least, subtract};

/// `-1/q mod 2^64`.
const Q_INV: u64 = 0xc2e1_f593_efff_ffff;
const TWO_Q: Limbs = double(&Q);
/// `R mod q` and `R^2 mod q`.
const R: Limbs = power_of_two(256);
const R2: Limbs = power_of_two(512);

const fn double(a: &Limbs) -> Limbs {
    [
        a[0] << 1,
        a[1] << 1 | a[0] >> 63,
        a[2] << 1 | a[1] >> 63,
        a[3] << 1 | a[2] >> 63,
    ]
}

const fn less(a: &Limbs, b: &Limbs) -> bool {
    let mut i = 4;
    while i > 0 {
        i -= 1;
        if a[i] != b[i] {
            return a[i] < b[i];
        }
    }
    false
}

/// `2^n mod q`.
const fn power_of_two(n: usize) -> Limbs {
    let mut x = [1, 0, 0, 0];
    let mut i = 0;
    while i < n {
        x = double(&x);
        if !less(&x, &Q) {
            x = subtract(&x, &Q);
        }
        i += 1;
    }
    x
}

/// An element, the integer x stored as `x R mod q`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fr(Limbs);

/// `a + b c + carry` as (low, high).
#[inline(always)]
fn mac(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let t = u128::from(a) + u128::from(b) * u128::from(c) + u128::from(carry);
    (t as u64, (t >> 64) as u64)
}

#[inline(always)]
fn subtract_if_at_least(a: Limbs, m: &Limbs) -> Limbs {
    let mut d = [0u64; 4];
    let mut borrow = false;
    for i in 0..4 {
        let (x, b1) = a[i].overflowing_sub(m[i]);
        let (x, b2) = x.overflowing_sub(u64::from(borrow));
        d[i] = x;
        borrow = b1 | b2;
    }
    if borrow { a } else { d }
}

/// Montgomery reduction of an eight-limb number T; the result is `T/R` below `T/R + q`.
#[inline(always)]
fn redc(t: &mut [u64; 8]) -> Limbs {
    let mut over = 0u64;
    for i in 0..4 {
        let k = t[i].wrapping_mul(Q_INV);
        let mut carry = 0;
        for j in 0..4 {
            (t[i + j], carry) = mac(t[i + j], k, Q[j], carry);
        }
        let sum = u128::from(t[i + 4]) + u128::from(carry) + u128::from(over);
        t[i + 4] = sum as u64;
        over = (sum >> 64) as u64;
    }
    [t[4], t[5], t[6], t[7]]
}

impl Field for Fr {
    const ZERO: Self = Self([0; 4]);
    const ONE: Self = Self(R);

    fn from_limbs(limbs: &Limbs) -> Self {
        debug_assert!(!at_least(limbs, &Q));
        Self(*limbs).mul(Self(R2))
    }

    fn to_limbs(self) -> Limbs {
        let [a, b, c, d] = self.0;
        subtract_if_at_least(redc(&mut [a, b, c, d, 0, 0, 0, 0]), &Q)
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut out = [0u64; 4];
        let mut carry = false;
        for (o, (a, b)) in out.iter_mut().zip(self.0.iter().zip(&other.0)) {
            let (x, c1) = a.overflowing_add(*b);
            let (x, c2) = x.overflowing_add(u64::from(carry));
            *o = x;
            carry = c1 | c2;
        }
        Self(subtract_if_at_least(out, &Q))
    }

    fn sub(self, other: Self) -> Self {
        self.add(Self(subtract_if_at_least(subtract(&Q, &other.0), &Q)))
    }

    /// Interleaved Montgomery product; q has two spare bits, so no carry leaves the top limb.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        let mut t = [0u64; 4];
        for &x in a {
            let (t0, mut c) = mac(t[0], x, b[0], 0);
            let k = t0.wrapping_mul(Q_INV);
            let (_, mut d) = mac(t0, k, Q[0], 0);
            for j in 1..4 {
                let (u, carry) = mac(t[j], x, b[j], c);
                c = carry;
                (t[j - 1], d) = mac(u, k, Q[j], d);
            }
            t[3] = c + d;
        }
        Self(subtract_if_at_least(t, &Q))
    }

    #[inline(always)]
    fn square(self) -> Self {
        self.mul(self)
    }

    /// T < 22 q^2 < 0.79 R^2 fits eight limbs and gives T/R + q < 5.16 q < R: two conditional
    /// subtractions of 2q, one of q.
    #[inline(always)]
    fn inner_product(a: &[Self], b: &[Self]) -> Self {
        debug_assert!(a.len() <= MAX_TERMS);
        let mut t = [0u64; 8];
        for (x, y) in a.iter().zip(b) {
            add_assign(&mut t, &product(&x.0, &y.0));
        }
        let x = redc(&mut t);
        let x = subtract_if_at_least(x, &TWO_Q);
        let x = subtract_if_at_least(x, &TWO_Q);
        Self(subtract_if_at_least(x, &Q))
    }
}

/// The eight limbs of a product.
#[inline(always)]
fn product(a: &Limbs, b: &Limbs) -> [u64; 8] {
    let mut t = [0u64; 8];
    for i in 0..4 {
        let mut carry = 0;
        for j in 0..4 {
            (t[i + j], carry) = mac(t[i + j], a[i], b[j], carry);
        }
        t[i + 4] = carry;
    }
    t
}

#[inline(always)]
fn add_assign(t: &mut [u64; 8], x: &[u64; 8]) {
    let mut carry = false;
    for (limb, x) in t.iter_mut().zip(x) {
        let (s, c1) = limb.overflowing_add(*x);
        let (s, c2) = s.overflowing_add(u64::from(carry));
        *limb = s;
        carry = c1 | c2;
    }
}
