//! What the state store answers and takes: JSON and parallel lists (`server-node/state/addon.ts`).

use hypergraph::ServedLeaf;
use ledger::{Code, Committed, TreeName};
use napi::Result;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use serde::Serialize;
use std::collections::BTreeMap;
use store::{DiskLevel, Table};
use tries::{Leaf, Size};

pub(crate) type Error = napi::Error<Code>;

pub(crate) fn json(value: &impl Serialize) -> Result<String, Code> {
    serde_json::to_string(value).map_err(|cause| Error::new(Code::Failed, cause.to_string()))
}

pub(crate) fn hexes<T: AsRef<[u8]>>(list: impl IntoIterator<Item = T>) -> Vec<String> {
    list.into_iter().map(hex::encode).collect()
}

#[derive(Serialize)]
pub(crate) struct Info {
    pub(crate) head: Option<String>,
    pub(crate) generation: Option<String>,
    pub(crate) identity: String,
    pub(crate) disk: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangedShard {
    pub(crate) shard_key: String,
    pub(crate) roots: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommittedJson {
    pub(crate) global_commitments: Vec<String>,
    pub(crate) prover_root: String,
    pub(crate) changed: Vec<ChangedShard>,
}

#[derive(Serialize)]
pub(crate) struct Child {
    pub(crate) index: u8,
    pub(crate) commitment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Branch {
    pub(crate) full_path: Vec<u8>,
    pub(crate) commitment: String,
    pub(crate) children: Vec<Child>,
    pub(crate) is_leaf: bool,
    pub(crate) leaf_count: String,
    pub(crate) size: String,
}

/// JSON `AddonVerified`: what is wrong by table and key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verified {
    pub(crate) sound: bool,
    pub(crate) pages_sound: bool,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) trees: u64,
    pub(crate) damaged: Vec<RecordName>,
    pub(crate) missing: Vec<RecordName>,
    pub(crate) wrong: Vec<RecordName>,
    pub(crate) orphans: u64,
}

#[derive(Serialize)]
pub(crate) struct RecordName {
    pub(crate) table: &'static str,
    pub(crate) key: String,
}

pub(crate) fn names(records: &[(Table, Vec<u8>)]) -> Vec<RecordName> {
    let name = |(table, key): &(Table, Vec<u8>)| RecordName {
        table: table.name(),
        key: hex::encode(key),
    };
    records.iter().map(name).collect()
}

/// JSON `AddonStats`. Numbers of bytes are below 2^53.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatsJson {
    pub(crate) head: Option<String>,
    pub(crate) oldest_generation: String,
    pub(crate) file_bytes: u64,
    pub(crate) reusable_bytes: u64,
    pub(crate) stored_bytes: u64,
    pub(crate) records: BTreeMap<&'static str, u64>,
    pub(crate) shards: usize,
    pub(crate) disk: &'static str,
    pub(crate) disk_bytes: u64,
    pub(crate) disk_free_bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TreeJson {
    pub(crate) shard_key: String,
    pub(crate) phase: u8,
}

pub(crate) fn tree_names(trees: &[TreeName]) -> Vec<TreeJson> {
    let name = |(shard, set): &TreeName| TreeJson {
        shard_key: hex::encode(shard.to_bytes()),
        phase: set.index(),
    };
    trees.iter().map(name).collect()
}

/// JSON `AddonRefused`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefusedJson {
    pub(crate) shard_key: String,
    pub(crate) phase: u8,
    pub(crate) root: Option<String>,
}

/// JSON `AddonRepaired`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepairedJson {
    pub(crate) head: Option<String>,
    pub(crate) salvaged: Option<SalvagedJson>,
    pub(crate) rebuilt: Vec<TreeJson>,
    pub(crate) unconfirmed: Vec<TreeJson>,
    pub(crate) refused: Vec<TreeJson>,
    pub(crate) lost_records: u64,
    pub(crate) lost_frames: u64,
    pub(crate) head_frame: bool,
}

#[derive(Serialize)]
pub(crate) struct SalvagedJson {
    pub(crate) copied: u64,
    pub(crate) unreadable: u64,
    pub(crate) kept: String,
}

/// JSON `AddonVoting`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VotingJson {
    pub(crate) standing: &'static str,
    pub(crate) vote_rank: Option<String>,
    pub(crate) recorded_head: Option<String>,
}

pub(crate) fn committed_json(committed: &Committed) -> Result<String, Code> {
    let changed = committed.changed.iter().map(|(key, roots)| ChangedShard {
        shard_key: hex::encode(key.to_bytes()),
        roots: hexes(roots.to_bytes()),
    });
    json(&CommittedJson {
        changed: changed.collect(),
        global_commitments: hexes(&committed.global_commitments),
        prover_root: hex::encode(&committed.prover_root),
    })
}

pub(crate) const fn level_name(level: DiskLevel) -> &'static str {
    match level {
        DiskLevel::Normal => "normal",
        DiskLevel::Notice => "notice",
        DiskLevel::Warning => "warning",
        DiskLevel::ReadOnly => "readOnly",
    }
}

/// Leaves as parallel lists.
#[napi(object)]
pub struct LeafLists {
    /// Keys, ascending.
    pub keys: Vec<Uint8Array>,
    /// Values.
    pub values: Vec<Uint8Array>,
    /// Hash targets; empty where the value is hashed.
    pub hash_targets: Vec<Uint8Array>,
    /// Sizes, decimal.
    pub sizes: Vec<String>,
    /// Data trees of rule A vertices.
    pub underlying: Vec<Uint8Array>,
}

pub(crate) fn served(lists: &LeafLists) -> Result<Vec<ServedLeaf>, Code> {
    let count = lists.keys.len();
    let lengths = [
        lists.values.len(),
        lists.hash_targets.len(),
        lists.sizes.len(),
        lists.underlying.len(),
    ];
    if lengths.iter().any(|length| *length != count) {
        return Err(Error::new(Code::Arguments, "lists of different lengths"));
    }
    let bytes = lists
        .keys
        .iter()
        .zip(&lists.values)
        .zip(&lists.hash_targets);
    let rest = lists.sizes.iter().zip(&lists.underlying);
    bytes
        .zip(rest)
        .map(|(((key, value), hash_target), (size, underlying))| {
            let size = Size::from_decimal(size)
                .ok_or_else(|| Error::new(Code::Arguments, "not the size of a leaf"))?;
            Ok(ServedLeaf {
                leaf: Leaf {
                    key: key.to_vec(),
                    value: value.to_vec(),
                    hash_target: hash_target.to_vec(),
                    size,
                },
                underlying_data: underlying.to_vec(),
            })
        })
        .collect()
}

/// A page of leaves as parallel lists.
#[napi(object)]
pub struct LeafPage {
    /// Keys in tree order.
    pub keys: Vec<Uint8Array>,
    /// Values.
    pub values: Vec<Uint8Array>,
    /// Hash targets; empty where the value is hashed.
    pub hash_targets: Vec<Uint8Array>,
    /// Sizes, decimal.
    pub sizes: Vec<String>,
    /// Data trees of rule A vertices.
    pub underlying: Vec<Uint8Array>,
    /// Index of the next leaf; -1 on the last page.
    pub next: i64,
    /// Leaves below the node.
    pub total: i64,
}

/// Proof of the roots of a shard in one global tree.
#[napi(object)]
pub struct ShardProofObject {
    /// Index of the tree.
    pub tree: u32,
    /// Plain form.
    pub proof: Uint8Array,
}
