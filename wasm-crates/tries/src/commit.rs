//! Commit: the commitments of all branches that changed, deepest first, those of one depth together (spec 20 sections 8.2 to 8.4).

use crate::error::TreeError;
use crate::leaf::{Root, Slot};
use crate::node::{Base, BranchNode, Link, Stated};
use crate::size::Size;
use crate::store::NodeStore;
use crate::tree::{Tree, load};
use kzg::{Committer, Update};
use std::sync::Arc;

/// What one more slot from the store costs, counted in slots to multiply.
const LOAD_COST: usize = 1;

impl<S: NodeStore> Tree<S> {
    /// Computes every commitment and size that is not up to date, and the root.
    ///
    /// Of a branch whose commitment is known only the slots that changed are multiplied (spec 20 section 8.3), unless recomputing it
    /// whole takes fewer multiplications.
    ///
    /// # Errors
    /// Store failures and damage: what was computed by then is kept, and the call can be repeated.
    pub fn commit(&mut self) -> Result<Root, TreeError> {
        let committer = kzg::committer()?;
        if let Some(Link::Leaf(leaf)) = self.root.as_mut()
            && leaf.forged.is_some()
        {
            Arc::make_mut(leaf).forged = None;
        }
        let levels = self.root.as_ref().map_or(0, dirty_levels);
        for level in (0..levels).rev() {
            let mut branches = Vec::new();
            if let Some(root) = self.root.as_mut() {
                collect(root, level, &mut Vec::new(), &mut branches);
            }
            commit_level(committer, &self.store, branches)?;
        }
        self.root()
    }
}

/// A branch to be committed, and the path to the slot that holds it.
type Dirty<'a> = (&'a mut BranchNode, Vec<u8>);

fn is_dirty(link: &Link) -> bool {
    matches!(link, Link::Branch(branch) if !branch.is_committed())
}

/// Levels of branches that are not committed. Every branch above such a one is such a one too.
fn dirty_levels(link: &Link) -> usize {
    match link {
        Link::Branch(branch) if !branch.is_committed() => {
            1 + branch
                .children()
                .map(|(_, child)| dirty_levels(child))
                .max()
                .unwrap_or(0)
        }
        _ => 0,
    }
}

fn collect<'a>(
    link: &'a mut Link,
    level: usize,
    position: &mut Vec<u8>,
    found: &mut Vec<Dirty<'a>>,
) {
    if !is_dirty(link) {
        return;
    }
    let Link::Branch(branch) = link else { return };
    let branch = Arc::make_mut(branch);
    if level == 0 {
        found.push((branch, position.clone()));
        return;
    }
    let depth = position.len();
    position.extend_from_slice(&branch.prefix);
    for (index, child) in branch.children_mut() {
        position.push(index);
        collect(child, level - 1, position, found);
        position.pop();
    }
    position.truncate(depth);
}

/// The multiplications that make one commitment.
enum Work {
    /// Nothing but the prefix changed.
    None,
    /// All slots.
    Whole(Vec<(u8, Slot)>),
    /// Slot, value before, value after.
    Changes(Vec<(u8, Slot, Slot)>),
}

fn commit_level<S: NodeStore>(
    committer: &Committer,
    store: &S,
    branches: Vec<Dirty<'_>>,
) -> Result<(), TreeError> {
    let mut whole = Vec::new();
    let mut updated = Vec::new();
    for (branch, position) in branches {
        settle(branch);
        match work(branch, store, &position)? {
            Work::None => branch.stated = Stated::Computed,
            Work::Whole(slots) => whole.push((branch, slots)),
            Work::Changes(changes) => {
                let before = branch.base.as_ref().and_then(|base| base.point);
                updated.push((branch, before, changes));
            }
        }
    }
    let vectors: Vec<&[(u8, Slot)]> = whole.iter().map(|(_, slots)| slots.as_slice()).collect();
    let points = committer.commit_many(&vectors)?;
    for ((branch, _), point) in whole.into_iter().zip(points) {
        set(branch, point);
    }
    let updates: Vec<Update<'_>> = updated
        .iter()
        .map(|(_, before, changes)| Update {
            before: *before,
            changes,
        })
        .collect();
    let points = committer.update_many(&updates)?;
    for ((branch, ..), point) in updated.into_iter().zip(points) {
        set(branch, point);
    }
    Ok(())
}

/// Sums the sizes of the children and drops what a blob stated of its leaves. The children are settled.
fn settle(branch: &mut BranchNode) {
    let mut size = Size::ZERO;
    for (_, child) in branch.children_mut() {
        if let Link::Leaf(leaf) = child
            && leaf.forged.is_some()
        {
            Arc::make_mut(leaf).forged = None;
        }
        size = size.plus(child.size());
    }
    branch.size = size;
}

fn work<S: NodeStore>(branch: &BranchNode, store: &S, position: &[u8]) -> Result<Work, TreeError> {
    if let Some(base) = &branch.base {
        if base.changed.is_empty() {
            return Ok(Work::None);
        }
        let stored = branch
            .children()
            .filter(|(_, child)| matches!(child, Link::Stored(_)))
            .count();
        if base.changed.len() <= branch.child_count() + LOAD_COST * stored {
            let changes = base.changed.iter().map(|(index, old)| {
                let new = slot(branch, *index, store, position)?;
                Ok((*index, *old, new))
            });
            return changes.collect::<Result<_, TreeError>>().map(Work::Changes);
        }
    }
    let slots = branch
        .indices()
        .map(|index| Ok((index, slot(branch, index, store, position)?)));
    slots.collect::<Result<_, TreeError>>().map(Work::Whole)
}

/// The value of a slot whose child is committed.
pub(crate) fn slot<S: NodeStore>(
    branch: &BranchNode,
    index: u8,
    store: &S,
    position: &[u8],
) -> Result<Slot, TreeError> {
    let Some(child) = branch.child(index) else {
        return Ok(crate::leaf::EMPTY_SLOT);
    };
    let mut below = position.to_vec();
    below.extend_from_slice(&branch.prefix);
    below.push(index);
    load(store, child, &below)?
        .computed_slot()
        .ok_or(TreeError::Uncommitted)
}

fn set(branch: &mut BranchNode, point: kzg::Point) {
    branch.base = Some(Base {
        commitment: kzg::encode(&point),
        point,
        changed: Vec::new(),
    });
    branch.stated = Stated::Computed;
}
