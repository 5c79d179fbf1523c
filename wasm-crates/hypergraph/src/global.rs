//! Global commitments: 256 trees that bind the roots of every shard three times (spec 21 section 6, HYP-07, HYP-08).
//!
//! Frame rule: a shard with L1 other than `000000` enters the three trees that L1 names with four entries, one per phase
//! set: key = L2 with the phase set's index in the two top bits, value = root. Genesis rule: one entry, key = L2 as it is.
//! Alternative shards, managed outside and announced by their key, overwrite entries of the same address.

use crate::address::{Address, ShardKey};
use crate::error::StateError;
use crate::phase::PhaseSet;
use sha3::{Digest, Sha3_256};
use std::collections::BTreeMap;
use tries::{Leaf, Root, Size, Tree};

/// Number of global trees.
pub const GLOBAL_TREES: usize = 256;
/// Why a shard has no place in the global commitments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobalError {
    /// An alternative shard whose address is above 3f in its first byte, so that folding would mix its phase sets, or
    /// all zero (hazard H-10).
    #[error(
        "the address of the alternative shard can not be folded: its first byte is above 3f, or it is zero"
    )]
    Unfoldable,
    /// A root that is neither 64 nor 74 bytes long.
    #[error("a root of {0} bytes is neither 64 nor 74 bytes long")]
    RootLength(usize),
    /// A root of an alternative shard above [`crate::MAX_ALTERNATIVE_ROOT`].
    #[error(
        "a root of {0} bytes is longer than the 80 bytes that an alternative shard may announce"
    )]
    AlternativeRootLength(usize),
    /// The public key of an alternative shard is empty.
    #[error("an alternative shard without a public key has no address")]
    NoKey,
}

/// `L2` with the index of the phase set in its two top bits: the key of a shard root in a global tree.
#[must_use]
pub fn folded_key(app: &Address, set: PhaseSet) -> Address {
    let mut key = *app;
    let [first, ..] = &mut key;
    *first |= set.index() << 6;
    key
}

/// Address of an alternative shard: `Poseidon(public key)`.
///
/// # Errors
/// [`GlobalError::NoKey`], [`GlobalError::Unfoldable`].
pub fn alternative_address(public_key: &[u8]) -> Result<Address, GlobalError> {
    let address = poseidon::hash_bytes(public_key).map_err(|_| GlobalError::NoKey)?;
    if ShardKey::of(&address).is_global() {
        Ok(address)
    } else {
        Err(GlobalError::Unfoldable)
    }
}

/// The 256 values of a global header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalCommitments(pub(crate) Vec<Root>);

impl GlobalCommitments {
    /// The values in order: 64 zero bytes for a tree without entries, 64 for one of a single entry, else 74.
    #[must_use]
    pub fn roots(&self) -> &[Root] {
        &self.0
    }

    /// The values as bytes.
    pub fn to_bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Root::as_bytes)
    }

    /// `commitment_hash = SHA3-256(G_0 || .. || G_255 || prover root)`.
    #[must_use]
    pub fn hash(&self, prover_root: &[u8]) -> [u8; 32] {
        let mut hash = Sha3_256::new();
        self.to_bytes().for_each(|value| hash.update(value));
        hash.update(prover_root);
        hash.finalize().into()
    }
}

/// Genesis rule: each listed value once, under its address as it is, in the three trees that its L1 names. On the main
/// network the list has one entry; test networks list the vertex adds root of each shard. An address with L1 `000000` is
/// in no tree, as under the frame rule (hazard H-05).
///
/// # Errors
/// A tree that refuses.
pub fn genesis_commitments(
    entries: &[(Address, Vec<u8>)],
) -> Result<GlobalCommitments, StateError> {
    let mut trees: BTreeMap<u8, Tree> = BTreeMap::new();
    for (app, value) in entries {
        let key = ShardKey::of(app);
        if !key.is_global() {
            continue;
        }
        for index in key.l1() {
            trees.entry(index).or_default().insert(Leaf {
                key: app.to_vec(),
                value: value.clone(),
                hash_target: Vec::new(),
                size: Size::from(value.len() as u64),
            })?;
        }
    }
    let (indices, mut trees): (Vec<u8>, Vec<Tree>) = trees.into_iter().unzip();
    let roots = tries::commit_all(&mut trees)?;
    let used: BTreeMap<u8, Root> = indices.into_iter().zip(roots).collect();
    let root = |index| used.get(&index).copied().unwrap_or(Root::Empty);
    Ok(GlobalCommitments((0..=u8::MAX).map(root).collect()))
}
