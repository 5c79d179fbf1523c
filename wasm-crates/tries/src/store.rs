//! Where nodes live when a tree is larger than memory: a store of immutable records by generation and position.
//!
//! The layout is generation-first and slim: a record is written once under the generation (frame) that made it, holds no slot values of
//! its children, and names the generation of each child, so any kept generation is read with exact gets from its root record.

use crate::record::RootRecord;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Cause of a failed read, as the store reports it.
pub type StoreFailure = Box<dyn std::error::Error + Send + Sync>;

/// Where a node record lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey {
    /// Generation (frame number) that wrote the record.
    pub generation: u64,
    /// Path of the slot that holds the node, one element per byte; empty for the root. A branch's own prefix is not part of it.
    pub position: Vec<u8>,
}

/// Where a value too large for its leaf record lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueKey {
    /// Generation that wrote the value.
    pub generation: u64,
    /// Key of the leaf.
    pub key: Vec<u8>,
}

/// Read side of a store of nodes. Records are opaque bytes; the store adds its own checksums and tree identity.
pub trait NodeStore {
    /// The node record under this key, `None` when there is none.
    ///
    /// # Errors
    /// Whatever keeps the store from answering. Absence is no error here: the tree decides that a promised record is damage.
    fn node(&self, generation: u64, position: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure>;

    /// The separately stored value under this key.
    ///
    /// # Errors
    /// As [`NodeStore::node`].
    fn value(&self, generation: u64, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure>;
}

impl<S: NodeStore + ?Sized> NodeStore for &S {
    fn node(&self, generation: u64, position: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        (**self).node(generation, position)
    }

    fn value(&self, generation: u64, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        (**self).value(generation, key)
    }
}

impl<S: NodeStore + ?Sized> NodeStore for Arc<S> {
    fn node(&self, generation: u64, position: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        (**self).node(generation, position)
    }

    fn value(&self, generation: u64, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        (**self).value(generation, key)
    }
}

/// What one commit changed, for one atomic batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The generation these changes make.
    pub generation: u64,
    /// New node records, in key order.
    pub nodes: Vec<(NodeKey, Vec<u8>)>,
    /// New values that are not inside their leaf's record, in key order.
    pub values: Vec<(ValueKey, Vec<u8>)>,
    /// Records that this generation no longer reaches; older generations still do until they are pruned.
    pub stale_nodes: Vec<NodeKey>,
    /// The same for values.
    pub stale_values: Vec<ValueKey>,
    /// Where the tree of this generation starts.
    pub root: RootRecord,
}

/// The store of a tree that lives in memory only: it holds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

impl NodeStore for NoStore {
    fn node(&self, _: u64, _: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        Ok(None)
    }

    fn value(&self, _: u64, _: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        Ok(None)
    }
}

#[derive(Debug, Default)]
struct Records {
    nodes: BTreeMap<NodeKey, Vec<u8>>,
    values: BTreeMap<ValueKey, Vec<u8>>,
}

/// Records in memory, shared by its clones.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<RwLock<Records>>);

impl MemoryStore {
    /// Adds the records of one commit. Stale ones stay until [`MemoryStore::prune`].
    pub fn apply(&self, changes: &Changes) {
        let mut records = self.0.write().unwrap_or_else(PoisonError::into_inner);
        records.nodes.extend(changes.nodes.iter().cloned());
        records.values.extend(changes.values.iter().cloned());
    }

    /// Removes what `changes` made stale: generations older than theirs can no longer be read.
    pub fn prune(&self, changes: &Changes) {
        let mut records = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for key in &changes.stale_nodes {
            records.nodes.remove(key);
        }
        for key in &changes.stale_values {
            records.values.remove(key);
        }
    }

    /// Number of node records.
    #[must_use]
    pub fn node_count(&self) -> usize {
        let records = self.0.read().unwrap_or_else(PoisonError::into_inner);
        records.nodes.len()
    }

    /// Number of separately stored values.
    #[must_use]
    pub fn value_count(&self) -> usize {
        let records = self.0.read().unwrap_or_else(PoisonError::into_inner);
        records.values.len()
    }
}

impl NodeStore for MemoryStore {
    fn node(&self, generation: u64, position: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        let key = NodeKey {
            generation,
            position: position.to_vec(),
        };
        let records = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(records.nodes.get(&key).cloned())
    }

    fn value(&self, generation: u64, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        let key = ValueKey {
            generation,
            key: key.to_vec(),
        };
        let records = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(records.values.get(&key).cloned())
    }
}

/// A copy-on-write view: changes laid over a base that is never written, for work that may be dropped.
#[derive(Clone, Debug)]
pub struct Overlay<S> {
    base: S,
    above: MemoryStore,
}

impl<S: NodeStore> Overlay<S> {
    /// A view of `base` with nothing laid over it.
    pub fn new(base: S) -> Self {
        Self {
            base,
            above: MemoryStore::default(),
        }
    }

    /// Lays the records of a commit over the base.
    pub fn apply(&self, changes: &Changes) {
        self.above.apply(changes);
    }
}

impl<S: NodeStore> NodeStore for Overlay<S> {
    fn node(&self, generation: u64, position: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        match self.above.node(generation, position)? {
            Some(record) => Ok(Some(record)),
            None => self.base.node(generation, position),
        }
    }

    fn value(&self, generation: u64, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        match self.above.value(generation, key)? {
            Some(value) => Ok(Some(value)),
            None => self.base.value(generation, key),
        }
    }
}
