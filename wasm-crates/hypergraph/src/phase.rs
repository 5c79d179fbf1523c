//! The four phase sets of a shard and the labels used for them (spec 21 sections 4 and 8).

use crate::address::Address;

/// What kind of atom a tree holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// Vertices.
    Vertex,
    /// Hyperedges.
    Hyperedge,
}

/// Whether a tree lists what was added or what was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Atoms ever added.
    Adds,
    /// Atoms ever removed; a removal never frees the id (hazard H-11).
    Removes,
}

/// One of the four trees of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhaseSet {
    /// Kind of atom.
    pub set: Set,
    /// Added or removed.
    pub phase: Phase,
}

impl PhaseSet {
    /// Vertex adds, index 0.
    pub const VERTEX_ADDS: Self = Self::new(Set::Vertex, Phase::Adds);
    /// Vertex removes, index 1.
    pub const VERTEX_REMOVES: Self = Self::new(Set::Vertex, Phase::Removes);
    /// Hyperedge adds, index 2.
    pub const HYPEREDGE_ADDS: Self = Self::new(Set::Hyperedge, Phase::Adds);
    /// Hyperedge removes, index 3.
    pub const HYPEREDGE_REMOVES: Self = Self::new(Set::Hyperedge, Phase::Removes);
    /// All four in the order of roots, of `state_roots` and of protobuf `HypergraphPhaseSet`.
    pub const ALL: [Self; 4] = [
        Self::VERTEX_ADDS,
        Self::VERTEX_REMOVES,
        Self::HYPEREDGE_ADDS,
        Self::HYPEREDGE_REMOVES,
    ];

    /// The tree of `set` and `phase`.
    #[must_use]
    pub const fn new(set: Set, phase: Phase) -> Self {
        Self { set, phase }
    }

    /// Place in [`PhaseSet::ALL`].
    #[must_use]
    pub const fn index(self) -> u8 {
        match (self.set, self.phase) {
            (Set::Vertex, Phase::Adds) => 0,
            (Set::Vertex, Phase::Removes) => 1,
            (Set::Hyperedge, Phase::Adds) => 2,
            (Set::Hyperedge, Phase::Removes) => 3,
        }
    }

    /// The tree with this index; none above 3.
    #[must_use]
    pub fn from_index(index: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(index).ok()?).copied()
    }

    /// Name such as `vertex:adds`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.index() {
            0 => "vertex:adds",
            1 => "vertex:removes",
            2 => "hyperedge:adds",
            _ => "hyperedge:removes",
        }
    }

    /// Label between the state layer and intrinsics: `Poseidon(name)`; local only, never on the wire.
    ///
    /// # Errors
    /// None in practice: no name is empty.
    pub fn label(self) -> Result<Address, poseidon::Error> {
        poseidon::hash_bytes(self.name().as_bytes())
    }
}
