//! F_{p^48} = F_{p^16}(t), t^3 = s: the target of the pairing (spec 10 section 1.1).

use crate::fp8::Fp8;
use crate::fp16::{Fp16, Fp16Wide, times_s, wide_add_times_s};
use crate::frobenius;
use crate::octic::Octic;
use crate::tower::Tower;

/// `c0 + c1 t + c2 t^2`.
#[derive(Clone, Copy, Debug)]
pub struct Fp48<B = Fp8> {
    /// The part without t.
    pub c0: Fp16<B>,
    /// The factor of t.
    pub c1: Fp16<B>,
    /// The factor of t^2.
    pub c2: Fp16<B>,
}

/// The product of two sums, added up from four operands.
fn cross<B: Octic>(a: &Fp16<B>, b: &Fp16<B>, c: &Fp16<B>, d: &Fp16<B>) -> Fp16Wide<B> {
    let mut out = Fp16::<B>::WIDE_ZERO;
    a.add(b).mul_wide(&c.add(d), &mut out);
    out
}

impl<B: Octic> Fp48<B> {
    /// 1.
    pub const ONE: Self = Self {
        c0: Fp16::ONE,
        c1: Fp16::ZERO,
        c2: Fp16::ZERO,
    };

    /// Whether both are the same value.
    pub fn equals(&self, other: &Self) -> bool {
        self.c0.equals(&other.c0) && self.c1.equals(&other.c1) && self.c2.equals(&other.c2)
    }

    /// Product: Karatsuba, six products in F_{p^16}.
    pub fn mul(&self, other: &Self) -> Self {
        let (a, b) = (self, other);
        let mut v0 = Fp16::<B>::WIDE_ZERO;
        let mut v1 = Fp16::<B>::WIDE_ZERO;
        let mut v2 = Fp16::<B>::WIDE_ZERO;
        a.c0.mul_wide(&b.c0, &mut v0);
        a.c1.mul_wide(&b.c1, &mut v1);
        a.c2.mul_wide(&b.c2, &mut v2);
        // c2 = (a0 + a2)(b0 + b2) - v0 - v2 + v1
        let mut acc = cross(&a.c0, &a.c2, &b.c0, &b.c2);
        Fp16::<B>::wide_sub(&mut acc, &v0);
        Fp16::<B>::wide_sub(&mut acc, &v2);
        Fp16::<B>::wide_add(&mut acc, &v1);
        let c2 = Fp16::<B>::reduce(&acc);
        // c1 = (a0 + a1)(b0 + b1) - v0 - v1 + s v2
        let mut acc = cross(&a.c0, &a.c1, &b.c0, &b.c1);
        Fp16::<B>::wide_sub(&mut acc, &v0);
        Fp16::<B>::wide_sub(&mut acc, &v1);
        wide_add_times_s::<B>(&mut acc, &v2);
        let c1 = Fp16::<B>::reduce(&acc);
        // c0 = v0 + s ((a1 + a2)(b1 + b2) - v1 - v2)
        let mut acc = cross(&a.c1, &a.c2, &b.c1, &b.c2);
        Fp16::<B>::wide_sub(&mut acc, &v1);
        Fp16::<B>::wide_sub(&mut acc, &v2);
        wide_add_times_s::<B>(&mut v0, &acc);
        Self {
            c0: Fp16::<B>::reduce(&v0),
            c1,
            c2,
        }
    }

    /// Square: two products and three squares in F_{p^16} (Chung and Hasan, SQR2).
    pub fn sqr(&self) -> Self {
        let Self {
            c0: a,
            c1: b,
            c2: c,
        } = self;
        let mut s0 = Fp16::<B>::WIDE_ZERO;
        let mut s1 = Fp16::<B>::WIDE_ZERO;
        let mut s2 = Fp16::<B>::WIDE_ZERO;
        let mut s3 = Fp16::<B>::WIDE_ZERO;
        let mut s4 = Fp16::<B>::WIDE_ZERO;
        a.sqr_wide(&mut s0);
        a.dbl().mul_wide(b, &mut s1);
        a.add(c).sub(b).sqr_wide(&mut s2);
        b.dbl().mul_wide(c, &mut s3);
        c.sqr_wide(&mut s4);
        // c2 = s1 + s2 + s3 - s0 - s4, c1 = s1 + s s4, c0 = s0 + s s3
        Fp16::<B>::wide_add(&mut s2, &s1);
        Fp16::<B>::wide_add(&mut s2, &s3);
        Fp16::<B>::wide_sub(&mut s2, &s0);
        Fp16::<B>::wide_sub(&mut s2, &s4);
        wide_add_times_s::<B>(&mut s1, &s4);
        wide_add_times_s::<B>(&mut s0, &s3);
        Self {
            c0: Fp16::<B>::reduce(&s0),
            c1: Fp16::<B>::reduce(&s1),
            c2: Fp16::<B>::reduce(&s2),
        }
    }

