//! Euclid's algorithm with one cofactor, in Lehmer's steps, stopping at any size: the whole of it gives
//! modular inverses, half of it gives the short vectors that NUCOMP needs.
//!
//! A step simulates Euclid on the leading 64 bits (twice, with 64-bit limbs) and applies the resulting 2 by 2 matrix to the
//! long numbers. The simulation stops while every true remainder is provably positive: with leading parts cut off below
//! one unit, matrix entries v below 2^31 and a simulated remainder of at least 2^33, the true one exceeds (2^33 - v) units.
//! A quotient may differ from Euclid's by the order of the last two remainders; then they are swapped. Any unimodular step keeps the invariants.

use super::Int;
use super::divide::product;
use super::limb::{LIMB_BITS, Limb};
use core::cmp::Ordering;

/// The state after some Euclidean steps on (a, k): x = cx k mod a, y = cy k mod a and x > y.
#[derive(Clone, Debug)]
pub struct Euclid {
    /// The larger remainder.
    pub x: Int,
    /// The smaller remainder.
    pub y: Int,
    /// Magnitude of the cofactor of `x`; its sign is the opposite of that of `cy`.
    cx: Int,
    /// Magnitude of the cofactor of `y`.
    cy: Int,
    /// Sign of the cofactor of `y`.
    cy_negative: bool,
}

/// Matrix of a step: (x, y) <- (a x - b y, d y - c x), both negated when `odd`.
struct Matrix {
    a: Limb,
    b: Limb,
    c: Limb,
    d: Limb,
    odd: bool,
}

/// Smallest remainder the simulation may reach, in units of the cut.
const FLOOR: u64 = 1 << 33;

/// Euclid on one word each while the next remainder is at least `floor`: entries a, b, c, d and parity.
#[inline(always)]
fn simulate(mut x: u64, mut y: u64, floor: u64) -> (u64, u64, u64, u64, bool) {
    let (mut a, mut b, mut c, mut d) = (1u64, 0u64, 0u64, 1u64);
    if y < floor {
        return (a, b, c, d, false);
    }
    loop {
        let q = x / y;
        let r = x - q * y;
        if r < floor {
            return (a, b, c, d, false);
        }
        (a, b) = (a + q * c, b + q * d);
        let q = y / r;
        let s = y - q * r;
        if s < floor {
            return (c, d, a, b, true);
        }
        (c, d) = (c + q * a, d + q * b);
        (x, y) = (r, s);
    }
}

impl Euclid {
    /// Starts on 0 <= k <= a and runs until y <= limit.
    pub fn run(a: &Int, k: &Int, limit: &Int) -> Self {
        let mut state = Self {
            x: *a,
            y: *k,
            cx: Int::ZERO,
            cy: Int::small(1),
            cy_negative: false,
        };
        while state.y.cmp_abs(limit) == Ordering::Greater {
            match state.leading(limit) {
                Some(matrix) => state.apply(&matrix),
                None => state.divide(),
            }
        }
        state
    }

    /// The cofactor of `y`: cofactor * k = y mod a.
    pub fn cofactor_y(&self) -> Int {
        self.cy.negated_if(self.cy_negative)
    }

    /// The cofactor of `x`.
    pub fn cofactor_x(&self) -> Int {
        self.cx.negated_if(!self.cy_negative)
    }

    /// Whether (x cofactor_y - y cofactor_x) is -a rather than a.
    pub fn is_reversed(&self) -> bool {
        self.cy_negative
    }

    /// One step of plain division.
    fn divide(&mut self) {
        let (quotient, remainder) = self.x.div_rem(&self.y);
        (self.x, self.y) = (self.y, remainder);
        let next = self.cx.add(&quotient.mul(&self.cy));
        (self.cx, self.cy) = (self.cy, next);
        self.cy_negative = !self.cy_negative;
    }

    /// The matrix of as many steps as the leading bits determine and the limit allows.
    #[inline(always)]
    fn leading(&self, limit: &Int) -> Option<Matrix> {
        if LIMB_BITS == 32 {
            self.leading_word(limit)
        } else {
            self.leading_two_words(limit)
        }
    }

    /// From 64 leading bits: entries below 2^31.
    #[inline(always)]
    fn leading_word(&self, limit: &Int) -> Option<Matrix> {
        let cut = self.x.bit_length().saturating_sub(64);
        let up = 64 - self.x.bit_length().min(64);
        let top = |v: &Int| v.word(cut) << up;
        let floor = FLOOR.max(top(limit).saturating_add(1));
        let (a, b, c, d, odd) = simulate(top(&self.x), top(&self.y), floor);
        (c != 0).then_some(Matrix {
            a: a as Limb,
            b: b as Limb,
            c: c as Limb,
            d: d as Limb,
            odd,
        })
    }

