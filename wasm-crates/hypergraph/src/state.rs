//! World state: the shards, changes to them, and one commit per frame (spec 21 sections 4 and 5).

use crate::address::{Address, AtomId, ShardKey};
use crate::change::{Change, ChangeRecord, Location};
use crate::error::StateError;
use crate::global::GlobalCommitments;
use crate::global_trees::{GlobalTrees, RootBytes};
use crate::phase::PhaseSet;
use crate::pulled::Replacement;
use crate::shard::{Roots, Shard, StoredAtom};
use crate::stores::{InMemory, Stores};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use tries::{Changes, NodeStore, Root};

/// Everything that one commit made: the roots for the next header, and the records for one atomic batch.
#[derive(Clone, Debug)]
pub struct CommitReport {
    /// The frame, which is also the generation of the records.
    pub frame: u64,
    /// Shards with a changed tree, in order of their keys.
    pub shards: Vec<ShardCommit>,
    /// Global trees whose value changed, ascending.
    pub global_changed: Vec<u8>,
    /// What was changed since the commit before, in order: enough to take it back (spec 21 section 4.4).
    pub records: Vec<ChangeRecord>,
}

/// One shard of a commit.
#[derive(Clone, Debug)]
pub struct ShardCommit {
    /// Which shard.
    pub key: ShardKey,
    /// Its four roots.
    pub roots: Roots,
    /// The trees whose root changed.
    pub changed: Vec<PhaseSet>,
    /// Records of the trees that were written to; none for a state that is kept in memory.
    pub trees: Vec<TreeCommit>,
}

/// One tree of a commit.
#[derive(Clone, Debug)]
pub struct TreeCommit {
    /// Which of the four.
    pub set: PhaseSet,
    /// New and stale records, and where the tree starts.
    pub changes: Changes,
}

/// Names a point to which uncommitted changes can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savepoint(u64);

/// Shards as they were when a savepoint was set, saved at the first touch after it.
#[derive(Clone, Debug)]
struct Saved<N: NodeStore> {
    number: u64,
    records: usize,
    touched: BTreeSet<ShardKey>,
    shards: BTreeMap<ShardKey, Shard<N>>,
}

/// World state over a store of trees.
///
/// Nothing but touched nodes is loaded. Changes are visible to reads at once; roots, proofs and pages are those of the last
/// commit. A clone of a state in memory is a snapshot. A caller whose batch fails after a commit drops the state and opens it
/// again.
#[derive(Clone, Debug)]
pub struct Hypergraph<P: Stores = InMemory> {
    stores: P,
    shards: BTreeMap<ShardKey, Shard<P::Nodes>>,
    /// Roots of every shard as of the last commit.
    roots: BTreeMap<ShardKey, Roots>,
    /// Shards with changes since the last commit.
    touched: BTreeSet<ShardKey>,
    global: GlobalTrees,
    committed: Option<u64>,
    records: Vec<ChangeRecord>,
    saved: Vec<Saved<P::Nodes>>,
    next_savepoint: u64,
}

impl Hypergraph {
    /// An empty state in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::over(InMemory, None)
    }

    /// Takes back the last committed frame by the report of its commit, with what was applied since (spec 21 section 4.4): the
    /// roots are those of the frame before again. Frames are taken back from high to low. A state over a store is rolled back by dropping
    /// generations and opening it again.
    ///
    /// # Errors
    /// [`StateError::Order`] for frame 0, which is never taken back, and for a frame that is not the last one; a tree that refuses.
    pub fn revert(&mut self, report: &CommitReport) -> Result<(), StateError> {
        let last = self.committed.unwrap_or_default();
        let frame = report.frame;
        if frame == 0 || frame != last {
            return Err(StateError::Order { frame, last });
        }
        let since = std::mem::take(&mut self.records);
        self.saved.clear();
        for record in report.records.iter().chain(&since).rev() {
            self.touch(&record.location.id.shard())?.undo(record)?;
        }
        self.settle(frame - 1).map(drop)
    }
}

impl Default for Hypergraph {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Stores> Hypergraph<P> {
    fn over(stores: P, committed: Option<u64>) -> Self {
        Self {
            stores,
            shards: BTreeMap::new(),
            roots: BTreeMap::new(),
            touched: BTreeSet::new(),
            global: GlobalTrees::default(),
            committed,
            records: Vec::new(),
            saved: Vec::new(),
            next_savepoint: 0,
        }
    }

