//! A shard of which a node holds one sub-shard: the atoms below a covered prefix, and of the four trees' other parts the commitments
//! (spec 20 section 8.7, spec 22 section 8).

use crate::change::{Change, ChangeRecord};
use crate::error::StateError;
use crate::phase::PhaseSet;
use crate::shard::{Roots, Shard};
use tries::covered::Ancestors;
use tries::proof::TraversalProof;
use tries::subtree::Level;
use tries::{NodeStore, Path, path};

/// The covered part of one shard.
#[derive(Clone, Debug)]
pub struct CoveredShard<N: NodeStore> {
    covered: Path,
    /// Trees of the covered atoms alone.
    part: Shard<N>,
    above: [Ancestors; 4],
}

impl<N: NodeStore + Clone> CoveredShard<N> {
    /// The part below `covered` from a shard of the covered atoms alone and, in phase-set order, the branches above it in each tree. Whether
    /// it is the part of the right shard tell its roots.
    ///
    /// # Errors
    /// [`tries::TreeError::Ancestors`], [`tries::TreeError::OutsideCoveredPrefix`]; store failures.
    pub fn new(
        covered: Path,
        part: Shard<N>,
        ancestors: &[Vec<Level>; 4],
    ) -> Result<Self, StateError> {
        let mut part = part.covering(&covered);
        for tree in part.trees_mut() {
            tree.commit()?;
        }
        let above = above(&part, ancestors)?;
        Ok(Self {
            covered,
            part,
            above,
        })
    }

    /// The covered prefix.
    #[must_use]
    pub const fn covered_prefix(&self) -> &Path {
        &self.covered
    }

    /// The covered atoms as a shard of their own: for reading them. Its roots are not those of the whole shard.
    #[must_use]
    pub const fn part(&self) -> &Shard<N> {
        &self.part
    }

    /// The branches above as they are now, in phase-set order, root first.
    #[must_use]
    pub fn ancestors(&self) -> [Vec<Level>; 4] {
        self.above.each_ref().map(Ancestors::levels)
    }

    /// Takes what changed outside: the branches above each tree, in which the covered part must be as it is here.
    ///
    /// # Errors
    /// As [`CoveredShard::new`]; nothing is changed then.
    pub fn replace_ancestors(&mut self, ancestors: &[Vec<Level>; 4]) -> Result<(), StateError> {
        self.above = above(&self.part, ancestors)?;
        Ok(())
    }

    /// Whether an atom lies below the covered prefix.
    #[must_use]
    pub fn covers(&self, change: &Change) -> bool {
        path(change.location.id.as_bytes()).starts_with(&self.covered)
    }

    /// Applies changes in order, all or none. Those outside the covered prefix are skipped: they are other nodes' (spec 20 section 8.7).
    /// Says what was replaced.
    ///
    /// # Errors
    /// A tree that refuses, store failures; the shard is then as it was.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Vec<ChangeRecord>, StateError> {
        let mut part = self.part.clone();
        let mut records = Vec::new();
        for change in changes.iter().filter(|change| self.covers(change)) {
            records.extend(part.apply(change)?);
        }
        self.part = part;
        Ok(records)
    }

    /// Commits what was applied: the four roots of the whole shard, as far as nothing changed outside.
    ///
    /// # Errors
    /// [`tries::TreeError::AncestorsMerge`]: what lies outside has to be got again; store failures.
    pub fn commit(&mut self) -> Result<Roots, StateError> {
        for tree in self.part.trees_mut() {
            tree.commit()?;
        }
        for (set, above) in PhaseSet::ALL.into_iter().zip(&mut self.above) {
            above.commit(self.part.tree(set))?;
        }
        self.roots()
    }

    /// The four roots of the whole shard.
    ///
    /// # Errors
    /// [`tries::TreeError::Uncommitted`]; store failures.
    pub fn roots(&self) -> Result<Roots, StateError> {
        Roots::from_fn(|set| {
            let above = self.above.get(usize::from(set.index()));
            let above = above.ok_or(StateError::NoNode)?;
            Ok(above.root(self.part.tree(set))?)
        })
    }

    /// Proof of covered atoms of one tree against its root in the whole shard.
    ///
    /// # Errors
    /// [`tries::TreeError::OutsideCoveredPrefix`], [`tries::TreeError::Absent`]; store failures.
    pub fn prove(&self, set: PhaseSet, keys: &[&[u8]]) -> Result<TraversalProof, StateError> {
        let above = self.above.get(usize::from(set.index()));
        let above = above.ok_or(StateError::NoNode)?;
        Ok(above.prove(self.part.tree(set), keys)?)
    }
}

fn above<N: NodeStore>(
    part: &Shard<N>,
    ancestors: &[Vec<Level>; 4],
) -> Result<[Ancestors; 4], StateError> {
    let mut above: [Ancestors; 4] = Default::default();
    for ((above, levels), set) in above.iter_mut().zip(ancestors).zip(PhaseSet::ALL) {
        *above = Ancestors::new(levels, part.tree(set))?;
    }
    Ok(above)
}
