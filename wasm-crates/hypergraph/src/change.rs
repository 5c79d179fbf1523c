//! What is written to the phase sets and what is kept to take it back (spec 21 sections 4.1, 4.2 and 4.4).

use crate::address::AtomId;
use crate::phase::{Phase, PhaseSet, Set};
use tries::{Leaf, Size};

/// Where an atom lives: its kind and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Kind of atom.
    pub set: Set,
    /// Application address and data address.
    pub id: AtomId,
}

impl Location {
    /// A vertex.
    #[must_use]
    pub const fn vertex(id: AtomId) -> Self {
        Self {
            set: Set::Vertex,
            id,
        }
    }

    /// A hyperedge.
    #[must_use]
    pub const fn hyperedge(id: AtomId) -> Self {
        Self {
            set: Set::Hyperedge,
            id,
        }
    }

    /// The tree of this kind of atom in a phase.
    #[must_use]
    pub const fn phase_set(&self, phase: Phase) -> PhaseSet {
        PhaseSet::new(self.set, phase)
    }
}

/// Value of an atom under one of the two leaf rules (spec 21 section 4.1). Rule B is what is written; rule A leaves come
/// from migrated state and stay as they are until the atom is next written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtomValue {
    /// The leaf hashes the commitment of the atom.
    RuleA {
        /// Atom bytes; the data tree blob where a peer sent that instead (spec 22 section 3).
        atom: Vec<u8>,
        /// Commitment of the atom, 64 or 74 bytes: the hash target.
        commitment: Vec<u8>,
        /// Size of the atom.
        size: Size,
    },
    /// The leaf hashes these bytes: a serialised data tree exactly as its writer made it, a whole hyperedge, or the bare
    /// extrinsic tree of a prover hyperedge. Its size is their number.
    RuleB(Vec<u8>),
}

/// What happens to an atom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Vertex: insert or overwrite, whatever was removed. Hyperedge: the same, but ignored when the id was ever removed.
    Add(AtomValue),
    /// Enters the removes tree with an empty value; an id never added enters the adds tree likewise.
    Remove,
    /// Removal of the older component: the removes tree gets the leaf of the adds tree, and an id never added enters both
    /// trees with `unknown`. Only to reproduce state that the older component wrote.
    RemoveRuleA {
        /// Value for an id that is not in the adds tree.
        unknown: Option<AtomValue>,
    },
    /// Deletes the leaf from one tree: reverting an add or a removal when frames are rolled back, and the hard delete of pruning.
    Delete(Phase),
}

/// One operation on one atom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which atom.
    pub location: Location,
    /// What happens to it.
    pub operation: Operation,
}

impl Change {
    /// Adds or overwrites an atom under rule B.
    #[must_use]
    pub const fn add(location: Location, value: Vec<u8>) -> Self {
        Self {
            location,
            operation: Operation::Add(AtomValue::RuleB(value)),
        }
    }

    /// Removes an atom for ever.
    #[must_use]
    pub const fn remove(location: Location) -> Self {
        Self {
            location,
            operation: Operation::Remove,
        }
    }
}

/// What one change replaced in one tree (spec 21 section 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord {
    /// Which atom.
    pub location: Location,
    /// In which of its two trees.
    pub phase: Phase,
    /// The leaf that was there; `None` when there was none, so that taking the change back deletes it.
    pub previous: Option<Leaf>,
}
