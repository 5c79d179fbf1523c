//! Strict verification (spec 20 sections 5 and 6, hazards H-02, H-04, H-06, H-12).
//!
//! Malformed input is an error, a false statement the answer `false`. Every point is tested for
//! membership in the subgroup of order r, one by one: the cofactor has the small factors 2, 3 and 7, so
//! that a random combination of points would let some outside it pass.

use std::collections::BTreeMap;

use bls48581::DecodeError;
use bls48581::g1::{self, G1Affine};
use bls48581::multiples::sum_of_multiples;
use bls48581::public_scalar::PublicScalar;
use bls48581::sums::to_affine_all;

use crate::domain::Domain;
use crate::error::KzgError;
use crate::points::{Point, decode, exact, value};
use crate::setup::VerifierSetup;
use crate::{Commitment, Slot, transcript};

/// One statement: slot `index` of the vector behind `commitment` holds `value`.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// 74 bytes.
    pub commitment: &'a [u8],
    /// Position in the vector.
    pub index: u64,
    /// 64 bytes.
    pub value: &'a [u8],
}

/// One multiproof of a batch with its statements.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// In the order of the proof.
    pub statements: &'a [Statement<'a>],
    /// D, 74 bytes.
    pub multicommitment: &'a [u8],
    /// 74 bytes.
    pub proof: &'a [u8],
}

/// Whether `proof` opens slot `index` of a vector of `size` slots to `value`.
///
/// A proof or commitment that is the generator is `false`, as in the reference; the honest proof for a
/// constant vector is the identity, which has no valid encoding: such vectors cannot be opened singly.
///
/// # Errors
/// `Size`, `Index`, `ValueLength`, `Point`.
pub fn verify_opening(
    commitment: &[u8],
    index: u64,
    value: &[u8],
    proof: &[u8],
    size: usize,
) -> Result<bool, KzgError> {
    let z = Domain::of(size)?.root(index)?;
    let y = scalar(self::value(value)?);
    let commitment = decode("commitment", commitment)?;
    let proof = decode("proof", proof)?;
    let generator = g1::generator();
    if commitment.equals(&generator) || proof.equals(&generator) {
        return Ok(false);
    }
    opening_holds(Some(commitment), &z, &y, Some(proof))
}

/// `e(proof, tau G2) e(y G1 - C - z proof, G2) = 1`.
pub(crate) fn opening_holds(
    commitment: Option<G1Affine>,
    z: &PublicScalar,
    y: &PublicScalar,
    proof: Option<G1Affine>,
) -> Result<bool, KzgError> {
    let mut terms = vec![(g1::generator(), *y)];
    terms.extend(proof.map(|proof| (proof, z.neg())));
    let mut sum = sum_of_multiples(&terms);
    if let Some(commitment) = commitment {
        sum = sum.add_affine(&commitment.negate());
    }
    Ok(VerifierSetup::get()?.holds(proof, sum.to_affine(true)))
}

/// Whether the multiproof opens all statements, over vectors of `size` slots.
///
/// # Errors
/// `Empty`, `Size`, `Index`, `ValueLength`, `Point`, `Challenge`.
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
    let equations = Equation::all(&[claim], size, &strict)?;
    equations_hold(
        equations
            .iter()
            .map(|equation| (PublicScalar::one(), equation)),
    )
}

