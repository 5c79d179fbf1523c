//! What an operator asks for: verification, copies, figures.

use crate::{Committed, Ledger, LedgerError, Result};
use hypergraph::{PhaseSet, ShardKey};
use std::path::{Path, PathBuf};
use store::{Read as _, Stats, Trees, VerifyReport};

impl Ledger {
    /// Reads every record, and checks the links between them (`store::Store::verify_trees`). What is wrong is reported, not failed on.
    /// `progress` hears how many of how many records were looked at.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport> {
        Ok(self.store.verify_trees(progress)?)
    }

    /// The trees of the newest generation.
    pub fn trees(&self) -> Result<Vec<(ShardKey, PhaseSet)>> {
        let Some(head) = self.store.head()? else {
            return Ok(Vec::new());
        };
        let view = self.view(head)?;
        let mut trees = Vec::new();
        for shard in view.shards()? {
            trees.extend(PhaseSet::ALL.map(|set| (shard, set)));
        }
        Ok(trees)
    }

    /// Whether the leaves of a tree of the newest generation make the root that is stored for it.
    pub fn verify_commitments(&self, shard: &ShardKey, set: PhaseSet) -> Result<bool> {
        let Some(head) = self.store.head()? else {
            return Ok(true);
        };
        Ok(self.store.verify_commitments(shard, set, head)?)
    }

    /// What the header of the last commit carries, made again from the stored roots of all shards; nothing is listed as changed.
    ///
    /// # Errors
    /// `corrupt` while trees are missing.
    pub fn committed(&self) -> Result<Committed> {
        self.require_whole()?;
        Ok(self.header_of(Vec::new()))
    }

    /// Copies the newest frame and its state to a new file in a directory; its path.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn backup(&self, directory: impl AsRef<Path>) -> Result<PathBuf> {
        Ok(self.store.backup(directory)?)
    }

    /// Figures of the store below.
    pub fn stats(&self) -> Result<Stats> {
        Ok(self.store.stats()?)
    }

    /// Shards of the newest state.
    ///
    /// # Errors
    /// A store that fails.
    pub fn shard_count(&self) -> Result<usize> {
        let shards = hypergraph::Stores::shards(&Trees(std::sync::Arc::clone(&self.store)));
        let shards = shards.map_err(|cause| LedgerError::State(cause.into()))?;
        Ok(shards.len())
    }
}