    /// The state that a store holds as of `committed`, the last frame whose batch it took; `None` for a new store. Reads the
    /// root records of all shards and rebuilds the global trees from them.
    ///
    /// # Errors
    /// Store failures.
    pub fn open(stores: P, committed: Option<u64>) -> Result<Self, StateError> {
        let mut state = Self::over(stores, committed);
        for key in state.stores.shards()? {
            let roots = state.stored_roots(&key)?;
            state.enter(&key, roots)?;
        }
        state.global.commit()?;
        Ok(state)
    }

    /// Notes the roots of a shard. One whose last leaf was taken back has disappeared.
    fn enter(&mut self, key: &ShardKey, roots: Roots) -> Result<(), StateError> {
        if roots == Roots::default() {
            self.roots.remove(key);
            return self.global.remove_shard(&key.app());
        }
        self.roots.insert(*key, roots);
        self.global.set_shard(&key.app(), roots.to_bytes())
    }

    /// Last committed frame.
    #[must_use]
    pub fn committed(&self) -> Option<u64> {
        self.committed
    }

    /// The store of the trees.
    #[must_use]
    pub fn stores(&self) -> &P {
        &self.stores
    }

    /// Shards that have a tree, as of the last commit.
    pub fn shards(&self) -> impl Iterator<Item = (&ShardKey, &Roots)> {
        self.roots.iter()
    }

    fn stored(&self, key: &ShardKey) -> Result<Shard<P::Nodes>, StateError> {
        match self.committed {
            Some(generation) => Shard::open(&self.stores, key, generation),
            None => Shard::empty(&self.stores, key),
        }
    }

    /// Roots of a shard from its root records: no node is read.
    fn stored_roots(&self, key: &ShardKey) -> Result<Roots, StateError> {
        let Some(generation) = self.committed else {
            return Ok(Roots::default());
        };
        Roots::from_fn(|set| {
            let record = self.stores.root(key, set, generation)?;
            Ok(record.map_or(Root::Empty, |record| record.root))
        })
    }

    /// Forgets loaded nodes more than `depth` branches below the roots, which are read again when they are needed; with 0 whole
    /// shards. To be called when the batch of the last commit is written. A state in memory keeps everything.
    pub fn unload(&mut self, depth: usize) {
        if !P::KEEPS_RECORDS {
            return;
        }
        if depth == 0 {
            let touched = &self.touched;
            self.shards.retain(|key, _| touched.contains(key));
            return;
        }
        for tree in self.shards.values_mut().flat_map(Shard::trees_mut) {
            tree.unload(depth);
        }
    }

    /// A shard as it stands, uncommitted changes included.
    ///
    /// # Errors
    /// Store failures.
    pub fn shard(&self, key: &ShardKey) -> Result<Cow<'_, Shard<P::Nodes>>, StateError> {
        match self.shards.get(key) {
            Some(shard) => Ok(Cow::Borrowed(shard)),
            None => self.stored(key).map(Cow::Owned),
        }
    }

    /// A shard in an older generation that the store still has: its trees as of the newest commit at or before `frame`.
    ///
    /// # Errors
    /// Store failures.
    pub fn shard_at(&self, key: &ShardKey, frame: u64) -> Result<Shard<P::Nodes>, StateError> {
        Shard::open(&self.stores, key, frame)
    }

    /// The shard to change, remembered for the newest savepoint first.
    fn touch(&mut self, key: &ShardKey) -> Result<&mut Shard<P::Nodes>, StateError> {
        if !self.shards.contains_key(key) {
            let shard = self.stored(key)?;
            self.shards.insert(*key, shard);
        }
        let shard = self.shards.get_mut(key).ok_or(StateError::NoNode)?;
        if let Some(saved) = self.saved.last_mut() {
            saved.shards.entry(*key).or_insert_with(|| shard.clone());
        }
        self.touched.insert(*key);
        Ok(shard)
    }

    /// The atom at a location that is in adds and not in removes, uncommitted changes included.
    ///
    /// # Errors
    /// Store failures.
    pub fn get(&self, location: &Location) -> Result<Option<StoredAtom>, StateError> {
        self.shard(&location.id.shard())?.get(location)
    }

