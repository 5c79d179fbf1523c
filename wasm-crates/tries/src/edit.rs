//! Insertion and deletion: the shape and the metadata of Variant R (spec 20 sections 8.1, 8.3, 8.4).

use crate::error::TreeError;
use crate::leaf::Leaf;
use crate::node::{BranchNode, LeafNode, Link, Stated};
use crate::path::{Path, common_length, path};
use crate::store::NodeStore;
use crate::tree::{MAX_KEY_BYTES, Stale, Tree, load};
use crate::wire::{MAX_DEPTH, MAX_FIELD_BYTES};
use std::sync::Arc;

impl<S: NodeStore> Tree<S> {
    /// Adds an entry, or replaces value, hash target and size of a present key. True when the key is new.
    ///
    /// # Errors
    /// [`TreeError::EmptyKey`], [`TreeError::KeyTooLong`], [`TreeError::FieldTooLong`], [`TreeError::OutsideCoveredPrefix`],
    /// [`TreeError::PrefixConflict`], [`TreeError::TooDeep`], store failures. The tree is unchanged then.
    pub fn insert(&mut self, leaf: Leaf) -> Result<bool, TreeError> {
        if leaf.key.is_empty() {
            return Err(TreeError::EmptyKey);
        }
        if leaf.key.len() > MAX_KEY_BYTES {
            let length = leaf.key.len();
            return Err(TreeError::KeyTooLong { length });
        }
        let length = leaf.value.len().max(leaf.hash_target.len());
        if length > MAX_FIELD_BYTES {
            return Err(TreeError::FieldTooLong { length });
        }
        let path = path(&leaf.key);
        if !self.covers(&path) {
            return Err(TreeError::OutsideCoveredPrefix);
        }
        let new = LeafNode::new(leaf);
        let Some(root) = self.root.as_mut() else {
            self.root = Some(Link::Leaf(Arc::new(new)));
            return Ok(true);
        };
        let mut edit = Edit {
            store: &self.store,
            stale: &mut self.stale,
            path: &path,
        };
        edit.insert(root, new, 0, 0)
    }

    /// Removes the entry of a key. False when there is none; the tree, commitments included, is then as it was.
    ///
    /// # Errors
    /// Store failures; the tree is unchanged then.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool, TreeError> {
        let path = path(key);
        let Some(root) = self.root.as_mut() else {
            return Ok(false);
        };
        let mut edit = Edit {
            store: &self.store,
            stale: &mut self.stale,
            path: &path,
        };
        let outcome = edit.delete(root, key, 0)?;
        if outcome == Outcome::Gone {
            self.root = None;
        }
        Ok(outcome != Outcome::Absent)
    }
}

/// What became of the node below a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Absent,
    Changed,
    Gone,
}

/// One walk down the path of a key. Nothing visible changes before the walk has succeeded at its end.
struct Edit<'a, S> {
    store: &'a S,
    stale: &'a mut Stale,
    path: &'a Path,
}

