//! Nodes in memory. Links are counted references, so a clone of a tree is a copy-on-write snapshot.

use crate::leaf::{BranchCommitment, EMPTY_SLOT, Slot, branch_slot};
use crate::size::Size;
use std::sync::Arc;

/// A child, or the root.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    Leaf(Arc<LeafNode>),
    Branch(Arc<BranchNode>),
    /// Not loaded.
    Stored(Arc<Summary>),
}

/// What a parent's record says of a child.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub generation: u64,
    pub leaf: bool,
    pub leaf_count: i64,
    pub longest_branch: i32,
    pub size: Size,
}

#[derive(Clone, Debug)]
pub(crate) struct LeafNode {
    pub key: Box<[u8]>,
    pub value: Value,
    pub hash_target: Box<[u8]>,
    pub size: Size,
    /// Commitment of what is above, always right.
    pub commitment: Slot,
    /// A wrong commitment that a loaded blob stated: written back until the next commit (spec 20 section 8.4).
    pub forged: Option<Box<[u8]>>,
    /// Generation of the record that equals this node.
    pub origin: Option<u64>,
}

/// Value of a leaf: in memory, in the store under its own key, or both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Value {
    pub bytes: Option<Arc<[u8]>>,
    pub stored: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct BranchNode {
    pub prefix: Box<[u8]>,
    /// Bit i: slot i has a child.
    present: u64,
    /// The children in slot order.
    children: Vec<Link>,
    pub stated: Stated,
    /// What was last computed here; `None` when nothing was.
    pub base: Option<Base>,
    pub leaf_count: i64,
    pub longest_branch: i32,
    /// Whether the two counts above are what a recomputation over the children gives.
    pub counted: bool,
    pub size: Size,
    /// Generation of the record that equals this node.
    pub origin: Option<u64>,
}

/// The commitment as the wire form writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stated {
    /// Emptied by a change.
    Stale,
    /// The one computed here.
    Computed,
    /// As a loaded blob stated it, unchecked.
    Loaded(Box<[u8]>),
}

/// A computed commitment and the slots that changed since.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub commitment: BranchCommitment,
    /// The same as a point, for the next update.
    pub point: kzg::Point,
    /// Slot number and the value it had in `commitment`.
    pub changed: Vec<(u8, Slot)>,
}

impl Link {
    pub fn leaf_count(&self) -> i64 {
        match self {
            Self::Leaf(_) => 1,
            Self::Branch(branch) => branch.leaf_count,
            Self::Stored(summary) => summary.leaf_count,
        }
    }

    pub fn longest_branch(&self) -> i32 {
        match self {
            Self::Leaf(_) => 0,
            Self::Branch(branch) => branch.longest_branch,
            Self::Stored(summary) => summary.longest_branch,
        }
    }

    pub fn size(&self) -> &Size {
        match self {
            Self::Leaf(leaf) => &leaf.size,
            Self::Branch(branch) => &branch.size,
            Self::Stored(summary) => &summary.size,
        }
    }

    /// Slot value in the parent from what was last computed; `None` for a node that is not loaded or was never committed.
    pub fn computed_slot(&self) -> Option<Slot> {
        match self {
            Self::Leaf(leaf) => Some(leaf.commitment),
            Self::Branch(branch) => {
                let base = branch.base.as_ref()?;
                Some(branch_slot(&branch.prefix, &base.commitment))
            }
            Self::Stored(_) => None,
        }
    }
}

impl BranchNode {
    /// A branch without children, never committed.
    pub fn new(prefix: &[u8]) -> Self {
        Self {
            prefix: prefix.into(),
            present: 0,
            children: Vec::new(),
            stated: Stated::Stale,
            base: None,
            leaf_count: 0,
            longest_branch: 0,
            counted: false,
            size: Size::ZERO,
            origin: None,
        }
    }

    fn rank(&self, index: u8) -> usize {
        let below = (1u64 << (index & 63)) - 1;
        (self.present & below).count_ones() as usize
    }

