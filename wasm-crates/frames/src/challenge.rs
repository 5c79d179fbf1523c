//! Challenge of the time proof, and identity (spec 11 sections 4.1, 4.2, 5.1; spec 31 section 6.1).

use sha3::{Digest, Sha3_256};

use crate::Address;
use crate::header::{AppHeader, GlobalHeader};

/// Bytes of a time proof.
pub const OUTPUT_LENGTH: usize = 516;

/// A frame has an identity only when its output has 516 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the output has {0} bytes, not 516, so the frame has no identity")]
pub struct IdentityError(pub usize);

/// Identity of the frame with this output, `P(output)`; also the child's parent selector
/// (spec 11 section 4.2).
///
/// # Errors
/// [`IdentityError`] when the output is not 516 bytes long.
pub fn identity_of(output: &[u8]) -> Result<Address, IdentityError> {
    let error = IdentityError(output.len());
    if output.len() != OUTPUT_LENGTH {
        return Err(error);
    }
    poseidon::hash_bytes(output).map_err(|_| error)
}

/// SHA3-256 (FIPS 202) of the concatenation of `parts`.
pub(crate) fn sha3_256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha3_256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

impl GlobalHeader {
    /// Challenge of the time proof (spec 11 section 4.1). Nothing frames the lengths of the fields,
    /// so it means something only together with the shape check (hazard FH-4).
    pub fn challenge(&self) -> [u8; 32] {
        let (number, timestamp, difficulty) = (
            self.frame_number.to_be_bytes(),
            self.timestamp.to_be_bytes(),
            self.difficulty.to_be_bytes(),
        );
        let head: [&[u8]; 4] = [&number, &timestamp, &difficulty, &self.parent_selector];
        let commitments = self.global_commitments.iter().map(Vec::as_slice);
        let tail: [&[u8]; 2] = [&self.prover_tree_commitment, &self.requests_root];
        sha3_256(head.into_iter().chain(commitments).chain(tail))
    }

    /// Identity, `P(output)`. Computed on every call (two Poseidon permutations).
    ///
    /// # Errors
    /// [`IdentityError`] when the output is not 516 bytes long.
    pub fn identity(&self) -> Result<Address, IdentityError> {
        identity_of(&self.output)
    }

    /// What a leader signs before certification: challenge and output (spec 11 section 4.3).
    pub fn proof_payload(&self) -> Vec<u8> {
        [&self.challenge(), self.output.as_slice()].concat()
    }
}

impl AppHeader {
    /// Challenge of the time proof (spec 11 section 5.1).
    pub fn challenge(&self) -> [u8; 32] {
        let (number, timestamp, difficulty, vote) = (
            self.frame_number.to_be_bytes(),
            self.timestamp.to_be_bytes(),
            self.difficulty.to_be_bytes(),
            self.fee_multiplier_vote.to_be_bytes(),
        );
        let head: [&[u8]; 7] = [
            &self.address,
            &number,
            &timestamp,
            &difficulty,
            &vote,
            &self.parent_selector,
            &self.requests_root,
        ];
        let roots = self.state_roots.iter().map(Vec::as_slice);
        sha3_256(
            head.into_iter()
                .chain(roots)
                .chain([self.prover.as_slice()]),
        )
    }

    /// Identity, `P(output)`. Computed on every call.
    ///
    /// # Errors
    /// [`IdentityError`] when the output is not 516 bytes long.
    pub fn identity(&self) -> Result<Address, IdentityError> {
        identity_of(&self.output)
    }

    /// Challenge of the multi-proof tail (spec 11 section 5.4).
    pub fn multiproof_challenge(&self) -> [u8; 32] {
        sha3_256([self.parent_selector.as_slice()])
    }
}