    /// Whether the location was ever removed: for ever, an id is not freed (hazard H-11).
    ///
    /// # Errors
    /// Store failures.
    pub fn is_removed(&self, location: &Location) -> Result<bool, StateError> {
        self.shard(&location.id.shard())?.is_removed(location)
    }

    /// Whether the atom is `hyperedge` itself, one of its members, or within a member that is a hyperedge and present
    /// (spec 21 section 2). Follows at most [`crate::MAX_DEPTH`] levels.
    ///
    /// # Errors
    /// [`StateError::Atom`] for a stored hyperedge that can not be read; store failures.
    pub fn within(&self, atom: &AtomId, hyperedge: &AtomId) -> Result<bool, StateError> {
        let mut seen = BTreeSet::from([*hyperedge]);
        let mut level = vec![*hyperedge];
        for _ in 0..crate::MAX_DEPTH {
            if seen.contains(atom) {
                return Ok(true);
            }
            let mut next = Vec::new();
            for id in level {
                let Some(stored) = self.get(&Location::hyperedge(id))? else {
                    continue;
                };
                for member in crate::read_stored(&id, stored.value())?.members {
                    if seen.insert(member.id) {
                        next.push(member.id);
                    }
                }
            }
            level = next;
        }
        Ok(seen.contains(atom))
    }

