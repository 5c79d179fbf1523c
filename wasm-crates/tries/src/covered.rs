//! The part of a tree below a covered prefix, with its ancestors as commitments only (spec 20 section 8.7): a node that is responsible for
//! a sub-shard holds its own leaves and, of each branch above them, the 64 slots. That is enough for the root of the whole tree, and for
//! proofs of the covered keys against it.
//!
//! [`Ancestors`] are the branches above a part, [`CoveredTree`] both together.
//!
//! What lies outside changes without this tree: [`CoveredTree::replace_ancestors`] takes the new slots, as a sub-tree pull brings them
//! (spec 22 sections 6 and 8).

use crate::bytes::{Cursor, put_sized, put_varint};
use crate::error::TreeError;
use crate::leaf::{BranchCommitment, EMPTY_SLOT, Leaf, Root, Slot, branch_slot};
use crate::path::{Path, WIDTH};
use crate::store::{Changes, NoStore, NodeStore};
use crate::subtree::Level;
use crate::tree::Tree;
use crate::wire::{MAX_DEPTH, MAX_PREFIX};

/// Why ancestors do not fit a covered part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AncestorRefusal {
    /// More than a tree has.
    #[error("{0} ancestors: a tree has at most {MAX_DEPTH}")]
    TooMany(usize),
    /// Prefix, index or slots of an ancestor are out of range, out of order or too few.
    #[error("ancestor {0}: prefix, index or slots are malformed")]
    Malformed(usize),
    /// They do not lead to the covered prefix.
    #[error("the ancestors do not lead to the covered prefix")]
    Path,
    /// The slot that leads down is not that of the next ancestor, or of the covered part.
    #[error("ancestor {0}: its slot is not what lies below it")]
    Slot(usize),
}

/// A branch above the covered part.
#[derive(Clone, Debug)]
struct Ancestor {
    prefix: Vec<u8>,
    index: u8,
    slots: Box<[Slot; WIDTH]>,
    point: kzg::Point,
    commitment: BranchCommitment,
}

impl Ancestor {
    fn new(level: &Level, at: usize) -> Result<Self, TreeError> {
        let malformed = || TreeError::Ancestors(AncestorRefusal::Malformed(at));
        let small = |element: &u8| usize::from(*element) < WIDTH;
        let ascending = level.slots.is_sorted_by(|(a, _), (b, _)| a < b);
        let used = level.slots.iter().all(|(_, slot)| *slot != EMPTY_SLOT);
        if level.prefix.len() > MAX_PREFIX
            || !level.prefix.iter().all(small)
            || !small(&level.index)
            || !ascending
            || !used
        {
            return Err(malformed());
        }
        // A branch has two children, of which one may still be missing in the covered slot.
        let beside = level
            .slots
            .iter()
            .filter(|(index, _)| *index != level.index);
        if beside.count() == 0 {
            return Err(malformed());
        }
        let mut slots = Box::new([EMPTY_SLOT; WIDTH]);
        for (index, slot) in &level.slots {
            *slots.get_mut(usize::from(*index)).ok_or_else(malformed)? = *slot;
        }
        let point = kzg::committer()?.commit(&level.slots)?;
        Ok(Self {
            prefix: level.prefix.clone(),
            index: level.index,
            slots,
            commitment: kzg::encode(&point),
            point,
        })
    }

    fn chosen(&self) -> Slot {
        let slot = self.slots.get(usize::from(self.index));
        slot.copied().unwrap_or(EMPTY_SLOT)
    }

    /// Its value in the slot of its own parent.
    fn value(&self) -> Slot {
        branch_slot(&self.prefix, &self.commitment)
    }

    fn children(&self) -> usize {
        self.slots
            .iter()
            .filter(|slot| **slot != EMPTY_SLOT)
            .count()
    }

    fn choose(&mut self, value: Slot) -> Result<(), TreeError> {
        let old = self.chosen();
        if old == value {
            return Ok(());
        }
        self.point = kzg::committer()?.update(self.point, self.index, &old, &value)?;
        self.commitment = kzg::encode(&self.point);
        if let Some(slot) = self.slots.get_mut(usize::from(self.index)) {
            *slot = value;
        }
        Ok(())
    }

    fn level(&self) -> Level {
        let slots = (0u8..).zip(self.slots.iter());
        Level {
            prefix: self.prefix.clone(),
            index: self.index,
            slots: slots
                .filter(|(_, slot)| **slot != EMPTY_SLOT)
                .map(|(index, slot)| (index, *slot))
                .collect(),
        }
    }
}

/// The branches above a covered part, which is a tree of its own beside them: its shape is that of the part, the prefix of its root is
/// counted from the root of the whole tree.
#[derive(Clone, Debug, Default)]
pub struct Ancestors {
    /// Root first.
    branches: Vec<Ancestor>,
    /// Path of the slot that holds the covered part.
    position: Path,
}

