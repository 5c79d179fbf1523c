//! The state store of a full node (`server-node/state/addon.ts`): the ledger, converted and nothing else. Calls block: one thread owns it.

mod upkeep;

use crate::kv::KvTable;
use crate::slices;
use crate::state_options;
use crate::state_shown::{
    Branch, Child, Error, Info, LeafLists, LeafPage, ShardProofObject, StatsJson, committed_json,
    json, level_name, served, tree_names,
};
use hypergraph::{
    AtomId, Change, Location, PhaseSet, Set, ShardKey, ShardKeyError, WrongLength, address_of,
};
use ledger::{Code, Ledger, LedgerError, View};
use napi::Result;
use napi::bindgen_prelude::{BigInt, Uint8Array};
use napi_derive::napi;
use std::time::{SystemTime, UNIX_EPOCH};

fn thrown(cause: impl Into<LedgerError>) -> Error {
    let cause = cause.into();
    Error::new(cause.code(), cause.to_string())
}

fn arguments(cause: &impl std::fmt::Display) -> Error {
    Error::new(Code::Arguments, cause.to_string())
}

/// Reads the newest state, uncommitted changes included.
const LIVE: u64 = u64::MAX;
/// Kinds of operations: bits.
const REMOVE: u8 = 1;
const HYPEREDGE: u8 = 2;

fn number(value: &BigInt) -> Result<u64, Code> {
    match value.get_u64() {
        (false, number, true) => Ok(number),
        _ => Err(Error::new(
            Code::Arguments,
            "not an unsigned 64-bit integer",
        )),
    }
}

fn shard_key(bytes: &[u8]) -> Result<ShardKey, Code> {
    ShardKey::from_bytes(bytes).map_err(|cause: ShardKeyError| arguments(&cause))
}

fn phase_set(index: u32) -> Result<PhaseSet, Code> {
    PhaseSet::from_index(index).ok_or_else(|| Error::new(Code::Arguments, "phase sets are 0 to 3"))
}

fn location(hyperedge: bool, id: &[u8]) -> Result<Location, Code> {
    let id = AtomId::from_bytes(id).map_err(|cause: WrongLength| arguments(&cause))?;
    let set = if hyperedge {
        Set::Hyperedge
    } else {
        Set::Vertex
    };
    Ok(Location { set, id })
}

/// The state store.
#[napi]
pub struct StateStore(Option<Ledger>);

#[napi]
impl StateStore {
    /// Opens or creates the store in a directory. `identity`: 16 random bytes that name a new one; `options`: JSON
    /// `AddonStateOptions`.
    #[napi(constructor)]
    pub fn new(
        directory: String,
        identity: &[u8],
        options: Option<String>,
    ) -> Result<StateStore, Code> {
        let options = state_options::read(identity, options.as_deref().unwrap_or("{}"))?;
        let ledger = Ledger::open(directory, options).map_err(thrown)?;
        Ok(Self(Some(ledger)))
    }

    /// JSON `AddonStateInfo`.
    #[napi(catch_unwind)]
    pub fn describe(&self) -> Result<String, Code> {
        let ledger = self.open()?;
        let head = ledger.head().map_err(thrown)?.map(|head| head.to_string());
        let disk = level_name(ledger.store().disk_level().map_err(thrown)?);
        json(&Info {
            generation: head.clone(),
            head,
            identity: hex::encode(ledger.store().identity()),
            disk,
        })
    }

    /// Applies operations in order, all or none.
    #[napi(catch_unwind)]
    pub fn apply(
        &mut self,
        kinds: &[u8],
        ids: Vec<Uint8Array>,
        values: Vec<Uint8Array>,
    ) -> Result<(), Code> {
        if kinds.len() != ids.len() || ids.len() != values.len() {
            return Err(Error::new(Code::Arguments, "lists of different lengths"));
        }
        let operations = kinds.iter().zip(&ids).zip(&values);
        let changes = operations
            .map(|((kind, id), value)| {
                let at = location(kind & HYPEREDGE != 0, id)?;
                Ok(if kind & REMOVE == 0 {
                    Change::add(at, value.to_vec())
                } else {
                    Change::remove(at)
                })
            })
            .collect::<Result<Vec<_>, Code>>()?;
        self.open_mut()?.apply(&changes).map_err(thrown)
    }

