//! What a server of state answers: nodes by path, pages of leaves, proofs (spec 22 section 3, spec 21 sections 5 and 10).

use crate::address::{ATOM_ID_LENGTH, AtomId};
use crate::error::StateError;
use crate::phase::{Phase, PhaseSet, Set};
use crate::shard::Shard;
use crate::vertex::{SIZE_LENGTH, Vertex};
use tries::proof::TraversalProof;
use tries::{Leaf, NodeStore, PageLimit, Root, Size, Start};

/// Elements of the path of an atom id.
const PATH_LENGTH: usize = (8 * ATOM_ID_LENGTH).div_ceil(6);
/// Most leaves that a page is asked for (spec 22 section 7).
pub const MAX_PAGE_LEAVES: usize = 1000;

/// The node at a path, as GetBranch answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchInfo {
    /// Path of a branch, its prefix included; of a leaf, the path asked for.
    pub full_path: Vec<u8>,
    /// Its own commitment; empty for an empty tree.
    pub commitment: Vec<u8>,
    /// Index and own commitment of each child: not the slot value, which also binds the child's prefix.
    pub children: Vec<(u8, Vec<u8>)>,
    /// Whether it is a leaf.
    pub is_leaf: bool,
    /// Leaves below it.
    pub leaf_count: u64,
    /// Sum of their sizes, as the tree keeps it; not part of a GetBranch answer.
    pub size: Size,
}

/// A leaf as GetLeaves sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedLeaf {
    /// Key, value, hash target and size. The value of a rule A vertex is its atom.
    pub leaf: Leaf,
    /// Serialised data tree of a rule A vertex when it is known; empty otherwise.
    pub underlying_data: Vec<u8>,
}

/// Consecutive leaves below a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedPage {
    /// The leaves in path order.
    pub leaves: Vec<ServedLeaf>,
    /// Number of the next leaf; `None` on the last page.
    pub next: Option<u64>,
    /// Leaves below the node.
    pub total: u64,
}

/// Commitment, count and size of a node, as the registry of shards lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSummary {
    /// Own commitment of the node, 64 or 74 bytes.
    pub commitment: Vec<u8>,
    /// Leaves below it.
    pub leaf_count: u64,
    /// Sum of their sizes.
    pub size: Size,
}

impl Default for NodeSummary {
    /// No node: 64 zero bytes.
    fn default() -> Self {
        Self {
            commitment: Root::Empty.as_bytes().to_vec(),
            leaf_count: 0,
            size: Size::ZERO,
        }
    }
}

impl ServedLeaf {
    /// The leaf of a tree as it is sent. Where a rule A vertex is kept with its data tree, its atom is made from key, hash target
    /// and size.
    #[must_use]
    pub fn of(set: Set, leaf: Leaf) -> Self {
        let atom = match AtomId::from_bytes(&leaf.key) {
            Ok(id) if set == Set::Vertex => atom_of(id, &leaf),
            _ => None,
        };
        match atom {
            Some(atom) => Self {
                underlying_data: leaf.value,
                leaf: Leaf {
                    value: atom,
                    ..leaf
                },
            },
            None => Self {
                leaf,
                underlying_data: Vec::new(),
            },
        }
    }

    /// The leaf as a tree keeps it: a rule A vertex with its data tree as value when that is known.
    #[must_use]
    pub fn into_leaf(self, set: Set) -> Leaf {
        let keep_data = set == Set::Vertex
            && !self.leaf.hash_target.is_empty()
            && !self.underlying_data.is_empty();
        if keep_data {
            Leaf {
                value: self.underlying_data,
                ..self.leaf
            }
        } else {
            self.leaf
        }
    }
}

/// Atom of a rule A vertex that is kept with its data tree; `None` for every other leaf.
fn atom_of(id: AtomId, leaf: &Leaf) -> Option<Vec<u8>> {
    let has_data =
        !leaf.hash_target.is_empty() && !leaf.value.is_empty() && !Vertex::looks_like(&leaf.value);
    let digits = leaf.size.to_be_bytes();
    let mut size = [0; SIZE_LENGTH];
    let low = size.len().checked_sub(digits.len())?;
    size.get_mut(low..)?.copy_from_slice(&digits);
    has_data.then(|| {
        let commitment = leaf.hash_target.clone();
        let vertex = Vertex {
            id,
            commitment,
            size,
        };
        vertex.to_bytes()
    })
}

fn check_path(path: &[u8]) -> Result<(), StateError> {
    let elements = path
        .iter()
        .all(|element| usize::from(*element) < tries::WIDTH);
    if elements && path.len() <= PATH_LENGTH {
        Ok(())
    } else {
        Err(StateError::Path)
    }
}

