//! Openings and multiproofs (spec 20 sections 5 and 6), in evaluation form throughout: the quotients are
//! evaluated over the roots of unity and committed to with the Lagrange points, which gives the same
//! points as the coefficients with the powers of tau.

use bls48581::public_scalar::PublicScalar;

use crate::commit::{committer_of, scalars};
use crate::domain::Domain;
use crate::error::KzgError;
use crate::multiproof::Multiproof;
use crate::points::{encode, exact};
use crate::{Commitment, SLOT_BYTES, transcript};

/// One slot of one vector to be opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The commitment of the vector, which the transcript contains; it is not recomputed.
    pub commitment: &'a [u8],
    /// The vector: chunks of 64 bytes, as [`crate::Committer::commit_data`] takes them.
    pub data: &'a [u8],
    /// Position of the slot.
    pub index: u64,
}

/// The proof that slot `index` of the vector of `data` holds what it holds; the identity's encoding for
/// a constant vector, which no strict verifier accepts.
///
/// # Errors
/// `Size`, `TooLong`, `Index`.
pub fn open(data: &[u8], index: u64, size: usize) -> Result<Commitment, KzgError> {
    let domain = Domain::of(size)?;
    domain.root(index)?;
    let values = scalars(data, size)?;
    let mut quotient = vec![PublicScalar::ZERO; size];
    add_quotient(&mut quotient, &values, index, domain);
    Ok(encode(&committer_of(size)?.commit_values(&quotient)))
}

/// One multiproof for all openings, over vectors of `size` slots.
///
/// # Errors
/// `Empty`, `Size`, `TooLong`, `Index`, `Point` for a commitment of a wrong length, `Challenge`.
pub fn multiprove(openings: &[Opening<'_>], size: usize) -> Result<Multiproof, KzgError> {
    let domain = Domain::of(size)?;
    let committer = committer_of(size)?;
    if openings.is_empty() {
        return Err(KzgError::Empty);
    }
    let rho = rho(openings, domain, size)?;
    // F_i = the sum of rho^j f_j over the statements about slot i.
    let mut sums: Vec<Option<Vec<PublicScalar>>> = vec![None; size];
    let mut power = PublicScalar::one();
    for opening in openings {
        let values = scalars(opening.data, size)?;
        let at = usize::try_from(opening.index)
            .ok()
            .and_then(|at| sums.get_mut(at));
        let sum = at
            .ok_or(KzgError::Index {
                index: opening.index,
                size,
            })?
            .get_or_insert_with(|| vec![PublicScalar::ZERO; size]);
        for (total, value) in sum.iter_mut().zip(&values) {
            *total = total.add(&value.mul(&power));
        }
        power = power.mul(&rho);
    }
    let mut quotient = vec![PublicScalar::ZERO; size];
    for (sum, index) in sums.iter().zip(0u64..) {
        if let Some(sum) = sum {
            add_quotient(&mut quotient, sum, index, domain);
        }
    }
    let multicommitment = encode(&committer.commit_values(&quotient));
    let t = transcript::t(&multicommitment);
    // 1 / (t - w^k) serves h, the value at t and the last quotient.
    let differences: Vec<PublicScalar> = domain.roots.iter().map(|root| t.sub(root)).collect();
    let inverses = PublicScalar::invert_all(&differences);
    if inverses.iter().any(PublicScalar::is_zero) {
        return Err(KzgError::Challenge);
    }
    // g = h - q with h = the sum of F_i / (t - w^i).
    let mut g: Vec<PublicScalar> = quotient.iter().map(PublicScalar::neg).collect();
    for (sum, inverse) in sums.iter().zip(&inverses) {
        for (total, value) in g.iter_mut().zip(sum.iter().flatten()) {
            *total = total.add(&value.mul(inverse));
        }
    }
    let at_t = evaluate(&g, &t, &inverses, domain);
    // (g(w^k) - g(t)) / (w^k - t)
    let last: Vec<PublicScalar> = g
        .iter()
        .zip(&inverses)
        .map(|(value, inverse)| at_t.sub(value).mul(inverse))
        .collect();
    let proof = encode(&committer.commit_values(&last));
    Ok(Multiproof {
        multicommitment,
        proof,
    })
}

/// rho of the openings; the values are those of the data.
fn rho(openings: &[Opening<'_>], domain: &Domain, size: usize) -> Result<PublicScalar, KzgError> {
    let statements: Result<Vec<_>, KzgError> = openings
        .iter()
        .map(|opening| {
            domain.root(opening.index)?;
            if opening.data.len().div_ceil(SLOT_BYTES) > size {
                return Err(KzgError::TooLong {
                    bytes: opening.data.len(),
                    size,
                });
            }
            let at = usize::try_from(opening.index).unwrap_or(usize::MAX);
            let chunk = opening.data.chunks(SLOT_BYTES).nth(at).unwrap_or(&[]);
            let mut value = [0; SLOT_BYTES];
            for (byte, given) in value.iter_mut().rev().zip(chunk.iter().rev()) {
                *byte = *given;
            }
            Ok((
                exact("commitment", opening.commitment)?,
                value,
                opening.index,
            ))
        })
        .collect();
    let statements = statements?;
    Ok(transcript::rho(statements.iter().map(
        |(commitment, value, index)| (*commitment, value, *index),
    )))
}

/// Adds `(f(X) - f(z)) / (X - z)`, z = w^index, over the roots of unity.
///
/// At w^k other than z it is `(f_k - f_i) w^-i / (w^(k-i) - 1)`. At z, where f has a derivative instead,
/// it is `- sum q_k w^(k-i)` over all other k.
fn add_quotient(quotient: &mut [PublicScalar], f: &[PublicScalar], index: u64, domain: &Domain) {
    let size = domain.roots.len();
    let at = usize::try_from(index).unwrap_or(0) % size;
    let root = |power: usize| {
        domain
            .roots
            .get(power % size)
            .copied()
            .unwrap_or(PublicScalar::ZERO)
    };
    let turn = root(size - at);
    let value = f.get(at).copied().unwrap_or(PublicScalar::ZERO);
    let mut own = PublicScalar::ZERO;
    let others = quotient
        .iter_mut()
        .zip(f)
        .zip(0..size)
        .filter(|(_, k)| *k != at);
    for ((total, f), k) in others {
        let steps = (k + size - at) % size;
        let inverse = domain
            .inverses
            .get(steps)
            .copied()
            .unwrap_or(PublicScalar::ZERO);
        let q = f.sub(&value).mul(&inverse.mul(&turn));
        own = own.sub(&q.mul(&root(steps)));
        *total = total.add(&q);
    }
    if let Some(total) = quotient.get_mut(at) {
        *total = total.add(&own);
    }
}

/// The value at t by the barycentric formula: `(t^N - 1) / N * sum g_k w^k / (t - w^k)`.
fn evaluate(
    g: &[PublicScalar],
    t: &PublicScalar,
    inverses: &[PublicScalar],
    domain: &Domain,
) -> PublicScalar {
    let size = domain.roots.len() as u64;
    let sum = g
        .iter()
        .zip(&domain.roots)
        .zip(inverses)
        .fold(PublicScalar::ZERO, |sum, ((g, root), inverse)| {
            sum.add(&g.mul(&root.mul(inverse)))
        });
    let scale = t
        .pow(&[size])
        .sub(&PublicScalar::one())
        .mul(&PublicScalar::from_u64(size).invert());
    sum.mul(&scale)
}
