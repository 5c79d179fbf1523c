//! The proof of one prover (spec 11 section 2).

use crate::int::Int;
use crate::power::with_generator;
use crate::proof::{OnProgress, Squarings};
use crate::{Discriminant, DiscriminantSearch, ELEMENT_BYTES, Error, Form, MAX_BITS};
use core::ops::ControlFlow;
use limbs::wide::is_prime_u128;
use sha2::{Digest, Sha256};

/// Bytes of an output: y, then the proof.
pub const OUTPUT_BYTES: usize = 2 * ELEMENT_BYTES;

/// What a solver is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Searching the discriminant; the amount of work is not known beforehand, `total` is 0.
    Discriminant,
    /// Squaring.
    Squaring,
    /// Making the proof.
    Proof,
}

/// A report of a running solver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Steps done in this phase.
    pub done: u64,
    /// Steps of this phase, 0 where unknown.
    pub total: u64,
}

/// Why a solution was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SolveError {
    /// The progress callback asked to stop.
    #[error("solving was cancelled")]
    Cancelled,
    /// The discriminant could not be made.
    #[error(transparent)]
    Discriminant(#[from] Error),
    /// The list of ids is empty, too long, or holds one too long, or the index is outside of it.
    #[error("the list of ids or the index into it is not acceptable")]
    Ids,
    /// A checkpoint did not decode: a defect of this crate or of the memory.
    #[error("a checkpoint of the computation was corrupted")]
    Internal,
}

/// Solves the challenge: enc(y) || enc(pi) with y = x^(2^difficulty).
///
/// `progress` is called at least every 20 ms of work; a break cancels. Memory stays below 20 MB for any difficulty.
///
/// # Errors
/// [`SolveError::Cancelled`], and [`SolveError::Discriminant`] for a challenge without discriminant (no such challenge is known).
pub fn solve(
    challenge: &[u8],
    difficulty: u32,
    progress: OnProgress<'_>,
) -> Result<[u8; OUTPUT_BYTES], SolveError> {
    let discriminant = find_discriminant(challenge, progress)?;
    solve_with(&discriminant, difficulty, progress)
}

/// [`solve`] with the discriminant at hand.
///
/// # Errors
/// [`SolveError::Cancelled`].
pub fn solve_with(
    discriminant: &Discriminant,
    difficulty: u32,
    progress: OnProgress<'_>,
) -> Result<[u8; OUTPUT_BYTES], SolveError> {
    let x = Form::generator(discriminant);
    let squarings = Squarings::run(discriminant, &x, difficulty, progress)?;
    let y = squarings.result.encode();
    let prime = hash_prime(&x.encode(), &y, difficulty);
    let proof = squarings.prove(discriminant, prime, progress)?;
    Ok(join(&y, &proof.encode()))
}

/// Whether `output` solves the challenge. Forms must be reduced as sent (hazard VH-2).
#[must_use]
pub fn verify(challenge: &[u8], difficulty: u32, output: &[u8]) -> bool {
    // The search dominates: look at the length first.
    output.len() == OUTPUT_BYTES
        && Discriminant::from_challenge(challenge, MAX_BITS)
            .is_ok_and(|discriminant| verify_with(&discriminant, difficulty, output))
}

/// [`verify`] with the discriminant at hand.
#[must_use]
pub fn verify_with(discriminant: &Discriminant, difficulty: u32, output: &[u8]) -> bool {
    if output.len() != OUTPUT_BYTES {
        return false;
    }
    let (y_bytes, proof_bytes) = output.split_at(ELEMENT_BYTES);
    let (Ok(y), Ok(proof)) = (
        Form::decode_strict(discriminant, y_bytes),
        Form::decode_strict(discriminant, proof_bytes),
    ) else {
        return false;
    };
    let x = Form::generator(discriminant).encode();
    let prime = hash_prime(&x, y_bytes, difficulty);
    let r = Int::from(two_to_the(difficulty, prime));
    with_generator(discriminant, &proof, prime, &r) == y
}

/// The challenge prime B: the first prime among the leading 16 bytes of SHA-256("prime" || I8(j) || enc(x) || enc(y) || I4(t)).
#[must_use]
pub fn hash_prime(x: &[u8], y: &[u8], difficulty: u32) -> u128 {
    first_prime(|j| {
        Sha256::new()
            .chain_update(b"prime")
            .chain_update(j.to_be_bytes())
            .chain_update(x)
            .chain_update(y)
            .chain_update(difficulty.to_be_bytes())
    })
}

/// The first prime among the leading 16 bytes of the hashes for j = 0, 1, 2, ..
pub(crate) fn first_prime(hash: impl Fn(u64) -> Sha256) -> u128 {
    (0..)
        .map(|j| {
            hash(j)
                .finalize()
                .iter()
                .take(16)
                .fold(0u128, |v, &byte| v << 8 | u128::from(byte))
        })
        .find(|&candidate| is_prime_u128(candidate))
        .unwrap_or(2)
}

/// 2^exponent mod modulus.
pub(crate) fn two_to_the(exponent: u32, modulus: u128) -> u128 {
    let modulus_int = Int::from(modulus);
    let mut r = Int::small(1).modulo(&modulus_int);
    for i in (0..32 - exponent.leading_zeros()).rev() {
        r = r.square().modulo(&modulus_int);
        if exponent >> i & 1 == 1 {
            r = r.doubled().modulo(&modulus_int);
        }
    }
    let [low, high] = r.words::<2>();
    u128::from(high) << 64 | u128::from(low)
}

/// The discriminant of a challenge, with progress.
pub(crate) fn find_discriminant(
    challenge: &[u8],
    progress: OnProgress<'_>,
) -> Result<Discriminant, SolveError> {
    let mut done = 0;
    let mut go_on = || {
        done += 1;
        progress(Progress {
            phase: Phase::Discriminant,
            done,
            total: 0,
        })
        .is_continue()
    };
    if !go_on() {
        return Err(SolveError::Cancelled);
    }
    let search = DiscriminantSearch::new(challenge, MAX_BITS)?;
    match search.find_while(&mut go_on) {
        ControlFlow::Break(()) => Err(SolveError::Cancelled),
        ControlFlow::Continue(None) => Err(Error::NotFound.into()),
        ControlFlow::Continue(Some(index)) => Ok(search.discriminant(index)?),
    }
}

/// y || proof.
pub(crate) fn join(y: &[u8; ELEMENT_BYTES], proof: &[u8; ELEMENT_BYTES]) -> [u8; OUTPUT_BYTES] {
    let mut output = [0; OUTPUT_BYTES];
    output[..ELEMENT_BYTES].copy_from_slice(y);
    output[ELEMENT_BYTES..].copy_from_slice(proof);
    output
}
