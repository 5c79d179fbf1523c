//! Point arithmetic that G1 and G2 share: y^2 = x^3 + b over any level of the tower.
//!
//! Homogeneous coordinates with the complete formulas of Renes, Costello and Batina (EUROCRYPT 2016,
//! algorithms 7 to 9, a = 0): within a group of odd order there are no exceptional cases, hence no
//! secret-dependent branches. For two points whose difference has order 2 the sum comes out as
//! (0, 0, 0), which every later operation keeps; such a value has no affine form.

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

use crate::tower::Tower;

/// A coordinate field together with the constant b of its curve.
pub trait CurveField: Tower {
    /// `3 b self`.
    fn times_3b(&self) -> Self;
    /// b.
    fn b() -> Self;
}

/// A point that is not the identity.
#[derive(Clone, Copy, Debug)]
pub struct Affine<F> {
    /// x.
    pub x: F,
    /// y.
    pub y: F,
}

/// `(X/Z, Y/Z)`; the identity is (0, 1, 0).
#[derive(Clone, Copy, Debug)]
pub struct Projective<F> {
    /// X.
    pub x: F,
    /// Y.
    pub y: F,
    /// Z.
    pub z: F,
}

impl<F: Zeroize> Zeroize for Projective<F> {
    fn zeroize(&mut self) {
        self.x.zeroize();
        self.y.zeroize();
        self.z.zeroize();
    }
}

impl<F: CurveField> Affine<F> {
    /// Whether the coordinates satisfy the curve equation.
    pub fn is_on_curve(&self) -> bool {
        self.y.sqr().equals(&self.x.sqr().mul(&self.x).add(&F::b()))
    }

    /// The inverse.
    pub fn negate(&self) -> Self {
        Self {
            x: self.x,
            y: self.y.neg(),
        }
    }

    /// Whether both are the same point.
    pub fn equals(&self, other: &Self) -> bool {
        self.x.equals(&other.x) && self.y.equals(&other.y)
    }

    /// The same point in homogeneous coordinates.
    pub fn to_projective(self) -> Projective<F> {
        Projective {
            x: self.x,
            y: self.y,
            z: F::ONE,
        }
    }

    /// The sum of any two points of the curve, `None` for the identity; not constant time.
    pub fn add_public(&self, other: &Self) -> Option<Self> {
        let (numerator, denominator) = if !self.x.equals(&other.x) {
            (other.y.sub(&self.y), other.x.sub(&self.x))
        } else if self.y.equals(&other.y) && !self.y.is_zero() {
            let square = self.x.sqr();
            (square.dbl().add(&square), self.y.dbl())
        } else {
            return None;
        };
        let slope = numerator.mul(&denominator.invert(true));
        let x = slope.sqr().sub(&self.x.add(&other.x));
        let y = slope.mul(&self.x.sub(&x)).sub(&self.y);
        Some(Self { x, y })
    }
}

/// `a b - c d` with one reduction.
fn difference<F: Tower>(a: &F, b: &F, c: &F, d: &F) -> F {
    let (mut acc, mut term) = (F::WIDE_ZERO, F::WIDE_ZERO);
    a.mul_wide(b, &mut acc);
    c.mul_wide(d, &mut term);
    F::wide_sub(&mut acc, &term);
    F::reduce(&acc)
}

/// `a b + c d` with one reduction.
fn sum<F: Tower>(a: &F, b: &F, c: &F, d: &F) -> F {
    let (mut acc, mut term) = (F::WIDE_ZERO, F::WIDE_ZERO);
    a.mul_wide(b, &mut acc);
    c.mul_wide(d, &mut term);
    F::wide_add(&mut acc, &term);
    F::reduce(&acc)
}

impl<F: CurveField> Projective<F> {
    /// The identity.
    pub const IDENTITY: Self = Self {
        x: F::ZERO,
        y: F::ONE,
        z: F::ZERO,
    };

    /// Whether this is the identity (or an exceptional sum, see the module documentation).
    pub fn is_identity(&self) -> bool {
        self.z.is_zero()
    }