    /// JSON `AddonCommitted`.
    #[napi(catch_unwind)]
    pub fn commit(&mut self, generation: BigInt) -> Result<String, Code> {
        let committed = self
            .open_mut()?
            .commit(number(&generation)?)
            .map_err(thrown)?;
        committed_json(&committed)
    }

    /// JSON `AddonCommitted` of the last commit, made again from the stored roots.
    #[napi(catch_unwind)]
    pub fn committed(&self) -> Result<String, Code> {
        committed_json(&self.open()?.committed().map_err(thrown)?)
    }

    /// One durable batch: the last commit, and a frame unless its header is null.
    #[napi(catch_unwind)]
    pub fn persist(&mut self, frame: BigInt, header: Option<&[u8]>) -> Result<(), Code> {
        let frame = number(&frame)?;
        self.open_mut()?.persist(frame, header).map_err(thrown)
    }

    /// Back to what is on disk.
    #[napi(catch_unwind)]
    pub fn discard(&mut self) -> Result<(), Code> {
        self.open_mut()?.discard().map_err(thrown)
    }

    /// Header of a frame, or null.
    #[napi(catch_unwind)]
    pub fn frame(&self, frame: BigInt) -> Result<Option<Uint8Array>, Code> {
        let header = self.open()?.frame(number(&frame)?).map_err(thrown)?;
        Ok(header.map(Uint8Array::new))
    }

    /// Value of an atom, or null.
    #[napi(catch_unwind)]
    pub fn get(&self, set: u32, id: &[u8], generation: BigInt) -> Result<Option<Uint8Array>, Code> {
        let at = location(set != 0, id)?;
        let value = match number(&generation)? {
            LIVE => self.open()?.get(&at),
            kept => self.view(kept)?.get(&at),
        };
        Ok(value.map_err(thrown)?.map(Uint8Array::new))
    }

    /// Whether a tree of a generation holds the key.
    #[napi(catch_unwind)]
    pub fn holds(
        &self,
        shard: &[u8],
        phase: u32,
        key: &[u8],
        generation: BigInt,
    ) -> Result<bool, Code> {
        self.view(number(&generation)?)?
            .holds(&shard_key(shard)?, phase_set(phase)?, key)
            .map_err(thrown)
    }

    /// Whether the atom was ever removed.
    #[napi(js_name = "isRemoved", catch_unwind)]
    pub fn is_removed(&self, set: u32, id: &[u8]) -> Result<bool, Code> {
        let at = location(set != 0, id)?;
        self.open()?.is_removed(&at).map_err(thrown)
    }

    /// Four roots in phase order.
    #[napi(catch_unwind)]
    pub fn roots(&self, shard: &[u8], generation: BigInt) -> Result<Vec<Uint8Array>, Code> {
        let view = self.view(number(&generation)?)?;
        let roots = view.roots(&shard_key(shard)?).map_err(thrown)?;
        Ok(roots.to_bytes().map(Uint8Array::new).into())
    }

    /// Newest generation at which the tree had this root, or null.
    #[napi(js_name = "generationOf", catch_unwind)]
    pub fn generation_of(
        &self,
        shard: &[u8],
        phase: u32,
        root: &[u8],
    ) -> Result<Option<BigInt>, Code> {
        let found = self
            .open()?
            .generation_of(&shard_key(shard)?, phase_set(phase)?, root)
            .map_err(thrown)?;
        Ok(found.map(BigInt::from))
    }