impl<N: NodeStore> Shard<N> {
    /// The node at a path of at most 86 elements: the first one whose own path starts with it. An empty tree answers the empty path with no
    /// commitment and no children.
    ///
    /// # Errors
    /// [`StateError::Path`], [`StateError::NoNode`]; [`tries::TreeError::Uncommitted`] after a change; store failures.
    pub fn branch(&self, set: PhaseSet, path: &[u8]) -> Result<BranchInfo, StateError> {
        check_path(path)?;
        let tree = self.tree(set);
        if tree.is_empty() && path.is_empty() {
            return Ok(BranchInfo {
                full_path: Vec::new(),
                commitment: Vec::new(),
                children: Vec::new(),
                is_leaf: false,
                leaf_count: 0,
                size: Size::ZERO,
            });
        }
        let node = tree.node_at(path)?.ok_or(StateError::NoNode)?;
        Ok(BranchInfo {
            full_path: if node.is_leaf {
                path.to_vec()
            } else {
                node.full_path
            },
            commitment: node.commitment,
            children: node.children,
            is_leaf: node.is_leaf,
            leaf_count: u64::try_from(node.leaf_count).unwrap_or_default(),
            size: node.size,
        })
    }

    /// Leaves below the node at a path from leaf number `from`: at most `max` (0 means 1000, and more is cut to it) and about `max_bytes`
    /// bytes of keys, values and hash targets, at least one leaf.
    ///
    /// # Errors
    /// [`StateError::Path`], [`StateError::NoNode`]; store failures.
    pub fn leaves(
        &self,
        set: PhaseSet,
        path: &[u8],
        from: u64,
        max: usize,
        max_bytes: usize,
    ) -> Result<ServedPage, StateError> {
        check_path(path)?;
        let limit = PageLimit {
            leaves: if max == 0 {
                MAX_PAGE_LEAVES
            } else {
                max.min(MAX_PAGE_LEAVES)
            },
            bytes: max_bytes,
        };
        let page = self.tree(set).leaves(path, Start::Index(from), limit)?;
        if page.total == 0 && !path.is_empty() {
            return Err(StateError::NoNode);
        }
        let leaves = page.leaves.into_iter();
        Ok(ServedPage {
            leaves: leaves.map(|leaf| ServedLeaf::of(set.set, leaf)).collect(),
            next: page.next,
            total: page.total,
        })
    }

    /// Traversal proof of atoms in one tree, in their order. Absence has no proof, nor has a tree of one leaf.
    ///
    /// # Errors
    /// [`tries::TreeError::Absent`], [`tries::TreeError::SingleLeaf`], [`tries::TreeError::KeyCount`],
    /// [`tries::TreeError::Uncommitted`]; store failures.
    pub fn prove(&self, set: PhaseSet, ids: &[AtomId]) -> Result<TraversalProof, StateError> {
        let keys: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
        Ok(self.tree(set).prove(&keys)?)
    }

    /// The node at `path(L2)` and the elements of a sub-shard: what the older component puts in `state_roots` (spec 21 section 5). Differs from
    /// the root as soon as a data address does not start with bits 00, as that of the metadata vertex. `None` when there is no such node.
    ///
    /// # Errors
    /// [`StateError::Path`]; [`tries::TreeError::Uncommitted`] after a change; store failures.
    pub fn node_at_address(
        &self,
        set: PhaseSet,
        sub_shard: &[u8],
    ) -> Result<Option<NodeSummary>, StateError> {
        let path = [self.key().path().elements(), sub_shard].concat();
        check_path(&path)?;
        let node = self.tree(set).node_at(&path)?;
        Ok(node.map(|node| NodeSummary {
            commitment: node.commitment,
            leaf_count: u64::try_from(node.leaf_count).unwrap_or_default(),
            size: node.size,
        }))
    }

    /// How many atoms of a kind are in adds and not in removes. Walks the removes tree.
    ///
    /// # Errors
    /// Store failures.
    pub fn present_count(&self, set: Set) -> Result<u64, StateError> {
        let adds = self.tree(PhaseSet::new(set, Phase::Adds));
        let removes = self.tree(PhaseSet::new(set, Phase::Removes));
        let mut present = u64::try_from(adds.leaf_count()).unwrap_or_default();
        let mut from = Some(0);
        while let Some(start) = from {
            let page = removes.leaves(&[], Start::Index(start), WALK)?;
            for leaf in &page.leaves {
                present = present.saturating_sub(u64::from(adds.contains(&leaf.key)?));
            }
            from = page.next;
        }
        Ok(present)
    }
}

/// Pages of a walk over many leaves.
const WALK: PageLimit = PageLimit {
    leaves: MAX_PAGE_LEAVES,
    bytes: 1 << 20,
};
