//! Where the trees of all shards are kept.

use crate::address::ShardKey;
use crate::phase::PhaseSet;
use crate::state::CommitReport;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use tries::{MemoryStore, NoStore, NodeStore, RootRecord, StoreFailure};

/// Read side of a store that holds the four trees of every shard over many generations. A generation is a frame number.
///
/// Writing is the caller's: [`CommitReport`] lists the records of one frame for one atomic batch.
pub trait Stores {
    /// Store of the nodes of one tree.
    type Nodes: NodeStore + Clone + Send + Sync;

    /// Whether commits have to list records; false for a state that lives in memory only.
    const KEEPS_RECORDS: bool = true;

    /// Store of the nodes of one tree, which may be empty.
    ///
    /// # Errors
    /// Whatever keeps the store from answering.
    fn nodes(&self, shard: &ShardKey, set: PhaseSet) -> Result<Self::Nodes, StoreFailure>;

    /// Newest root record of the tree written at or before `generation`; `None` when there is none.
    ///
    /// # Errors
    /// As [`Stores::nodes`].
    fn root(
        &self,
        shard: &ShardKey,
        set: PhaseSet,
        generation: u64,
    ) -> Result<Option<RootRecord>, StoreFailure>;

    /// Every shard that has a tree in the newest generation.
    ///
    /// # Errors
    /// As [`Stores::nodes`].
    fn shards(&self) -> Result<Vec<ShardKey>, StoreFailure>;
}

/// No store: all trees stay in memory, and a clone of the state is a snapshot.
#[derive(Clone, Copy, Debug, Default)]
pub struct InMemory;

impl Stores for InMemory {
    type Nodes = NoStore;

    const KEEPS_RECORDS: bool = false;

    fn nodes(&self, _: &ShardKey, _: PhaseSet) -> Result<NoStore, StoreFailure> {
        Ok(NoStore)
    }

    fn root(&self, _: &ShardKey, _: PhaseSet, _: u64) -> Result<Option<RootRecord>, StoreFailure> {
        Ok(None)
    }

    fn shards(&self) -> Result<Vec<ShardKey>, StoreFailure> {
        Ok(Vec::new())
    }
}

/// Records of one tree, and its root by generation.
#[derive(Clone, Debug, Default)]
struct Kept {
    nodes: MemoryStore,
    roots: BTreeMap<u64, RootRecord>,
}

/// Records in memory, shared by clones: the model of what a store on disk keeps.
#[derive(Clone, Debug, Default)]
pub struct MemoryStores(Arc<RwLock<BTreeMap<(ShardKey, PhaseSet), Kept>>>);

impl MemoryStores {
    /// Writes the records of one commit.
    pub fn write(&self, report: &CommitReport) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for shard in &report.shards {
            for tree in &shard.trees {
                let entry = kept.entry((shard.key, tree.set)).or_default();
                entry.nodes.apply(&tree.changes);
                entry.roots.insert(report.frame, tree.changes.root.clone());
            }
        }
    }
}

impl Stores for MemoryStores {
    type Nodes = MemoryStore;

    fn nodes(&self, shard: &ShardKey, set: PhaseSet) -> Result<MemoryStore, StoreFailure> {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.entry((*shard, set)).or_default().nodes.clone())
    }

    fn root(
        &self,
        shard: &ShardKey,
        set: PhaseSet,
        generation: u64,
    ) -> Result<Option<RootRecord>, StoreFailure> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let roots = kept.get(&(*shard, set)).map(|tree| &tree.roots);
        Ok(roots.and_then(|roots| Some(roots.range(..=generation).next_back()?.1.clone())))
    }

    fn shards(&self) -> Result<Vec<ShardKey>, StoreFailure> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut shards: Vec<ShardKey> = kept
            .iter()
            .filter(|(_, tree)| !tree.roots.is_empty())
            .map(|((shard, _), _)| *shard)
            .collect();
        shards.dedup();
        Ok(shards)
    }
}
