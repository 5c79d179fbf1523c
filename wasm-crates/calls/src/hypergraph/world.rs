//! A world in memory: apply, commit, read, prove (spec 21 sections 4 to 6, spec 22 section 3).

use super::{atom_id, hex_address, no_state, refuse, size};
use crate::error::{Call, CallError, Code};
use crate::json;
use hypergraph::{
    AtomId, AtomValue, Change, Hypergraph, Location, Operation, Phase, PhaseSet, Savepoint, Set,
    ShardKey, StateError,
};
use serde::{Deserialize, Serialize};
use tries::proof::{TraversalProof, encode_plain};

/// State of one world in memory. Reads see uncommitted changes; roots, pages and proofs need a commit after the last change.
#[derive(Default)]
pub struct HypergraphHandle {
    state: Hypergraph,
    savepoints: Vec<Savepoint>,
}

#[derive(Deserialize)]
struct ValueJson {
    atom: String,
    commitment: String,
    size: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OperationJson {
    op: String,
    set: String,
    app: String,
    data: String,
    value: Option<String>,
    rule_a: Option<ValueJson>,
    phase: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShardCommitJson {
    shard_key: String,
    roots: Vec<String>,
    changed: Vec<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommitJson {
    frame: String,
    shards: Vec<ShardCommitJson>,
    global_changed: Vec<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShardJson {
    roots: Vec<String>,
    leaf_counts: Vec<String>,
    sizes: Vec<String>,
    present: Vec<String>,
}

#[derive(Serialize)]
struct AtomStateJson {
    present: bool,
    removed: bool,
    value: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeJson {
    commitment: String,
    leaf_count: String,
    size: String,
}

#[derive(Serialize)]
struct ChildJson {
    index: u8,
    commitment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BranchJson {
    full_path: Vec<u8>,
    commitment: String,
    children: Vec<ChildJson>,
    is_leaf: bool,
    leaf_count: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeafJson {
    key: String,
    value: String,
    hash_target: String,
    size: String,
    underlying_data: String,
}

#[derive(Serialize)]
struct LeavesJson {
    leaves: Vec<LeafJson>,
    next: Option<u32>,
    total: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WorldCommitments {
    commitments: Vec<String>,
    prover_root: String,
    hash: String,
}

fn hexes<T: AsRef<[u8]>>(list: impl IntoIterator<Item = T>) -> Vec<String> {
    list.into_iter().map(hex::encode).collect()
}

fn set_named(name: &str) -> Call<Set> {
    match name {
        "vertex" => Ok(Set::Vertex),
        "hyperedge" => Ok(Set::Hyperedge),
        _ => Err(CallError::new(
            Code::Arguments,
            "a set is vertex or hyperedge",
        )),
    }
}

fn phase_set(phase: u32) -> Call<PhaseSet> {
    PhaseSet::from_index(phase)
        .ok_or_else(|| CallError::new(Code::Range, "a phase set is numbered 0 to 3"))
}

fn shard_key(bytes: &[u8]) -> Call<ShardKey> {
    ShardKey::from_bytes(bytes).map_err(|cause| refuse(Code::Length, &cause))
}

fn refused(cause: StateError) -> CallError {
    no_state(&cause)
}

fn plain(proof: Result<TraversalProof, StateError>) -> Call<Vec<u8>> {
    encode_plain(&proof.map_err(refused)?).map_err(|cause| refuse(Code::Range, &cause))
}

fn change(operation: &OperationJson) -> Call<Change> {
    let app = hex_address("app", &operation.app)?;
    let data = hex_address("data", &operation.data)?;
    let location = Location {
        set: set_named(&operation.set)?,
        id: AtomId::new(&app, &data),
    };
    let value = match (&operation.value, &operation.rule_a) {
        (Some(value), None) => Some(AtomValue::RuleB(json::bytes("value", value)?)),
        (None, Some(a)) => Some(AtomValue::RuleA {
            atom: json::bytes("atom", &a.atom)?,
            commitment: json::bytes("commitment", &a.commitment)?,
            size: size(&a.size)?,
        }),
        (None, None) => None,
        _ => {
            return Err(CallError::new(
                Code::Arguments,
                "a value of both leaf rules",
            ));
        }
    };
    let phase = match operation.phase.as_deref() {
        Some("adds") => Some(Phase::Adds),
        Some("removes") => Some(Phase::Removes),
        _ => None,
    };
    let operation = match (operation.op.as_str(), value, phase) {
        ("add", Some(value), None) => Operation::Add(value),
        ("remove", None, None) => Operation::Remove,
        ("removeRuleA", unknown, None) => Operation::RemoveRuleA { unknown },
        ("delete", None, Some(phase)) => Operation::Delete(phase),
        _ => {
            let text =
                "an operation is add with a value, remove, removeRuleA, or delete with a phase";
            return Err(CallError::new(Code::Arguments, text));
        }
    };
    Ok(Change {
        location,
        operation,
    })
}

impl HypergraphHandle {
    /// An empty world.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies a JSON list of operations, all or none: `{op, set, app, data}` with op `add` and `value` (rule B) or `ruleA`
    /// `{atom, commitment, size}`, `remove`, `removeRuleA` with an optional value for an id never added, or `delete` with `phase`.
    ///
    /// # Errors
    /// `arguments`, `length`.
    pub fn apply(&mut self, operations: &str) -> Call<()> {
        let operations: Vec<OperationJson> = json::parse(operations)?;
        let changes = operations.iter().map(change).collect::<Call<Vec<_>>>()?;
        self.state.apply(&changes).map_err(refused)
    }

    /// Sets a savepoint inside the ones set before.
    pub fn savepoint(&mut self) {
        let savepoint = self.state.savepoint();
        self.savepoints.push(savepoint);
    }

    /// Takes back what was applied since the newest savepoint, which ends.
    ///
    /// # Errors
    /// `empty` when there is none since the last commit.
    pub fn rollback(&mut self) -> Call<()> {
        let none = || CallError::new(Code::Empty, "no savepoint is set");
        let savepoint = self.savepoints.pop().ok_or_else(none)?;
        self.state.rollback(savepoint).map_err(refused)
    }

    /// Commits a frame given in decimal. JSON `{frame, shards: [{shardKey, roots, changed}], globalChanged}` of what was written to;
    /// `changed` numbers the phase sets with another root.
    ///
    /// # Errors
    /// `range` for a frame that is older than the last one, or the same with changes in between.
    pub fn commit(&mut self, frame: &str) -> Call<String> {
        let report = self
            .state
            .commit(json::number("frame", frame)?)
            .map_err(refused)?;
        self.savepoints.clear();
        let shards = report.shards.iter().map(|shard| ShardCommitJson {
            shard_key: hex::encode(shard.key.to_bytes()),
            roots: hexes(shard.roots.to_bytes()),
            changed: shard.changed.iter().map(|set| set.index()).collect(),
        });
        json::text(&CommitJson {
            frame: report.frame.to_string(),
            shards: shards.collect(),
            global_changed: report.global_changed,
        })
    }

    /// JSON `{roots, leafCounts, sizes, present}` of a shard: four each, and how many vertices and hyperedges are present.
    ///
    /// # Errors
    /// `length` of the key, `arguments` after a change without a commit.
    pub fn shard(&self, key: &[u8]) -> Call<String> {
        let key = shard_key(key)?;
        let shard = self.state.shard(&key).map_err(refused)?;
        let trees = PhaseSet::ALL.map(|set| shard.tree(set));
        let count = |set| shard.present_count(set).map(|count| count.to_string());
        json::text(&ShardJson {
            roots: hexes(shard.roots().map_err(refused)?.to_bytes()),
            leaf_counts: trees
                .iter()
                .map(|tree| tree.leaf_count().to_string())
                .collect(),
            sizes: trees.iter().map(|tree| tree.size().to_string()).collect(),
            present: vec![
                count(Set::Vertex).map_err(refused)?,
                count(Set::Hyperedge).map_err(refused)?,
            ],
        })
    }

    /// JSON `{present, removed, value}` of the atom with this 64-byte id; `value` is null when it is not present.
    ///
    /// # Errors
    /// `arguments`, `length`.
    pub fn atom(&self, set: &str, id: &[u8]) -> Call<String> {
        let location = Location {
            set: set_named(set)?,
            id: atom_id(id)?,
        };
        let atom = self.state.get(&location).map_err(refused)?;
        json::text(&AtomStateJson {
            present: atom.is_some(),
            removed: self.state.is_removed(&location).map_err(refused)?,
            value: atom.map(|atom| hex::encode(atom.value())),
        })
    }

    /// JSON `{commitment, leafCount, size}` of the node at the 43-element path of the shard's address; zeros when there is none.
    ///
    /// # Errors
    /// `length`, `range`; `arguments` after a change without a commit.
    pub fn node_at_address(&self, key: &[u8], phase: u32) -> Call<String> {
        let shard = self.state.shard(&shard_key(key)?).map_err(refused)?;
        let node = shard
            .node_at_address(phase_set(phase)?, &[])
            .map_err(refused)?;
        let node = node.unwrap_or_default();
        json::text(&NodeJson {
            commitment: hex::encode(node.commitment),
            leaf_count: node.leaf_count.to_string(),
            size: node.size.to_string(),
        })
    }

    /// JSON `{fullPath, commitment, children: [{index, commitment}], isLeaf, leafCount}` of the node at a path, one element per byte.
    ///
    /// # Errors
    /// `length`, `range`; `empty` when there is no such node; `arguments` after a change without a commit.
    pub fn branch(&self, key: &[u8], phase: u32, path: &[u8]) -> Call<String> {
        let shard = self.state.shard(&shard_key(key)?).map_err(refused)?;
        let info = shard.branch(phase_set(phase)?, path).map_err(refused)?;
        let children = info.children.iter().map(|(index, commitment)| ChildJson {
            index: *index,
            commitment: hex::encode(commitment),
        });
        json::text(&BranchJson {
            children: children.collect(),
            full_path: info.full_path,
            commitment: hex::encode(info.commitment),
            is_leaf: info.is_leaf,
            leaf_count: info.leaf_count.to_string(),
        })
    }

    /// JSON `{leaves: [{key, value, hashTarget, size, underlyingData}], next, total}` below a path from leaf number `from`, at most `max`
    /// leaves and about `max_bytes` bytes; `next` is null on the last page.
    ///
    /// # Errors
    /// As [`HypergraphHandle::branch`].
    pub fn leaves(
        &self,
        key: &[u8],
        phase: u32,
        path: &[u8],
        from: u32,
        max: u32,
        max_bytes: u32,
    ) -> Call<String> {
        let shard = self.state.shard(&shard_key(key)?).map_err(refused)?;
        let narrow = |count| usize::try_from(count).unwrap_or(usize::MAX);
        let page = shard
            .leaves(
                phase_set(phase)?,
                path,
                from.into(),
                narrow(max),
                narrow(max_bytes),
            )
            .map_err(refused)?;
        let leaves = page.leaves.into_iter().map(|served| LeafJson {
            key: hex::encode(served.leaf.key),
            value: hex::encode(served.leaf.value),
            hash_target: hex::encode(served.leaf.hash_target),
            size: served.leaf.size.to_string(),
            underlying_data: hex::encode(served.underlying_data),
        });
        json::text(&LeavesJson {
            leaves: leaves.collect(),
            next: page.next.and_then(|next| u32::try_from(next).ok()),
            total: page.total.to_string(),
        })
    }

    /// Traversal proof in plain form of 64-byte ids in one tree of a shard (spec 20 section 9).
    ///
    /// # Errors
    /// `length`, `range`; `arguments` for an absent id, a tree of one leaf, or after a change without a commit.
    pub fn prove(&self, key: &[u8], phase: u32, ids: &[&[u8]]) -> Call<Vec<u8>> {
        let shard = self.state.shard(&shard_key(key)?).map_err(refused)?;
        let ids = ids.iter().map(|id| atom_id(id)).collect::<Call<Vec<_>>>()?;
        plain(shard.prove(phase_set(phase)?, &ids))
    }

    /// JSON `{commitments, proverRoot, hash}` as of the last commit: 256 values, root of the registry's vertex adds, commitment hash.
    ///
    /// # Errors
    /// None in practice.
    pub fn global_commitments(&self) -> Call<String> {
        let commitments = self.state.global_commitments();
        let prover_root = self.state.prover_root();
        json::text(&WorldCommitments {
            commitments: hexes(commitments.to_bytes()),
            prover_root: hex::encode(prover_root.as_bytes()),
            hash: hex::encode(commitments.hash(prover_root.as_bytes())),
        })
    }

    /// Traversal proof in plain form of the root of a shard's tree in the global tree that L1 names at `place`, 0 to 2.
    ///
    /// # Errors
    /// `length`, `range`; `empty` for a shard that is in no global tree.
    pub fn prove_shard(&self, app: &[u8], phase: u32, place: u32) -> Call<Vec<u8>> {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let global = self.state.global();
        plain(global.prove(&super::address(app)?, phase_set(phase)?, place))
    }
}
