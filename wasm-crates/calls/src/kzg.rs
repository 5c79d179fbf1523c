//! KZG commitments to vectors of 64-byte slots (spec 20 sections 1 to 6). Sizes: 64, in full modules also 16, 32, 128 and 256.

use crate::error::{Call, CallError, Code};
use kzg::{KzgError, Statement};

fn refuse(cause: &KzgError) -> CallError {
    let code = match cause {
        KzgError::Size(_)
        | KzgError::TooLong { .. }
        | KzgError::Index { .. }
        | KzgError::Challenge => Code::Range,
        KzgError::ValueLength(_) => Code::Length,
        KzgError::Empty => Code::Empty,
        KzgError::Point { .. } | KzgError::Encoding | KzgError::Setup => Code::Decode,
    };
    CallError::new(code, cause.to_string())
}

/// A verdict: malformed proofs are false, a size without a set-up is the caller's mistake.
fn verdict(outcome: Result<bool, KzgError>) -> Call<bool> {
    match outcome {
        Ok(verdict) => Ok(verdict),
        Err(cause @ (KzgError::Size(_) | KzgError::Setup)) => Err(refuse(&cause)),
        Err(_) => Ok(false),
    }
}

fn equally_many(lengths: &[usize]) -> Call<()> {
    if lengths.windows(2).all(|pair| pair.first() == pair.last()) {
        Ok(())
    } else {
        Err(CallError::new(Code::Length, "the lists differ in length"))
    }
}

/// Whether the proof opens slot `index` of a vector of `size` slots to the value; strict.
///
/// # Errors
/// `range` for an unknown size.
pub fn verify(commitment: &[u8], index: u32, value: &[u8], proof: &[u8], size: u32) -> Call<bool> {
    verdict(kzg::verify_opening(
        commitment,
        index.into(),
        value,
        proof,
        size as usize,
    ))
}

/// Whether the multiproof opens every statement (commitment, index, value); strict.
///
/// # Errors
/// `range` for an unknown size, `length` when the lists differ in length.
pub fn verify_multiproof(
    commitments: &[&[u8]],
    indices: &[u32],
    values: &[&[u8]],
    multicommitment: &[u8],
    proof: &[u8],
    size: u32,
) -> Call<bool> {
    equally_many(&[commitments.len(), indices.len(), values.len()])?;
    let statements: Vec<Statement<'_>> = commitments
        .iter()
        .zip(indices)
        .zip(values)
        .map(|((commitment, index), value)| Statement {
            commitment,
            index: u64::from(*index),
            value,
        })
        .collect();
    verdict(kzg::verify_multiproof(
        &statements,
        multicommitment,
        proof,
        size as usize,
    ))
}

#[cfg(feature = "full")]
pub use full::{commit, multiprove, open, setup};

#[cfg(feature = "full")]
mod full {
    use super::{equally_many, refuse};
    use crate::error::{Call, CallError, Code};
    use crate::json;
    use kzg::{KzgError, Opening, VerifierSetup};
    use serde::Serialize;
    use sha2::{Digest, Sha256};
    use std::collections::BTreeMap;

    /// Commitment of data cut in chunks of 64 bytes, 74 bytes.
    ///
    /// # Errors
    /// `range` for an unknown size or more chunks than slots.
    pub fn commit(data: &[u8], size: u32) -> Call<Vec<u8>> {
        kzg::committer_of(size as usize)
            .and_then(|committer| committer.commit_data(data))
            .map(|commitment| commitment.to_vec())
            .map_err(|cause| refuse(&cause))
    }

    /// Proof of one slot, 74 bytes.
    ///
    /// # Errors
    /// `range` for an unknown size, a slot beyond it, or more chunks than slots.
    pub fn open(data: &[u8], index: u32, size: u32) -> Call<Vec<u8>> {
        kzg::open(data, index.into(), size as usize)
            .map(|proof| proof.to_vec())
            .map_err(|cause| refuse(&cause))
    }

    /// Multiproof of one slot of each vector, plain form (156 bytes: length and multicommitment, length and proof). The commitments are
    /// taken as they are given: a wrong one makes a proof that does not hold.
    ///
    /// # Errors
    /// `range` as for `open`, `length` when the lists differ in length or a commitment has not 74 bytes, `empty`.
    pub fn multiprove(
        commitments: &[&[u8]],
        vectors: &[&[u8]],
        indices: &[u32],
        size: u32,
    ) -> Call<Vec<u8>> {
        equally_many(&[commitments.len(), vectors.len(), indices.len()])?;
        let commitments = commitments
            .iter()
            .map(|bytes| <&kzg::Commitment>::try_from(*bytes))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| CallError::new(Code::Length, "a commitment has 74 bytes"))?;
        let openings: Vec<Opening<'_>> = commitments
            .into_iter()
            .zip(vectors)
            .zip(indices)
            .map(|((commitment, data), index)| Opening {
                commitment,
                data,
                index: u64::from(*index),
            })
            .collect();
        let made = kzg::multiprove(&openings, size as usize).map_err(|cause| refuse(&cause))?;
        Ok(made.to_plain().to_vec())
    }

    #[derive(Serialize)]
    struct Setup {
        roots_of_unity: BTreeMap<String, String>,
        g1_generator: String,
        g2_generator: String,
        tau_g1: String,
        tau_g2: String,
        lagrange64_first: String,
        lagrange64_last: String,
        group_order: String,
        field_prime: String,
        verifier_sha256: String,
        prover64_sha256: String,
    }

    /// JSON of the set-up, named as in `kzg/ceremony.json`. The powers of tau in `prover64_sha256` are computed from the Lagrange
    /// points.
    ///
    /// # Errors
    /// `decode` when the embedded set-up is damaged.
    pub fn setup() -> Call<String> {
        json::text(&facts().map_err(|cause| refuse(&cause))?)
    }

    fn facts() -> Result<Setup, KzgError> {
        let committer = kzg::committer()?;
        let powers = committer.powers_of_tau(committer.size());
        let lagrange = committer.lagrange()?;
        let mut prover = Sha256::new();
        for point in &powers {
            prover.update(point);
        }
        prover.update(lagrange);
        let roots = kzg::SIZES
            .iter()
            .map(|size| Ok((size.to_string(), hex::encode(kzg::root_of_unity(*size)?))));
        let params = bls48581::params::params();
        let point = |at: Option<&[u8]>| at.map(hex::encode).ok_or(KzgError::Setup);
        let mut points = lagrange.chunks(kzg::COMMITMENT_BYTES);
        Ok(Setup {
            roots_of_unity: roots.collect::<Result<_, KzgError>>()?,
            g1_generator: hex::encode(bls48581::g1::encode(&params.g1_generator)),
            g2_generator: hex::encode(bls48581::g2::encode(&params.g2_generator)),
            tau_g1: point(powers.get(1).map(|point| point.as_slice()))?,
            tau_g2: hex::encode(VerifierSetup::tau_g2()),
            lagrange64_first: point(points.next())?,
            lagrange64_last: point(points.next_back())?,
            group_order: hex::encode(params.r).trim_start_matches('0').to_owned(),
            field_prime: hex::encode(params.p).trim_start_matches('0').to_owned(),
            verifier_sha256: hex::encode(Sha256::digest(VerifierSetup::tau_g2())),
            prover64_sha256: hex::encode(prover.finalize()),
        })
    }
}
