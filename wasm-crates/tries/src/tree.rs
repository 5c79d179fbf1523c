//! The tree: what callers hold.

use crate::error::TreeError;
use crate::leaf::{Leaf, Root};
use crate::node::{LeafNode, Link, Stated, Value};
use crate::path::{Path, common_length, path};
use crate::record::{self, RootRecord};
use crate::size::Size;
use crate::store::{Changes, NoStore, NodeKey, NodeStore, ValueKey};
use std::sync::Arc;

/// Longest key: every prefix of its path fits the 256 elements that readers accept (spec 20 section 8.5). Keys in use have 1 to 64 bytes.
pub const MAX_KEY_BYTES: usize = 192;

/// A vector commitment tree (spec 20 section 8).
///
/// Nodes are loaded from the store when an operation reaches them, and only then. A clone shares all nodes with the original and is a
/// snapshot: changes of one are not seen by the other.
///
/// ```
/// use tries::{Leaf, Tree};
/// let mut tree = Tree::new();
/// for key in [[0x04u8], [0x18]] {
///     tree.insert(Leaf { key: key.into(), value: b"value".into(), ..Leaf::default() })?;
/// }
/// assert_eq!(tree.commit()?.as_bytes().len(), 74);
/// # Ok::<(), tries::TreeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tree<S: NodeStore = NoStore> {
    pub(crate) root: Option<Link>,
    pub(crate) store: S,
    covered: Path,
    pub(crate) stale: Stale,
    /// Newest generation of any record this tree names.
    newest: u64,
}

/// Records that the tree no longer reaches since the last [`Tree::take_changes`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Stale {
    pub nodes: Vec<NodeKey>,
    pub values: Vec<ValueKey>,
}

impl Stale {
    /// The record of a node at this position, if it has one, is no longer reached.
    pub fn node(&mut self, origin: &mut Option<u64>, position: &[u8]) {
        if let Some(generation) = origin.take() {
            let position = position.to_vec();
            self.nodes.push(NodeKey {
                generation,
                position,
            });
        }
    }

    /// A leaf goes for good, with its value.
    pub fn leaf(&mut self, leaf: &LeafNode, position: &[u8]) {
        self.node(&mut leaf.origin.clone(), position);
        if let Some(generation) = leaf.value.stored {
            let key = leaf.key.to_vec();
            self.values.push(ValueKey { generation, key });
        }
    }
}

impl Tree {
    /// An empty tree in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S: NodeStore> Tree<S> {
    /// An empty tree whose records will go to a store.
    pub fn over(store: S) -> Self {
        Self::open(store, &RootRecord::empty())
    }

    /// The tree that a root record names. Nothing is read yet.
    pub fn open(store: S, root: &RootRecord) -> Self {
        let summary = crate::node::Summary {
            generation: root.node_generation,
            leaf: matches!(root.root, Root::Leaf(_)),
            leaf_count: root.leaf_count,
            longest_branch: root.longest_branch,
            size: root.size.clone(),
        };
        Self {
            root: (root.root != Root::Empty).then(|| Link::Stored(Arc::new(summary))),
            store,
            covered: Path::default(),
            stale: Stale::default(),
            newest: root.node_generation,
        }
    }

    /// The same tree, taking only keys whose path starts with `covered` (spec 20 section 8.7).
    #[must_use]
    pub fn covering(mut self, covered: Path) -> Self {
        self.covered = covered;
        self
    }

    /// The covered prefix; empty when every key is taken.
    #[must_use]
    pub fn covered_prefix(&self) -> &Path {
        &self.covered
    }

