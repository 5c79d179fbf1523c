//! Nodes of the trees of `tries` and roots of the state of `hypergraph`, kept here.

use std::sync::{Arc, OnceLock};

use hypergraph::{CommitReport, PhaseSet, ShardKey, Stores};
use tries::{Leaf, NodeStore, PageLimit, Root, Start, StoreFailure, Tree};

use crate::error::{Result, StoreError};
use crate::frame::FrameBatch;
use crate::keys::{NodeKey, RootRecord, TreeId, ValueKey};
use crate::node::{NodePut, ValuePut, phase_tree_name};
use crate::snapshot::Read;
use crate::store::Store;
use crate::table::Table;

/// The trees of all shards, read through an `Arc<Store>` (the newest commit: for the state that
/// goes on) or a [`Snapshot`](crate::Snapshot) (one commit: for serving older generations, which a
/// prune may otherwise take away in the middle of a walk).
#[derive(Clone, Debug)]
pub struct Trees<R>(pub R);

/// The nodes of one tree. Its number is looked up when it is first needed, because a new tree has
/// none before its first commit.
#[derive(Clone, Debug)]
pub struct TreeNodes<R> {
    reader: R,
    name: Vec<u8>,
    tree: Arc<OnceLock<TreeId>>,
}

impl<R: Read> TreeNodes<R> {
    fn tree(&self) -> Result<Option<TreeId>> {
        if let Some(tree) = self.tree.get() {
            return Ok(Some(*tree));
        }
        let found = self.reader.tree(&self.name)?;
        Ok(found.map(|tree| *self.tree.get_or_init(|| tree)))
    }
}

impl<R: Read> NodeStore for TreeNodes<R> {
    fn node(&self, generation: u64, position: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        let Some(tree) = self.tree()? else {
            return Ok(None);
        };
        let key = NodeKey {
            generation,
            tree,
            path: position.to_vec(),
        };
        Ok(self.reader.node(&key)?)
    }

    fn value(&self, generation: u64, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        let Some(tree) = self.tree()? else {
            return Ok(None);
        };
        let key = ValueKey {
            generation,
            tree,
            key: key.to_vec(),
        };
        Ok(self.reader.value(&key)?)
    }
}

fn name(shard: &ShardKey, set: PhaseSet) -> Vec<u8> {
    phase_tree_name(&shard.to_bytes(), set.index())
}

impl<R: Read + Clone + Send + Sync> Stores for Trees<R> {
    type Nodes = TreeNodes<R>;

    fn nodes(&self, shard: &ShardKey, set: PhaseSet) -> Result<TreeNodes<R>, StoreFailure> {
        Ok(TreeNodes {
            reader: self.0.clone(),
            name: name(shard, set),
            tree: Arc::default(),
        })
    }

    fn root(
        &self,
        shard: &ShardKey,
        set: PhaseSet,
        generation: u64,
    ) -> Result<Option<tries::RootRecord>, StoreFailure> {
        let Some(tree) = self.0.tree(&name(shard, set))? else {
            return Ok(None);
        };
        // A state that committed ahead of what is written here reads the newest root.
        let Some(head) = self.0.head()? else {
            return Ok(None);
        };
        let root = self.0.root(tree, generation.min(head))?;
        Ok(root
            .map(|(at, root)| decode_root(tree, at, &root))
            .transpose()?)
    }

    fn shards(&self) -> Result<Vec<ShardKey>, StoreFailure> {
        let mut shards = Vec::new();
        let Some(head) = self.0.head()? else {
            return Ok(shards);
        };
        for (name, tree) in self.0.trees(&[])? {
            let Some(shard) = name.get(..35).filter(|_| name.len() == 36) else {
                continue;
            };
            let shard = ShardKey::from_bytes(shard).map_err(|_| {
                StoreError::damaged(Table::Tree, &name, "not the name of a tree of a shard")
            })?;
            let there = match self.0.root(tree, head) {
                // It had a root: whoever reads it is told that the tree is missing.
                Err(StoreError::Refused(_)) => true,
                root => root?.is_some(),
            };
            if there && shards.last() != Some(&shard) {
                shards.push(shard);
            }
        }
        Ok(shards)
    }
}