    /// Double the point.
    pub fn dbl(&self) -> Self {
        let y_square = self.y.sqr();
        let eight = y_square.dbl().dbl().dbl();
        let yz = self.y.mul(&self.z);
        let z_term = self.z.sqr().times_3b();
        let slope = y_square.sub(&z_term.dbl().add(&z_term));
        let xy = self.x.mul(&self.y);
        Self {
            x: slope.mul(&xy).dbl(),
            y: sum(&z_term, &eight, &slope, &y_square.add(&z_term)),
            z: yz.mul(&eight),
        }
    }

    /// The sum of two points.
    pub fn add(&self, other: &Self) -> Self {
        let zz = self.z.mul(&other.z);
        let cross_y = sum(&self.y, &other.z, &other.y, &self.z);
        let cross_x = sum(&self.x, &other.z, &other.x, &self.z);
        self.finish(other, &zz.times_3b(), &cross_y, &cross_x)
    }

    /// The sum with an affine point.
    pub fn add_affine(&self, other: &Affine<F>) -> Self {
        let cross_y = other.y.mul(&self.z).add(&self.y);
        let cross_x = other.x.mul(&self.z).add(&self.x);
        let other = Self {
            x: other.x,
            y: other.y,
            z: F::ONE,
        };
        self.finish(&other, &self.z.times_3b(), &cross_y, &cross_x)
    }

    /// The common end of both additions: `zz_3b = 3 b Z1 Z2`, `cross_y = Y1 Z2 + Y2 Z1` and so on.
    fn finish(&self, other: &Self, zz_3b: &F, cross_y: &F, cross_x: &F) -> Self {
        let xx = self.x.mul(&other.x);
        let yy = self.y.mul(&other.y);
        let cross_xy = sum(&self.x, &other.y, &other.x, &self.y);
        let three_xx = xx.dbl().add(&xx);
        let plus = yy.add(zz_3b);
        let minus = yy.sub(zz_3b);
        let cross_x_3b = cross_x.times_3b();
        Self {
            x: difference(&cross_xy, &minus, cross_y, &cross_x_3b),
            y: sum(&minus, &plus, &cross_x_3b, &three_xx),
            z: sum(&plus, cross_y, &three_xx, &cross_xy),
        }
    }

    /// The inverse.
    pub fn negate(&self) -> Self {
        Self {
            x: self.x,
            y: self.y.neg(),
            z: self.z,
        }
    }

    /// `b` if `choice` is set, else `a`; no branch.
    pub fn select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self {
            x: F::select(&a.x, &b.x, choice),
            y: F::select(&a.y, &b.y, choice),
            z: F::select(&a.z, &b.z, choice),
        }
    }

    /// `table[index]` by reading the whole table.
    pub fn look_up(table: &[Self], index: u64) -> Self {
        table
            .iter()
            .zip(0u64..)
            .fold(Self::IDENTITY, |found, (entry, i)| {
                Self::select(&found, entry, i.ct_eq(&index))
            })
    }

    /// The affine form, `None` for the identity. With `public` the inversion may be faster and not
    /// constant time.
    pub fn to_affine(&self, public: bool) -> Option<Affine<F>> {
        let inverse = self.z.invert(public);
        let point = Affine {
            x: self.x.mul(&inverse),
            y: self.y.mul(&inverse),
        };
        (!self.is_identity()).then_some(point)
    }

    /// Multiple by a public sparse number (double and add).
    pub fn multiply_sparse(&self, by: u64) -> Self {
        let mut acc = *self;
        for bit in (0..by.max(1).ilog2()).rev() {
            acc = acc.dbl();
            if by >> bit & 1 == 1 {
                acc = acc.add(self);
            }
        }
        acc
    }

    /// Multiple by a public number, windows of four bits; not constant time.
    pub fn multiply_public(&self, by: u128) -> Self {
        let mut table = [Self::IDENTITY; 16];
        for i in 1..table.len() {
            table[i] = table[i - 1].add(self);
        }
        let mut acc = Self::IDENTITY;
        for window in (0..32).rev() {
            if !acc.is_identity() {
                acc = acc.dbl().dbl().dbl().dbl();
            }
            let digit = (by >> (4 * window) & 15) as usize;
            if digit != 0 {
                acc = acc.add(&table[digit]);
            }
        }
        acc
    }
}
