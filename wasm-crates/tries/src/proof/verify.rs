//! The two verdicts on a traversal proof (spec 20 sections 9.2 and 9.3).

use super::{MAX_ITEMS, MAX_SUB_PROOFS, SubProof, TraversalProof};
use crate::leaf::{leaf_commitment, slot_of};
use crate::path::{WIDTH, path};
use kzg::{KzgError, SLOTS, Statement};

/// What a verifier asks: this key, and optionally with this value.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Key of the leaf.
    pub key: &'a [u8],
    /// Hash target of the leaf, or its value when it has none; `None` takes what the proof says.
    pub hashed: Option<&'a [u8]>,
}

/// Why the strict verifier refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No key, or more than 100.
    #[error("{0} keys: 1 to {MAX_SUB_PROOFS} can be proved together")]
    Keys(usize),
    /// Another number of sub-proofs than keys.
    #[error("{got} sub-proofs for {keys} keys")]
    SubProofs {
        /// Keys asked for.
        keys: usize,
        /// Sub-proofs in the proof.
        got: usize,
    },
    /// The multiproof is missing although branches are opened.
    #[error("the multiproof is missing")]
    NoMultiproof,
    /// The lists of a sub-proof do not fit each other.
    #[error("sub-proof {0}: its lists do not fit each other")]
    Shape(usize),
    /// The first commitment is not the root.
    #[error("sub-proof {0}: it starts at another root")]
    Root(usize),
    /// The path is not that of the key.
    #[error("sub-proof {0}: its path is not that of the key")]
    Path(usize),
    /// The leaf commitment does not bind key and value.
    #[error("sub-proof {0}: the leaf commitment does not bind the key and the value")]
    Leaf(usize),
    /// The proof is about another value than the one asked for.
    #[error("sub-proof {0}: another value than the expected one")]
    Value(usize),
    /// A branch commitment or slot value has a wrong length.
    #[error("sub-proof {0}: a commitment or slot value has a wrong length")]
    Length(usize),
    /// A slot value is not that of the next commitment.
    #[error("sub-proof {0}: the chain of commitments is broken")]
    Chain(usize),
    /// A point or number of the multiproof is malformed.
    #[error("multiproof: {0}")]
    Malformed(KzgError),
    /// The multiproof does not hold.
    #[error("the multiproof does not hold")]
    Multiproof,
}

impl Refusal {
    /// Stable name of the cause.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Keys(_) => "keys",
            Self::SubProofs { .. } => "sub_proofs",
            Self::NoMultiproof => "no_multiproof",
            Self::Shape(_) => "shape",
            Self::Root(_) => "root",
            Self::Path(_) => "path",
            Self::Leaf(_) => "leaf",
            Self::Value(_) => "value",
            Self::Length(_) => "length",
            Self::Chain(_) => "chain",
            Self::Malformed(_) => "malformed",
            Self::Multiproof => "multiproof",
        }
    }
}

/// Strict verification: each key has the value that its sub-proof ends in, under `root`.
///
/// # Errors
/// [`Refusal`], the verdict "not proved".
pub fn verify(root: &[u8], claims: &[Claim<'_>], proof: &TraversalProof) -> Result<(), Refusal> {
    if claims.is_empty() || claims.len() > MAX_SUB_PROOFS {
        return Err(Refusal::Keys(claims.len()));
    }
    if claims.len() != proof.sub_proofs.len() {
        return Err(Refusal::SubProofs {
            keys: claims.len(),
            got: proof.sub_proofs.len(),
        });
    }
    let mut statements = Vec::new();
    for (at, (claim, sub)) in claims.iter().zip(&proof.sub_proofs).enumerate() {
        check_sub_proof(at, root, claim, sub)?;
        statements.extend(opened(sub));
    }
    if statements.is_empty() {
        return Ok(());
    }
    if proof.multicommitment.is_empty() || proof.proof.is_empty() {
        return Err(Refusal::NoMultiproof);
    }
    match kzg::verify_multiproof(&statements, &proof.multicommitment, &proof.proof, SLOTS) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::Multiproof),
        Err(cause) => Err(Refusal::Malformed(cause)),
    }
}

