//! Traversal proofs (spec 20 section 9): that a root binds the values of keys.
//!
//! [`verify`] is the strict verdict of section 9.3, for anything a peer offers. [`reference_verdict`] is what the network's own nodes
//! answer (section 9.2); it leaves path, leaf and one-level trees unchecked and is for replaying certified frames only (hazard H-01).

mod canonical;
mod plain;
#[cfg(feature = "prove")]
mod prove;
mod verify;

#[cfg(feature = "prove")]
pub(crate) use prove::Above;

pub use canonical::{decode_canonical, encode_canonical};
pub use plain::{decode_plain, encode_plain, encode_plain_with_trailer};
pub use verify::{Claim, ReferenceVerdict, Refusal, reference_verdict, verify, verify_single_leaf};

/// Most sub-proofs of one proof (spec 20 section 9.4).
pub const MAX_SUB_PROOFS: usize = 100;
/// Most commits, ys and paths of one sub-proof, and most elements of a path.
pub const MAX_ITEMS: usize = 64;
/// Longest commit.
pub const MAX_COMMIT_BYTES: usize = 74;
/// Longest y: a longer value or hash target cannot be written into a proof.
pub const MAX_Y_BYTES: usize = 2000;
/// Longest canonical form of one path.
pub const MAX_PATH_BYTES: usize = 4104;
/// Longest canonical form of one sub-proof.
pub const MAX_SUB_PROOF_BYTES: usize = 43_000;
/// Longest canonical form of the multiproof; it has exactly this length.
pub const MAX_MULTIPROOF_BYTES: usize = 160;
/// Bytes of the two points of the multiproof.
pub const POINT_BYTES: usize = 74;

/// A traversal proof. Nothing in it has been checked but the limits, when it was decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraversalProof {
    /// D of the multiproof (spec 20 section 6); empty when no branch is opened.
    pub multicommitment: Vec<u8>,
    /// The opening; empty when no branch is opened.
    pub proof: Vec<u8>,
    /// One per key, in the order of the keys.
    pub sub_proofs: Vec<SubProof>,
}

/// The chain from the root to one leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubProof {
    /// Commitments of the branches from the root down, then of the leaf.
    pub commits: Vec<Vec<u8>>,
    /// Value of the chosen slot of each branch, then the hash target or value of the leaf.
    pub ys: Vec<Vec<u8>>,
    /// Prefix and chosen index of each branch.
    pub paths: Vec<Vec<u64>>,
}

/// Why bytes are no traversal proof, or a proof cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// The bytes end early.
    #[error("the bytes end inside {0}")]
    Truncated(&'static str),
    /// More items, or a longer item, than spec 20 section 9.4 allows.
    #[error("{what}: {got}, at most {most} allowed")]
    Limit {
        /// Which list or field.
        what: &'static str,
        /// Number of items or bytes.
        got: u64,
        /// The limit.
        most: usize,
    },
    /// A list that must not be empty.
    #[error("no {0}")]
    Empty(&'static str),
    /// A multiproof point is not 74 bytes long, and not both are empty.
    #[error("a multiproof point of {0} bytes")]
    Point(usize),
    /// Another type tag than expected.
    #[error("type tag {got:#06x} where {expected:#06x} is expected")]
    Tag {
        /// Tag of the type.
        expected: u32,
        /// Tag found.
        got: u32,
    },
    /// Bytes follow what is complete.
    #[error("bytes follow {0}")]
    Trailing(&'static str),
}

/// Checks one count or length against its limit, before anything is allocated for it.
fn within(what: &'static str, got: u64, most: usize) -> Result<usize, EncodingError> {
    usize::try_from(got)
        .ok()
        .filter(|got| *got <= most)
        .ok_or(EncodingError::Limit { what, got, most })
}

impl TraversalProof {
    /// Applies the limits of spec 20 section 9.4, which both encodings obey (hazard H-03).
    fn check_limits(&self) -> Result<(), EncodingError> {
        let (d, proof) = (self.multicommitment.len(), self.proof.len());
        if !(d == POINT_BYTES && proof == POINT_BYTES || d == 0 && proof == 0) {
            let wrong = if d == POINT_BYTES { proof } else { d };
            return Err(EncodingError::Point(wrong));
        }
        within("sub-proofs", self.sub_proofs.len() as u64, MAX_SUB_PROOFS)?;
        for sub in &self.sub_proofs {
            within("commits", sub.commits.len() as u64, MAX_ITEMS)?;
            within("ys", sub.ys.len() as u64, MAX_ITEMS)?;
            within("paths", sub.paths.len() as u64, MAX_ITEMS)?;
            for commit in &sub.commits {
                within("commit bytes", commit.len() as u64, MAX_COMMIT_BYTES)?;
            }
            for y in &sub.ys {
                within("y bytes", y.len() as u64, MAX_Y_BYTES)?;
            }
            for path in &sub.paths {
                within("path elements", path.len() as u64, MAX_ITEMS)?;
            }
        }
        Ok(())
    }
}
