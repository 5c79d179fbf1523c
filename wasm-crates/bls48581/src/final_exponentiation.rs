//! Whether a value is 1 after the final exponentiation `(p^48 - 1) / r` (spec 10 section 1.4).
//!
//! After the easy part a value lies in the cyclotomic subgroup of order p^16 - p^8 + 1, where inverses
//! are conjugates and squares are cheap: Granger and Scott (PKC 2010), and for long runs the compressed
//! form of Karabina (Math. Comp. 2013), which drops one of three coefficients over F_{p^16}.

use crate::fp16::{Fp16, times_s};
use crate::fp48::Fp48;
use crate::octic::Octic;
use crate::tower::Tower;

/// Whether `f^((p^48 - 1) / r) = 1`. The hard part is raised to three times its exponent, by the
/// factorisation `(u-1)^2 (u+p) (u^2+p^2) (u^4+p^4) (u^8+p^8-1) + 3`.
pub fn is_one_after<B: Octic>(f: &Fp48<B>) -> bool {
    let f = easy_part(f);
    let g = power_u_minus_1(&power_u_minus_1(&f));
    let g = power_u(&g).mul(&g.frobenius());
    let g = powers_u(&g, 2).mul(&g.frobenius_square(1));
    let g = powers_u(&g, 4).mul(&g.frobenius_square(2));
    let g = powers_u(&g, 8)
        .mul(&g.frobenius_square(4))
        .mul(&g.conjugate());
    // g f^3 = 1; f^-3 is the conjugate of f^3.
    g.equals(&square(&f).mul(&f).conjugate())
}

/// `f^((p^24 - 1)(p^8 + 1))`.
fn easy_part<B: Octic>(f: &Fp48<B>) -> Fp48<B> {
    let f = f.conjugate().mul(&f.invert());
    f.frobenius_square(4).mul(&f)
}

/// `f^u`; u is negative.
fn power_u<B: Octic>(f: &Fp48<B>) -> Fp48<B> {
    power_u_abs(f).conjugate()
}

/// `f^(u - 1)`; `u - 1 = -(|u| + 1)`.
fn power_u_minus_1<B: Octic>(f: &Fp48<B>) -> Fp48<B> {
    power_u_abs(f).mul(f).conjugate()
}

/// `f^(u^n)`.
fn powers_u<B: Octic>(f: &Fp48<B>, n: usize) -> Fp48<B> {
    (0..n).fold(*f, |f, _| power_u(&f))
}

/// `f^|u|` with `|u| = 2^32 + 2^30 + 2^10 - 2^7 + 1`: thirty squarings compressed, the powers 2^7 and
/// 2^30 restored with one inversion, the short runs to 2^10 and 2^32 uncompressed.
fn power_u_abs<B: Octic>(f: &Fp48<B>) -> Fp48<B> {
    let mut compressed = Compressed { b: f.c1, c: f.c2 };
    for _ in 0..7 {
        compressed = compressed.square();
    }
    let at_7 = compressed;
    for _ in 7..30 {
        compressed = compressed.square();
    }
    let (at_7, at_30) = restore(&at_7, &compressed).unwrap_or_else(|| {
        let at_7 = squares(f, 7);
        (at_7, squares(&at_7, 23))
    });
    let at_10 = squares(&at_7, 3);
    let at_32 = squares(&at_30, 2);
    at_32.mul(&at_30).mul(&at_10).mul(&at_7.conjugate()).mul(f)
}

/// `f^(2^n)` in the cyclotomic subgroup.
fn squares<B: Octic>(f: &Fp48<B>, n: usize) -> Fp48<B> {
    (0..n).fold(*f, |f, _| square(&f))
}

/// `3 x + 2 y` with x just reduced.
fn three_plus_two<B: Octic>(x: &B, y: &B) -> B {
    let sum = x.add(y);
    sum.dbl().add(x).tidy()
}

/// `3 x - 2 y` with x just reduced.
fn three_minus_two<B: Octic>(x: &B, y: &B) -> B {
    x.sub(y).dbl().add(x)
}

/// The square in the cyclotomic subgroup (Granger and Scott):
/// `(3 a^2 - 2 conj(a)) + (3 s c^2 + 2 conj(b)) t + (3 b^2 - 2 conj(c)) t^2`.
fn square<B: Octic>(f: &Fp48<B>) -> Fp48<B> {
    let a = f.c0.sqr();
    let Compressed { b, c } = Compressed { b: f.c1, c: f.c2 }.square();
    let c0 = Fp16::new(
        three_minus_two(&a.c0, &f.c0.c0),
        three_plus_two(&a.c1, &f.c0.c1),
    );
    Fp48 { c0, c1: b, c2: c }
}

/// An element of the cyclotomic subgroup without its first coefficient.
#[derive(Clone, Copy)]
struct Compressed<B> {
    b: Fp16<B>,
    c: Fp16<B>,
}

impl<B: Octic> Compressed<B> {
    /// The two other coefficients of the square do not need the first.
    fn square(&self) -> Self {
        let b_square = self.b.sqr();
        let c_square = times_s(&self.c.sqr());
        Self {
            b: Fp16::new(
                three_plus_two(&c_square.c0, &self.b.c0),
                three_minus_two(&c_square.c1, &self.b.c1),
            ),
            c: Fp16::new(
                three_minus_two(&b_square.c0, &self.c.c0),
                three_plus_two(&b_square.c1, &self.c.c1),
            ),
        }
    }

