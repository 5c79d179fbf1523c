//! The verdicts of the network's own node where they are laxer than ours (hazards H-02, H-06): only for
//! replaying what the network has already certified, never for what a peer offers as proof.
//!
//! The reference reads a bad tag, x >= p, x off the curve and y = 0 as the identity and does not test
//! the subgroup; whatever a point has outside the subgroup vanishes in the pairing. Here a point is
//! replaced by its part inside, which gives the same verdicts.

use std::sync::OnceLock;

use bls48581::g1::{self, G1Affine};
use bls48581::hash_to_curve::COFACTOR;
use bls48581::multiples::sum_of_multiples;
use bls48581::public_scalar::PublicScalar;
use bls48581::tower::Tower;

use crate::domain::Domain;
use crate::error::KzgError;
use crate::points::{Point, exact};
use crate::verify::{Claim, Equation, Statement, equations_hold, opening_holds, scalar};

/// As [`crate::verify_opening`], with the verdict of the reference. Inputs on which the reference aborts
/// (wrong lengths, index beyond the size) are errors.
///
/// # Errors
/// `Size`, `Index`, `ValueLength`, `Point` for a wrong length.
pub fn verify_opening(
    commitment: &[u8],
    index: u64,
    value: &[u8],
    proof: &[u8],
    size: usize,
) -> Result<bool, KzgError> {
    let z = Domain::of(size)?.root(index)?;
    let y = scalar(crate::points::value(value)?);
    let commitment = decode("commitment", commitment)?;
    let proof = decode("proof", proof)?;
    let generator = g1::generator();
    let (Some(commitment), Some(proof)) = (commitment, proof) else {
        return Ok(false);
    };
    if commitment.equals(&generator) || proof.equals(&generator) {
        return Ok(false);
    }
    opening_holds(inside(&commitment), &z, &y, inside(&proof))
}

/// As [`crate::verify_multiproof`], with the verdict of the reference.
///
/// # Errors
/// `Empty`, `Size`, `Index`, `ValueLength`, `Challenge`, `Point` for a wrong length.
pub fn verify_multiproof(
    statements: &[Statement<'_>],
    multicommitment: &[u8],
    proof: &[u8],
    size: usize,
) -> Result<bool, KzgError> {
    let claim = Claim {
        statements,
        multicommitment,
        proof,
    };
    let equations = Equation::all(&[claim], size, &|encodings| {
        encodings
            .iter()
            .map(|bytes| Ok(lax(bytes).and_then(|point| inside(&point))))
            .collect()
    })?;
    equations_hold(
        equations
            .iter()
            .map(|equation| (PublicScalar::one(), equation)),
    )
}

/// The point the reference reads in 74 bytes.
fn decode(what: &'static str, bytes: &[u8]) -> Result<Point, KzgError> {
    Ok(lax(exact(what, bytes)?))
}

/// The point the reference reads, `None` for the identity.
fn lax(bytes: &[u8]) -> Point {
    let point = g1::decode_on_curve(bytes).ok();
    point.filter(|point| !Tower::is_zero(&point.y))
}

/// The part of a point in the subgroup: `c^-1 (c P)` with c = 1 - u, the exponent of the cofactor group.
fn inside(point: &G1Affine) -> Option<G1Affine> {
    static INVERSE: OnceLock<PublicScalar> = OnceLock::new();
    let inverse = INVERSE.get_or_init(|| PublicScalar::from_u64(COFACTOR).invert());
    let cleared = point
        .to_projective()
        .multiply_sparse(COFACTOR)
        .to_affine(true)?;
    sum_of_multiples(&[(cleared, *inverse)]).to_affine(true)
}
