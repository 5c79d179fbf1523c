//! A small Montgomery ring over N words for any odd modulus, constant time.

use subtle::{Choice, ConditionallySelectable};

/// An odd modulus of at most `64 N - 1` bits with its Montgomery constants, R = 2^(64 N).
#[derive(Clone, Copy, Debug)]
pub struct Modulus<const N: usize> {
    /// The modulus, least significant word first.
    pub words: [u64; N],
    r_squared: [u64; N],
    n0: u64,
}

impl<const N: usize> Modulus<N> {
    /// The constants of an odd modulus.
    pub const fn new(words: [u64; N]) -> Self {
        let mut n0 = 1u64;
        let mut i = 0;
        while i < 6 {
            n0 = n0.wrapping_mul(2u64.wrapping_sub(words[0].wrapping_mul(n0)));
            i += 1;
        }
        let mut r_squared = [0u64; N];
        r_squared[0] = 1;
        let mut bit = 0;
        while bit < 128 * N {
            r_squared = Self::double(&r_squared, &words);
            bit += 1;
        }
        Self {
            words,
            r_squared,
            n0: n0.wrapping_neg(),
        }
    }

    const fn double(x: &[u64; N], words: &[u64; N]) -> [u64; N] {
        let mut twice = [0u64; N];
        let mut less = [0u64; N];
        let (mut i, mut borrow) = (0, false);
        while i < N {
            twice[i] = x[i] << 1;
            if i > 0 {
                twice[i] |= x[i - 1] >> 63;
            }
            let (d, b0) = twice[i].overflowing_sub(words[i]);
            let (d, b1) = d.overflowing_sub(borrow as u64);
            less[i] = d;
            borrow = b0 | b1;
            i += 1;
        }
        if borrow { twice } else { less }
    }

    /// Montgomery form of any integer below 2^(64 N).
    pub fn enter(&self, x: &[u64; N]) -> [u64; N] {
        self.mul(x, &self.r_squared)
    }

    /// The canonical integer of a Montgomery form.
    pub fn leave(&self, x: &[u64; N]) -> [u64; N] {
        let mut one = [0u64; N];
        one[0] = 1;
        self.mul(x, &one)
    }

    /// `a b / R`; one of the two must be below the modulus. The result is canonical.
    pub fn mul(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let mut t = [0u64; N];
        let mut top = 0u64;
        for &x in a {
            let mut carry = 0u64;
            for j in 0..N {
                let s = u128::from(t[j]) + u128::from(x) * u128::from(b[j]) + u128::from(carry);
                t[j] = s as u64;
                carry = (s >> 64) as u64;
            }
            let s = u128::from(top) + u128::from(carry);
            let (high, over) = (s as u64, (s >> 64) as u64);
            let m = t[0].wrapping_mul(self.n0);
            let mut carry = (u128::from(t[0]) + u128::from(m) * u128::from(self.words[0])) >> 64;
            for j in 1..N {
                let s = u128::from(t[j]) + u128::from(m) * u128::from(self.words[j]) + carry;
                t[j - 1] = s as u64;
                carry = s >> 64;
            }
            let s = u128::from(high) + carry;
            t[N - 1] = s as u64;
            top = over + (s >> 64) as u64;
        }
        self.correct(&t, top)
    }

    /// `a + b` of canonical values.
    pub fn add(&self, a: &[u64; N], b: &[u64; N]) -> [u64; N] {
        let mut sum = [0u64; N];
        let mut carry = 0u64;
        for i in 0..N {
            let s = u128::from(a[i]) + u128::from(b[i]) + u128::from(carry);
            sum[i] = s as u64;
            carry = (s >> 64) as u64;
        }
        self.correct(&sum, carry)
    }

    /// `-a` of a canonical value.
    pub fn neg(&self, a: &[u64; N]) -> [u64; N] {
        let (negated, _) = minus(&self.words, a);
        self.correct(&negated, 0)
    }

    /// Subtracts the modulus once if the value `top 2^(64 N) + x` is not below it.
    fn correct(&self, x: &[u64; N], top: u64) -> [u64; N] {
        let (less, borrow) = minus(x, &self.words);
        let keep = Choice::from((borrow > top) as u8);
        let mut out = [0u64; N];
        for i in 0..N {
            out[i] = u64::conditional_select(&less[i], &x[i], keep);
        }
        out
    }
}

/// `a - b` and the borrow.
fn minus<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], u64) {
    let mut out = [0u64; N];
    let mut borrow = 0u64;
    for i in 0..N {
        let d = u128::from(a[i]).wrapping_sub(u128::from(b[i]) + u128::from(borrow));
        out[i] = d as u64;
        borrow = (d >> 64) as u64 & 1;
    }
    (out, borrow)
}