    /// Numerator and denominator of the s-part of the first coefficient, with `b = g2 + g3 s` and
    /// `c = g4 + g5 s`: `(s^2 g5^2 + 3 g4^2 - 2 g3) / (4 g2)`.
    fn fraction(&self) -> (B, B) {
        let (mut acc, mut square) = (B::WIDE_ZERO, B::WIDE_ZERO);
        let (g4, g5) = (&self.c.c0, &self.c.c1);
        g4.sqr_wide(&mut square);
        for _ in 0..3 {
            B::wide_add(&mut acc, &square);
        }
        g5.sqr_wide(&mut square);
        B::wide_add_nonresidue(&mut acc, &square);
        (B::reduce(&acc).sub(&self.b.c1.dbl()), self.b.c0.dbl().dbl())
    }

    /// The whole element, given the s-part g1 of its first coefficient; the other part is
    /// `(2 g1^2 + g2 g5 - 3 g3 g4) s^2 + 1`.
    fn complete(&self, g1: B) -> Fp48<B> {
        let (mut acc, mut term) = (B::WIDE_ZERO, B::WIDE_ZERO);
        g1.sqr_wide(&mut term);
        B::wide_add(&mut acc, &term);
        B::wide_add(&mut acc, &term);
        self.b.c0.mul_wide(&self.c.c1, &mut term);
        B::wide_add(&mut acc, &term);
        self.b.c1.mul_wide(&self.c.c0, &mut term);
        for _ in 0..3 {
            B::wide_sub(&mut acc, &term);
        }
        let g0 = B::reduce(&acc).nonresidue().add(&B::ONE);
        Fp48 {
            c0: Fp16::new(g0, g1),
            c1: self.b,
            c2: self.c,
        }
    }
}

/// Restores two compressed elements with one inversion; `None` when a denominator is 0.
fn restore<B: Octic>(first: &Compressed<B>, second: &Compressed<B>) -> Option<(Fp48<B>, Fp48<B>)> {
    let (n0, d0) = first.fraction();
    let (n1, d1) = second.fraction();
    let product = d0.mul(&d1);
    if product.is_zero() {
        return None;
    }
    let inverse = product.invert(true);
    let g0 = n0.mul(&d1.mul(&inverse));
    let g1 = n1.mul(&d0.mul(&inverse));
    Some((first.complete(g0), second.complete(g1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fp8::Fp8;
    use crate::g1;
    use crate::pairing::{Prepared, miller_loop};

    fn miller<B: Octic>() -> Fp48<B> {
        let lines = Prepared::generator().expect("the generator is in G2");
        miller_loop(&[(lines, g1::generator())])
    }

    fn cyclotomic_squares_are_squares<B: Octic>(f: &Fp48<B>) {
        assert!(square(f).equals(&f.sqr()));
        assert!(f.mul(&f.conjugate()).equals(&Fp48::ONE));
        assert!(f.mul(f).equals(&f.sqr()));
    }

    fn compressed_squares_come_back<B: Octic>(f: &Fp48<B>) {
        let once = Compressed { b: f.c1, c: f.c2 };
        let (a, b) = restore(&once, &once.square()).expect("no denominator is zero");
        assert!(a.equals(f));
        assert!(b.equals(&f.sqr()));
    }

    fn the_power_is_the_curve_parameter<B: Octic>(f: &Fp48<B>) {
        let mut plain = *f;
        for bit in (0..32).rev() {
            plain = plain.sqr();
            if crate::scalar::U_ABS >> bit & 1 == 1 {
                plain = plain.mul(f);
            }
        }
        assert!(power_u_abs(f).equals(&plain));
    }

    fn frobenius_powers_agree<B: Octic>(f: &Fp48<B>) {
        assert!(f.frobenius().frobenius().equals(&f.frobenius_square(1)));
        assert!(
            f.frobenius_square(4)
                .frobenius_square(8)
                .equals(&f.conjugate())
        );
        assert!(f.mul(&f.invert()).equals(&Fp48::ONE));
    }

    fn laws<B: Octic>() {
        let f = easy_part(&miller::<B>());
        cyclotomic_squares_are_squares(&f);
        compressed_squares_come_back(&f);
        the_power_is_the_curve_parameter(&f);
        frobenius_powers_agree(&f);
        assert!(is_one_after(&Fp48::<B>::ONE));
        assert!(!is_one_after(&miller::<B>()));
    }

    #[test]
    fn the_laws_hold_over_plain_coefficients() {
        laws::<Fp8>();
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_laws_hold_over_vectors_and_both_forms_agree() {
        use crate::octic::VectorFp8;
        if !limbs::field::octet::available() {
            eprintln!("no AVX-512 IFMA on this machine: the vector form was not run");
            return;
        }
        laws::<VectorFp8>();
        let (plain, vector) = (miller::<Fp8>(), miller::<VectorFp8>());
        for (x, y) in [
            (plain.c0, vector.c0),
            (plain.c1, vector.c1),
            (plain.c2, vector.c2),
        ] {
            assert!(x.c0.equals(&y.c0.to_fp8()) && x.c1.equals(&y.c1.to_fp8()));
        }
    }
}