    /// The p^24-th power: t -> -t, hence s -> -s. The inverse on the norm-1 subgroup.
    pub fn conjugate(&self) -> Self {
        Self {
            c0: self.c0.conjugate(),
            c1: Fp16::new(self.c1.c0.neg(), self.c1.c1),
            c2: self.c2.conjugate(),
        }
    }

    /// The inverse, and 0 for 0; not constant time.
    pub fn invert(&self) -> Self {
        let Self {
            c0: a,
            c1: b,
            c2: c,
        } = self;
        // The adjugate: A = a^2 - s b c, B = s c^2 - a b, C = b^2 - a c.
        let big_a = a.sqr().sub(&times_s(&b.mul(c)));
        let big_b = times_s(&c.sqr()).sub(&a.mul(b));
        let big_c = b.sqr().sub(&a.mul(c));
        let norm = times_s(&b.mul(&big_c).add(&c.mul(&big_b))).add(&a.mul(&big_a));
        let inverse = norm.tidy().invert(true);
        Self {
            c0: big_a.mul(&inverse),
            c1: big_b.mul(&inverse),
            c2: big_c.mul(&inverse),
        }
    }

    /// The p-th power.
    pub fn frobenius(&self) -> Self {
        let constants = frobenius::constants();
        let scaled = |x: &Fp16<B>, by: &Fp8| {
            let by = B::from_fp8(by);
            Fp16::new(x.c0.mul(&by), x.c1.mul(&by))
        };
        Self {
            c0: self.c0.frobenius(),
            c1: scaled(&self.c1.frobenius(), &constants.t),
            c2: scaled(&self.c2.frobenius(), &constants.t2),
        }
    }

    /// The p^(2 k)-th power: every coefficient over F_{p^2} belongs to a power t^j (up to sign) and
    /// takes the factor `z^(j k)`, `z = t^(p^2 - 1)`.
    pub fn frobenius_square(&self, k: usize) -> Self {
        let z = &frobenius::constants().z;
        let mut out = *self;
        for (e, part) in [&mut out.c0, &mut out.c1, &mut out.c2]
            .into_iter()
            .enumerate()
        {
            for (d, part) in [&mut part.c0, &mut part.c1].into_iter().enumerate() {
                let mut plain = part.to_fp8();
                for (c, half) in [&mut plain.c0, &mut plain.c1].into_iter().enumerate() {
                    for (b, quarter) in [&mut half.c0, &mut half.c1].into_iter().enumerate() {
                        let j = e + 3 * d + 6 * c + 12 * b;
                        *quarter = quarter.mul(&z[j * k % z.len()]);
                    }
                }
                *part = B::from_fp8(&plain);
            }
        }
        out
    }

    /// Product with the line `1 + a t + b t^3` (spec 10 section 1.4, divided by its constant).
    ///
    /// With T = t^2 both halves of self, even and odd in t, are multiplied by `a + b T`: five
    /// products in F_{p^8} each.
    pub fn mul_line(&self, a: &B, b: &B) -> Self {
        // self = (e0 + e1 T + e2 T^2) + t (o0 + o1 T + o2 T^2), T^3 = -w.
        let even = [&self.c0.c0, &self.c2.c0, &self.c1.c1];
        let odd = [&self.c1.c0, &self.c0.c1, &self.c2.c1];
        let sum = a.add(b);
        // t (even)(a + b T) lands on odd powers, t^2 (odd)(a + b T) = T (..) on even ones.
        let [mut f0, mut f1, mut f2] = times_linear(even, a, b, &sum);
        let [mut g1, mut g2, g0] = times_linear(odd, a, b, &sum);
        let mut wrapped = B::WIDE_ZERO;
        B::wide_add_nonresidue(&mut wrapped, &g0);
        let plus = |x: &B, wide: &mut <B as Tower>::Wide| x.add(&B::reduce(wide)).tidy();
        Self {
            c0: Fp16::new(plus(even[0], &mut wrapped), plus(odd[1], &mut f1)),
            c1: Fp16::new(plus(odd[0], &mut f0), plus(even[2], &mut g2)),
            c2: Fp16::new(plus(even[1], &mut g1), plus(odd[2], &mut f2)),
        }
    }
}

/// `(x0 + x1 T + x2 T^2)(a + b T)` modulo `T^3 + w`; `sum = a + b`.
fn times_linear<B: Octic>(x: [&B; 3], a: &B, b: &B, sum: &B) -> [<B as Tower>::Wide; 3] {
    let mut out = [B::WIDE_ZERO; 3];
    let mut term = B::WIDE_ZERO;
    let [out0, out1, out2] = &mut out;
    // x0 a and x1 b, and their cross term x0 b + x1 a.
    x[0].mul_wide(a, out0);
    x[1].mul_wide(b, &mut term);
    x[0].add(x[1]).mul_wide(sum, out1);
    B::wide_sub(out1, out0);
    B::wide_sub(out1, &term);
    // T^2: x1 b + x2 a.
    x[2].mul_wide(a, out2);
    B::wide_add(out2, &term);
    // T^3 = -w: x2 b.
    x[2].mul_wide(b, &mut term);
    B::wide_add_nonresidue(out0, &term);
    out
}
