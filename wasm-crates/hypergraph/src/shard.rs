//! The four trees of one shard (spec 21 section 4).

use crate::address::ShardKey;
use crate::change::{AtomValue, Change, ChangeRecord, Location, Operation};
use crate::error::StateError;
use crate::global_trees::RootBytes;
use crate::phase::{Phase, PhaseSet, Set};
use crate::state::TreeCommit;
use crate::stores::Stores;
use crate::vertex::Vertex;
use tries::{Leaf, NodeStore, Root, Size, Tree};

/// Four roots in phase-set order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roots([Root; 4]);

impl Default for Roots {
    /// Roots of a shard that does not exist: 64 zero bytes each.
    fn default() -> Self {
        Self([Root::Empty; 4])
    }
}

impl Roots {
    pub(crate) fn from_fn(
        mut root: impl FnMut(PhaseSet) -> Result<Root, StateError>,
    ) -> Result<Self, StateError> {
        let [a, b, c, d] = PhaseSet::ALL;
        Ok(Self([root(a)?, root(b)?, root(c)?, root(d)?]))
    }

    /// The root of one tree.
    #[must_use]
    pub const fn get(&self, set: PhaseSet) -> &Root {
        let [
            vertex_adds,
            vertex_removes,
            hyperedge_adds,
            hyperedge_removes,
        ] = &self.0;
        match set.index() {
            0 => vertex_adds,
            1 => vertex_removes,
            2 => hyperedge_adds,
            _ => hyperedge_removes,
        }
    }

    /// The bytes of `state_roots`: 64 or 74 each.
    #[must_use]
    pub fn to_bytes(&self) -> RootBytes {
        self.0.each_ref().map(|root| root.as_bytes().to_vec())
    }

    /// The trees whose root is another one.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<PhaseSet> {
        PhaseSet::ALL
            .into_iter()
            .filter(|set| self.get(*set) != other.get(*set))
            .collect()
    }
}

/// An atom as it stands in its adds tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAtom(pub(crate) Leaf);

impl StoredAtom {
    /// The leaf.
    #[must_use]
    pub const fn leaf(&self) -> &Leaf {
        &self.0
    }

    /// Its value as stored.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.0.value
    }

    /// Whether the leaf follows rule A: it hashes a commitment, not the value (spec 21 section 4.1).
    #[must_use]
    pub fn is_rule_a(&self) -> bool {
        !self.0.hash_target.is_empty()
    }

    /// Serialised data tree of a vertex; `None` for a rule A vertex of which only the atom is known.
    #[must_use]
    pub fn data_tree(&self) -> Option<&[u8]> {
        let atom_only = self.is_rule_a() && Vertex::looks_like(&self.0.value);
        (!atom_only).then_some(&*self.0.value)
    }
}

/// One shard over a store of trees. A clone is a snapshot.
#[derive(Clone, Debug)]
pub struct Shard<N: NodeStore> {
    key: ShardKey,
    trees: [Tree<N>; 4],
}

impl<N: NodeStore> Shard<N> {
    fn with(
        key: &ShardKey,
        mut tree: impl FnMut(PhaseSet) -> Result<Tree<N>, StateError>,
    ) -> Result<Self, StateError> {
        let [a, b, c, d] = PhaseSet::ALL;
        Ok(Self {
            key: *key,
            trees: [tree(a)?, tree(b)?, tree(c)?, tree(d)?],
        })
    }

    /// The same shard, whose trees take only atoms below a prefix.
    pub(crate) fn covering(self, covered: &tries::Path) -> Self {
        Self {
            key: self.key,
            trees: self.trees.map(|tree| tree.covering(covered.clone())),
        }
    }

    pub(crate) fn empty<P: Stores<Nodes = N>>(
        stores: &P,
        key: &ShardKey,
    ) -> Result<Self, StateError> {
        Self::with(key, |set| Ok(Tree::over(stores.nodes(key, set)?)))
    }

