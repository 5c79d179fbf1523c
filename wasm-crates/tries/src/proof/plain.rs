//! The plain form (spec 20 section 9.4): RPC answers, mint and kick proofs.

use super::{
    EncodingError, MAX_COMMIT_BYTES, MAX_ITEMS, MAX_MULTIPROOF_BYTES, MAX_SUB_PROOF_BYTES,
    MAX_SUB_PROOFS, MAX_Y_BYTES, POINT_BYTES, SubProof, TraversalProof, within,
};
use crate::bytes::Cursor;

/// The plain form.
///
/// # Errors
/// [`EncodingError`] for a proof outside the limits or without a sub-proof.
pub fn encode_plain(proof: &TraversalProof) -> Result<Vec<u8>, EncodingError> {
    encode(proof, &[])
}

/// The plain form with the empty list that the current release appends to the multiproof (hazard H-07).
///
/// # Errors
/// As [`encode_plain`].
pub fn encode_plain_with_trailer(proof: &TraversalProof) -> Result<Vec<u8>, EncodingError> {
    encode(proof, &[0; 4])
}

fn encode(proof: &TraversalProof, trailer: &[u8]) -> Result<Vec<u8>, EncodingError> {
    proof.check_limits()?;
    if proof.sub_proofs.is_empty() {
        return Err(EncodingError::Empty("sub-proof"));
    }
    let mut multiproof = Vec::with_capacity(MAX_MULTIPROOF_BYTES);
    put(&mut multiproof, &proof.multicommitment);
    put(&mut multiproof, &proof.proof);
    multiproof.extend_from_slice(trailer);
    let mut out = Vec::new();
    put(&mut out, &multiproof);
    put_count(&mut out, proof.sub_proofs.len());
    for sub in &proof.sub_proofs {
        if sub.ys.is_empty() {
            return Err(EncodingError::Empty("y"));
        }
        let start = out.len();
        put_list(&mut out, &sub.commits);
        put_list(&mut out, &sub.ys);
        put_count(&mut out, sub.paths.len());
        for path in &sub.paths {
            put_count(&mut out, path.len());
            path.iter()
                .for_each(|element| out.extend_from_slice(&element.to_be_bytes()));
        }
        within(
            "sub-proof bytes",
            (out.len() - start) as u64,
            MAX_SUB_PROOF_BYTES,
        )?;
    }
    Ok(out)
}

/// Reads the plain form. What follows the two points inside the multiproof's length is ignored (hazard H-07); an empty multiproof and
/// one of two empty points both read as none.
///
/// # Errors
/// [`EncodingError`]. Every count is limited before anything is allocated (hazard H-03).
pub fn decode_plain(bytes: &[u8]) -> Result<TraversalProof, EncodingError> {
    let mut cursor = Cursor::new(bytes);
    // The trailer of the reference is an empty list; more than its four bytes has no use.
    let multiproof = field(&mut cursor, "multiproof", MAX_MULTIPROOF_BYTES + 4)?;
    let (multicommitment, proof) = points(multiproof)?;
    let count = count(&mut cursor, "sub-proofs", MAX_SUB_PROOFS)?;
    if count == 0 {
        return Err(EncodingError::Empty("sub-proof"));
    }
    let mut sub_proofs = Vec::new();
    for _ in 0..count {
        let before = cursor.remaining();
        let sub = sub_proof(&mut cursor)?;
        let length = (before - cursor.remaining()) as u64;
        within("sub-proof bytes", length, MAX_SUB_PROOF_BYTES)?;
        sub_proofs.push(sub);
    }
    if cursor.remaining() > 0 {
        return Err(EncodingError::Trailing("the last sub-proof"));
    }
    Ok(TraversalProof {
        multicommitment,
        proof,
        sub_proofs,
    })
}

fn points(multiproof: &[u8]) -> Result<(Vec<u8>, Vec<u8>), EncodingError> {
    if multiproof.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut cursor = Cursor::new(multiproof);
    let multicommitment = field(&mut cursor, "multicommitment", POINT_BYTES)?;
    let proof = field(&mut cursor, "proof", POINT_BYTES)?;
    match (multicommitment.len(), proof.len()) {
        (POINT_BYTES, POINT_BYTES) | (0, 0) => Ok((multicommitment.into(), proof.into())),
        (POINT_BYTES, wrong) | (wrong, _) => Err(EncodingError::Point(wrong)),
    }
}

fn sub_proof(cursor: &mut Cursor<'_>) -> Result<SubProof, EncodingError> {
    let commits = list(cursor, "commits", MAX_COMMIT_BYTES)?;
    let ys = list(cursor, "ys", MAX_Y_BYTES)?;
    if ys.is_empty() {
        return Err(EncodingError::Empty("y"));
    }
    let mut paths = Vec::new();
    for _ in 0..count(cursor, "paths", MAX_ITEMS)? {
        paths.push(path(cursor)?);
    }
    Ok(SubProof { commits, ys, paths })
}

/// `u32 count`, `count` elements of eight bytes.
pub(super) fn path(cursor: &mut Cursor<'_>) -> Result<Vec<u64>, EncodingError> {
    let elements = count(cursor, "path elements", MAX_ITEMS)?;
    (0..elements)
        .map(|_| cursor.u64().ok_or(EncodingError::Truncated("a path")))
        .collect()
}

/// `u32 count`, `count` fields.
pub(super) fn list(
    cursor: &mut Cursor<'_>,
    what: &'static str,
    longest: usize,
) -> Result<Vec<Vec<u8>>, EncodingError> {
    (0..count(cursor, what, MAX_ITEMS)?)
        .map(|_| field(cursor, what, longest).map(<[u8]>::to_vec))
        .collect()
}

pub(super) fn count(
    cursor: &mut Cursor<'_>,
    what: &'static str,
    most: usize,
) -> Result<usize, EncodingError> {
    let count = cursor.u32().ok_or(EncodingError::Truncated(what))?;
    within(what, count.into(), most)
}

/// `u32 length || bytes`.
pub(super) fn field<'a>(
    cursor: &mut Cursor<'a>,
    what: &'static str,
    longest: usize,
) -> Result<&'a [u8], EncodingError> {
    let length = count(cursor, what, longest)?;
    cursor.take(length).ok_or(EncodingError::Truncated(what))
}

pub(super) fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    put_count(out, bytes.len());
    out.extend_from_slice(bytes);
}

pub(super) fn put_list(out: &mut Vec<u8>, items: &[Vec<u8>]) {
    put_count(out, items.len());
    items.iter().for_each(|item| put(out, item));
}

/// Counts here are within the limits, which are far below 2^32.
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u32).to_be_bytes());
}