    /// The store that nodes are loaded from.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    pub(crate) fn covers(&self, path: &Path) -> bool {
        path.starts_with(&self.covered)
    }

    /// Whether there is no leaf.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// leaf_count of the root as the wire form states it; 1 for a single leaf.
    #[must_use]
    pub fn leaf_count(&self) -> i64 {
        self.root.as_ref().map_or(0, Link::leaf_count)
    }

    /// longest_branch of the root as the wire form states it (Variant R, spec 20 section 8.4).
    #[must_use]
    pub fn longest_branch(&self) -> i32 {
        self.root.as_ref().map_or(0, Link::longest_branch)
    }

    /// Size of the root: the sum of all leaf sizes as of the last commit.
    #[must_use]
    pub fn size(&self) -> Size {
        self.root
            .as_ref()
            .map_or(Size::ZERO, |root| root.size().clone())
    }

    /// Root commitment.
    ///
    /// # Errors
    /// [`TreeError::Uncommitted`] after a change without a commit; store failures.
    pub fn root(&self) -> Result<Root, TreeError> {
        match self.root.as_ref() {
            None => Ok(Root::Empty),
            Some(link) => match self.loaded(link, &[])? {
                Link::Leaf(leaf) => Ok(Root::Leaf(leaf.commitment)),
                Link::Branch(branch) => match &branch.base {
                    Some(base) if branch.is_committed() => Ok(Root::Branch(base.commitment)),
                    _ => Err(TreeError::Uncommitted),
                },
                Link::Stored(_) => Err(damaged(0, &[], "not loaded")),
            },
        }
    }

    /// The entry of a key, `None` when it is absent (also for keys that are a prefix of a present one).
    ///
    /// # Errors
    /// Store failures and damage.
    pub fn get(&self, key: &[u8]) -> Result<Option<Leaf>, TreeError> {
        match self.find(key)? {
            Some(leaf) => self.leaf(&leaf).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a key is present; reads no value that is stored apart.
    ///
    /// # Errors
    /// Store failures and damage.
    pub fn contains(&self, key: &[u8]) -> Result<bool, TreeError> {
        Ok(self.find(key)?.is_some())
    }

    fn find(&self, key: &[u8]) -> Result<Option<Arc<LeafNode>>, TreeError> {
        let path = path(key);
        let Some(mut link) = self.root.clone() else {
            return Ok(None);
        };
        let mut depth = 0;
        loop {
            match self.loaded(&link, path.get(..depth).unwrap_or_default())? {
                Link::Leaf(leaf) => return Ok((*leaf.key == *key).then_some(leaf)),
                Link::Branch(branch) => {
                    let rest = path.from_depth(depth);
                    let common = common_length(rest, &branch.prefix);
                    let index = rest.get(common).copied();
                    let child = match index {
                        Some(index) if common == branch.prefix.len() => branch.child(index),
                        _ => None,
                    };
                    let Some(child) = child else { return Ok(None) };
                    link = child.clone();
                    depth += common + 1;
                }
                Link::Stored(_) => return Err(damaged(0, &path, "not loaded")),
            }
        }
    }

    /// The node behind a link; never [`Link::Stored`].
    pub(crate) fn loaded(&self, link: &Link, position: &[u8]) -> Result<Link, TreeError> {
        load(&self.store, link, position)
    }

    /// A leaf with its value, wherever that is.
    pub(crate) fn leaf(&self, node: &LeafNode) -> Result<Leaf, TreeError> {
        let value = match (&node.value.bytes, node.value.stored) {
            (Some(bytes), _) => bytes.to_vec(),
            (None, Some(generation)) => self
                .store
                .value(generation, &node.key)?
                .filter(|value| {
                    // What is not hashed cannot be checked here: the store's own checksum covers it.
                    !node.hash_target.is_empty()
                        || crate::leaf::leaf_commitment(&node.key, value) == node.commitment
                })
                .ok_or_else(|| {
                    damaged(generation, &path(&node.key), "value is missing or wrong")
                })?,
            (None, None) => Vec::new(),
        };
        Ok(Leaf {
            key: node.key.to_vec(),
            value,
            hash_target: node.hash_target.to_vec(),
            size: node.size.clone(),
        })
    }

    /// What changed since the tree was opened or this was last called, for one atomic batch under `generation`. The records count as
    /// written from here on: a caller whose batch fails drops this tree and opens the last root record again.
    ///
    /// # Errors
    /// [`TreeError::Uncommitted`] when the tree changed after its last commit, [`TreeError::Generation`] when a record it names is
    /// newer than `generation`; nothing is taken then.
    pub fn take_changes(&mut self, generation: u64) -> Result<Changes, TreeError> {
        let root = self.root()?;
        if generation < self.newest {
            return Err(TreeError::Generation {
                generation,
                newest: self.newest,
            });
        }
        self.newest = generation;
        let mut changes = Changes {
            generation,
            nodes: Vec::new(),
            values: Vec::new(),
            stale_nodes: Vec::new(),
            stale_values: Vec::new(),
            root: RootRecord::empty(),
        };
        if let Some(link) = self.root.as_mut() {
            write(link, &mut Vec::new(), generation, &mut changes)?;
        }
        changes.nodes.sort_unstable();
        changes.values.sort_unstable();
        let stale = std::mem::take(&mut self.stale);
        let is_new = |key: &NodeKey| changes.nodes.binary_search_by(|(k, _)| k.cmp(key)).is_ok();
        changes.stale_nodes = stale.nodes.into_iter().filter(|key| !is_new(key)).collect();
        let is_new = |key: &ValueKey| changes.values.binary_search_by(|(k, _)| k.cmp(key)).is_ok();
        changes.stale_values = stale
            .values
            .into_iter()
            .filter(|key| !is_new(key))
            .collect();
        changes.root = RootRecord {
            root,
            node_generation: self.root.as_ref().and_then(origin).unwrap_or_default(),
            leaf_count: self.leaf_count(),
            longest_branch: self.longest_branch(),
            size: self.size(),
        };
        Ok(changes)
    }

    /// Forgets loaded nodes that the store has, below `depth` branches. They are loaded again when needed.
    pub fn unload(&mut self, depth: usize) {
        if let Some(link) = self.root.as_mut() {
            unload(link, depth);
        }
    }
}

fn origin(link: &Link) -> Option<u64> {
    match link {
        Link::Leaf(leaf) => leaf.origin,
        Link::Branch(branch) => branch.origin,
        Link::Stored(summary) => Some(summary.generation),
    }
}

pub(crate) fn load<S: NodeStore>(
    store: &S,
    link: &Link,
    position: &[u8],
) -> Result<Link, TreeError> {
    let Link::Stored(summary) = link else {
        return Ok(link.clone());
    };
    let record = store
        .node(summary.generation, position)?
        .ok_or_else(|| damaged(summary.generation, position, "record is missing"))?;
    let node = record::decode(&record, summary.generation)
        .ok_or_else(|| damaged(summary.generation, position, "record is unreadable"))?;
    if matches!(node, Link::Leaf(_)) != summary.leaf {
        return Err(damaged(
            summary.generation,
            position,
            "record is of another kind",
        ));
    }
    if node.leaf_count() != summary.leaf_count {
        return Err(damaged(
            summary.generation,
            position,
            "record counts other leaves",
        ));
    }
    Ok(node)
}

pub(crate) fn damaged(generation: u64, position: &[u8], reason: &'static str) -> TreeError {
    TreeError::Damaged {
        generation,
        position: position.to_vec(),
        reason,
    }
}

/// Writes the nodes below `link` that have no record, children first.
fn write(
    link: &mut Link,
    position: &mut Vec<u8>,
    generation: u64,
    changes: &mut Changes,
) -> Result<(), TreeError> {
    let key = |position: &[u8]| NodeKey {
        generation,
        position: position.to_vec(),
    };
    match link {
        Link::Stored(_) => {}
        Link::Leaf(leaf) if leaf.origin.is_none() => {
            let leaf = Arc::make_mut(leaf);
            if leaf.value.stored.is_none()
                && let Some(bytes) = &leaf.value.bytes
                && bytes.len() > record::INLINE_VALUE_BYTES
            {
                let at = ValueKey {
                    generation,
                    key: leaf.key.to_vec(),
                };
                changes.values.push((at, bytes.to_vec()));
                leaf.value.stored = Some(generation);
            }
            let record = record::encode_leaf(leaf);
            changes.nodes.push((key(position), record));
            leaf.origin = Some(generation);
        }
        Link::Branch(branch) if branch.origin.is_none() => {
            let branch = Arc::make_mut(branch);
            let depth = position.len();
            position.extend_from_slice(&branch.prefix);
            for (index, child) in branch.children_mut() {
                position.push(index);
                write(child, position, generation, changes)?;
                position.pop();
            }
            position.truncate(depth);
            let record = record::encode_branch(branch, generation).ok_or(TreeError::Uncommitted)?;
            changes.nodes.push((key(position), record));
            branch.origin = Some(generation);
        }
        Link::Leaf(_) | Link::Branch(_) => {}
    }
    Ok(())
}

fn unload(link: &mut Link, depth: usize) {
    if depth == 0
        && let Some(generation) = origin(link)
    {
        let summary = crate::node::Summary {
            generation,
            leaf: match &*link {
                Link::Leaf(_) => true,
                Link::Branch(_) => false,
                Link::Stored(_) => return,
            },
            leaf_count: link.leaf_count(),
            longest_branch: link.longest_branch(),
            size: link.size().clone(),
        };
        *link = Link::Stored(Arc::new(summary));
        return;
    }
    if let Link::Branch(branch) = link {
        for (_, child) in Arc::make_mut(branch).children_mut() {
            unload(child, depth.saturating_sub(1));
        }
    }
}

impl LeafNode {
    /// A new leaf of a tree.
    pub(crate) fn new(leaf: Leaf) -> Self {
        Self {
            commitment: leaf.commitment(),
            key: leaf.key.into(),
            value: Value {
                bytes: Some(leaf.value.into()),
                stored: None,
            },
            hash_target: leaf.hash_target.into(),
            size: leaf.size,
            forged: None,
            origin: None,
        }
    }

    /// Commitment as the wire form writes it.
    pub(crate) fn stated(&self) -> &[u8] {
        self.forged.as_deref().unwrap_or(&self.commitment)
    }
}

impl crate::node::BranchNode {
    /// Commitment as the wire form writes it; empty when stale.
    pub(crate) fn stated_bytes(&self) -> &[u8] {
        match (&self.stated, &self.base) {
            (Stated::Computed, Some(base)) => &base.commitment,
            (Stated::Loaded(bytes), _) => bytes,
            _ => &[],
        }
    }
}
