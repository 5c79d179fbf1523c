//! Whether a point of the curve belongs to G1 (spec 10 section 1.3); public points only.
//!
//! Jacobian coordinates (X/Z^2, Y/Z^3): a doubling costs a fifth less than with the complete formulas.
//! The exceptions of the formulas, which a point of order r never meets on the way to `|u|^8`, end in
//! Z = 0, stay there, and are refused.

use limbs::field::Kernel;

use crate::fp::Fp;
use crate::g1::{self, G1Affine};
use crate::lanes::Arithmetic;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{LANES, Lanes};

/// Signed digits of `|u| = 2^32 + 2^30 + 2^10 - 2^7 + 1` below the first: (doublings before it, negative).
const STEPS: [(usize, bool); 4] = [(2, false), (20, false), (3, true), (7, false)];

/// One point, or eight.
#[derive(Clone, Copy)]
struct Jacobian<F> {
    x: F,
    y: F,
    z: F,
}

impl<F: Arithmetic> Jacobian<F> {
    /// With A = X^2, B = Y^2, D = 4 X B, E = 3 A (Bernstein and Lange, dbl-2009-l).
    fn dbl(&self) -> Self {
        let a = self.x.sqr();
        let b = self.y.sqr();
        let d = self.x.mul(&b).dbl().dbl();
        let e = a.dbl().add(&a);
        let x = e.sqr().sub(&d.dbl());
        let b_twice = b.dbl();
        Self {
            x,
            y: F::difference(&e, &d.sub_loose(&x), &b_twice.dbl(), &b_twice),
            z: self.y.dbl().mul(&self.z),
        }
    }

    /// The sum of two points of different x (add-1998-cmo-2).
    fn add(&self, other: &Self) -> Self {
        let (zz1, zz2) = (self.z.sqr(), other.z.sqr());
        let u1 = self.x.mul(&zz2);
        let s1 = self.y.mul(&other.z.mul(&zz2));
        let h = other.x.mul(&zz1).sub_loose(&u1);
        let r = other.y.mul(&self.z.mul(&zz1)).sub_loose(&s1);
        let hh = h.sqr();
        let hhh = h.mul(&hh);
        let v = u1.mul(&hh);
        let x = r.sqr().sub(&hhh.add(&v.dbl()));
        Self {
            x,
            y: F::difference(&r, &v.sub_loose(&x), &s1, &hhh),
            z: self.z.mul(&other.z).mul(&h),
        }
    }

    /// `|u|` times the point; `zero` is 0.
    fn times_u(&self, zero: &F) -> Self {
        let minus = Self {
            y: zero.sub(&self.y),
            ..*self
        };
        STEPS.iter().fold(*self, |acc, (doublings, negative)| {
            let acc = (0..*doublings).fold(acc, |acc, _| acc.dbl());
            acc.add(if *negative { &minus } else { self })
        })
    }
}

/// What has to be 0, and what must not be 0, for `(beta x, y) = -(u^8 P)`. As beta^2 + beta + 1 = 0 the
/// equation says `(u^16 - u^8 + 1) P = r P = O`.
fn conditions<F: Arithmetic>(x: F, y: F, one: F, beta: &F) -> ([F; 2], F) {
    let zero = one.sub(&one);
    let multiple = (0..8).fold(Jacobian { x, y, z: one }, |multiple, _| {
        multiple.times_u(&zero)
    });
    let zz = multiple.z.sqr();
    let zzz = zz.mul(&multiple.z);
    let left = beta.mul(&x).mul(&zz).sub(&multiple.x);
    ([left, y.mul(&zzz).add(&multiple.y)], multiple.z)
}

/// Whether a point of the curve belongs to G1.
pub(crate) fn contains(point: &G1Affine) -> bool {
    let ([x, y], z) = conditions(point.x, point.y, Fp::ONE, &g1::beta());
    !z.is_zero() && x.is_zero() && y.is_zero()
}

