//! Stored records looked at one by one, without a tree: for whoever verifies or repairs a store.

use crate::leaf::{Leaf, Root};
use crate::node::Link;
use crate::path::path;
use crate::record::{self, RootRecord};
use crate::size::Size;

/// What a parent says of a node below it, and what a root record says of the root node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// Generation that wrote the node's record.
    pub generation: u64,
    /// Whether the node is a leaf.
    pub leaf: bool,
    leaf_count: i64,
    longest_branch: i32,
    size: Size,
}

/// A node record, read by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredNode {
    /// A leaf.
    Leaf(StoredLeaf),
    /// A branch.
    Branch(StoredBranch),
}

/// The record of a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Key, hash target and size; the value is empty when it lives apart.
    pub leaf: Leaf,
    /// Generation of the value that lives apart.
    pub value: Option<u64>,
}

/// The record of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBranch {
    prefix: Vec<u8>,
    children: Vec<(u8, Promised)>,
    leaf_count: i64,
    longest_branch: i32,
    /// Whether the longest branch is one that a recomputation gives.
    counted: bool,
    size: Size,
}

impl Promised {
    /// What a root record promises of the root node; `None` for an empty tree.
    #[must_use]
    pub fn root(record: &RootRecord) -> Option<Self> {
        (record.root != Root::Empty).then(|| Self {
            generation: record.node_generation,
            leaf: matches!(record.root, Root::Leaf(_)),
            leaf_count: record.leaf_count,
            longest_branch: record.longest_branch,
            size: record.size.clone(),
        })
    }

    /// Whether the node at `position` is what was promised, and belongs there; else why not.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, node: &StoredNode, position: &[u8]) -> Result<(), &'static str> {
        let (leaf, leaf_count, longest_branch, size) = match node {
            StoredNode::Leaf(stored) => {
                if !path(&stored.leaf.key).starts_with(position) {
                    return Err("a leaf of another path");
                }
                (true, 1, 0, &stored.leaf.size)
            }
            StoredNode::Branch(branch) => (
                false,
                branch.leaf_count,
                branch.longest_branch,
                &branch.size,
            ),
        };
        if leaf != self.leaf {
            return Err("a leaf where a branch belongs, or the reverse");
        }
        if leaf_count != self.leaf_count || longest_branch != self.longest_branch {
            return Err("counts other than those its parent has");
        }
        if *size != self.size {
            return Err("another size than its parent has");
        }
        Ok(())
    }
}

impl StoredNode {
    /// The record that `generation` wrote; `None` for bytes that are none.
    #[must_use]
    pub fn read(bytes: &[u8], generation: u64) -> Option<Self> {
        match record::decode(bytes, generation)? {
            Link::Leaf(leaf) => Some(Self::Leaf(StoredLeaf {
                value: leaf.value.stored,
                leaf: Leaf {
                    key: leaf.key.to_vec(),
                    value: leaf.value.bytes.as_deref().unwrap_or_default().to_vec(),
                    hash_target: leaf.hash_target.to_vec(),
                    size: leaf.size.clone(),
                },
            })),
            Link::Branch(branch) => Some(Self::Branch(StoredBranch {
                prefix: branch.prefix.to_vec(),
                children: branch
                    .children()
                    .filter_map(|(index, child)| match child {
                        Link::Stored(summary) => Some((
                            index,
                            Promised {
                                generation: summary.generation,
                                leaf: summary.leaf,
                                leaf_count: summary.leaf_count,
                                longest_branch: summary.longest_branch,
                                size: summary.size.clone(),
                            },
                        )),
                        _ => None,
                    })
                    .collect(),
                leaf_count: branch.leaf_count,
                longest_branch: branch.longest_branch,
                counted: branch.counted,
                size: branch.size.clone(),
            })),
            Link::Stored(_) => None,
        }
    }
}

impl StoredBranch {
    /// What is below, by position: that of the branch itself is `position`.
    pub fn children(&self, position: &[u8]) -> impl Iterator<Item = (Vec<u8>, &Promised)> {
        let base = [position, &self.prefix].concat();
        self.children.iter().map(move |(index, promised)| {
            let mut below = base.clone();
            below.push(*index);
            (below, promised)
        })
    }

    /// Whether counts and size are those that the children add up to (spec 20 section 8.4, Variant R, in which the longest branch of a
    /// new branch may lag behind).
    ///
    /// # Errors
    /// What does not add up.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.children.len() < 2 {
            return Err("a branch with fewer than two children");
        }
        let children = || self.children.iter().map(|(_, child)| child);
        let leaves = children().fold(0i64, |sum, child| sum.wrapping_add(child.leaf_count));
        let longest = children()
            .map(|child| child.longest_branch)
            .max()
            .unwrap_or(0);
        let longest_fits = !self.counted || longest.wrapping_add(1) == self.longest_branch;
        if leaves != self.leaf_count || !longest_fits {
            return Err("counts that its children do not add up to");
        }
        let size = children().fold(Size::ZERO, |sum, child| sum.plus(&child.size));
        if size != self.size {
            return Err("a size that its children do not add up to");
        }
        Ok(())
    }
}