    pub fn has(&self, index: u8) -> bool {
        self.present & (1 << (index & 63)) != 0
    }

    pub fn child(&self, index: u8) -> Option<&Link> {
        if self.has(index) {
            self.children.get(self.rank(index))
        } else {
            None
        }
    }

    pub fn child_mut(&mut self, index: u8) -> Option<&mut Link> {
        let rank = self.rank(index);
        if self.has(index) {
            self.children.get_mut(rank)
        } else {
            None
        }
    }

    pub fn set(&mut self, index: u8, link: Link) {
        let rank = self.rank(index);
        if self.has(index) {
            if let Some(child) = self.children.get_mut(rank) {
                *child = link;
            }
        } else {
            self.present |= 1 << (index & 63);
            self.children.insert(rank.min(self.children.len()), link);
        }
    }

    pub fn remove(&mut self, index: u8) -> Option<Link> {
        if !self.has(index) {
            return None;
        }
        let rank = self.rank(index);
        self.present &= !(1 << (index & 63));
        (rank < self.children.len()).then(|| self.children.remove(rank))
    }

    pub fn child_count(&self) -> usize {
        self.children.len()
    }

    /// Slot numbers that have a child, ascending.
    pub fn indices(&self) -> impl Iterator<Item = u8> + use<> {
        let present = self.present;
        (0u8..64).filter(move |index| present & (1 << index) != 0)
    }

    /// Children with their slot numbers, ascending.
    pub fn children(&self) -> impl Iterator<Item = (u8, &Link)> {
        self.indices().zip(&self.children)
    }

    pub fn children_mut(&mut self) -> impl Iterator<Item = (u8, &mut Link)> {
        self.indices().zip(&mut self.children)
    }

    /// Whether the computed commitment is that of the present content.
    pub fn is_committed(&self) -> bool {
        self.stated == Stated::Computed
            && self
                .base
                .as_ref()
                .is_some_and(|base| base.changed.is_empty())
    }

    /// Notes that slot `index`, which was worth `old` (`None` = never computed), is about to hold something else, and empties the
    /// stated commitment.
    pub fn slot_changed(&mut self, index: u8, old: Option<Slot>) {
        self.stated = Stated::Stale;
        match (&mut self.base, old) {
            (Some(base), Some(old)) => {
                if base.changed.iter().all(|(changed, _)| *changed != index) {
                    base.changed.push((index, old));
                }
            }
            // The old value of a slot that changed before is on the list already; of any other it was computed with the base.
            (Some(base), None) => {
                if base.changed.iter().all(|(changed, _)| *changed != index) {
                    self.base = None;
                }
            }
            (None, _) => {}
        }
    }

    /// Value that slot `index` had in the base commitment, when its child is as it was then.
    pub fn old_slot(&self, index: u8) -> Option<Slot> {
        match self.child(index) {
            Some(link) => link.computed_slot(),
            None => Some(EMPTY_SLOT),
        }
    }

    /// leaf_count and longest_branch over all children (spec 20 section 8.4).
    pub fn recount(&mut self) {
        let (mut leaves, mut longest) = (0i64, 0i32);
        for child in &self.children {
            leaves = leaves.wrapping_add(child.leaf_count());
            longest = longest.max(child.longest_branch());
        }
        self.leaf_count = leaves;
        self.longest_branch = longest.wrapping_add(1);
        self.counted = true;
    }

    /// The same after one child went from the given counts to others; looks at the other children only when it has to.
    pub fn recount_after(&mut self, before: (i64, i32), after: (i64, i32)) {
        let shorter = after.1 < before.1 && self.longest_branch == before.1.wrapping_add(1);
        if !self.counted || shorter || after.1 < 0 || self.longest_branch < 1 {
            return self.recount();
        }
        self.leaf_count = self.leaf_count.wrapping_sub(before.0).wrapping_add(after.0);
        self.longest_branch = self.longest_branch.max(after.1.wrapping_add(1));
    }
}
