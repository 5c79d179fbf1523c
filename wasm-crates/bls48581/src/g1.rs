//! G1: the subgroup of order r of y^2 = x^3 + 1 over F_p; signatures live here (spec 10 section 1).

use limbs::field::Kernel as _;

use crate::curve::{Affine, CurveField, Projective};
use crate::error::DecodeError;
use crate::fp::{FP_BYTES, Fp};
use crate::generators;
use crate::scalar::Scalar;
use crate::tower::Tower;
use crate::{lanes, subgroup};

/// Bytes of a compressed point.
pub const G1_BYTES: usize = 1 + FP_BYTES;
/// Bytes of an uncompressed point.
pub const G1_UNCOMPRESSED_BYTES: usize = 1 + 2 * FP_BYTES;

/// A point of the curve that is not the identity.
pub type G1Affine = Affine<Fp>;
/// A point of the curve.
pub type G1Projective = Projective<Fp>;

impl CurveField for Fp {
    fn times_3b(&self) -> Self {
        Tower::add(&Tower::dbl(self), self)
    }

    fn b() -> Self {
        <Fp as Tower>::ONE
    }
}

/// The generator (spec 10 section 1); y is even.
pub fn generator() -> G1Affine {
    Affine {
        x: Fp::from_bytes_reduced(&generators::G1_X),
        y: Fp::from_bytes_reduced(&generators::G1_Y),
    }
}

/// The cube root of 1 of the endomorphism `(x, y) -> (beta x, y)`, which is `-u^8` on G1.
pub fn beta() -> Fp {
    Fp::from_bytes_reduced(&generators::G1_BETA)
}

/// Decodes 74 bytes to a point of the curve: all strict rules but the subgroup test.
pub fn decode_on_curve(bytes: &[u8]) -> Result<G1Affine, DecodeError> {
    let (x, sign) = parse(bytes)?;
    point_of(&x, sign).ok_or(DecodeError::NotOnCurve)
}

/// x and the sign of y of 74 bytes.
fn parse(bytes: &[u8]) -> Result<(Fp, u8), DecodeError> {
    let length = DecodeError::Length {
        expected: G1_BYTES,
        got: bytes.len(),
    };
    let bytes: &[u8; G1_BYTES] = bytes.try_into().map_err(|_| length)?;
    let [tag, x @ ..] = bytes;
    let sign = match tag {
        2 => 0,
        3 => 1,
        _ => return Err(DecodeError::Tag(*tag)),
    };
    let x = Fp::from_bytes(x).ok_or(DecodeError::NotCanonical)?;
    Ok((x, sign))
}

/// Decodes 74 bytes to a point of G1: all strict rules.
pub fn decode(bytes: &[u8]) -> Result<G1Affine, DecodeError> {
    let point = decode_on_curve(bytes)?;
    if is_in_subgroup(&point) {
        Ok(point)
    } else {
        Err(DecodeError::NotInSubgroup)
    }
}

/// Decodes many encodings to points of G1, each by all strict rules. Every point is tested on its own:
/// the cofactor has small factors, so that a random combination would let some outside G1 pass. Faster
/// than one by one where the machine has vectors.
pub fn decode_all(encodings: &[&[u8]]) -> Vec<Result<G1Affine, DecodeError>> {
    let parsed: Vec<_> = encodings.iter().map(|bytes| parse(bytes)).collect();
    let squares: Vec<Fp> = parsed
        .iter()
        .flatten()
        .map(|(x, _)| right_side(x))
        .collect();
    let mut roots = lanes::pow_root_all(&squares).into_iter().zip(&squares);
    let on_curve: Vec<_> = parsed
        .into_iter()
        .map(|parsed| {
            let (x, sign) = parsed?;
            let (power, square) = roots.next().ok_or(DecodeError::NotOnCurve)?;
            let y = Tower::mul(&power, square);
            let y = Tower::equals(&Tower::sqr(&y), square).then_some(y);
            y.and_then(|y| with_sign(&x, y, sign))
                .ok_or(DecodeError::NotOnCurve)
        })
        .collect();
    let points: Vec<G1Affine> = on_curve.iter().flatten().copied().collect();
    let mut inside = subgroup::contains_all(&points).into_iter();
    on_curve
        .into_iter()
        .map(|point| {
            let point = point?;
            inside
                .next()
                .unwrap_or(false)
                .then_some(point)
                .ok_or(DecodeError::NotInSubgroup)
        })
        .collect()
}

/// `x^3 + 1`.
fn right_side(x: &Fp) -> Fp {
    Tower::add(&Tower::mul(&Tower::sqr(x), x), &Fp::b())
}

/// The point with this x and the sign of y.
fn point_of(x: &Fp, sign: u8) -> Option<G1Affine> {
    with_sign(x, Tower::sqrt(&right_side(x))?, sign)
}

/// The point with this x and one of `y, -y`.
fn with_sign(x: &Fp, y: Fp, sign: u8) -> Option<G1Affine> {
    let y = if y.parity() == sign {
        y
    } else {
        Tower::neg(&y)
    };
    (y.parity() == sign).then_some(Affine { x: *x, y })
}

/// Whether a point of the curve has order r (spec 10 section 1.3).
pub fn is_in_subgroup(point: &G1Affine) -> bool {
    subgroup::contains(point)
}

/// `(beta x, y)`.
fn endomorphism(point: &G1Projective, beta: &Fp) -> G1Projective {
    Projective {
        x: Tower::mul(&point.x, beta),
        ..*point
    }
}

/// 74 bytes: tag and x.
pub fn encode(point: &G1Affine) -> [u8; G1_BYTES] {
    let mut out = [0u8; G1_BYTES];
    out[0] = 2 + point.y.parity();
    out[1..].copy_from_slice(&point.x.to_bytes());
    out
}

/// 147 bytes: 04, x, y. Never on the wire.
pub fn to_uncompressed(point: &G1Affine) -> [u8; G1_UNCOMPRESSED_BYTES] {
    let mut out = [0u8; G1_UNCOMPRESSED_BYTES];
    out[0] = 4;
    out[1..=FP_BYTES].copy_from_slice(&point.x.to_bytes());
    out[1 + FP_BYTES..].copy_from_slice(&point.y.to_bytes());
    out
}

/// `scalar * point` for a point of G1; constant time in the scalar.
///
/// The scalar is split as `a + b |u|^8`, the endomorphism gives `|u|^8 P`, and both halves walk
/// through windows of four bits of tables that are read whole.
pub fn multiply(point: &G1Affine, scalar: &Scalar) -> G1Projective {
    let [low, high] = scalar.split_in_two();
    let mut table = [G1Projective::IDENTITY; 16];
    for i in 1..table.len() {
        table[i] = table[i - 1].add_affine(point);
    }
    let beta = beta();
    let turned = table.map(|entry| endomorphism(&entry, &beta).negate());
    let mut acc = G1Projective::IDENTITY;
    for window in (0..65).rev() {
        for _ in 0..4 {
            acc = acc.dbl();
        }
        acc = acc.add(&G1Projective::look_up(&table, low.window(window)));
        acc = acc.add(&G1Projective::look_up(&turned, high.window(window)));
    }
    acc
}

/// `scalar * generator`, `None` for the identity.
pub fn multiply_generator(scalar: &Scalar) -> Option<G1Affine> {
    multiply(&generator(), scalar).to_affine(false)
}
