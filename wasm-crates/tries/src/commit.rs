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
        commit_together(std::slice::from_mut(self))?;
        self.root()
    }
}

/// Commits many trees at once, as [`Tree::commit`] does one: small trees share inversions, and cores with the feature `parallel`.
///
/// # Errors
/// As [`Tree::commit`], for the first tree that has any.
pub fn commit_all<S: NodeStore>(trees: &mut [Tree<S>]) -> Result<Vec<Root>, TreeError> {
    commit_together(trees)?;
    trees.iter().map(Tree::root).collect()
}

fn commit_together<S: NodeStore>(trees: &mut [Tree<S>]) -> Result<(), TreeError> {
    let committer = kzg::committer()?;
    for tree in trees.iter_mut() {
        if let Some(Link::Leaf(leaf)) = tree.root.as_mut()
            && leaf.forged.is_some()
        {
            Arc::make_mut(leaf).forged = None;
        }
    }
    let levels = trees.iter().filter_map(|tree| tree.root.as_ref());
    let levels = levels.map(dirty_levels).max().unwrap_or(0);
    for level in (0..levels).rev() {
        let mut work = Level::default();
        for tree in trees.iter_mut() {
            let mut branches = Vec::new();
            if let Some(root) = tree.root.as_mut() {
                collect(root, level, &mut Vec::new(), &mut branches);
            }
            for (branch, position) in branches {
                work.add(branch, &tree.store, &position)?;
            }
        }
        work.compute(committer)?;
    }
    Ok(())
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

/// Slot, value before, value after.
type Change = (u8, Slot, Slot);

/// The multiplications that make one commitment.
enum Work {
    /// Nothing but the prefix changed.
    None,
    /// All slots.
    Whole(Vec<(u8, Slot)>),
    /// The slots that changed.
    Changes(Vec<Change>),
}

/// The branches of one level that need multiplications.
#[derive(Default)]
struct Level<'a> {
    whole: Vec<(&'a mut BranchNode, Vec<(u8, Slot)>)>,
    updated: Vec<(&'a mut BranchNode, Vec<Change>)>,
}

impl<'a> Level<'a> {
    fn add<S: NodeStore>(
        &mut self,
        branch: &'a mut BranchNode,
        store: &S,
        position: &[u8],
    ) -> Result<(), TreeError> {
        settle(branch);
        match work(branch, store, position)? {
            Work::None => branch.stated = Stated::Computed,
            Work::Whole(slots) => self.whole.push((branch, slots)),
            Work::Changes(changes) => self.updated.push((branch, changes)),
        }
        Ok(())
    }

    fn compute(self, committer: &Committer) -> Result<(), TreeError> {
        let vectors = self.whole.iter().map(|(_, slots)| slots.as_slice());
        let points = committer.commit_many(&vectors.collect::<Vec<_>>())?;
        for ((branch, _), point) in self.whole.into_iter().zip(points) {
            set(branch, point);
        }
        let updates = self.updated.iter().map(|(branch, changes)| Update {
            before: branch.base.as_ref().and_then(|base| base.point),
            changes,
        });
        let points = committer.update_many(&updates.collect::<Vec<_>>())?;
        for ((branch, _), point) in self.updated.into_iter().zip(points) {
            set(branch, point);
        }
        Ok(())
    }
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
