//! Leaves that a peer sends: each one checked, then a whole tree replaced (spec 22 sections 5 and 6).

use crate::address::{AtomId, ShardKey};
use crate::blob;
use crate::error::StateError;
use crate::hyperedge::Hyperedge;
use crate::phase::{PhaseSet, Set};
use crate::served::ServedLeaf;
use crate::vertex::Vertex;
use tries::{Leaf, NodeStore, PageLimit, Root, Start, Tree};

/// Why a leaf from a peer is refused (spec 22 section 5 step 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafRefusal {
    /// The key is no atom id of the shard.
    #[error("the key is no atom id of the shard")]
    Key,
    /// The hash target is no commitment of 64 or 74 bytes.
    #[error("the hash target is neither 64 nor 74 bytes long")]
    HashTarget,
    /// The value is an atom, but of another id or with another commitment than the hash target.
    #[error("the value is an atom of another id or another commitment")]
    Atom,
    /// The data tree does not parse, or its root is not the hash target.
    #[error("the data tree does not have the root that the hash target names")]
    DataTree,
    /// The leaf hashes its value, but other data came beside it.
    #[error("the underlying data is not the value that the leaf hashes")]
    Underlying,
}

impl ServedLeaf {
    /// Checks what the root of the tree does not bind: that a rule A leaf (one with a hash target) comes with an atom of its own
    /// id and commitment, and with a data tree whose root, every commitment computed anew, is the hash target.
    ///
    /// # Errors
    /// [`LeafRefusal`].
    pub fn check(&self, shard: &ShardKey, set: Set) -> Result<(), LeafRefusal> {
        let id = AtomId::from_bytes(&self.leaf.key).map_err(|_| LeafRefusal::Key)?;
        if id.app() != shard.app() {
            return Err(LeafRefusal::Key);
        }
        let target = &self.leaf.hash_target;
        if target.is_empty() {
            let agrees = self.underlying_data.is_empty() || self.underlying_data == self.leaf.value;
            return if agrees {
                Ok(())
            } else {
                Err(LeafRefusal::Underlying)
            };
        }
        if !matches!(target.len(), 64 | 74) {
            return Err(LeafRefusal::HashTarget);
        }
        match set {
            Set::Vertex => self.check_vertex(id),
            Set::Hyperedge => self.check_hyperedge(id),
        }
    }

    fn check_vertex(&self, id: AtomId) -> Result<(), LeafRefusal> {
        let Leaf {
            value, hash_target, ..
        } = &self.leaf;
        let is_atom = Vertex::looks_like(value);
        if is_atom {
            let atom = Vertex::from_bytes(value).map_err(|_| LeafRefusal::Atom)?;
            if atom.id != id || atom.commitment != *hash_target {
                return Err(LeafRefusal::Atom);
            }
        }
        let data = match (self.underlying_data.is_empty(), is_atom) {
            (false, _) => &self.underlying_data,
            (true, false) => value,
            // Only the atom is known.
            (true, true) => return Ok(()),
        };
        if data.is_empty() {
            return Ok(());
        }
        has_root(data, hash_target)
    }

    fn check_hyperedge(&self, id: AtomId) -> Result<(), LeafRefusal> {
        if self.leaf.value.is_empty() {
            return Ok(());
        }
        let edge = Hyperedge::from_bytes(&self.leaf.value).map_err(|_| LeafRefusal::Atom)?;
        if edge.id != id {
            return Err(LeafRefusal::Atom);
        }
        has_root(&edge.tree, &self.leaf.hash_target)
    }
}

fn has_root(tree: &[u8], root: &[u8]) -> Result<(), LeafRefusal> {
    match blob::recommit(tree) {
        Ok(sealed) if sealed.root.as_bytes() == root => Ok(()),
        _ => Err(LeafRefusal::DataTree),
    }
}

/// A tree being replaced by leaves that come in path order. Leaves that are there already are not written again, so that
/// replacing a tree that differs little changes little.
#[derive(Clone, Debug)]
pub struct Replacement<N: NodeStore> {
    pub(crate) key: ShardKey,
    pub(crate) set: PhaseSet,
    tree: Tree<N>,
    last: Option<Vec<u8>>,
    /// The first leaf of the present tree after `last`.
    next: Option<Vec<u8>>,
    count: usize,
}

impl<N: NodeStore> Replacement<N> {
    pub(crate) fn new(key: ShardKey, set: PhaseSet, tree: Tree<N>) -> Result<Self, StateError> {
        let mut replacement = Self {
            key,
            set,
            tree,
            last: None,
            next: None,
            count: 0,
        };
        replacement.next = replacement.present_after(None)?;
        Ok(replacement)
    }

    /// Key of the first leaf of the present tree after a key.
    fn present_after(&self, key: Option<&[u8]>) -> Result<Option<Vec<u8>>, StateError> {
        let one = PageLimit {
            leaves: 1,
            bytes: 0,
        };
        let start = key.map_or(Start::Index(0), Start::After);
        let page = self.tree.leaves(&[], start, one)?;
        Ok(page.leaves.into_iter().next().map(|leaf| leaf.key))
    }

    /// Takes the next leaf.
    ///
    /// # Errors
    /// [`StateError::Refused`] for a leaf that fails [`ServedLeaf::check`], [`StateError::Leaf`] when its key is not above the one
    /// before; store failures.
    pub fn push(&mut self, leaf: ServedLeaf) -> Result<(), StateError> {
        let number = self.count;
        let refused = |refusal| StateError::Refused {
            leaf: number,
            refusal,
        };
        leaf.check(&self.key, self.set.set).map_err(refused)?;
        let leaf = leaf.into_leaf(self.set.set);
        if self.last.as_ref().is_some_and(|last| *last >= leaf.key) {
            return Err(StateError::Leaf(number));
        }
        self.drop_below(Some(&leaf.key))?;
        if self.next.as_ref() == Some(&leaf.key) {
            if self.tree.get(&leaf.key)?.as_ref() != Some(&leaf) {
                self.tree.insert(leaf.clone())?;
            }
            self.next = self.present_after(Some(&leaf.key))?;
        } else {
            self.tree.insert(leaf.clone())?;
        }
        self.last = Some(leaf.key);
        self.count += 1;
        Ok(())
    }

    /// Deletes what is present below a key and did not come, or all that is left.
    fn drop_below(&mut self, bound: Option<&Vec<u8>>) -> Result<(), StateError> {
        while let Some(key) = self.next.take() {
            if bound.is_some_and(|bound| key >= *bound) {
                self.next = Some(key);
                break;
            }
            self.tree.delete(&key)?;
            self.next = self.present_after(Some(&key))?;
        }
        Ok(())
    }

    /// Leaves taken so far.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The tree of exactly the leaves that came, when it has the root it must have.
    pub(crate) fn finish(mut self, expected: &Root) -> Result<Tree<N>, StateError> {
        self.drop_below(None)?;
        if self.tree.commit()? == *expected {
            Ok(self.tree)
        } else {
            Err(StateError::OtherRoot)
        }
    }
}