/// Whether each point of the curve belongs to G1.
pub(crate) fn contains_all(points: &[G1Affine]) -> Vec<bool> {
    #[cfg(target_arch = "x86_64")]
    if points.len() > 1 && Lanes::available() {
        return points.chunks(LANES).flat_map(contains_lanes).collect();
    }
    points.iter().map(contains).collect()
}

/// [`contains_all`] for at most eight points.
#[cfg(target_arch = "x86_64")]
fn contains_lanes(points: &[G1Affine]) -> Vec<bool> {
    let lane = |at: usize| points.get(at).copied().unwrap_or_else(g1::generator);
    let lanes: [G1Affine; LANES] = core::array::from_fn(lane);
    let [x, y] = [lanes.map(|p| p.x), lanes.map(|p| p.y)].map(|v| Lanes::from_elements(&v));
    let ([x, y], z) = conditions(x, y, Lanes::all(&Fp::ONE), &Lanes::all(&g1::beta()));
    let [x, y, z] = [x, y, z].map(|v| v.to_elements().map(|element| element.is_zero()));
    x.iter()
        .zip(y)
        .zip(z)
        .map(|((x, y), z)| !z && *x && y)
        .take(points.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Projective;
    use crate::hash_to_curve::COFACTOR;

    /// Points of the curve with small x, most of them outside G1.
    fn points() -> Vec<G1Affine> {
        (0..40)
            .filter_map(|x| {
                let x = Fp::from_u64(x);
                let cube = Kernel::mul(&Kernel::sqr(&x), &x);
                let y = Kernel::sqrt(&Kernel::add(&cube, &<Fp as Kernel>::ONE))?;
                Some(G1Affine { x, y })
            })
            .collect()
    }

    /// r P = O by the complete formulas; an exceptional sum (0, 0, 0) comes from an even order.
    fn plainly(point: &G1Affine) -> bool {
        let mut acc = Projective::IDENTITY;
        for word in crate::scalar::ORDER.iter().rev() {
            for bit in (0..64).rev() {
                acc = acc.dbl();
                if word >> bit & 1 == 1 {
                    acc = acc.add_affine(point);
                }
            }
        }
        acc.is_identity() && !Kernel::is_zero(&acc.y)
    }

    #[test]
    fn agrees_with_the_order_of_points() {
        let (mut inside, mut outside) = (0, 0);
        let points = points();
        let together = contains_all(&points);
        assert!(
            points
                .iter()
                .zip(&together)
                .all(|(point, inside)| contains(point) == *inside)
        );
        let cleared: Vec<_> = points
            .iter()
            .filter_map(|p| p.to_projective().multiply_sparse(COFACTOR).to_affine(true))
            .collect();
        assert!(contains_all(&cleared).iter().all(|inside| *inside));
        for point in points {
            assert_eq!(contains(&point), plainly(&point));
            outside += usize::from(!contains(&point));
            let cleared = point
                .to_projective()
                .multiply_sparse(COFACTOR)
                .to_affine(true);
            if let Some(cleared) = cleared {
                assert!(contains(&cleared));
                inside += 1;
                // The part outside alone, and added to a point inside.
                let small = crate::multiples::sum_of_multiples(&[(
                    cleared,
                    crate::public_scalar::PublicScalar::from_u64(COFACTOR).invert(),
                )]);
                if let Some(small) = small.add_affine(&point.negate()).to_affine(true) {
                    assert!(!contains(&small));
                }
            }
        }
        assert!(inside > 5 && outside > 5);
    }

    #[test]
    fn points_of_order_2_and_3_are_outside() {
        let minus_one = Kernel::neg(&<Fp as Kernel>::ONE);
        assert!(!contains(&G1Affine {
            x: minus_one,
            y: <Fp as Kernel>::ZERO
        }));
        assert!(!contains(&G1Affine {
            x: <Fp as Kernel>::ZERO,
            y: minus_one
        }));
        assert!(!contains(&G1Affine {
            x: <Fp as Kernel>::ZERO,
            y: <Fp as Kernel>::ONE
        }));
    }
}
