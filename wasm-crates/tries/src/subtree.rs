//! Part of a tree checked against its root without a pairing (spec 22 section 6).
//!
//! With the slot values of every branch above a node the verifier recomputes their commitments; with all leaves below the node it
//! recomputes the node. Unlike a traversal proof this shows that the leaves are complete: a key below the node that is not among them is
//! absent.

use crate::commit::slot;
use crate::error::TreeError;
use crate::leaf::{BranchCommitment, Leaf, Root, Slot, branch_slot};
use crate::node::{BranchNode, Link};
use crate::path::{Path, WIDTH, path};
use crate::store::NodeStore;
use crate::tree::Tree;
use crate::wire::{MAX_DEPTH, MAX_PREFIX};

/// A branch on the way from the root to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Prefix of the branch.
    pub prefix: Vec<u8>,
    /// Slot that the way takes.
    pub index: u8,
    /// All slots that are not empty, with their numbers, ascending.
    pub slots: Vec<(u8, Slot)>,
}

/// Why a subtree does not belong to a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubtreeRefusal {
    /// More levels than a tree has.
    #[error("{0} levels: a tree has at most {MAX_DEPTH}")]
    TooManyLevels(usize),
    /// Prefix, index or slot numbers of a level are out of range, out of order or incomplete.
    #[error("level {0}: prefix, index or slots are malformed")]
    Level(usize),
    /// The slots of a level do not give the commitment above.
    #[error("level {0}: its slots do not give the commitment above")]
    Commitment(usize),
    /// A leaf is not below the node, is out of order, given twice, or cannot be in a tree with the others.
    #[error("leaf {0} has no place below the node after the one before it")]
    Leaf(usize),
    /// The leaves do not give the value that the level above has for the node.
    #[error("the leaves do not give the commitment above")]
    Leaves,
    /// The set-up does not decode.
    #[error("commitment: {0}")]
    Setup(kzg::KzgError),
}

/// Commitment of a branch from its slots that are not empty.
///
/// # Errors
/// [`kzg::KzgError::Index`] for a slot number of 64 or more.
pub fn branch_commitment(slots: &[(u8, Slot)]) -> Result<BranchCommitment, kzg::KzgError> {
    Ok(kzg::encode(&kzg::committer()?.commit(slots)?))
}

/// Root of the tree of these leaves. Only key, value and hash target enter it.
///
/// # Errors
/// As [`Tree::insert`], for the first leaf that has no place beside those before it.
pub fn rebuild_root<'a>(leaves: impl IntoIterator<Item = &'a Leaf>) -> Result<Root, TreeError> {
    let mut tree = Tree::new();
    for leaf in leaves {
        tree.insert(leaf.clone())?;
    }
    tree.commit()
}

/// Checks that `leaves`, in path order, are exactly the leaves below the node to which `levels` lead, under `root`. Without levels the
/// leaves are the whole tree. Returns the path of the node's slot.
///
/// # Errors
/// [`SubtreeRefusal`], the verdict "not proved".
pub fn verify_subtree(
    root: &[u8],
    levels: &[Level],
    leaves: &[Leaf],
) -> Result<Path, SubtreeRefusal> {
    if levels.len() > MAX_DEPTH {
        return Err(SubtreeRefusal::TooManyLevels(levels.len()));
    }
    let mut position = Vec::new();
    // What the level above says of the next node.
    let mut expected: Option<Slot> = None;
    for (at, level) in levels.iter().enumerate() {
        let value = check_level(level).ok_or(SubtreeRefusal::Level(at))?;
        let commitment = branch_commitment(&level.slots).map_err(SubtreeRefusal::Setup)?;
        let holds = match expected {
            None => root == commitment,
            Some(slot) => slot == branch_slot(&level.prefix, &commitment),
        };
        if !holds {
            return Err(SubtreeRefusal::Commitment(at));
        }
        position.extend_from_slice(&level.prefix);
        position.push(level.index);
        expected = Some(value);
    }
    let position = Path::from_elements(&position).unwrap_or_default();
    let mut tree = Tree::new();
    let mut last = Path::default();
    for (at, leaf) in leaves.iter().enumerate() {
        let path = path(&leaf.key);
        if !path.starts_with(&position) || path <= last {
            return Err(SubtreeRefusal::Leaf(at));
        }
        last = path;
        tree.insert(leaf.clone())
            .map_err(|_| SubtreeRefusal::Leaf(at))?;
    }
    let holds = match (expected, tree.commit().map_err(|_| SubtreeRefusal::Leaves)?) {
        (None, rebuilt) => root == rebuilt.as_bytes(),
        (Some(slot), Root::Leaf(commitment)) => slot == commitment,
        (Some(slot), Root::Branch(commitment)) => {
            let below = tree.root_prefix().unwrap_or_default();
            let prefix = below.get(position.len()..).unwrap_or_default();
            slot == branch_slot(prefix, &commitment)
        }
        (Some(_), Root::Empty) => false,
    };
    if holds {
        Ok(position)
    } else {
        Err(SubtreeRefusal::Leaves)
    }
}

