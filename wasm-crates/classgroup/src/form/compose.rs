//! Composition and squaring: NUCOMP and NUDUPL (Shanks; Jacobson, van der Poorten, "Computational aspects of NUCOMP", 2002).
//!
//! Gauss composes f1 and f2 to F = (A, B, C) with A = a1 a2, B = b2 + 2 a2 k, twice as long as a reduced form, and reduces it.
//! NUCOMP never writes F down. For a vector (x, y) let r = a1 x + k y; then
//!
//! ```text
//! F(x, y) = (a2 r^2 + b2 r y + c2 y^2) / a1 = r m1 + y m2,
//! m1 = (a2 r - m y) / a1,  m2 = (s r + c2 y) / a1,  m = (b1 - b2) / 2,  s = (b1 + b2) / 2.
//! ```
//!
//! Euclid on (a1, k), stopped at |D|^(1/4), gives two vectors (r, y), (r', y') with both coordinates of a quarter's length and
//! r y' - r' y = e a1, e = +-1. In that basis, turned to determinant 1, F is the nearly reduced form
//!
//! ```text
//! ( r m1 + y m2,  2 e (r' m1 + y' m2) - b1,  r' m1' + y' m2' ),
//! m1' = (r' m1 - e m) / r,  m2' = (y' m2 - e s) / y.
//! ```

use super::Form;
use crate::Discriminant;
use crate::int::{Euclid, Int, gcd_cofactor};
use core::cmp::Ordering;

/// The forms after common factors are divided out.
struct Aligned {
    a1: Int,
    a2: Int,
    b1: Int,
    b2: Int,
    c2: Int,
    /// (b1 - b2) / 2.
    m: Int,
    /// (b1 + b2) / 2.
    s: Int,
    /// a2 k = m and s k + c2 = 0 modulo a1; 0 <= k < a1.
    k: Int,
}

impl Form {
    /// The product of two classes.
    #[must_use]
    pub fn multiply(&self, discriminant: &Discriminant, other: &Self) -> Self {
        let (f1, f2) = if self.a.cmp_abs(&other.a) == Ordering::Greater {
            (other, self)
        } else {
            (self, other)
        };
        let s = f1.b.add(&f2.b).shifted_right(1);
        let m = f1.b.sub(&f2.b).shifted_right(1);
        let (mut a1, mut a2, mut c2) = (f1.a, f2.a, f2.c);
        // v a2 = g mod a1.
        let (g, v) = gcd_cofactor(&a1, &a2.modulo(&a1));
        let mut k = m.mul(&v).modulo(&a1);
        if !g.is_one() {
            // v2 s + u2 g = d.
            let rest = s.modulo(&g);
            let (d, v2) = gcd_cofactor(&g, &rest);
            let u2 = d.sub(&v2.mul(&s)).div_exact(&g);
            k = k.mul(&u2.modulo(&a1)).sub(&v2.mul(&c2.modulo(&a1)));
            if !d.is_one() {
                a1 = a1.div_exact(&d);
                a2 = a2.div_exact(&d);
                c2 = c2.mul(&d);
            }
            k = k.modulo(&a1);
        }
        Aligned {
            a1,
            a2,
            b1: f1.b,
            b2: f2.b,
            c2,
            m,
            s,
            k,
        }
        .compose(discriminant)
    }

    /// The square of the class.
    #[must_use]
    pub fn square(&self, discriminant: &Discriminant) -> Self {
        // v |b| = d mod a.
        let (d, v) = gcd_cofactor(&self.a, &self.b.abs());
        let v = v.negated_if(self.b.is_negative());
        let (mut a, mut c) = (self.a, self.c);
        if !d.is_one() {
            a = a.div_exact(&d);
            c = c.mul(&d);
        }
        let k = v.mul(&self.c.modulo(&a)).negated().modulo(&a);
        Aligned {
            a1: a,
            a2: a,
            b1: self.b,
            b2: self.b,
            c2: c,
            m: Int::ZERO,
            s: self.b,
            k,
        }
        .compose(discriminant)
    }

    /// The class squared `n` times: self^(2^n).
    #[must_use]
    pub fn square_n(&self, discriminant: &Discriminant, n: u32) -> Self {
        let mut form = self.clone();
        for _ in 0..n {
            form = form.square(discriminant);
        }
        form
    }
}

impl Aligned {
    fn compose(self, discriminant: &Discriminant) -> Form {
        let Self {
            a1,
            a2,
            b1,
            b2,
            c2,
            m,
            s,
            k,
        } = self;
        let limit = discriminant.fourth_root();
        if a1.cmp_abs(limit) != Ordering::Greater {
            // F itself is short enough.
            let t = a2.mul(&k);
            let c = k.mul(&b2.add(&t)).add(&c2).div_exact(&a1);
            return Form {
                a: a1.mul(&a2),
                b: b2.add(&t.doubled()),
                c,
            }
            .reduced();
        }
        let euclid = Euclid::run(&a1, &k, limit);
        // e = -1.
        let minus = !euclid.is_reversed();
        let (y, y_prime) = (euclid.cofactor_y(), euclid.cofactor_x());
        let (r, r_prime) = (euclid.y, euclid.x);
        let squaring = m.is_zero() && a1 == a2;
        let m1 = if squaring {
            r
        } else {
            a2.mul(&r).sub(&m.mul(&y)).div_exact(&a1)
        };
        let m2 = s.mul(&r).add(&c2.mul(&y)).div_exact(&a1);
        let m1_prime = if squaring {
            r_prime
        } else if r.is_zero() {
            a2.mul(&r_prime).sub(&m.mul(&y_prime)).div_exact(&a1)
        } else {
            r_prime.mul(&m1).sub(&m.negated_if(minus)).div_exact(&r)
        };
        let cross = y_prime.mul(&m2);
        let m2_prime = cross.sub(&s.negated_if(minus)).div_exact(&y);
        let a = r.mul(&m1).add(&y.mul(&m2));
        let b = r_prime
            .mul(&m1)
            .add(&cross)
            .doubled()
            .negated_if(minus)
            .sub(&b1);
        let c = r_prime.mul(&m1_prime).add(&y_prime.mul(&m2_prime));
        Form { a, b, c }.reduced()
    }
}