    /// From 128 leading bits, in two halves: entries below 2^63.
    #[inline(always)]
    fn leading_two_words(&self, limit: &Int) -> Option<Matrix> {
        let cut = self.x.bit_length().saturating_sub(128);
        let up = 128 - self.x.bit_length().min(128);
        let top = |v: &Int| (u128::from(v.word(cut + 64)) << 64 | u128::from(v.word(cut))) << up;
        let (x, y, limit) = (top(&self.x), top(&self.y), top(limit));
        let floor = FLOOR.max(((limit >> 64) as u64).saturating_add(1));
        let (a, b, c, d, odd) = simulate((x >> 64) as u64, (y >> 64) as u64, floor);
        if c == 0 {
            return None;
        }
        // The same once more on what is left of the 128 bits.
        let (ax, by) = (u128::from(a).wrapping_mul(x), u128::from(b).wrapping_mul(y));
        let (cx, dy) = (u128::from(c).wrapping_mul(x), u128::from(d).wrapping_mul(y));
        let (x, y) = if odd {
            (by.wrapping_sub(ax), cx.wrapping_sub(dy))
        } else {
            (ax.wrapping_sub(by), dy.wrapping_sub(cx))
        };
        let shift = (128 - x.leading_zeros()).saturating_sub(64);
        let (mut e, mut f, mut g, mut h, mut odd2) = (1, 0, 0, 1, false);
        if y < x && shift >= 33 {
            let floor = FLOOR.max(((limit >> shift) as u64).saturating_add(1));
            (e, f, g, h, odd2) = simulate((x >> shift) as u64, (y >> shift) as u64, floor);
        }
        Some(Matrix {
            a: (e * a + f * c) as Limb,
            b: (e * b + f * d) as Limb,
            c: (g * a + h * c) as Limb,
            d: (g * b + h * d) as Limb,
            odd: odd != odd2,
        })
    }

    fn apply(&mut self, m: &Matrix) {
        let n = self.x.len;
        // p u - q v and s v - r u with the signs of the parity.
        if m.odd {
            cross_difference(&mut self.y, &mut self.x, n, m.b, m.a, m.c, m.d);
            core::mem::swap(&mut self.x, &mut self.y);
        } else {
            cross_difference(&mut self.x, &mut self.y, n, m.a, m.b, m.d, m.c);
        }
        cross_sum(&mut self.cx, &mut self.cy, m);
        self.cy_negative ^= m.odd;
        if self.x.cmp_abs(&self.y) == Ordering::Less {
            core::mem::swap(&mut self.x, &mut self.y);
            core::mem::swap(&mut self.cx, &mut self.cy);
            self.cy_negative = !self.cy_negative;
        }
    }
}

/// (u, v) <- (p u - q v, s v - r u), both known to be positive, on n limbs.
#[inline(always)]
fn cross_difference(u: &mut Int, v: &mut Int, n: usize, p: Limb, q: Limb, s: Limb, r: Limb) {
    let (mut cp, mut cq, mut cs, mut cr): (Limb, Limb, Limb, Limb) = (0, 0, 0, 0);
    let (mut borrow_u, mut borrow_v) = (false, false);
    for (lu, lv) in u.limbs[..n].iter_mut().zip(&mut v.limbs[..n]) {
        let (pu, qv, sv, ru);
        (pu, cp) = product(p, *lu, cp);
        (qv, cq) = product(q, *lv, cq);
        (sv, cs) = product(s, *lv, cs);
        (ru, cr) = product(r, *lu, cr);
        (*lu, borrow_u) = difference(pu, qv, borrow_u);
        (*lv, borrow_v) = difference(sv, ru, borrow_v);
    }
    debug_assert!(
        cp == cq + borrow_u as Limb && cs == cr + borrow_v as Limb,
        "remainders stay positive"
    );
    u.trim(n);
    v.trim(n);
}

#[inline(always)]
fn difference(a: Limb, b: Limb, borrow: bool) -> (Limb, bool) {
    let (d, b1) = a.overflowing_sub(b);
    let (d, b2) = d.overflowing_sub(borrow as Limb);
    (d, b1 | b2)
}

/// (u, v) <- (a u + b v, c u + d v).
#[inline(always)]
fn cross_sum(u: &mut Int, v: &mut Int, m: &Matrix) {
    let n = (u.len.max(v.len) + 1).min(u.limbs.len());
    let (mut ca, mut cb, mut cc, mut cd): (Limb, Limb, Limb, Limb) = (0, 0, 0, 0);
    let (mut over_u, mut over_v) = (false, false);
    for (lu, lv) in u.limbs[..n].iter_mut().zip(&mut v.limbs[..n]) {
        let (au, bv, cu, dv);
        (au, ca) = product(m.a, *lu, ca);
        (bv, cb) = product(m.b, *lv, cb);
        (cu, cc) = product(m.c, *lu, cc);
        (dv, cd) = product(m.d, *lv, cd);
        (*lu, over_u) = sum(au, bv, over_u);
        (*lv, over_v) = sum(cu, dv, over_v);
    }
    u.trim(n);
    v.trim(n);
}

#[inline(always)]
fn sum(a: Limb, b: Limb, carry: bool) -> (Limb, bool) {
    let (s, c1) = a.overflowing_add(b);
    let (s, c2) = s.overflowing_add(carry as Limb);
    (s, c1 | c2)
}

/// gcd(a, k) and v with v k = gcd mod a, |v| <= a, for 0 <= k <= a.
pub fn gcd_cofactor(a: &Int, k: &Int) -> (Int, Int) {
    let state = Euclid::run(a, k, &Int::ZERO);
    (state.x, state.cofactor_x())
}

const _: () = assert!(
    LIMB_BITS >= 32,
    "matrix entries of a narrow step fit a limb"
);
