//! The 256 global trees under the frame rule, kept so that a frame recomputes only those of changed shards (HYP-08).

use crate::address::{Address, ShardKey};
use crate::error::StateError;
use crate::global::{GlobalCommitments, GlobalError, folded_key};
use crate::phase::PhaseSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tries::proof::TraversalProof;
use tries::{Leaf, Root, Size, Tree};

/// Longest root of an alternative shard that a message can carry (spec 40 section 4, AltShardUpdate).
pub const MAX_ALTERNATIVE_ROOT: usize = 80;

/// Four roots of a shard in phase-set order, as bytes of 64 or 74.
pub type RootBytes = [Vec<u8>; 4];

/// What the four trees of one address hold in the global trees.
type Entries = [Option<Vec<u8>>; 4];

/// The 256 trees under the frame rule, kept so that a change of one shard touches three of them. A clone shares what it does not change.
#[derive(Clone, Debug, Default)]
pub struct GlobalTrees {
    trees: BTreeMap<u8, Tree>,
    shards: BTreeMap<Address, Arc<RootBytes>>,
    alternatives: BTreeMap<Address, Arc<RootBytes>>,
    /// What the trees hold now, by address and phase set.
    entries: BTreeMap<Address, Arc<Entries>>,
    roots: BTreeMap<u8, Root>,
    dirty: BTreeSet<u8>,
}

impl GlobalTrees {
    /// Enters the four roots of a shard, or replaces them. A shard with L1 `000000` is passed over (hazard H-05).
    ///
    /// # Errors
    /// [`GlobalError::RootLength`]; a tree that refuses.
    pub fn set_shard(&mut self, app: &Address, roots: RootBytes) -> Result<(), StateError> {
        if let Some(odd) = roots.iter().find(|root| !matches!(root.len(), 64 | 74)) {
            return Err(GlobalError::RootLength(odd.len()).into());
        }
        if !ShardKey::of(app).is_global() {
            return Ok(());
        }
        self.shards.insert(*app, Arc::new(roots));
        self.refresh(app)
    }

    /// Takes a shard that disappeared out; nothing happens when it was not there.
    ///
    /// # Errors
    /// A tree that refuses.
    pub fn remove_shard(&mut self, app: &Address) -> Result<(), StateError> {
        self.shards.remove(app);
        self.refresh(app)
    }

    /// Enters the roots of an alternative shard, which overwrite those of a shard with the same address; an empty root
    /// leaves the entry as it is without it.
    ///
    /// # Errors
    /// [`GlobalError::Unfoldable`], [`GlobalError::AlternativeRootLength`]; a tree that refuses.
    pub fn set_alternative(&mut self, app: &Address, roots: RootBytes) -> Result<(), StateError> {
        if !ShardKey::of(app).is_global() {
            return Err(GlobalError::Unfoldable.into());
        }
        if let Some(long) = roots.iter().find(|root| root.len() > MAX_ALTERNATIVE_ROOT) {
            return Err(GlobalError::AlternativeRootLength(long.len()).into());
        }
        self.alternatives.insert(*app, Arc::new(roots));
        self.refresh(app)
    }

    /// Takes an alternative shard out; the entries of a shard with the same address show again.
    ///
    /// # Errors
    /// A tree that refuses.
    pub fn remove_alternative(&mut self, app: &Address) -> Result<(), StateError> {
        self.alternatives.remove(app);
        self.refresh(app)
    }

    /// Brings the entries of one address to what shard and alternative shard say.
    fn refresh(&mut self, app: &Address) -> Result<(), StateError> {
        let shard = self.shards.get(app);
        let alternative = self.alternatives.get(app);
        let mut after = Entries::default();
        for (entry, set) in after.iter_mut().zip(PhaseSet::ALL) {
            let root =
                |roots: Option<&Arc<RootBytes>>| roots?.get(usize::from(set.index())).cloned();
            *entry = root(alternative)
                .filter(|root| !root.is_empty())
                .or_else(|| root(shard));
        }
        let before = self.entries.get(app).cloned().unwrap_or_default();
        for ((old, new), set) in before.iter().zip(&after).zip(PhaseSet::ALL) {
            if old != new {
                self.write(app, set, new.clone())?;
            }
        }
        if after.iter().all(Option::is_none) {
            self.entries.remove(app);
        } else {
            self.entries.insert(*app, Arc::new(after));
        }
        Ok(())
    }

