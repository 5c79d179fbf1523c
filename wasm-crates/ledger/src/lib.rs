//! Frames and world state of one node, durable together (spec 21 section 5, 22 sections 4 and 8): the hypergraph over the store.
//!
//! * [`Ledger`]: apply, commit once per frame, persist state and frame in one batch, prune; take pulled trees; verify, back up
//! * [`Ledger::repair`]: makes a damaged one whole, or says which trees have to come from a peer
//! * [`Ledger::record_vote`]: what this node's voters have said, which no older copy of the ledger may say again
//! * [`View`]: one kept generation, of which everything can be read and proved
//!
//! A generation is the number of the frame whose commit made it.

#![forbid(unsafe_code)]

mod error;
mod global;
mod pulled;
mod repair;
mod upkeep;
mod view;
mod voting;

pub use error::{Code, LedgerError};
pub use repair::{Repaired, SalvagedFile, TreeName};
pub use view::{ShardProof, View};

use global::GlobalCache;
use hypergraph::{
    Address, Change, CommitReport, Hypergraph, Location, Operation, PhaseSet, Roots, ShardKey,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use store::{FrameBatch, Options, Pruned, Read, SafetyFile, Store, StoreError, Trees};

/// Result of every call of this crate.
pub type Result<T, E = LedgerError> = core::result::Result<T, E>;

/// Levels of each tree that stay in memory between frames.
const KEPT_DEPTH: usize = 2;
/// Batches of one call of [`Ledger::prune`]: the rest is left to the next call.
const PRUNE_BATCHES: u64 = 4;

/// What a commit gives to the header of its frame.
#[derive(Clone, Debug)]
pub struct Committed {
    /// 256 values of 64 or 74 bytes.
    pub global_commitments: Vec<Vec<u8>>,
    /// Root of the vertex adds of the prover registry.
    pub prover_root: Vec<u8>,
    /// Shards whose roots differ from the commit before, with their four roots.
    pub changed: Vec<(ShardKey, Roots)>,
}

/// The ledger of one node; one caller at a time.
#[derive(Debug)]
pub struct Ledger {
    store: Arc<Store>,
    state: Hypergraph<Trees<Arc<Store>>>,
    /// Committed and not on disk yet.
    pending: Option<CommitReport>,
    /// Something was applied since the last commit.
    applied: bool,
    global: GlobalCache,
    /// First generation in which every tree can be read: a repair may have put some back later than the oldest one.
    whole_since: u64,
    /// What the voters said, once they were asked.
    safety: Option<SafetyFile>,
    /// Trees that a repair dropped: the state is empty until the last of them is there again.
    refused: Vec<TreeName>,
}

impl Ledger {
    /// Opens the ledger in a directory, or makes a new one there. One that lacks trees ([`Ledger::refused`]) serves the others and takes
    /// what is missing; its state answers and takes nothing.
    ///
    /// # Errors
    /// `in use`, damage, a disk that fails.
    pub fn open(directory: impl AsRef<Path>, options: Options) -> Result<Self> {
        let store = Arc::new(Store::open(directory, options)?);
        let refused = repair::refused_of(&store)?;
        let committed = store.head()?.filter(|_| refused.is_empty());
        let state = Hypergraph::open(Trees(Arc::clone(&store)), committed)?;
        let mut global = GlobalCache::default();
        if let Some(committed) = committed {
            global.keep(committed, state.global());
        }
        Ok(Self {
            refused,
            whole_since: store.whole_since()?,
            store,
            state,
            pending: None,
            applied: false,
            global,
            safety: None,
        })
    }

    /// The store below, for its figures and upkeep.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Newest frame and generation on disk.
    pub fn head(&self) -> Result<Option<u64>> {
        Ok(self.store.head()?)
    }

    /// Applies changes in order, all or none.
    ///
    /// # Errors
    /// `removed` for an add to a location that was ever removed: the state layer never brings one back (spec 21 section 4.2).
    pub fn apply(&mut self, changes: &[Change]) -> Result<()> {
        self.require_whole()?;
        self.admit(changes)?;
        self.state.apply(changes)?;
        self.applied |= !changes.is_empty();
        Ok(())
    }

    /// Refuses adds to what was removed before or is removed earlier in the same list.
    fn admit(&self, changes: &[Change]) -> Result<()> {
        let mut removed = BTreeSet::new();
        for change in changes {
            let at = change.location;
            if !matches!(change.operation, Operation::Add(_)) {
                removed.insert((at.set, at.id));
            } else if removed.contains(&(at.set, at.id)) || self.state.is_removed(&at)? {
                return Err(LedgerError::Removed);
            }
        }
        Ok(())
    }

    /// Newest value of an atom, uncommitted changes included; `None` when it is absent or removed.
    pub fn get(&self, location: &Location) -> Result<Option<Vec<u8>>> {
        self.require_whole()?;
        let stored = self.state.get(location)?;
        Ok(stored.map(|atom| atom.value().to_vec()))
    }

    /// Whether an atom was ever removed.
    pub fn is_removed(&self, location: &Location) -> Result<bool> {
        self.require_whole()?;
        Ok(self.state.is_removed(location)?)
    }

    /// Commits in memory what was applied: the state that the header of `frame` carries.
    ///
    /// # Errors
    /// `frame` when it is not newer than the last one, or the last commit is not persisted yet.
    pub fn commit(&mut self, frame: u64) -> Result<Committed> {
        self.require_whole()?;
        if self.pending.is_some() {
            return Err(LedgerError::Pending);
        }
        let head = self.store.head()?;
        if head.is_some_and(|head| frame <= head) {
            return Err(LedgerError::Frame { frame, head });
        }
        if let Some(head) = head {
            self.global.keep(head, self.state.global());
        }
        let report = self.state.commit(frame)?;
        let changed = report.shards.iter().map(|shard| (shard.key, shard.roots));
        let committed = self.header_of(changed.collect());
        self.pending = Some(report);
        self.applied = false;
        Ok(committed)
    }

    fn header_of(&self, changed: Vec<(ShardKey, Roots)>) -> Committed {
        let commitments = self.state.global_commitments();
        Committed {
            global_commitments: commitments.to_bytes().map(<[u8]>::to_vec).collect(),
            prover_root: self.state.prover_root().as_bytes().to_vec(),
            changed,
        }
    }

    /// One durable batch: the last commit and the header of its frame, if there is one. On disk when this returns, all or none.
    ///
    /// # Errors
    /// `frame` when no commit of that frame is waiting; a full or damaged disk.
    pub fn persist(&mut self, frame: u64, header: Option<&[u8]>) -> Result<()> {
        let waiting = self.pending.as_ref().map(|report| report.frame);
        if waiting != Some(frame) {
            return Err(LedgerError::Frame {
                frame,
                head: waiting,
            });
        }
        let Some(report) = self.pending.take() else {
            return Ok(());
        };
        let mut batch = FrameBatch {
            header: header.map(<[u8]>::to_vec),
            ..FrameBatch::default()
        };
        let written = batch
            .add_commit(&self.store, report.clone())
            .and_then(|()| self.store.commit_frame(&batch));
        if let Err(cause) = written {
            self.pending = Some(report);
            return Err(cause.into());
        }
        // Before anybody hears of the frame: a store without it is an older one.
        if let Some(safety) = &mut self.safety {
            safety.record_head(frame)?;
        }
        self.state.unload(KEPT_DEPTH);
        Ok(())
    }

    /// Back to what is on disk.
    pub fn discard(&mut self) -> Result<()> {
        if self.pending.is_none() && !self.applied {
            return Ok(());
        }
        self.state = Hypergraph::open(Trees(Arc::clone(&self.store)), self.store.head()?)?;
        self.pending = None;
        self.applied = false;
        Ok(())
    }

    /// Header of a frame on disk.
    pub fn frame(&self, number: u64) -> Result<Option<Vec<u8>>> {
        Ok(self.store.frame(number)?)
    }

    /// A kept generation.
    ///
    /// # Errors
    /// `unavailable` when it is not on disk (any more).
    pub fn view(&self, generation: u64) -> Result<View> {
        View::open(&self.store, generation)
    }

    /// Newest kept generation in which a tree had this root; `None` when there is none.
    pub fn generation_of(
        &self,
        shard: &ShardKey,
        set: PhaseSet,
        root: &[u8],
    ) -> Result<Option<u64>> {
        let Some(root) = tries::Root::from_bytes(root) else {
            return Ok(None);
        };
        Ok(Trees(Arc::clone(&self.store)).generation_of(shard, set, &root)?)
    }

    /// Proof of the four roots of a shard in one global tree of a generation; `None` for a shard that is in none.
    ///
    /// # Errors
    /// As [`Ledger::view`].
    pub fn prove_shard(&mut self, app: &Address, generation: u64) -> Result<Option<ShardProof>> {
        self.require_whole()?;
        if generation < self.whole_since {
            return Err(StoreError::Unavailable {
                generation,
                oldest: self.whole_since,
                newest: self.store.head()?,
            }
            .into());
        }
        let view = View::open(&self.store, generation)?;
        self.global.prove(&view, app)
    }

    /// Deletes some of what no kept generation needs. `now`: seconds since 1970.
    pub fn prune(&self, now: u64) -> Result<Pruned> {
        Ok(self.store.prune(now, PRUNE_BATCHES)?)
    }

    /// Closes the files; later calls fail.
    pub fn close(&self) -> Result<()> {
        Ok(self.store.close()?)
    }
}