impl<R: Read + Clone> Trees<R> {
    /// The newest kept generation in which a tree had `root` (spec 22 section 4), if any. A root stays that of its tree until
    /// another one is written, however many generations later.
    pub fn generation_of(
        &self,
        shard: &ShardKey,
        set: PhaseSet,
        root: &Root,
    ) -> Result<Option<u64>> {
        let Some(tree) = self.0.tree(&name(shard, set))? else {
            return Ok(None);
        };
        let (oldest, Some(mut until)) = (self.0.oldest_generation()?, self.0.head()?) else {
            return Ok(None);
        };
        for (generation, record) in self.0.roots(tree)? {
            if until < oldest {
                break;
            }
            if decode_root(tree, generation, &record)?.root == *root {
                return Ok(Some(until));
            }
            let Some(before) = generation.checked_sub(1) else {
                break;
            };
            until = before;
        }
        Ok(None)
    }
}

fn encode(root: &tries::RootRecord) -> RootRecord {
    RootRecord {
        node_generation: (root.root != Root::Empty).then_some(root.node_generation),
        record: root.encode(),
    }
}

pub(crate) fn decode_root(
    tree: TreeId,
    generation: u64,
    root: &RootRecord,
) -> Result<tries::RootRecord> {
    tries::RootRecord::decode(&root.record).ok_or_else(|| {
        let key = crate::keys::root_key(tree, generation);
        StoreError::damaged(Table::Root, &key, "not the root of a tree")
    })
}

impl FrameBatch {
    /// Adds all records of a commit of the state, and its frame number.
    pub fn add_commit(&mut self, store: &Store, report: CommitReport) -> Result<()> {
        self.number = report.frame;
        let trees = report
            .shards
            .into_iter()
            .flat_map(|shard| shard.trees.into_iter().map(move |tree| (shard.key, tree)));
        let (names, changes): (Vec<_>, Vec<_>) = trees
            .map(|(shard, tree)| (name(&shard, tree.set), tree.changes))
            .unzip();
        for (tree, changes) in store.intern(&names)?.into_iter().zip(changes) {
            self.add_changes(tree, changes);
        }
        Ok(())
    }

    /// Adds the changes of one tree.
    pub fn add_changes(&mut self, tree: TreeId, changes: tries::Changes) {
        self.roots.push((tree, encode(&changes.root)));
        let node = |key: tries::NodeKey| NodeKey {
            generation: key.generation,
            tree,
            path: key.position,
        };
        let value = |key: tries::ValueKey| ValueKey {
            generation: key.generation,
            tree,
            key: key.key,
        };
        let nodes = changes.nodes.into_iter().map(|(key, record)| NodePut {
            tree,
            path: key.position,
            record,
        });
        self.nodes.extend(nodes);
        let values = changes.values.into_iter().map(|(key, value)| ValuePut {
            tree,
            key: key.key,
            value,
        });
        self.values.extend(values);
        self.stale_nodes
            .extend(changes.stale_nodes.into_iter().map(node));
        self.stale_values
            .extend(changes.stale_values.into_iter().map(value));
    }
}

impl Store {
    /// Builds a tree of a generation again from its leaves and commits it: whether the root comes
    /// out. The part of a verify that costs as much as a sync (spec 22 section 5, cost).
    pub fn verify_commitments(
        &self,
        shard: &ShardKey,
        set: PhaseSet,
        generation: u64,
    ) -> Result<bool> {
        let failed = |error: tries::TreeError| match error {
            tries::TreeError::Store(cause) => match cause.downcast::<StoreError>() {
                Ok(error) => *error,
                Err(cause) => StoreError::structure(cause.to_string()),
            },
            error => StoreError::structure(error.to_string()),
        };
        let mut again: Tree = Tree::new();
        let mut last: Option<Vec<u8>> = None;
        loop {
            // A new view for each page: none grows old.
            let trees = Trees(self.snapshot()?);
            let unbox = |error: StoreFailure| failed(tries::TreeError::Store(error));
            let Some(root) = trees.root(shard, set, generation).map_err(unbox)? else {
                return Ok(true);
            };
            let tree = Tree::open(trees.nodes(shard, set).map_err(unbox)?, &root);
            let start = last.as_deref().map_or(Start::Index(0), Start::After);
            let limit = PageLimit {
                leaves: 1000,
                bytes: 8 << 20,
            };
            let page = tree.leaves(&[], start, limit).map_err(failed)?;
            last = page
                .leaves
                .last()
                .map(|leaf: &Leaf| leaf.key.clone())
                .or(last);
            let done = page.next.is_none();
            for leaf in page.leaves {
                again.insert(leaf).map_err(failed)?;
            }
            if done {
                return Ok(again.commit().map_err(failed)? == root.root);
            }
        }
    }
}
