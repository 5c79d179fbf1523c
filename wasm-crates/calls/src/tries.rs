//! Vector commitment trees (spec 20 sections 7 to 9, spec 22 section 6): what a light client checks; feature `full` adds trees and proofs.

#[cfg(feature = "full")]
mod full;
#[cfg(feature = "full")]
pub use full::{TreeHandle, convert, path, reference_verdict};

use crate::error::{Call, CallError, Code};
use crate::json;
use serde::{Deserialize, Serialize};
use tries::proof::{Claim, decode_plain, verify as verify_strictly};
use tries::subtree::{Level, verify_subtree};
use tries::{Leaf, TreeError};

pub(super) fn refuse(cause: &TreeError) -> CallError {
    let code = match cause {
        TreeError::EmptyKey => Code::Empty,
        TreeError::KeyTooLong { .. } | TreeError::FieldTooLong { .. } | TreeError::TooLarge => {
            Code::Length
        }
        TreeError::Damaged { .. } | TreeError::Store(_) => Code::Decode,
        TreeError::Uncommitted => Code::Arguments,
        _ => Code::Range,
    };
    CallError::new(code, cause.to_string())
}

#[derive(Serialize)]
struct Verdict {
    valid: bool,
    reason: Option<String>,
    values: Vec<String>,
}

fn refused(code: &str, cause: &dyn std::fmt::Display) -> Call<String> {
    json::text(&Verdict {
        valid: false,
        reason: Some(format!("{code}: {cause}")),
        values: Vec::new(),
    })
}

/// JSON `EngineTraversal`: the strict verdict (spec 20 section 9.3) on a proof in plain form. A proof that does not decode is refused as
/// `encoding`.
///
/// # Errors
/// None but a failure to write JSON.
pub fn verify(root: &[u8], keys: &[&[u8]], proof: &[u8]) -> Call<String> {
    let proof = match decode_plain(proof) {
        Ok(proof) => proof,
        Err(cause) => return refused("encoding", &cause),
    };
    let claims: Vec<Claim<'_>> = keys.iter().map(|key| Claim { key, hashed: None }).collect();
    if let Err(cause) = verify_strictly(root, &claims, &proof) {
        return refused(cause.code(), &cause);
    }
    let last = proof.sub_proofs.iter().filter_map(|sub| sub.ys.last());
    json::text(&Verdict {
        valid: true,
        reason: None,
        values: last.map(hex::encode).collect(),
    })
}

/// Parallel lists as leaves.
fn leaves(keys: &[&[u8]], values: &[&[u8]], hash_targets: &[&[u8]]) -> Call<Vec<Leaf>> {
    if values.len() != keys.len() || hash_targets.len() != keys.len() {
        return Err(CallError::new(
            Code::Length,
            "keys, values and hash targets differ in number",
        ));
    }
    let rest = values.iter().zip(hash_targets);
    let leaves = keys.iter().zip(rest).map(|(key, (value, target))| Leaf {
        key: key.to_vec(),
        value: value.to_vec(),
        hash_target: target.to_vec(),
        ..Leaf::default()
    });
    Ok(leaves.collect())
}

/// Root of the tree of these leaves: 64 bytes for none or one, else 74. Only key and hash target, or value where there is no target,
/// enter it. A key given twice is an error: no tree has such leaves.
///
/// # Errors
/// `length` when the lists differ in number or a key is too long, `empty` for an empty key, `range` for keys that exclude each other.
pub fn rebuild_root(keys: &[&[u8]], values: &[&[u8]], hash_targets: &[&[u8]]) -> Call<Vec<u8>> {
    let mut tree = tries::Tree::new();
    for leaf in leaves(keys, values, hash_targets)? {
        if !tree.insert(leaf).map_err(|cause| refuse(&cause))? {
            return Err(CallError::new(Code::Range, "a key is given twice"));
        }
    }
    let root = tree.commit().map_err(|cause| refuse(&cause))?;
    Ok(root.as_bytes().to_vec())
}

/// Commitment of a branch whose vector is given, at most 64 slots of 64 bytes: 74 bytes. Joins parts of a tree that were rebuilt apart.
///
/// # Errors
/// `range` for more slots.
pub fn commit_branch(slots: &[u8]) -> Call<Vec<u8>> {
    let refused = |cause: kzg::KzgError| CallError::new(Code::Range, cause.to_string());
    let committer = kzg::committer().map_err(refused)?;
    let commitment = committer.commit_data(slots).map_err(refused)?;
    Ok(commitment.to_vec())
}

#[derive(Serialize, Deserialize)]
pub(super) struct LevelJson {
    pub prefix: Vec<u8>,
    pub index: u8,
    /// Slot number and 64 bytes in hex.
    pub slots: Vec<(u8, String)>,
}

#[derive(Serialize)]
struct SubtreeVerdict {
    valid: bool,
    reason: Option<String>,
    path: Vec<u8>,
}

/// JSON `{valid, reason, path}`: whether the leaves, in path order, are exactly those below the node that the levels lead to (spec 22
/// section 6). `levels` is JSON `[{prefix, index, slots: [[number, hex]]}]`, root first; `path` is that of the node's slot.
///
/// # Errors
/// `arguments` for other JSON, `length` when the lists differ in number.
pub fn subtree_verify(
    root: &[u8],
    levels: &str,
    keys: &[&[u8]],
    values: &[&[u8]],
    hash_targets: &[&[u8]],
) -> Call<String> {
    let levels = json::parse::<Vec<LevelJson>>(levels)?
        .into_iter()
        .map(level)
        .collect::<Call<Vec<_>>>()?;
    let leaves = leaves(keys, values, hash_targets)?;
    let verdict = verify_subtree(root, &levels, &leaves);
    json::text(&SubtreeVerdict {
        valid: verdict.is_ok(),
        reason: verdict.as_ref().err().map(ToString::to_string),
        path: verdict.map(|path| path.to_vec()).unwrap_or_default(),
    })
}

fn level(level: LevelJson) -> Call<Level> {
    let slots = level.slots.into_iter().map(|(index, text)| {
        let bytes = json::bytes("a slot", &text)?;
        let slot = bytes.try_into().map_err(|bytes: Vec<u8>| {
            CallError::new(
                Code::Arguments,
                format!("a slot of {} bytes where 64 are required", bytes.len()),
            )
        })?;
        Ok((index, slot))
    });
    Ok(Level {
        prefix: level.prefix,
        index: level.index,
        slots: slots.collect::<Call<_>>()?,
    })
}