    /// The shard as of the newest commit at or before `generation`. Its nodes are read when they are needed.
    ///
    /// # Errors
    /// Store failures.
    pub fn open<P: Stores<Nodes = N>>(
        stores: &P,
        key: &ShardKey,
        generation: u64,
    ) -> Result<Self, StateError> {
        Self::with(key, |set| {
            let nodes = stores.nodes(key, set)?;
            Ok(match stores.root(key, set, generation)? {
                Some(root) => Tree::open(nodes, &root),
                None => Tree::over(nodes),
            })
        })
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &ShardKey {
        &self.key
    }

    /// One of its trees.
    #[must_use]
    pub const fn tree(&self, set: PhaseSet) -> &Tree<N> {
        let [
            vertex_adds,
            vertex_removes,
            hyperedge_adds,
            hyperedge_removes,
        ] = &self.trees;
        match set.index() {
            0 => vertex_adds,
            1 => vertex_removes,
            2 => hyperedge_adds,
            _ => hyperedge_removes,
        }
    }

    pub(crate) const fn tree_mut(&mut self, set: PhaseSet) -> &mut Tree<N> {
        let [
            vertex_adds,
            vertex_removes,
            hyperedge_adds,
            hyperedge_removes,
        ] = &mut self.trees;
        match set.index() {
            0 => vertex_adds,
            1 => vertex_removes,
            2 => hyperedge_adds,
            _ => hyperedge_removes,
        }
    }

    pub(crate) fn trees_mut(&mut self) -> impl Iterator<Item = &mut Tree<N>> {
        self.trees.iter_mut()
    }

    /// The four roots.
    ///
    /// # Errors
    /// [`tries::TreeError::Uncommitted`] after a change; store failures.
    pub fn roots(&self) -> Result<Roots, StateError> {
        Roots::from_fn(|set| Ok(self.tree(set).root()?))
    }

    /// The atom at a location that is in adds and not in removes.
    ///
    /// # Errors
    /// Store failures.
    pub fn get(&self, location: &Location) -> Result<Option<StoredAtom>, StateError> {
        if self.is_removed(location)? {
            return Ok(None);
        }
        let adds = self.tree(location.phase_set(Phase::Adds));
        Ok(adds.get(location.id.as_bytes())?.map(StoredAtom))
    }

    /// Whether the location is in the removes tree.
    ///
    /// # Errors
    /// Store failures.
    pub fn is_removed(&self, location: &Location) -> Result<bool, StateError> {
        let removes = self.tree(location.phase_set(Phase::Removes));
        Ok(removes.contains(location.id.as_bytes())?)
    }

    /// Applies one operation (spec 21 section 4.2) and says what it replaced.
    pub(crate) fn apply(&mut self, change: &Change) -> Result<Vec<ChangeRecord>, StateError> {
        let at = change.location;
        match &change.operation {
            Operation::Add(value) => {
                let ignored = at.set == Set::Hyperedge && self.is_removed(&at)?;
                if ignored {
                    return Ok(Vec::new());
                }
                Ok(vec![self.write(
                    at,
                    Phase::Adds,
                    leaf_of(&at, value.clone()),
                )?])
            }
            Operation::Remove => self.remove(at, None, false),
            Operation::RemoveRuleA { unknown } => self.remove(at, unknown.clone(), true),
            Operation::Delete(phase) => {
                let tree = self.tree_mut(at.phase_set(*phase));
                let previous = tree.get(at.id.as_bytes())?;
                tree.delete(at.id.as_bytes())?;
                let record = ChangeRecord {
                    location: at,
                    phase: *phase,
                    previous,
                };
                Ok(vec![record])
            }
        }
    }

    /// Removal; with `keep` the removes tree gets what the adds tree holds, else an empty leaf.
    fn remove(
        &mut self,
        at: Location,
        unknown: Option<AtomValue>,
        keep: bool,
    ) -> Result<Vec<ChangeRecord>, StateError> {
        let adds = self.tree(at.phase_set(Phase::Adds));
        let marker = Leaf {
            key: at.id.as_bytes().to_vec(),
            ..Leaf::default()
        };
        let mut records = Vec::with_capacity(2);
        let removed = match adds.get(at.id.as_bytes())? {
            Some(leaf) if keep => leaf,
            Some(_) => marker,
            None => {
                let leaf = unknown.map_or(marker, |value| leaf_of(&at, value));
                records.push(self.write(at, Phase::Adds, leaf.clone())?);
                leaf
            }
        };
        records.push(self.write(at, Phase::Removes, removed)?);
        Ok(records)
    }

    fn write(
        &mut self,
        location: Location,
        phase: Phase,
        leaf: Leaf,
    ) -> Result<ChangeRecord, StateError> {
        let tree = self.tree_mut(location.phase_set(phase));
        let previous = tree.get(&leaf.key)?;
        tree.insert(leaf)?;
        Ok(ChangeRecord {
            location,
            phase,
            previous,
        })
    }

    /// Takes one change back.
    pub(crate) fn undo(&mut self, record: &ChangeRecord) -> Result<(), StateError> {
        let tree = self.tree_mut(record.location.phase_set(record.phase));
        match &record.previous {
            Some(leaf) => tree.insert(leaf.clone())?,
            None => tree.delete(record.location.id.as_bytes())?,
        };
        Ok(())
    }

    /// Records of the trees that were written to since this was last called.
    pub(crate) fn take_changes(&mut self, generation: u64) -> Result<Vec<TreeCommit>, StateError> {
        let mut commits = Vec::new();
        for set in PhaseSet::ALL {
            let changes = self.tree_mut(set).take_changes(generation)?;
            if !changes.nodes.is_empty() || !changes.stale_nodes.is_empty() {
                commits.push(TreeCommit { set, changes });
            }
        }
        Ok(commits)
    }
}

/// The leaf of a value (spec 21 section 4.1).
fn leaf_of(at: &Location, value: AtomValue) -> Leaf {
    let key = at.id.as_bytes().to_vec();
    match value {
        AtomValue::RuleA {
            atom,
            commitment,
            size,
        } => Leaf {
            key,
            value: atom,
            hash_target: commitment,
            size,
        },
        AtomValue::RuleB(value) => Leaf {
            size: Size::from(value.len() as u64),
            key,
            value,
            hash_target: Vec::new(),
        },
    }
}
