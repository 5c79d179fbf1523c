//! The multi-proof of a prover join (spec 11 section 3): one solution of 516 bytes per filter.
//!
//! Such proofs are no evidence of work (hazard VH-1); they are checked because the network does.

use crate::challenge::{OUTPUT_LENGTH, sha3_256};

/// Challenge: SHA3-256 of the output of the global frame that the join names.
pub fn challenge(frame_output: &[u8]) -> [u8; 32] {
    sha3_256([frame_output])
}

/// One id per filter: prover address, filter, position.
pub fn ids(prover_address: &[u8], filters: &[&[u8]]) -> Vec<Vec<u8>> {
    (0u32..)
        .zip(filters)
        .map(|(position, filter)| [prover_address, filter, &position.to_be_bytes()].concat())
        .collect()
}

/// Whether `proof`, cut in solutions of 516 bytes, verifies jointly for the ids.
pub fn verify(frame_output: &[u8], difficulty: u32, ids: &[&[u8]], proof: &[u8]) -> bool {
    let (solutions, rest) = proof.as_chunks::<OUTPUT_LENGTH>();
    let solutions: Vec<&[u8]> = solutions
        .iter()
        .map(<[u8; OUTPUT_LENGTH]>::as_slice)
        .collect();
    rest.is_empty()
        && solutions.len() == ids.len()
        && classgroup::multi::verify(&challenge(frame_output), difficulty, ids, &solutions)
}
