//! The canonical form inside canonical messages (spec 20 section 9.4).

use super::plain::{count, field, list, path, put, put_count, put_list};
use super::{
    EncodingError, MAX_COMMIT_BYTES, MAX_ITEMS, MAX_MULTIPROOF_BYTES, MAX_PATH_BYTES,
    MAX_SUB_PROOF_BYTES, MAX_SUB_PROOFS, MAX_Y_BYTES, POINT_BYTES, SubProof, TraversalProof,
    within,
};
use crate::bytes::Cursor;

const MULTIPROOF: u32 = 0x0313;
const PATH: u32 = 0x0314;
const SUB_PROOF: u32 = 0x0315;
const TRAVERSAL_PROOF: u32 = 0x0316;

/// The canonical form; a proof without a multiproof writes length 0 in its place.
///
/// # Errors
/// [`EncodingError`] for a proof outside the limits.
pub fn encode_canonical(proof: &TraversalProof) -> Result<Vec<u8>, EncodingError> {
    proof.check_limits()?;
    let mut out = TRAVERSAL_PROOF.to_be_bytes().to_vec();
    let mut multiproof = Vec::new();
    if !proof.multicommitment.is_empty() {
        multiproof.extend_from_slice(&MULTIPROOF.to_be_bytes());
        put(&mut multiproof, &proof.multicommitment);
        put(&mut multiproof, &proof.proof);
    }
    put(&mut out, &multiproof);
    put_count(&mut out, proof.sub_proofs.len());
    for sub in &proof.sub_proofs {
        let mut body = SUB_PROOF.to_be_bytes().to_vec();
        put_list(&mut body, &sub.commits);
        put_list(&mut body, &sub.ys);
        put_count(&mut body, sub.paths.len());
        for elements in &sub.paths {
            let mut path = PATH.to_be_bytes().to_vec();
            put_count(&mut path, elements.len());
            elements
                .iter()
                .for_each(|element| path.extend_from_slice(&element.to_be_bytes()));
            put(&mut body, &path);
        }
        within("sub-proof bytes", body.len() as u64, MAX_SUB_PROOF_BYTES)?;
        put(&mut out, &body);
    }
    Ok(out)
}

/// Reads the canonical form; bytes after the proof, or after a part inside its length, are refused.
///
/// # Errors
/// [`EncodingError`].
pub fn decode_canonical(bytes: &[u8]) -> Result<TraversalProof, EncodingError> {
    let mut cursor = Cursor::new(bytes);
    tag(&mut cursor, TRAVERSAL_PROOF)?;
    let multiproof = field(&mut cursor, "multiproof", MAX_MULTIPROOF_BYTES)?;
    let (multicommitment, proof) = points(multiproof)?;
    let mut sub_proofs = Vec::new();
    for _ in 0..count(&mut cursor, "sub-proofs", MAX_SUB_PROOFS)? {
        sub_proofs.push(sub_proof(field(
            &mut cursor,
            "sub-proof bytes",
            MAX_SUB_PROOF_BYTES,
        )?)?);
    }
    end(&cursor, "the proof")?;
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
    tag(&mut cursor, MULTIPROOF)?;
    let mut point = |what| match field(&mut cursor, what, POINT_BYTES)? {
        point if point.len() == POINT_BYTES => Ok(point.to_vec()),
        point => Err(EncodingError::Point(point.len())),
    };
    let points = (point("multicommitment")?, point("proof")?);
    end(&cursor, "the multiproof")?;
    Ok(points)
}

fn sub_proof(bytes: &[u8]) -> Result<SubProof, EncodingError> {
    let mut cursor = Cursor::new(bytes);
    tag(&mut cursor, SUB_PROOF)?;
    let commits = list(&mut cursor, "commits", MAX_COMMIT_BYTES)?;
    let ys = list(&mut cursor, "ys", MAX_Y_BYTES)?;
    let mut paths = Vec::new();
    for _ in 0..count(&mut cursor, "paths", MAX_ITEMS)? {
        let mut inner = Cursor::new(field(&mut cursor, "path bytes", MAX_PATH_BYTES)?);
        tag(&mut inner, PATH)?;
        paths.push(path(&mut inner)?);
        end(&inner, "a path")?;
    }
    end(&cursor, "a sub-proof")?;
    Ok(SubProof { commits, ys, paths })
}

fn tag(cursor: &mut Cursor<'_>, expected: u32) -> Result<(), EncodingError> {
    match cursor.u32() {
        Some(got) if got == expected => Ok(()),
        Some(got) => Err(EncodingError::Tag { expected, got }),
        None => Err(EncodingError::Truncated("a type tag")),
    }
}

fn end(cursor: &Cursor<'_>, what: &'static str) -> Result<(), EncodingError> {
    match cursor.remaining() {
        0 => Ok(()),
        _ => Err(EncodingError::Trailing(what)),
    }
}
