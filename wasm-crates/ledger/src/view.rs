//! One kept generation.

use crate::Result;
use crate::error::LedgerError;
use hypergraph::{BranchInfo, Location, PhaseSet, Roots, ServedPage, Shard, ShardKey, Stores};
use std::sync::Arc;
use store::{Read, Snapshot, Store, StoreError, TreeNodes, Trees};
use tries::proof::encode_plain;

/// Proof of the four roots of a shard in one global tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardProof {
    /// Index of the global tree.
    pub tree: u8,
    /// Traversal proof of the four folded keys in phase order, plain form.
    pub proof: Vec<u8>,
}

/// A generation, read from one commit of the store: later frames and prunes do not change it. Keep it for one answer, because the store
/// ends it after its deadline.
#[derive(Clone, Debug)]
pub struct View {
    trees: Trees<Arc<Snapshot>>,
    generation: u64,
}

impl View {
    pub(crate) fn open(store: &Store, generation: u64) -> Result<Self> {
        let snapshot = store.snapshot()?;
        let (oldest, newest) = (snapshot.oldest_generation()?, snapshot.head()?);
        if generation < oldest || newest.is_none_or(|newest| generation > newest) {
            return Err(StoreError::Unavailable {
                generation,
                oldest,
                newest,
            }
            .into());
        }
        Ok(Self {
            trees: Trees(Arc::new(snapshot)),
            generation,
        })
    }

    /// The generation.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// A shard; empty when there is none.
    pub fn shard(&self, key: &ShardKey) -> Result<Shard<TreeNodes<Arc<Snapshot>>>> {
        Ok(Shard::open(&self.trees, key, self.generation)?)
    }

    /// Shards that exist now; in this generation some may still be empty.
    pub fn shards(&self) -> Result<Vec<ShardKey>> {
        self.trees
            .shards()
            .map_err(|cause| LedgerError::State(cause.into()))
    }

    /// The oldest kept generation.
    pub(crate) fn oldest(&self) -> Result<u64> {
        Ok(self.trees.0.oldest_generation()?)
    }

    /// Shards that a frame changed, which must be newer than the oldest kept generation.
    pub(crate) fn changed_shards(&self, frame: u64) -> Result<Vec<ShardKey>> {
        let names = self.trees.0.changed_trees(frame)?;
        let mut shards: Vec<ShardKey> = names
            .iter()
            .filter_map(|name| ShardKey::from_bytes(name.get(..35)?).ok())
            .collect();
        shards.dedup();
        Ok(shards)
    }

    /// The four roots of a shard.
    pub fn roots(&self, key: &ShardKey) -> Result<Roots> {
        Ok(self.shard(key)?.roots()?)
    }

    /// Value of an atom that is in adds and not in removes.
    pub fn get(&self, location: &Location) -> Result<Option<Vec<u8>>> {
        let stored = self.shard(&location.id.shard())?.get(location)?;
        Ok(stored.map(|atom| atom.value().to_vec()))
    }

    /// Whether a tree holds a key, removed or not.
    pub fn holds(&self, key: &ShardKey, set: PhaseSet, id: &[u8]) -> Result<bool> {
        let shard = self.shard(key)?;
        let held = shard.tree(set).contains(id);
        Ok(held.map_err(hypergraph::StateError::from)?)
    }

    /// The node at a path (spec 22 section 3).
    pub fn branch(&self, key: &ShardKey, set: PhaseSet, path: &[u8]) -> Result<BranchInfo> {
        Ok(self.shard(key)?.branch(set, path)?)
    }

    /// A page of leaves below a path (spec 22 section 3).
    pub fn leaves(
        &self,
        key: &ShardKey,
        set: PhaseSet,
        path: &[u8],
        from: u64,
        max: usize,
        max_bytes: usize,
    ) -> Result<ServedPage> {
        Ok(self.shard(key)?.leaves(set, path, from, max, max_bytes)?)
    }

    /// Traversal proof of keys of one tree, plain form.
    ///
    /// # Errors
    /// `notFound` for an absent key, a tree of one leaf, or a value too long for a proof.
    pub fn prove(&self, key: &ShardKey, set: PhaseSet, keys: &[&[u8]]) -> Result<Vec<u8>> {
        let shard = self.shard(key)?;
        let proof = shard
            .tree(set)
            .prove(keys)
            .map_err(hypergraph::StateError::from)?;
        encode_plain(&proof).map_err(|cause| LedgerError::TooLarge(cause.to_string()))
    }
}