    /// JSON `AddonBranch`.
    #[napi(catch_unwind)]
    pub fn branch(
        &self,
        shard: &[u8],
        phase: u32,
        path: &[u8],
        generation: BigInt,
    ) -> Result<String, Code> {
        let view = self.view(number(&generation)?)?;
        let info = view
            .branch(&shard_key(shard)?, phase_set(phase)?, path)
            .map_err(thrown)?;
        let children = info.children.iter().map(|(index, commitment)| Child {
            index: *index,
            commitment: hex::encode(commitment),
        });
        json(&Branch {
            children: children.collect(),
            full_path: info.full_path,
            commitment: hex::encode(&info.commitment),
            is_leaf: info.is_leaf,
            leaf_count: info.leaf_count.to_string(),
            size: info.size.to_string(),
        })
    }

    /// A page of leaves below a path.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments)]
    pub fn leaves(
        &self,
        shard: &[u8],
        phase: u32,
        path: &[u8],
        generation: BigInt,
        from: u32,
        max: u32,
        max_bytes: u32,
    ) -> Result<LeafPage, Code> {
        let view = self.view(number(&generation)?)?;
        let (shard, set) = (shard_key(shard)?, phase_set(phase)?);
        let page = view
            .leaves(
                &shard,
                set,
                path,
                from.into(),
                max as usize,
                max_bytes as usize,
            )
            .map_err(thrown)?;
        let mut lists = LeafPage {
            keys: Vec::with_capacity(page.leaves.len()),
            values: Vec::with_capacity(page.leaves.len()),
            hash_targets: Vec::with_capacity(page.leaves.len()),
            sizes: Vec::with_capacity(page.leaves.len()),
            underlying: Vec::with_capacity(page.leaves.len()),
            next: page
                .next
                .map_or(-1, |next| i64::try_from(next).unwrap_or(-1)),
            total: i64::try_from(page.total).unwrap_or(i64::MAX),
        };
        for served in page.leaves {
            lists.keys.push(Uint8Array::new(served.leaf.key));
            lists.values.push(Uint8Array::new(served.leaf.value));
            lists
                .hash_targets
                .push(Uint8Array::new(served.leaf.hash_target));
            lists.sizes.push(served.leaf.size.to_string());
            lists
                .underlying
                .push(Uint8Array::new(served.underlying_data));
        }
        Ok(lists)
    }

    /// Traversal proof of keys of one tree, plain form.
    #[napi(catch_unwind)]
    pub fn prove(
        &self,
        shard: &[u8],
        phase: u32,
        keys: Vec<Uint8Array>,
        generation: BigInt,
    ) -> Result<Uint8Array, Code> {
        self.view(number(&generation)?)?
            .prove(&shard_key(shard)?, phase_set(phase)?, &slices(&keys))
            .map(Uint8Array::new)
            .map_err(thrown)
    }

    /// Proof of the four roots of a shard in one global tree, or null.
    #[napi(js_name = "proveShard", catch_unwind)]
    pub fn prove_shard(
        &mut self,
        shard: &[u8],
        generation: BigInt,
    ) -> Result<Option<ShardProofObject>, Code> {
        let app = shard_key(shard)?.app();
        let app = address_of(&app).map_err(|cause| arguments(&cause))?;
        let generation = number(&generation)?;
        let proved = self
            .open_mut()?
            .prove_shard(&app, generation)
            .map_err(thrown)?;
        Ok(proved.map(|proved| ShardProofObject {
            tree: proved.tree.into(),
            proof: Uint8Array::new(proved.proof),
        }))
    }