impl Ancestors {
    /// The branches above a committed part, from [`Tree::levels`] of the whole tree or a sub-tree pull. Without any the part is the whole
    /// tree. Whether they are those of the right tree tells [`Ancestors::root`].
    ///
    /// # Errors
    /// [`TreeError::Ancestors`], [`TreeError::OutsideCoveredPrefix`] for a part with leaves outside the prefix that it covers,
    /// [`TreeError::Uncommitted`]; store failures.
    pub fn new<S: NodeStore>(levels: &[Level], part: &Tree<S>) -> Result<Self, TreeError> {
        if !part.starts_with_covered()? {
            return Err(TreeError::OutsideCoveredPrefix);
        }
        let (branches, position) = read(levels, part.covered_prefix())?;
        let ancestors = Self { branches, position };
        // The slot that leads down from each branch is the value of what is below it.
        let below = ancestors.branches.iter().skip(1).map(Ancestor::value);
        let below = below.chain([ancestors.own_value(part)?]);
        for (at, (branch, value)) in ancestors.branches.iter().zip(below).enumerate() {
            if branch.chosen() != value {
                return Err(TreeError::Ancestors(AncestorRefusal::Slot(at)));
            }
        }
        Ok(ancestors)
    }

    /// Value of the covered part in the slot that holds it.
    fn own_value<S: NodeStore>(&self, part: &Tree<S>) -> Result<Slot, TreeError> {
        Ok(match part.root()? {
            Root::Empty => EMPTY_SLOT,
            Root::Leaf(commitment) => commitment,
            Root::Branch(commitment) => {
                let prefix = part.root_prefix()?;
                let below = prefix.get(self.position.len()..);
                branch_slot(below.unwrap_or_default(), &commitment)
            }
        })
    }

    /// The branches as they are now, root first.
    #[must_use]
    pub fn levels(&self) -> Vec<Level> {
        self.branches.iter().map(Ancestor::level).collect()
    }

    /// Computes their commitments after the part was committed, and the root of the whole tree.
    ///
    /// # Errors
    /// [`TreeError::AncestorsMerge`] when the last covered leaf went and the branch above has one child left: what that becomes depends on
    /// what lies outside. Store failures.
    pub fn commit<S: NodeStore>(&mut self, part: &Tree<S>) -> Result<Root, TreeError> {
        let mut value = self.own_value(part)?;
        if value == EMPTY_SLOT
            && let Some(last) = self.branches.last()
            && last.children() - usize::from(last.chosen() != EMPTY_SLOT) < 2
        {
            return Err(TreeError::AncestorsMerge);
        }
        for branch in self.branches.iter_mut().rev() {
            branch.choose(value)?;
            value = branch.value();
        }
        self.root(part)
    }

    /// Root of the whole tree.
    ///
    /// # Errors
    /// [`TreeError::Uncommitted`] after a change without a commit; store failures.
    pub fn root<S: NodeStore>(&self, part: &Tree<S>) -> Result<Root, TreeError> {
        let own = self.own_value(part)?;
        match (self.branches.first(), self.branches.last()) {
            (Some(first), Some(last)) if last.chosen() == own => Ok(Root::Branch(first.commitment)),
            (Some(_), _) => Err(TreeError::Uncommitted),
            (None, _) => part.root(),
        }
    }

    /// One proof for covered keys, in their order, against the root of the whole tree (spec 20 section 9).
    ///
    /// # Errors
    /// As [`Tree::prove`]; [`TreeError::OutsideCoveredPrefix`].
    #[cfg(feature = "prove")]
    pub fn prove<S: NodeStore>(
        &self,
        part: &Tree<S>,
        keys: &[&[u8]],
    ) -> Result<crate::proof::TraversalProof, TreeError> {
        self.root(part)?;
        if keys.iter().any(|key| !part.covers(&crate::path(key))) {
            return Err(TreeError::OutsideCoveredPrefix);
        }
        let above: Vec<crate::proof::Above<'_>> = self
            .branches
            .iter()
            .map(|branch| crate::proof::Above {
                commitment: &branch.commitment,
                slots: branch.slots.as_slice(),
                prefix: &branch.prefix,
                index: branch.index,
            })
            .collect();
        part.prove_below(keys, &above, self.position.len())
    }
}

/// The leaves below a covered prefix, and the slots of the branches above them.
#[derive(Clone, Debug)]
pub struct CoveredTree<S: NodeStore = NoStore> {
    ancestors: Ancestors,
    part: Tree<S>,
}

impl<S: NodeStore> CoveredTree<S> {
    /// The part below `covered` from the branches above it and its leaves as a tree of their own, which is committed here.
    ///
    /// # Errors
    /// As [`Ancestors::new`].
    pub fn new(covered: Path, ancestors: &[Level], part: Tree<S>) -> Result<Self, TreeError> {
        let mut part = part.covering(covered);
        part.commit()?;
        let ancestors = Ancestors::new(ancestors, &part)?;
        Ok(Self { ancestors, part })
    }