    /// Applies changes in order, all or none.
    ///
    /// # Errors
    /// A tree that refuses, store failures; the state is then as it was.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), StateError> {
        let before = self.savepoint();
        for change in changes {
            if let Err(cause) = self.apply_one(change) {
                self.rollback(before)?;
                return Err(cause);
            }
        }
        self.release(before);
        Ok(())
    }

    fn apply_one(&mut self, change: &Change) -> Result<(), StateError> {
        let records = self.touch(&change.location.id.shard())?.apply(change)?;
        self.records.extend(records);
        Ok(())
    }

    /// Marks the state as it stands, to come back to it before the next commit.
    pub fn savepoint(&mut self) -> Savepoint {
        let number = self.next_savepoint;
        self.next_savepoint += 1;
        self.saved.push(Saved {
            number,
            records: self.records.len(),
            touched: self.touched.clone(),
            shards: BTreeMap::new(),
        });
        Savepoint(number)
    }

    /// Takes back every change since the savepoint, which ends with all later ones.
    ///
    /// # Errors
    /// [`StateError::Savepoint`].
    pub fn rollback(&mut self, to: Savepoint) -> Result<(), StateError> {
        let place = self.saved.iter().position(|saved| saved.number == to.0);
        for saved in self
            .saved
            .split_off(place.ok_or(StateError::Savepoint)?)
            .into_iter()
            .rev()
        {
            self.shards.extend(saved.shards);
            self.records.truncate(saved.records);
            self.touched = saved.touched;
        }
        Ok(())
    }

    /// Ends a savepoint and all later ones; the changes stay. Nothing happens when it has ended already.
    pub fn release(&mut self, savepoint: Savepoint) {
        let place = self
            .saved
            .iter()
            .position(|saved| saved.number == savepoint.0);
        let Some(place) = place else { return };
        for ended in self.saved.split_off(place) {
            // What the savepoint before has not saved was unchanged since then.
            let Some(before) = self.saved.last_mut() else {
                continue;
            };
            for (key, shard) in ended.shards {
                before.shards.entry(key).or_insert(shard);
            }
        }
    }

    /// Commits what was applied since the last commit as the state of `frame`, whose header carries these roots; its messages
    /// are applied afterwards. A second commit of a frame is answered when nothing was applied in between. Savepoints end.
    ///
    /// # Errors
    /// [`StateError::Committed`], [`StateError::Order`]; a tree that can not be committed, store failures.
    pub fn commit(&mut self, frame: u64) -> Result<CommitReport, StateError> {
        match self.committed {
            Some(last) if frame < last => return Err(StateError::Order { frame, last }),
            Some(last) if frame == last && self.is_changed() => {
                return Err(StateError::Committed(frame));
            }
            _ => {}
        }
        self.settle(frame)
    }

    /// Computes what changed and makes it the state of `frame`.
    fn settle(&mut self, frame: u64) -> Result<CommitReport, StateError> {
        self.commit_trees()?;
        let mut shards = Vec::with_capacity(self.touched.len());
        let mut entered = Vec::with_capacity(self.touched.len());
        for key in &self.touched {
            let Some(shard) = self.shards.get_mut(key) else {
                continue;
            };
            let roots = shard.roots()?;
            let before = self.roots.get(key).copied().unwrap_or_default();
            let trees = if P::KEEPS_RECORDS {
                shard.take_changes(frame)?
            } else {
                Vec::new()
            };
            let changed = roots.differing(&before);
            entered.push((*key, roots));
            shards.push(ShardCommit {
                key: *key,
                roots,
                changed,
                trees,
            });
        }
        for (key, roots) in entered {
            self.enter(&key, roots)?;
        }
        let global_changed = self.global.commit()?;
        self.touched.clear();
        self.saved.clear();
        self.committed = Some(frame);
        Ok(CommitReport {
            frame,
            shards,
            global_changed,
            records: std::mem::take(&mut self.records),
        })
    }

    /// Whether something was applied since the last commit.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.touched.is_empty() || self.global.is_changed()
    }

    fn commit_trees(&mut self) -> Result<(), StateError> {
        let touched = &self.touched;
        let trees: Vec<_> = self
            .shards
            .iter_mut()
            .filter(|(key, _)| touched.contains(key))
            .flat_map(|(_, shard)| shard.trees_mut())
            .collect();
        crate::parallel::commit_all(trees)
    }

    /// Begins to replace one tree by leaves that are pulled from a peer; the state changes with [`Hypergraph::install`] only.
    ///
    /// # Errors
    /// Store failures.
    pub fn replacement(
        &self,
        key: &ShardKey,
        set: PhaseSet,
    ) -> Result<Replacement<P::Nodes>, StateError> {
        let tree = self.shard(key)?.tree(set).clone();
        Replacement::new(*key, set, tree)
    }

    /// Puts the replaced tree in its place when it has the root that a header names. Enters the roots with the next commit; has no
    /// records, so that it can be rolled back to a savepoint but not reverted.
    ///
    /// # Errors
    /// [`StateError::OtherRoot`]; store failures. The state is then as it was.
    pub fn install(
        &mut self,
        replacement: Replacement<P::Nodes>,
        expected: &Root,
    ) -> Result<(), StateError> {
        let (key, set) = (replacement.key, replacement.set);
        let tree = replacement.finish(expected)?;
        *self.touch(&key)?.tree_mut(set) = tree;
        Ok(())
    }

    /// Takes a shard out of the state and of the global trees as of the next commit. What a store has of it is the store's.
    ///
    /// # Errors
    /// A global tree that refuses.
    pub fn remove_shard(&mut self, key: &ShardKey) -> Result<(), StateError> {
        self.shards.remove(key);
        self.roots.remove(key);
        self.touched.remove(key);
        self.saved.clear();
        self.records
            .retain(|record| record.location.id.shard() != *key);
        self.global.remove_shard(&key.app())
    }

    /// Enters the roots of an alternative shard as of the next commit (spec 21 section 6).
    ///
    /// # Errors
    /// [`crate::GlobalError`].
    pub fn set_alternative(&mut self, app: &Address, roots: RootBytes) -> Result<(), StateError> {
        self.global.set_alternative(app, roots)
    }

    /// Roots of a shard as of the last commit; zeros for one that does not exist.
    #[must_use]
    pub fn roots(&self, key: &ShardKey) -> Roots {
        self.roots.get(key).copied().unwrap_or_default()
    }

    /// `prover_tree_commitment`: root of the registry's vertex adds as of the last commit.
    #[must_use]
    pub fn prover_root(&self) -> Root {
        *self.roots(&ShardKey::registry()).get(PhaseSet::VERTEX_ADDS)
    }

    /// The 256 values of a header as of the last commit.
    #[must_use]
    pub fn global_commitments(&self) -> GlobalCommitments {
        self.global.commitments()
    }

    /// The global trees, to prove the root of a shard against one of the 256 values.
    #[must_use]
    pub fn global(&self) -> &GlobalTrees {
        &self.global
    }
}