/// Everything of one sub-proof that needs no pairing.
fn check_sub_proof(
    at: usize,
    root: &[u8],
    claim: &Claim<'_>,
    sub: &SubProof,
) -> Result<(), Refusal> {
    let levels = sub.paths.len();
    if sub.commits.len() != levels + 1 || sub.ys.len() != levels + 1 || levels >= MAX_ITEMS {
        return Err(Refusal::Shape(at));
    }
    let (Some(first), Some(leaf), Some(hashed)) =
        (sub.commits.first(), sub.commits.last(), sub.ys.last())
    else {
        return Err(Refusal::Shape(at));
    };
    if first != root {
        return Err(Refusal::Root(at));
    }
    let key_path = path(claim.key);
    if sub.paths.iter().any(Vec::is_empty) || !leads_along(&sub.paths, &key_path) {
        return Err(Refusal::Path(at));
    }
    let branches = sub.commits.iter().take(levels);
    let lengths = |list: &[Vec<u8>], length| list.iter().take(levels).all(|x| x.len() == length);
    if !lengths(&sub.commits, kzg::COMMITMENT_BYTES) || !lengths(&sub.ys, kzg::SLOT_BYTES) {
        return Err(Refusal::Length(at));
    }
    if *leaf != leaf_commitment(claim.key, hashed) {
        return Err(Refusal::Leaf(at));
    }
    if claim.hashed.is_some_and(|expected| expected != hashed) {
        return Err(Refusal::Value(at));
    }
    if branches.len() == levels && chain_holds(sub) {
        Ok(())
    } else {
        Err(Refusal::Chain(at))
    }
}

/// Whether the joined paths are elements below 64 and a prefix of the key's path.
fn leads_along(paths: &[Vec<u64>], key_path: &[u8]) -> bool {
    let mut expected = key_path.iter();
    paths.iter().flatten().all(|element| {
        *element < WIDTH as u64
            && expected
                .next()
                .is_some_and(|expected| u64::from(*expected) == *element)
    })
}

/// Step 3 of section 9.2: each slot value is that of the next commitment.
fn chain_holds(sub: &SubProof) -> bool {
    let last = sub.commits.len().saturating_sub(1);
    let next = sub.commits.iter().enumerate().skip(1);
    next.zip(&sub.ys).all(|((at, commit), y)| {
        if at == last {
            return y == commit;
        }
        let Some((_, prefix)) = sub.paths.get(at).and_then(|path| path.split_last()) else {
            return false;
        };
        // The reference writes the low 32 bits; strict paths are below 64 anyway.
        *y == slot_of(prefix.iter().map(|element| *element as u32), commit)
    })
}

/// The branch statements of a sub-proof, root first.
fn opened(sub: &SubProof) -> impl Iterator<Item = Statement<'_>> {
    let branches = sub.commits.iter().zip(&sub.ys).zip(&sub.paths);
    branches.filter_map(|((commitment, value), path)| {
        Some(Statement {
            commitment,
            index: *path.last()?,
            value,
        })
    })
}

/// What the generic verifier of the reference makes of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceVerdict {
    /// True.
    Accepts,
    /// False.
    Refuses,
    /// It aborts (hazards H-02, H-13): no verdict that a certified frame could depend on.
    Aborts,
}

/// Verification as the reference does it (section 9.2): paths are not compared with keys, the last y is not compared with the leaf,
/// and a multiproof over fewer than two branches is not looked at. For consensus replay only; everything else uses [`verify`].
#[must_use]
pub fn reference_verdict(root: &[u8], proof: &TraversalProof) -> ReferenceVerdict {
    if proof.multicommitment.is_empty() || proof.proof.is_empty() {
        return ReferenceVerdict::Refuses;
    }
    let mut statements = Vec::new();
    for sub in &proof.sub_proofs {
        let commits = sub.commits.len();
        let fits = commits > 0 && sub.paths.len() + 1 == commits && sub.ys.len() == commits;
        if !fits || sub.commits.first().is_none_or(|first| first != root) {
            return ReferenceVerdict::Refuses;
        }
        if sub.paths.iter().any(Vec::is_empty) {
            return ReferenceVerdict::Aborts;
        }
        if !chain_holds(sub) {
            return ReferenceVerdict::Refuses;
        }
        statements.extend(opened(sub));
    }
    if statements.len() < 2 {
        return ReferenceVerdict::Accepts;
    }
    let verdict =
        kzg::reference::verify_multiproof(&statements, &proof.multicommitment, &proof.proof, SLOTS);
    match verdict {
        Ok(true) => ReferenceVerdict::Accepts,
        Ok(false) => ReferenceVerdict::Refuses,
        Err(_) => ReferenceVerdict::Aborts,
    }
}

/// The check of a tree that is one leaf, for which no prover makes a proof (section 9.3): `root = SHA-512(00 || key || hashed)`.
#[must_use]
pub fn verify_single_leaf(root: &[u8], key: &[u8], hashed: &[u8]) -> bool {
    root == leaf_commitment(key, hashed)
}
