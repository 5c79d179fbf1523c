//! Whether a product of pairings is 1 (spec 10 section 1.4).
//!
//! Only this question is asked, so that any non-degenerate bilinear map serves: factors from proper
//! subfields are dropped from the lines, and the conjugation for the negative u is left out.

use std::sync::OnceLock;

use crate::curve::Affine;
use crate::final_exponentiation::is_one_after;
use crate::fp::Fp;
use crate::fp8::Fp8;
use crate::fp48::Fp48;
use crate::g1::G1Affine;
use crate::g2::{self, G2Affine};
use crate::octic::Octic;
#[cfg(target_arch = "x86_64")]
use crate::octic::VectorFp8;
use crate::tower::Tower;

/// Signed digits of `|u| = 2^32 + 2^30 + 2^10 - 2^7 + 1` below the first: (position, negative).
const DIGITS: [(u32, bool); 4] = [(30, false), (10, false), (7, true), (0, false)];
/// Position of the first digit.
const TOP: u32 = 32;

/// The lines of the Miller loop of one point of G2, ready for any point of G1.
///
/// The line through T with slope l, at P, is `y_P - l x_P t + (l x_T - y_T) t^3`; kept are `-l` and
/// `l x_T - y_T`.
#[derive(Clone, Debug)]
pub struct Prepared {
    lines: Vec<(Fp8, Fp8)>,
}

/// The running point of the Miller loop.
struct Walk {
    at: G2Affine,
    lines: Vec<(Fp8, Fp8)>,
}

impl Walk {
    /// The tangent at the running point, which is doubled. `None` at a point of order 2.
    fn double(&mut self) -> Option<()> {
        let square = self.at.x.sqr();
        let numerator = square.dbl().add(&square);
        let x = self.at.x;
        self.step(&numerator, &self.at.y.dbl(), &x)
    }

    /// The chord to `q`, which is added. `None` when both have the same x.
    fn add(&mut self, q: &G2Affine) -> Option<()> {
        let numerator = q.y.sub(&self.at.y);
        let denominator = q.x.sub(&self.at.x);
        self.step(&numerator, &denominator, &q.x)
    }

    fn step(&mut self, numerator: &Fp8, denominator: &Fp8, other_x: &Fp8) -> Option<()> {
        if denominator.is_zero() {
            return None;
        }
        let Affine { x, y } = self.at;
        let slope = numerator.mul(&denominator.invert(true));
        let constant = slope.mul(&x).sub(&y);
        let next_x = slope.sqr().sub(&x.add(other_x));
        // y3 = l (x - x3) - y = (l x - y) - l x3
        let next_y = constant.sub(&slope.mul(&next_x));
        self.lines.push((slope.neg(), constant));
        self.at = Affine {
            x: next_x,
            y: next_y,
        };
        Some(())
    }
}

impl Prepared {
    /// The lines of a point of the twist, or `None` when the point is not in G2.
    ///
    /// The loop ends at `|u| Q`, so that the subgroup test `psi(Q) = u Q` is a comparison. A point of
    /// order r meets no exceptional case on the way.
    pub fn of(point: &G2Affine) -> Option<Self> {
        let mut walk = Walk {
            at: *point,
            lines: Vec::with_capacity(TOP as usize + DIGITS.len()),
        };
        let minus = point.negate();
        for position in (0..TOP).rev() {
            walk.double()?;
            if let Some((_, negative)) = DIGITS.iter().find(|(digit, _)| *digit == position) {
                walk.add(if *negative { &minus } else { point })?;
            }
        }
        let image = g2::psi(&point.to_projective());
        let multiple = walk.at.negate();
        let inside =
            image.z.equals(&Fp8::ONE) && image.x.equals(&multiple.x) && image.y.equals(&multiple.y);
        inside.then_some(Self { lines: walk.lines })
    }

    /// The lines of the generator of G2.
    pub fn generator() -> Option<&'static Self> {
        static LINES: OnceLock<Option<Prepared>> = OnceLock::new();
        LINES.get_or_init(|| Self::of(g2::generator())).as_ref()
    }
}

/// Whether the product of `e(q, p)` over all pairs is 1.
pub fn product_is_one(pairs: &[(&Prepared, G1Affine)]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if VectorFp8::available() {
        return is_one_after(&miller_loop::<VectorFp8>(pairs));
    }
    is_one_after(&miller_loop::<Fp8>(pairs))
}

/// The product of the Miller values of all pairs.
pub fn miller_loop<B: Octic>(pairs: &[(&Prepared, G1Affine)]) -> Fp48<B> {
    let scaled: Vec<(&Prepared, Fp, Fp)> = pairs
        .iter()
        .map(|(prepared, p)| {
            let inverse = p.y.invert(true);
            (*prepared, Tower::mul(&p.x, &inverse), inverse)
        })
        .collect();
    let mut lines = 0usize;
    let mut f = Fp48::ONE;
    for position in (0..TOP).rev() {
        if position + 1 < TOP {
            f = f.sqr();
        }
        let steps = 1 + usize::from(DIGITS.iter().any(|(digit, _)| *digit == position));
        for _ in 0..steps {
            for (prepared, x_over_y, one_over_y) in &scaled {
                if let Some((slope, constant)) = prepared.lines.get(lines) {
                    let slope = B::from_fp8(&slope.scale(x_over_y));
                    f = f.mul_line(&slope, &B::from_fp8(&constant.scale(one_over_y)));
                }
            }
            lines += 1;
        }
    }
    f
}
