//! F_q on nine 29-bit limbs, Montgomery radix R = 2^261: products of two limbs leave room to add
//! without carries in 64 bits, which is what wasm32 does well.

use crate::field::{Field, Limbs, MAX_TERMS, Q};

const BITS: u32 = 29;
const MASK: u64 = (1 << BITS) - 1;
const N: usize = 9;

type Small = [u32; N];

const Q29: Small = split(&Q);
/// `-1/q mod 2^29`.
const Q_INV: u64 = 0xc2e1_f593_efff_ffff & MASK;
const ONE: Small = power_of_two(261);
const R2: Small = power_of_two(522);

/// Regroups 256 bits into limbs of 29.
const fn split(a: &Limbs) -> Small {
    let mut out = [0u32; N];
    let mut i = 0;
    while i < N {
        let bit = i * BITS as usize;
        let (limb, shift) = (bit / 64, bit % 64);
        let mut x = a[limb] >> shift;
        if shift > 64 - BITS as usize && limb + 1 < 4 {
            x |= a[limb + 1] << (64 - shift);
        }
        out[i] = (x & MASK) as u32;
        i += 1;
    }
    out
}

/// `a - q` when that is not negative, else `a`.
#[inline(always)]
const fn subtract_once(a: &Small) -> Small {
    let mut d = [0u32; N];
    let mut borrow = 0i64;
    let mut i = 0;
    while i < N {
        let x = a[i] as i64 - Q29[i] as i64 + borrow;
        d[i] = (x & MASK as i64) as u32;
        borrow = x >> BITS;
        i += 1;
    }
    if borrow < 0 { *a } else { d }
}

/// `2^n mod q`.
const fn power_of_two(n: usize) -> Small {
    let mut x = [0u32; N];
    x[0] = 1;
    let mut i = 0;
    while i < n {
        let mut carry = 0;
        let mut j = 0;
        while j < N {
            let y = (x[j] << 1) | carry;
            x[j] = y & MASK as u32;
            carry = y >> BITS;
            j += 1;
        }
        x = subtract_once(&x);
        i += 1;
    }
    x
}

/// An element, the integer x stored as `x R mod q`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fr(Small);

/// Montgomery reduction of columns below 2^63 - 9 * 2^58; the value must be below q R.
#[inline(always)]
fn redc(t: &mut [u64; 2 * N]) -> Fr {
    for i in 0..N {
        let k = (t[i] & MASK).wrapping_mul(Q_INV) & MASK;
        for j in 0..N {
            t[i + j] += k * u64::from(Q29[j]);
        }
        t[i + 1] += t[i] >> BITS;
    }
    let mut out = [0u32; N];
    let mut carry = 0;
    for (o, x) in out.iter_mut().zip(&t[N..]) {
        let y = x + carry;
        *o = (y & MASK) as u32;
        carry = y >> BITS;
    }
    Fr(subtract_once(&out))
}

#[inline(always)]
fn add_columns(t: &mut [u64; 2 * N], a: &Small, b: &Small) {
    for (i, &x) in a.iter().enumerate() {
        for (j, &y) in b.iter().enumerate() {
            t[i + j] += u64::from(x) * u64::from(y);
        }
    }
}

impl Field for Fr {
    const ZERO: Self = Self([0; N]);
    const ONE: Self = Self(ONE);

    fn from_limbs(limbs: &Limbs) -> Self {
        Self(split(limbs)).mul(Self(R2))
    }

    fn to_limbs(self) -> Limbs {
        let mut t = [0u64; 2 * N];
        for (column, &limb) in t.iter_mut().zip(&self.0) {
            *column = u64::from(limb);
        }
        let mut out = [0u64; 4];
        for (i, &limb) in redc(&mut t).0.iter().enumerate() {
            let bit = i * BITS as usize;
            let (at, shift) = (bit / 64, bit % 64);
            out[at] |= u64::from(limb) << shift;
            if shift > 64 - BITS as usize && at + 1 < 4 {
                out[at + 1] |= u64::from(limb) >> (64 - shift);
            }
        }
        out
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut out = [0u32; N];
        let mut carry = 0;
        for (o, (a, b)) in out.iter_mut().zip(self.0.iter().zip(&other.0)) {
            let x = a + b + carry;
            *o = x & MASK as u32;
            carry = x >> BITS;
        }
        Self(subtract_once(&out))
    }

    fn sub(self, other: Self) -> Self {
        let mut out = [0u32; N];
        let mut borrow = 0i64;
        for i in 0..N {
            let x = i64::from(Q29[i]) - i64::from(other.0[i]) + borrow;
            out[i] = (x & MASK as i64) as u32;
            borrow = x >> BITS;
        }
        self.add(Self(subtract_once(&out)))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut t = [0u64; 2 * N];
        add_columns(&mut t, &self.0, &other.0);
        redc(&mut t)
    }

    #[inline(always)]
    fn square(self) -> Self {
        let mut t = [0u64; 2 * N];
        for i in 0..N {
            let x = u64::from(self.0[i]);
            t[2 * i] += x * x;
            for j in i + 1..N {
                t[i + j] += 2 * x * u64::from(self.0[j]);
            }
        }
        redc(&mut t)
    }

    /// Six products leave columns of `9 * 6` terms of 58 bits and a rest, which is below 2^64; then
    /// carries are moved on. 22 q^2 < 0.14 q R, so the value is in range for the reduction.
    #[inline(always)]
    fn inner_product(a: &[Self], b: &[Self]) -> Self {
        debug_assert!(a.len() <= MAX_TERMS);
        let mut t = [0u64; 2 * N];
        for (a, b) in a.chunks(6).zip(b.chunks(6)) {
            for (x, y) in a.iter().zip(b) {
                add_columns(&mut t, &x.0, &y.0);
            }
            settle(&mut t);
        }
        redc(&mut t)
    }
}

/// Moves carries on, so that every column has 29 bits.
#[inline(always)]
fn settle(columns: &mut [u64; 2 * N]) {
    let mut carry = 0;
    for column in columns {
        let x = *column + carry;
        *column = x & MASK;
        carry = x >> BITS;
    }
}