/// The value of the chosen slot of a well-formed level.
fn check_level(level: &Level) -> Option<Slot> {
    let small = |element: &u8| usize::from(*element) < WIDTH;
    let ascending = level.slots.is_sorted_by(|(a, _), (b, _)| a < b);
    let sound = level.prefix.len() <= MAX_PREFIX
        && level.prefix.iter().all(small)
        && level.slots.iter().all(|(index, _)| small(index))
        && ascending;
    let chosen = level.slots.iter().find(|(index, _)| *index == level.index);
    chosen.filter(|_| sound).map(|(_, value)| *value)
}

impl<S: NodeStore> Tree<S> {
    /// The branches above the node at a path (spec 20 section 8.6), root first: what [`verify_subtree`] needs beside the leaves below the
    /// node. `None` when there is no such node.
    ///
    /// # Errors
    /// [`TreeError::Uncommitted`]; store failures and damage.
    pub fn levels(&self, wanted: &[u8]) -> Result<Option<Vec<Level>>, TreeError> {
        self.root()?;
        let Some((_, end)) = self.locate(wanted)? else {
            return Ok(None);
        };
        let mut levels = Vec::new();
        let mut link = self.root.clone();
        let mut depth = 0;
        while depth < end.len() {
            let position = end.get(..depth).unwrap_or_default();
            let node = link.as_ref().map(|link| self.loaded(link, position));
            let Some(Link::Branch(branch)) = node.transpose()? else {
                return Ok(None);
            };
            depth += branch.prefix.len();
            let Some(index) = end.get(depth).copied() else {
                return Ok(None);
            };
            levels.push(self.level(&branch, index, position)?);
            link = branch.child(index).cloned();
            depth += 1;
        }
        Ok(Some(levels))
    }

    /// The branches above the part below a covered prefix, root first, for [`crate::covered::Ancestors`]: as [`Tree::levels`], but the slot
    /// that leads to the part may be empty. `None` when a leaf or a branch that is not covered lies across the way, so that the part has no
    /// slot of its own yet.
    ///
    /// # Errors
    /// As [`Tree::levels`].
    pub fn ancestors(&self, covered: &Path) -> Result<Option<Vec<Level>>, TreeError> {
        self.root()?;
        let mut levels = Vec::new();
        let mut link = self.root.clone();
        let mut depth = 0;
        while let Some(child) = &link {
            let position = covered.get(..depth).unwrap_or_default();
            let branch = match self.loaded(child, position)? {
                Link::Branch(branch) => branch,
                Link::Leaf(leaf) if path(&leaf.key).starts_with(covered) => break,
                Link::Leaf(_) | Link::Stored(_) => return Ok(None),
            };
            let rest = covered.from_depth(depth);
            if branch.prefix.starts_with(rest) {
                break;
            }
            if !rest.starts_with(&branch.prefix) {
                return Ok(None);
            }
            depth += branch.prefix.len();
            let Some(index) = covered.get(depth).copied() else {
                return Ok(None);
            };
            levels.push(self.level(&branch, index, position)?);
            link = branch.child(index).cloned();
            depth += 1;
        }
        Ok(Some(levels))
    }

    /// A branch with its slots.
    fn level(&self, branch: &BranchNode, index: u8, position: &[u8]) -> Result<Level, TreeError> {
        let slots = branch.indices().map(|index| {
            let value = slot(branch, index, &self.store, position)?;
            Ok((index, value))
        });
        Ok(Level {
            prefix: branch.prefix.to_vec(),
            index,
            slots: slots.collect::<Result<_, TreeError>>()?,
        })
    }

    /// Prefix of the root branch; empty for other trees.
    pub(crate) fn root_prefix(&self) -> Result<Vec<u8>, TreeError> {
        let Some(root) = &self.root else {
            return Ok(Vec::new());
        };
        Ok(match self.loaded(root, &[])? {
            Link::Branch(branch) => branch.prefix.to_vec(),
            _ => Vec::new(),
        })
    }

    /// Whether every leaf lies below the covered prefix: the path to the root node does, and with it all below.
    pub(crate) fn starts_with_covered(&self) -> Result<bool, TreeError> {
        let Some(root) = &self.root else {
            return Ok(true);
        };
        Ok(match self.loaded(root, &[])? {
            Link::Branch(branch) => branch.prefix.starts_with(self.covered_prefix()),
            Link::Leaf(leaf) => self.covers(&path(&leaf.key)),
            Link::Stored(_) => false,
        })
    }
}