    fn write(
        &mut self,
        app: &Address,
        set: PhaseSet,
        root: Option<Vec<u8>>,
    ) -> Result<(), StateError> {
        let key = folded_key(app, set);
        for index in ShardKey::of(app).l1() {
            let tree = self.trees.entry(index).or_default();
            match &root {
                Some(value) => tree.insert(Leaf {
                    key: key.to_vec(),
                    value: value.clone(),
                    hash_target: Vec::new(),
                    size: Size::from(value.len() as u64),
                })?,
                None => tree.delete(&key)?,
            };
            self.dirty.insert(index);
        }
        Ok(())
    }

    /// Recomputes the trees that changed and names them.
    ///
    /// # Errors
    /// A tree that can not be committed.
    pub fn commit(&mut self) -> Result<Vec<u8>, StateError> {
        let dirty = self.dirty.iter();
        let taken = dirty.filter_map(|index| self.trees.remove(index).map(|tree| (*index, tree)));
        let (indices, mut trees): (Vec<u8>, Vec<Tree>) = taken.unzip();
        let outcome = tries::commit_all(&mut trees);
        self.trees.extend(indices.iter().copied().zip(trees));
        let mut changed = Vec::new();
        for (index, root) in indices.into_iter().zip(outcome?) {
            if self.roots.insert(index, root).unwrap_or(Root::Empty) != root {
                changed.push(index);
            }
        }
        self.dirty.clear();
        self.trees.retain(|_, tree| !tree.is_empty());
        self.roots.retain(|_, root| *root != Root::Empty);
        Ok(changed)
    }

    /// The 256 values of a header, as of the last commit.
    #[must_use]
    pub fn commitments(&self) -> GlobalCommitments {
        let root = |index| self.roots.get(&index).copied().unwrap_or(Root::Empty);
        GlobalCommitments((0..=u8::MAX).map(root).collect())
    }

    /// Proof that the root of a shard's tree is in the global tree that L1 names at `place` (0 to 2): a traversal proof of
    /// [`folded_key`] against one of the 256 values. A used tree has four leaves or more, so a proof exists.
    ///
    /// # Errors
    /// [`StateError::NotGlobal`]; [`tries::TreeError::Uncommitted`] after a change.
    pub fn prove(
        &self,
        app: &Address,
        set: PhaseSet,
        place: usize,
    ) -> Result<TraversalProof, StateError> {
        Ok(self.binding(app, place)?.prove(&[&folded_key(app, set)])?)
    }

    /// Proof of the four roots of a shard at once, in phase order: the keys are the four [`folded_key`]s.
    ///
    /// # Errors
    /// As [`GlobalTrees::prove`].
    pub fn prove_shard(&self, app: &Address, place: usize) -> Result<TraversalProof, StateError> {
        let keys = PhaseSet::ALL.map(|set| folded_key(app, set));
        let keys = keys.each_ref().map(|key| key.as_slice());
        Ok(self.binding(app, place)?.prove(&keys)?)
    }

    /// The tree that L1 of a shard names at `place`.
    fn binding(&self, app: &Address, place: usize) -> Result<&Tree, StateError> {
        let entered = self.entries.contains_key(app);
        let index = ShardKey::of(app).l1().get(place).copied();
        let tree = index.and_then(|index| self.trees.get(&index));
        tree.filter(|_| entered).ok_or(StateError::NotGlobal)
    }

    /// Whether something was entered or taken out since the last commit.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Roots of the shards, without the alternative ones.
    pub fn shards(&self) -> impl Iterator<Item = (&Address, &RootBytes)> {
        self.shards.iter().map(|(app, roots)| (app, &**roots))
    }

    /// Whether a shard was entered.
    #[must_use]
    pub fn has_shard(&self, app: &Address) -> bool {
        self.shards.contains_key(app)
    }
}