/// Whether every multiproof opens its statements: one product of two pairings in all. A false one
/// passes with probability 2^-128; `randomness` must be unpredictable for whoever made the proofs.
///
/// # Errors
/// Those of [`verify_multiproof`], for any of them; `Empty` when there is none.
pub fn verify_multiproof_batch(
    claims: &[Claim<'_>],
    randomness: &[u8; 32],
    size: usize,
) -> Result<bool, KzgError> {
    if claims.is_empty() {
        return Err(KzgError::Empty);
    }
    let equations = Equation::all(claims, size, &strict)?;
    let factors = (0u64..).map(|at| transcript::batch_factor(randomness, at));
    equations_hold(factors.zip(&equations))
}

/// Decodes by the strict rules.
fn strict(encodings: &[&[u8]]) -> Vec<Result<Point, DecodeError>> {
    g1::decode_all(encodings)
        .into_iter()
        .map(|point| point.map(Some))
        .collect()
}

/// What a multiproof says: `e(proof, tau G2) e(D + sum of factor * point, G2) = 1`. `None` is the
/// identity, which only the reference lets in.
pub(crate) struct Equation {
    proof: Option<G1Affine>,
    multicommitment: Option<G1Affine>,
    terms: Vec<(G1Affine, PublicScalar)>,
}

/// How points are decoded.
pub(crate) type Decode = dyn Fn(&[&[u8]]) -> Vec<Result<Point, DecodeError>>;

impl Equation {
    /// The equations of all claims. What is wrong with lengths and positions is found before any point
    /// is decoded, and equal encodings are decoded once.
    pub fn all(claims: &[Claim<'_>], size: usize, decode: &Decode) -> Result<Vec<Self>, KzgError> {
        let outlines: Result<Vec<Outline<'_>>, KzgError> = claims
            .iter()
            .map(|claim| Outline::of(claim, size))
            .collect();
        let outlines = outlines?;
        let names: BTreeMap<&Commitment, &'static str> =
            outlines.iter().flat_map(Outline::points).collect();
        let encodings: Vec<&[u8]> = names.keys().map(|bytes| bytes.as_slice()).collect();
        let mut points: BTreeMap<&Commitment, Point> = BTreeMap::new();
        for ((bytes, what), point) in names.into_iter().zip(decode(&encodings)) {
            points.insert(
                bytes,
                point.map_err(|cause| KzgError::Point { what, cause })?,
            );
        }
        let point = |bytes: &Commitment| points.get(bytes).copied().flatten();
        let equations = outlines.iter().map(|outline| {
            let mut terms = vec![(g1::generator(), outline.y)];
            let proof = point(outline.proof);
            terms.extend(proof.map(|proof| (proof, outline.t.neg())));
            for (commitment, factor) in &outline.factors {
                terms.extend(point(commitment).map(|point| (point, *factor)));
            }
            Self {
                proof,
                multicommitment: point(outline.multicommitment),
                terms,
            }
        });
        Ok(equations.collect())
    }
}

/// The equation of section 6 before its points are decoded.
struct Outline<'a> {
    multicommitment: &'a Commitment,
    proof: &'a Commitment,
    t: PublicScalar,
    /// The factor of the generator: the sum of `rho^j y_j / (t - z_j)`.
    y: PublicScalar,
    /// The factors `-rho^j / (t - z_j)`, those of equal commitments summed.
    factors: BTreeMap<&'a Commitment, PublicScalar>,
}

impl<'a> Outline<'a> {
    fn of(claim: &Claim<'a>, size: usize) -> Result<Self, KzgError> {
        let domain = Domain::of(size)?;
        if claim.statements.is_empty() {
            return Err(KzgError::Empty);
        }
        let statements: Result<Vec<(&Commitment, &Slot, u64)>, KzgError> = claim
            .statements
            .iter()
            .map(|s| Ok((exact("commitment", s.commitment)?, value(s.value)?, s.index)))
            .collect();
        let statements = statements?;
        let multicommitment = exact("multicommitment", claim.multicommitment)?;
        let proof = exact("proof", claim.proof)?;
        let t = transcript::t(multicommitment);
        let differences: Result<Vec<PublicScalar>, KzgError> = statements
            .iter()
            .map(|(_, _, index)| Ok(t.sub(&domain.root(*index)?)))
            .collect();
        let inverses = PublicScalar::invert_all(&differences?);
        let rho = transcript::rho(statements.iter().copied());
        let mut factors: BTreeMap<&Commitment, PublicScalar> = BTreeMap::new();
        let (mut power, mut y) = (PublicScalar::one(), PublicScalar::ZERO);
        for ((commitment, value, _), inverse) in statements.iter().zip(&inverses) {
            if inverse.is_zero() {
                return Err(KzgError::Challenge);
            }
            let factor = power.mul(inverse);
            y = y.add(&factor.mul(&scalar(value)));
            let sum = factors.entry(commitment).or_insert(PublicScalar::ZERO);
            *sum = sum.sub(&factor);
            power = power.mul(&rho);
        }
        Ok(Self {
            multicommitment,
            proof,
            t,
            y,
            factors,
        })
    }

    /// Every encoding with what it is.
    fn points(&self) -> impl Iterator<Item = (&'a Commitment, &'static str)> {
        let commitments = self.factors.keys().map(|bytes| (*bytes, "commitment"));
        commitments.chain([
            (self.multicommitment, "multicommitment"),
            (self.proof, "proof"),
        ])
    }
}

/// Whether a combination of equations holds, each with its factor; a single one needs none.
pub(crate) fn equations_hold<'a>(
    equations: impl Iterator<Item = (PublicScalar, &'a Equation)>,
) -> Result<bool, KzgError> {
    let equations: Vec<_> = equations.collect();
    let setup = VerifierSetup::get()?;
    if let [(_, equation)] = equations.as_slice() {
        let sum = sum_of_multiples(&equation.terms);
        let sum = equation
            .multicommitment
            .iter()
            .fold(sum, |sum, d| sum.add_affine(d));
        return Ok(setup.holds(equation.proof, sum.to_affine(true)));
    }
    let (mut proofs, mut terms) = (Vec::new(), Vec::new());
    for (by, equation) in equations {
        proofs.extend(equation.proof.map(|proof| (proof, by)));
        terms.extend(equation.multicommitment.map(|d| (d, by)));
        let scaled = equation
            .terms
            .iter()
            .map(|(point, factor)| (*point, factor.mul(&by)));
        terms.extend(scaled);
    }
    let sums = [sum_of_multiples(&proofs), sum_of_multiples(&terms)];
    let [a, b] = <[_; 2]>::try_from(to_affine_all(&sums)).unwrap_or([None, None]);
    Ok(setup.holds(a, b))
}

/// The integer of a slot value.
pub(crate) fn scalar(value: &Slot) -> PublicScalar {
    PublicScalar::from_bytes(value).unwrap_or(PublicScalar::ZERO)
}
