//! The two hashes of spec 10 sections 3.2 and 3.3.

use std::sync::OnceLock;

use crate::Fr;
use crate::field::{Field, Limbs, Q, at_least};
use crate::params::{MAX_WIDTH, Params};
use crate::permutation::{State, permute};

/// Bytes per lane when bytes are absorbed.
const CHUNK: usize = 31;
/// Lanes of a frame of bytes.
const LANES: usize = 16;

/// Why an input has no Poseidon hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The empty byte string has no hash (spec 10 section 3.3).
    #[error("the empty byte string has no Poseidon hash")]
    Empty,
    /// The number of elements is outside 1..=16 (spec 10 section 3.2).
    #[error("Poseidon takes 1 to 16 field elements, not {0}")]
    ElementCount(usize),
    /// The element at this index is not below the field order (spec 10 section 3.2).
    #[error("element {0} is not below the BN254 scalar order")]
    NotReduced(usize),
}

/// Poseidon of 1 to 16 field elements of 32 bytes, big-endian, each below q; the result likewise
/// (spec 10 section 3.2).
///
/// # Errors
/// [`Error::ElementCount`] and [`Error::NotReduced`].
pub fn hash_elements(inputs: &[[u8; 32]]) -> Result<[u8; 32], Error> {
    let count = Error::ElementCount(inputs.len());
    if inputs.is_empty() {
        return Err(count);
    }
    let params = params(inputs.len() + 1).ok_or(count)?;
    let mut state: State<Fr> = [Fr::ZERO; MAX_WIDTH];
    for (i, (lane, bytes)) in state.iter_mut().skip(1).zip(inputs).enumerate() {
        let limbs = limbs_of(bytes);
        if at_least(&limbs, &Q) {
            return Err(Error::NotReduced(i));
        }
        *lane = Fr::from_limbs(&limbs);
    }
    Ok(bytes_of(permute(params, &state)))
}

/// Poseidon of a byte string, `P(m)` of the specification (spec 10 section 3.3): chunks of 31 bytes,
/// sixteen per permutation, the last one padded on the right with zeros. Strings that differ only
/// in zero bytes of that padding collide (hazard CH-4).
///
/// # Errors
/// [`Error::Empty`].
pub fn hash_bytes(message: &[u8]) -> Result<[u8; 32], Error> {
    let params = params(MAX_WIDTH).ok_or(Error::Empty)?;
    let mut hash = None;
    let mut chunks = message.chunks(CHUNK).peekable();
    while chunks.peek().is_some() {
        let mut state: State<Fr> = [Fr::ZERO; MAX_WIDTH];
        // From the second frame on, lane 0 carries the previous hash.
        let skip = 1 + usize::from(hash.is_some());
        if let (Some(previous), Some(lane)) = (hash, state.get_mut(1)) {
            *lane = previous;
        }
        for (lane, chunk) in state.iter_mut().skip(skip).zip(&mut chunks) {
            let mut bytes = [0u8; 32];
            for (to, from) in bytes.iter_mut().skip(1).zip(chunk) {
                *to = *from;
            }
            *lane = Fr::from_limbs(&limbs_of(&bytes));
        }
        hash = Some(permute(params, &state));
    }
    hash.map(bytes_of).ok_or(Error::Empty)
}

/// The constants of width `t`, generated on first use.
fn params(t: usize) -> Option<&'static Params<Fr>> {
    static WIDTHS: [OnceLock<Option<Params<Fr>>>; LANES] = [const { OnceLock::new() }; LANES];
    WIDTHS
        .get(t.checked_sub(2)?)?
        .get_or_init(|| Params::generate(t))
        .as_ref()
}

fn limbs_of(bytes: &[u8; 32]) -> Limbs {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().fold(0, |x, b| x << 8 | u64::from(*b));
    }
    limbs
}

fn bytes_of(x: Fr) -> [u8; 32] {
    let mut out = [0u8; 32];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(x.to_limbs().iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}
