//! G2: the subgroup of order r of the sextic twist y^2 = x^3 - 1/w over F_{p^8}; public keys live here
//! (spec 10 section 1).

use std::sync::OnceLock;

use subtle::Choice;

use crate::curve::{Affine, CurveField, Projective};
use crate::error::DecodeError;
use crate::fp2::Fp2;
use crate::fp4::Fp4;
use crate::fp8::{FP8_BYTES, Fp8};
use crate::scalar::{Scalar, U_ABS};
use crate::tower::Tower;
use crate::{frobenius, generators};

/// Bytes of a compressed point.
pub const G2_BYTES: usize = 1 + FP8_BYTES;
/// Bytes of an uncompressed point.
pub const G2_UNCOMPRESSED_BYTES: usize = 1 + 2 * FP8_BYTES;

/// A point of the twist that is not the identity.
pub type G2Affine = Affine<Fp8>;
/// A point of the twist.
pub type G2Projective = Projective<Fp8>;

impl CurveField for Fp8 {
    fn times_3b(&self) -> Self {
        let product = times_b(self);
        product.dbl().add(&product)
    }

    fn b() -> Self {
        times_b(&Self::ONE)
    }
}

/// `-x / w`. As w^2 = -v this is `x w / v = -x1 + (x0 / v) w`; with `x0 = y0 + y1 v` the quotient is
/// `y1 + v y0 (i - 1) / 2`, because `1 / v = -v / (1 + i)`.
fn times_b(x: &Fp8) -> Fp8 {
    let (y0, y1) = (&x.c0.c0, &x.c0.c1);
    // (i - 1)(a + b i) = -(a + b) + (a - b) i
    let turned = Fp2::new(y0.c0.add(&y0.c1).neg(), y0.c0.sub(&y0.c1));
    Fp8::new(x.c1.neg(), Fp4::new(*y1, turned.halve()))
}

/// The generator (spec 10 section 1).
pub fn generator() -> &'static G2Affine {
    static GENERATOR: OnceLock<G2Affine> = OnceLock::new();
    GENERATOR.get_or_init(|| Affine {
        x: Fp8::from_bytes_reduced(&generators::G2_X),
        y: Fp8::from_bytes_reduced(&generators::G2_Y),
    })
}

/// Decodes 585 bytes to a point of the twist: all strict rules but the subgroup test.
pub fn decode_on_curve(bytes: &[u8]) -> Result<G2Affine, DecodeError> {
    let length = DecodeError::Length {
        expected: G2_BYTES,
        got: bytes.len(),
    };
    let bytes: &[u8; G2_BYTES] = bytes.try_into().map_err(|_| length)?;
    let [tag, x @ ..] = bytes;
    let sign = match tag {
        2 => 0,
        3 => 1,
        _ => return Err(DecodeError::Tag(*tag)),
    };
    let x = Fp8::from_bytes(x).ok_or(DecodeError::NotCanonical)?;
    let square = x.sqr().mul(&x).add(&Fp8::b());
    let y = square.sqrt().ok_or(DecodeError::NotOnCurve)?;
    let y = y.negate_if(Choice::from(y.sign() ^ sign));
    if y.sign() == sign {
        Ok(Affine { x, y })
    } else {
        Err(DecodeError::NotOnCurve)
    }
}

/// Decodes 585 bytes to a point of G2: all strict rules.
pub fn decode(bytes: &[u8]) -> Result<G2Affine, DecodeError> {
    let point = decode_on_curve(bytes)?;
    if is_in_subgroup(&point) {
        Ok(point)
    } else {
        Err(DecodeError::NotInSubgroup)
    }
}

/// Whether a point of the twist has order r: `psi(Q) = u Q` (spec 10 section 1.3).
pub fn is_in_subgroup(point: &G2Affine) -> bool {
    let multiple = point.to_projective().multiply_sparse(U_ABS);
    let image = psi(&point.to_projective());
    // u is negative: psi(Q) = -(|u| Q).
    !multiple.is_identity()
        && image.x.mul(&multiple.z).equals(&multiple.x)
        && image.y.mul(&multiple.z).add(&multiple.y).is_zero()
}

/// Untwist, p-power, twist. On G2 it is multiplication by u.
pub fn psi(point: &G2Projective) -> G2Projective {
    let constants = frobenius::constants();
    Projective {
        x: point.x.frobenius().mul(&constants.t2),
        y: point.y.frobenius().mul(&constants.s),
        z: point.z.frobenius(),
    }
}

/// 585 bytes: tag and x.
pub fn encode(point: &G2Affine) -> [u8; G2_BYTES] {
    let mut out = [0u8; G2_BYTES];
    out[0] = 2 + point.y.sign();
    out[1..].copy_from_slice(&point.x.to_bytes());
    out
}

/// 1169 bytes: 04, x, y. Never on the wire.
pub fn to_uncompressed(point: &G2Affine) -> [u8; G2_UNCOMPRESSED_BYTES] {
    let mut out = [0u8; G2_UNCOMPRESSED_BYTES];
    out[0] = 4;
    out[1..=FP8_BYTES].copy_from_slice(&point.x.to_bytes());
    out[1 + FP8_BYTES..].copy_from_slice(&point.y.to_bytes());
    out
}

/// `scalar * point` for a point of G2; constant time in the scalar.
///
/// The scalar has 16 digits in base `|u|`, and `|u|^i Q = (-psi)^i Q` costs next to nothing (Galbraith
/// and Scott). Four tables hold the sums over four digits each; each bit of the digits costs a
/// doubling and four additions.
pub fn multiply(point: &G2Affine, scalar: &Scalar) -> G2Projective {
    let digits = scalar.digits();
    let mut tables = [[G2Projective::IDENTITY; 16]; 4];
    let [first, ..] = &mut tables;
    let mut power = point.to_projective();
    for bit in 0..4 {
        let (below, above) = first.split_at_mut(1 << bit);
        for (sum, entry) in above.iter_mut().zip(&*below) {
            *sum = entry.add(&power);
        }
        power = psi(&power).negate();
    }
    for group in 1..4 {
        tables[group] = tables[group - 1].map(|entry| (0..4).fold(entry, |p, _| psi(&p)));
    }
    let mut acc = G2Projective::IDENTITY;
    for bit in (0..=U_ABS.ilog2()).rev() {
        acc = acc.dbl();
        for (group, table) in tables.iter().enumerate() {
            acc = acc.add(&G2Projective::look_up(table, digits.column(group, bit)));
        }
    }
    acc
}

/// `scalar * generator`, `None` for the identity.
pub fn multiply_generator(scalar: &Scalar) -> Option<G2Affine> {
    multiply(generator(), scalar).to_affine(false)
}
