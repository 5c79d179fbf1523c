//! What the voters of this node have said, in the file that no backup contains (`store::SafetyFile`).

use crate::{Ledger, Result};
use store::{Read, SafetyFile, SafetyMark, Standing};

/// The voters of one node are one in the file: they vote together, in one rank after the other.
const VOTERS: &str = "committee";

impl Ledger {
    /// Whether this store is at least as new as what was said with it, and what was said.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn voting(&mut self) -> Result<(Standing, SafetyMark)> {
        let head = self.store.head()?;
        let safety = self.safety()?;
        Ok((safety.standing(head), safety.mark()))
    }

    /// Records a vote of a rank; on disk when this returns, then the vote may leave.
    ///
    /// # Errors
    /// `frame` when a vote of this or a higher rank was recorded; `corrupt` unless the standing is `Current`.
    pub fn record_vote(&mut self, rank: u64) -> Result<()> {
        let head = self.store.head()?;
        Ok(self.safety()?.record_vote(rank, head)?)
    }

    /// Lets this store vote again, above `rank` and above every rank that is recorded: for an operator who knows that it is older than
    /// what was said with it, and that nothing was said above `rank`.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn accept_rollback(&mut self, rank: u64) -> Result<()> {
        let head = self.store.head()?;
        let safety = self.safety()?;
        let said = safety.mark();
        Ok(safety.adopt(SafetyMark {
            vote_rank: said.vote_rank.max(Some(rank)),
            timeout_rank: said.timeout_rank,
            head,
        })?)
    }

    /// The file, opened when it is first needed: a store that never votes has none.
    fn safety(&mut self) -> Result<&mut SafetyFile> {
        let safety = match self.safety.take() {
            Some(safety) => safety,
            None => self.store.safety(VOTERS)?,
        };
        Ok(self.safety.insert(safety))
    }
}