    /// Removes some of what no kept generation needs.
    #[napi(catch_unwind)]
    pub fn prune(&self) -> Result<(), Code> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_secs());
        self.open()?.prune(now).map(|_| ()).map_err(thrown)
    }

    /// JSON list of `{shardKey, phase}`: the trees of the newest generation.
    #[napi(catch_unwind)]
    pub fn trees(&self) -> Result<String, Code> {
        let trees = self.open()?.trees().map_err(thrown)?;
        json(&tree_names(&trees))
    }

    /// Whether the leaves of a tree of the newest generation make its root.
    #[napi(js_name = "verifyCommitments", catch_unwind)]
    pub fn verify_commitments(&self, shard: &[u8], phase: u32) -> Result<bool, Code> {
        self.open()?
            .verify_commitments(&shard_key(shard)?, phase_set(phase)?)
            .map_err(thrown)
    }

    /// JSON `AddonStats`.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Result<String, Code> {
        let ledger = self.open()?;
        let stats = ledger.stats().map_err(thrown)?;
        let space = ledger.store().space().map_err(thrown)?;
        json(&StatsJson {
            head: stats.head.map(|head| head.to_string()),
            oldest_generation: stats.oldest_generation.to_string(),
            file_bytes: stats.file_bytes,
            reusable_bytes: stats.reusable_bytes,
            stored_bytes: stats.stored_bytes,
            records: stats
                .records
                .iter()
                .map(|(table, count)| (table.name(), *count))
                .collect(),
            shards: ledger.shard_count().map_err(thrown)?,
            disk: level_name(stats.disk_level),
            disk_bytes: space.total,
            disk_free_bytes: space.available,
        })
    }

    /// Keys and values beside the state.
    #[napi(catch_unwind)]
    pub fn kv(&self) -> Result<KvTable, Code> {
        Ok(KvTable::of(self.open()?.store()))
    }

    /// Replaces a tree by leaves in the order of their keys; the root that they make. Nothing changes unless it is expected.
    #[napi(catch_unwind)]
    pub fn replace(
        &mut self,
        shard: &[u8],
        phase: u32,
        leaves: LeafLists,
        expected: &[u8],
    ) -> Result<Uint8Array, Code> {
        let (shard, set, leaves) = (shard_key(shard)?, phase_set(phase)?, served(&leaves)?);
        let root = self
            .open_mut()?
            .replace(&shard, set, leaves, expected)
            .map_err(thrown)?;
        Ok(Uint8Array::new(root.as_bytes().to_vec()))
    }

    /// Deletes and puts leaves of a tree; the root that this makes. Nothing changes unless it is expected.
    #[napi(catch_unwind)]
    pub fn patch(
        &mut self,
        shard: &[u8],
        phase: u32,
        deletes: Vec<Uint8Array>,
        puts: LeafLists,
        expected: &[u8],
    ) -> Result<Uint8Array, Code> {
        let (shard, set, puts) = (shard_key(shard)?, phase_set(phase)?, served(&puts)?);
        let root = self
            .open_mut()?
            .patch(&shard, set, &slices(&deletes), puts, expected)
            .map_err(thrown)?;
        Ok(Uint8Array::new(root.as_bytes().to_vec()))
    }

    /// Copies the newest frame and its state into a directory; the path of the copy.
    #[napi(catch_unwind)]
    pub fn backup(&self, directory: String) -> Result<String, Code> {
        let copy = self.open()?.backup(directory).map_err(thrown)?;
        Ok(copy.to_string_lossy().into_owned())
    }

    /// Closes the files; later calls throw `closed`.
    #[napi(catch_unwind)]
    pub fn close(&mut self) -> Result<(), Code> {
        match self.0.take() {
            Some(ledger) => ledger.close().map_err(thrown),
            None => Ok(()),
        }
    }
}

impl StateStore {
    fn open(&self) -> Result<&Ledger, Code> {
        self.0
            .as_ref()
            .ok_or_else(|| Error::new(Code::Closed, "the store was closed"))
    }

    fn open_mut(&mut self) -> Result<&mut Ledger, Code> {
        self.0
            .as_mut()
            .ok_or_else(|| Error::new(Code::Closed, "the store was closed"))
    }

    fn view(&self, generation: u64) -> Result<View, Code> {
        self.open()?.view(generation).map_err(thrown)
    }
}