impl<S: NodeStore> Edit<'_, S> {
    fn position(&self, depth: usize) -> &[u8] {
        self.path.get(..depth).unwrap_or(self.path)
    }

    /// Loads the node behind the link into the tree. `depth` elements of the path lead to it.
    fn load(&self, link: &mut Link, depth: usize) -> Result<(), TreeError> {
        if matches!(link, Link::Stored(_)) {
            *link = load(self.store, link, self.position(depth))?;
        }
        Ok(())
    }

    /// `level` branches lie above the link.
    fn insert(
        &mut self,
        link: &mut Link,
        new: LeafNode,
        depth: usize,
        level: usize,
    ) -> Result<bool, TreeError> {
        self.load(link, depth)?;
        let rest = self.path.from_depth(depth);
        let branch = match link {
            Link::Leaf(leaf) if leaf.key == new.key => {
                self.stale
                    .leaf(leaf, self.path.get(..depth).unwrap_or_default());
                *leaf = Arc::new(new);
                return Ok(false);
            }
            Link::Leaf(leaf) => {
                let other = path(&leaf.key);
                let common = common_length(rest, other.from_depth(depth));
                let (Some(ours), Some(theirs)) =
                    (rest.get(common), other.from_depth(depth).get(common))
                else {
                    return Err(TreeError::PrefixConflict);
                };
                if level >= MAX_DEPTH {
                    return Err(TreeError::TooDeep);
                }
                let mut moved = leaf.clone();
                self.stale.node(
                    &mut Arc::make_mut(&mut moved).origin,
                    self.path.get(..depth).unwrap_or_default(),
                );
                let mut parent = BranchNode::new(rest.get(..common).unwrap_or_default());
                parent.set(*theirs, Link::Leaf(moved));
                parent.set(*ours, Link::Leaf(Arc::new(new)));
                parent.leaf_count = 2;
                *link = Link::Branch(Arc::new(parent));
                return Ok(true);
            }
            Link::Branch(branch) => branch,
            Link::Stored(_) => return Err(crate::tree::damaged(0, self.path, "not loaded")),
        };
        let common = common_length(rest, &branch.prefix);
        let Some(index) = rest.get(common).copied() else {
            return Err(TreeError::PrefixConflict);
        };
        if common < branch.prefix.len() {
            if level + height_at_most(branch) >= MAX_DEPTH {
                return Err(TreeError::TooDeep);
            }
            let parent = self.split(branch, new, common, index, depth);
            *link = Link::Branch(Arc::new(parent));
            return Ok(true);
        }
        let below = depth + common + 1;
        let branch = Arc::make_mut(branch);
        let (old, before, is_new) = match branch.child_mut(index) {
            None => {
                let old = branch.old_slot(index);
                branch.set(index, Link::Leaf(Arc::new(new)));
                (old, (0, 0), true)
            }
            Some(child) => {
                self.load(child, below)?;
                let old = child.computed_slot();
                let before = (child.leaf_count(), child.longest_branch());
                let is_new = self.insert(child, new, below, level + 1)?;
                (old, before, is_new)
            }
        };
        self.touch(branch, index, old, depth);
        let after = branch
            .child(index)
            .map_or((0, 0), |child| (child.leaf_count(), child.longest_branch()));
        branch.recount_after(before, after);
        Ok(is_new)
    }

    /// A branch with two children in place of `branch`: it, with the rest of its prefix, and the new leaf.
    fn split(
        &mut self,
        branch: &mut Arc<BranchNode>,
        new: LeafNode,
        common: usize,
        index: u8,
        depth: usize,
    ) -> BranchNode {
        let mut moved = branch.clone();
        let old = Arc::make_mut(&mut moved);
        let mut parent = BranchNode::new(old.prefix.get(..common).unwrap_or_default());
        parent.leaf_count = old.leaf_count.wrapping_add(1);
        parent.longest_branch = old.longest_branch.wrapping_add(1);
        let slot = old.prefix.get(common).copied().unwrap_or_default();
        old.prefix = old.prefix.get(common + 1..).unwrap_or_default().into();
        old.stated = Stated::Stale;
        self.stale
            .node(&mut old.origin, self.path.get(..depth).unwrap_or_default());
        parent.set(slot, Link::Branch(moved));
        parent.set(index, Link::Leaf(Arc::new(new)));
        parent
    }

    /// Slot `index` of the branch at `depth` changed from `old`.
    fn touch(
        &mut self,
        branch: &mut BranchNode,
        index: u8,
        old: Option<crate::leaf::Slot>,
        depth: usize,
    ) {
        branch.slot_changed(index, old);
        self.stale.node(
            &mut branch.origin,
            self.path.get(..depth).unwrap_or_default(),
        );
    }

    fn delete(&mut self, link: &mut Link, key: &[u8], depth: usize) -> Result<Outcome, TreeError> {
        self.load(link, depth)?;
        let rest = self.path.from_depth(depth);
        let branch = match link {
            Link::Leaf(leaf) if *leaf.key == *key => {
                self.stale
                    .leaf(leaf, self.path.get(..depth).unwrap_or_default());
                return Ok(Outcome::Gone);
            }
            Link::Branch(branch) => branch,
            Link::Leaf(_) | Link::Stored(_) => return Ok(Outcome::Absent),
        };
        let common = common_length(rest, &branch.prefix);
        let index = match rest.get(common) {
            Some(index) if common == branch.prefix.len() => *index,
            _ => return Ok(Outcome::Absent),
        };
        if !branch.has(index) {
            return Ok(Outcome::Absent);
        }
        let below = depth + common + 1;
        let branch = Arc::make_mut(branch);
        // A sibling that may have to move up is loaded before anything changes.
        if branch.child_count() == 2 {
            let mut position = self.position(depth).to_vec();
            position.extend_from_slice(&branch.prefix);
            for (slot, child) in branch.children_mut().filter(|(slot, _)| *slot != index) {
                position.push(slot);
                *child = load(self.store, child, &position)?;
            }
        }
        let Some(child) = branch.child_mut(index) else {
            return Ok(Outcome::Absent);
        };
        self.load(child, below)?;
        let old = child.computed_slot();
        let before = (child.leaf_count(), child.longest_branch());
        let mut after = (0, 0);
        match self.delete(child, key, below)? {
            Outcome::Absent => return Ok(Outcome::Absent),
            Outcome::Changed => after = (child.leaf_count(), child.longest_branch()),
            Outcome::Gone => {
                branch.remove(index);
            }
        }
        self.touch(branch, index, old, depth);
        match branch.child_count() {
            0 => return Ok(Outcome::Gone),
            1 => {
                if let Some(child) = self.merge(branch, depth) {
                    *link = child;
                }
            }
            _ => branch.recount_after(before, after),
        }
        Ok(Outcome::Changed)
    }

    /// The only child of a branch, as it takes the branch's place.
    fn merge(&mut self, branch: &mut BranchNode, depth: usize) -> Option<Link> {
        let index = branch.indices().next()?;
        let mut position = self.position(depth).to_vec();
        position.extend_from_slice(&branch.prefix);
        position.push(index);
        let mut child = branch.remove(index)?;
        match &mut child {
            Link::Leaf(leaf) => {
                if leaf.origin.is_some() {
                    self.stale.node(&mut Arc::make_mut(leaf).origin, &position);
                }
            }
            Link::Branch(moved) => {
                let moved = Arc::make_mut(moved);
                let mut prefix = branch.prefix.to_vec();
                prefix.push(index);
                prefix.extend_from_slice(&moved.prefix);
                moved.prefix = prefix.into();
                moved.stated = Stated::Stale;
                self.stale.node(&mut moved.origin, &position);
            }
            Link::Stored(_) => return None,
        }
        Some(child)
    }
}

/// Levels of branches in the subtree, or more. In every tree built here longest_branch is the number of levels or one less (spec 20
/// section 8.4); a loaded blob may state anything, so a large statement is counted out.
fn height_at_most(branch: &BranchNode) -> usize {
    let stated = usize::try_from(branch.longest_branch).unwrap_or(0) + 1;
    if stated < MAX_DEPTH / 2 {
        stated
    } else {
        height(branch)
    }
}

fn height(branch: &BranchNode) -> usize {
    let below = branch.children().map(|(_, child)| match child {
        Link::Leaf(_) => 0,
        Link::Branch(branch) => height(branch),
        Link::Stored(summary) if summary.leaf => 0,
        Link::Stored(summary) => usize::try_from(summary.longest_branch).unwrap_or(0) + 1,
    });
    1 + below.max().unwrap_or(0)
}
