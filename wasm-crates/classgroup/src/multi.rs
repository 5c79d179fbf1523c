//! The proof of several provers (spec 11 section 3).
//!
//! Hazard VH-1: the prime does not depend on y, so solutions can be made up without sequential work. Verify for interoperability;
//! never take such a proof as evidence of time or of distinct machines.

use crate::int::Int;
use crate::power::with_generator;
use crate::proof::{OnProgress, Squarings};
use crate::wesolowski::{find_discriminant, first_prime, join, two_to_the};
use crate::{Discriminant, ELEMENT_BYTES, Form, MAX_BITS, OUTPUT_BYTES, SolveError};
use sha2::{Digest, Sha256};

/// Most ids of one proof.
pub const MAX_IDS: usize = 4096;
/// Longest id in bytes.
pub const MAX_ID_BYTES: usize = 4096;

/// Commitment to the set of ids: their order does not matter.
#[must_use]
pub fn ids_commitment(ids: &[&[u8]]) -> [u8; 32] {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    let mut hash = Sha256::new().chain_update(b"wesolowski-ids-multicommit");
    for id in sorted {
        hash.update((id.len() as u64).to_be_bytes());
        hash.update(id);
    }
    hash.finalize().into()
}

/// The prime B, fixed by challenge, difficulty and ids.
#[must_use]
pub fn fixed_prime(challenge: &[u8], difficulty: u32, ids_commitment: &[u8; 32]) -> u128 {
    first_prime(|j| {
        Sha256::new()
            .chain_update(b"wesolowski-fixed-multicommit")
            .chain_update(challenge)
            .chain_update((MAX_BITS as u16).to_be_bytes())
            .chain_update(u64::from(difficulty).to_be_bytes())
            .chain_update(ids_commitment)
            .chain_update(j.to_be_bytes())
    })
}

/// r = 2^difficulty mod B.
#[must_use]
pub fn r(difficulty: u32, prime: u128) -> u128 {
    two_to_the(difficulty, prime)
}

/// The exponent h of an id, big-endian; its base is x^h.
fn id_exponent(challenge: &[u8], id: &[u8]) -> [u8; 32] {
    let mut h: [u8; 32] = Sha256::new()
        .chain_update(b"wesolowski-exp-multicommit")
        .chain_update(challenge)
        .chain_update((id.len() as u64).to_be_bytes())
        .chain_update(id)
        .finalize()
        .into();
    if h == [0; 32] {
        h[31] = 1;
    }
    h
}

fn acceptable(ids: &[&[u8]]) -> bool {
    !ids.is_empty() && ids.len() <= MAX_IDS && ids.iter().all(|id| id.len() <= MAX_ID_BYTES)
}

/// The solution of the id at `index`: enc(y) || enc(pi) for the base x^h of the id.
///
/// # Errors
/// [`SolveError::Ids`] for an unacceptable list or index, [`SolveError::Cancelled`].
pub fn solve_one(
    challenge: &[u8],
    difficulty: u32,
    ids: &[&[u8]],
    index: usize,
    progress: OnProgress<'_>,
) -> Result<[u8; OUTPUT_BYTES], SolveError> {
    if !acceptable(ids) || index >= ids.len() {
        return Err(SolveError::Ids);
    }
    let discriminant = find_discriminant(challenge, progress)?;
    solve_one_with(&discriminant, challenge, difficulty, ids, index, progress)
}

/// [`solve_one`] with the discriminant of the challenge at hand.
///
/// # Errors
/// As [`solve_one`].
pub fn solve_one_with(
    discriminant: &Discriminant,
    challenge: &[u8],
    difficulty: u32,
    ids: &[&[u8]],
    index: usize,
    progress: OnProgress<'_>,
) -> Result<[u8; OUTPUT_BYTES], SolveError> {
    let id = ids
        .get(index)
        .filter(|_| acceptable(ids))
        .ok_or(SolveError::Ids)?;
    let h = Int::from_be_bytes(&id_exponent(challenge, id)).ok_or(SolveError::Internal)?;
    let base = with_generator(discriminant, &Form::identity(discriminant), 0, &h);
    let prime = fixed_prime(challenge, difficulty, &ids_commitment(ids));
    let squarings = Squarings::run(discriminant, &base, difficulty, progress)?;
    let proof = squarings.prove(discriminant, prime, progress)?;
    Ok(join(&squarings.result.encode(), &proof.encode()))
}

/// Whether the solutions together solve the challenge for the ids. Only their product counts, so they may be permuted.
///
/// Lists are refused when empty, of different lengths, longer than [`MAX_IDS`] or with an id longer than [`MAX_ID_BYTES`].
/// Forms that are not reduced are reduced and used, except y of a single id (hazard VH-2).
#[must_use]
pub fn verify(challenge: &[u8], difficulty: u32, ids: &[&[u8]], solutions: &[&[u8]]) -> bool {
    well_formed(ids, solutions)
        && Discriminant::from_challenge(challenge, MAX_BITS).is_ok_and(|discriminant| {
            verify_with(&discriminant, challenge, difficulty, ids, solutions)
        })
}

fn well_formed(ids: &[&[u8]], solutions: &[&[u8]]) -> bool {
    acceptable(ids)
        && ids.len() == solutions.len()
        && solutions.iter().all(|s| s.len() == OUTPUT_BYTES)
}

/// [`verify`] with the discriminant of the challenge at hand.
#[must_use]
pub fn verify_with(
    discriminant: &Discriminant,
    challenge: &[u8],
    difficulty: u32,
    ids: &[&[u8]],
    solutions: &[&[u8]],
) -> bool {
    if !well_formed(ids, solutions) {
        return false;
    }
    let Some((y, proof)) = products(discriminant, solutions) else {
        return false;
    };
    let prime = fixed_prime(challenge, difficulty, &ids_commitment(ids));
    // 256 bits and 12 for the number of ids, times 128 bits.
    let sum = ids.iter().fold(Int::ZERO, |sum, id| {
        sum.add(&Int::from_be_bytes(&id_exponent(challenge, id)).unwrap_or(Int::ZERO))
    });
    let exponent = sum.mul(&Int::from(r(difficulty, prime)));
    with_generator(discriminant, &proof, prime, &exponent) == y
}

/// The products of all y and of all proofs; `None` when one does not decode.
fn products(discriminant: &Discriminant, solutions: &[&[u8]]) -> Option<(Form, Form)> {
    let mut product: Option<(Form, Form)> = None;
    for solution in solutions {
        let (y, proof) = solution.split_at_checked(ELEMENT_BYTES)?;
        // The reference never touches the only y, and compares it as sent.
        let y = if solutions.len() == 1 {
            Form::decode_strict(discriminant, y)
        } else {
            Form::decode_tolerant(discriminant, y)
        };
        let (y, proof) = (y.ok()?, Form::decode_tolerant(discriminant, proof).ok()?);
        product = Some(match product {
            None => (y, proof),
            Some((ys, proofs)) => (
                ys.multiply(discriminant, &y),
                proofs.multiply(discriminant, &proof),
            ),
        });
    }
    product
}