    /// Takes new slots of the branches above, because what lies outside has changed. The covered part must be in them as it is here.
    ///
    /// # Errors
    /// As [`Ancestors::new`]; the tree is as it was then.
    pub fn replace_ancestors(&mut self, ancestors: &[Level]) -> Result<(), TreeError> {
        self.ancestors = Ancestors::new(ancestors, &self.part)?;
        Ok(())
    }

    /// The covered prefix.
    #[must_use]
    pub fn covered_prefix(&self) -> &Path {
        self.part.covered_prefix()
    }

    /// The covered part as a tree of its own: for reading its leaves.
    #[must_use]
    pub fn part(&self) -> &Tree<S> {
        &self.part
    }

    /// The branches above as they are now, root first.
    #[must_use]
    pub fn ancestors(&self) -> Vec<Level> {
        self.ancestors.levels()
    }

    /// Inserts or overwrites a leaf; what [`Tree::insert`] says of it.
    ///
    /// # Errors
    /// As [`Tree::insert`]; [`TreeError::OutsideCoveredPrefix`] for a key that is not covered.
    pub fn insert(&mut self, leaf: Leaf) -> Result<bool, TreeError> {
        self.part.insert(leaf)
    }

    /// Deletes a key; whether it was there.
    ///
    /// # Errors
    /// As [`Tree::delete`].
    pub fn delete(&mut self, key: &[u8]) -> Result<bool, TreeError> {
        self.part.delete(key)
    }

    /// Computes every commitment that is not up to date, those of the ancestors too, and the root of the whole tree.
    ///
    /// # Errors
    /// As [`Ancestors::commit`]; [`CoveredTree::replace_ancestors`] has to bring what lies outside then.
    pub fn commit(&mut self) -> Result<Root, TreeError> {
        self.part.commit()?;
        self.ancestors.commit(&self.part)
    }

    /// Root of the whole tree.
    ///
    /// # Errors
    /// As [`Ancestors::root`].
    pub fn root(&self) -> Result<Root, TreeError> {
        self.ancestors.root(&self.part)
    }

    /// What changed below the covered prefix, for one atomic batch: as [`Tree::take_changes`]. Keep [`encode_ancestors`] beside it.
    ///
    /// # Errors
    /// As [`Tree::take_changes`].
    pub fn take_changes(&mut self, generation: u64) -> Result<Changes, TreeError> {
        self.root()?;
        self.part.take_changes(generation)
    }

    /// One proof for all covered keys, in their order, against the root of the whole tree.
    ///
    /// # Errors
    /// As [`Ancestors::prove`].
    #[cfg(feature = "prove")]
    pub fn prove(&self, keys: &[&[u8]]) -> Result<crate::proof::TraversalProof, TreeError> {
        self.ancestors.prove(&self.part, keys)
    }
}

/// Checks the form of ancestors and that they lead to the covered prefix; the path of the slot they lead to.
fn read(levels: &[Level], covered: &Path) -> Result<(Vec<Ancestor>, Path), TreeError> {
    let refused = |refusal| Err(TreeError::Ancestors(refusal));
    if levels.len() > MAX_DEPTH {
        return refused(AncestorRefusal::TooMany(levels.len()));
    }
    let mut position = Vec::new();
    let mut ancestors = Vec::with_capacity(levels.len());
    for (at, level) in levels.iter().enumerate() {
        ancestors.push(Ancestor::new(level, at)?);
        position.extend_from_slice(&level.prefix);
        position.push(level.index);
    }
    match Path::from_elements(&position) {
        Some(position) if covered.starts_with(&position) => Ok((ancestors, position)),
        _ => refused(AncestorRefusal::Path),
    }
}

/// Ancestors as bytes for a store. The format is local to this implementation.
#[must_use]
pub fn encode_ancestors(levels: &[Level]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, levels.len() as u64);
    for level in levels {
        put_sized(&mut out, &level.prefix);
        out.push(level.index);
        put_varint(&mut out, level.slots.len() as u64);
        for (index, slot) in &level.slots {
            out.push(*index);
            out.extend_from_slice(slot);
        }
    }
    out
}

/// The ancestors of these bytes, `None` when they are none. Their content is for [`CoveredTree::new`] to judge.
#[must_use]
pub fn decode_ancestors(bytes: &[u8]) -> Option<Vec<Level>> {
    let mut cursor = Cursor::new(bytes);
    let count = usize::try_from(cursor.varint()?).ok()?;
    if count > MAX_DEPTH {
        return None;
    }
    let mut levels = Vec::with_capacity(count);
    for _ in 0..count {
        let prefix = cursor.sized()?.to_vec();
        let index = cursor.u8()?;
        let used = usize::try_from(cursor.varint()?).ok()?;
        if used > WIDTH {
            return None;
        }
        let mut slots = Vec::with_capacity(used);
        for _ in 0..used {
            slots.push((cursor.u8()?, cursor.array()?));
        }
        levels.push(Level {
            prefix,
            index,
            slots,
        });
    }
    (cursor.remaining() == 0).then_some(levels)
}
