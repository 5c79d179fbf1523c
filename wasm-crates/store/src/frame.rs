//! One durable batch per frame, and the bulk writes of a sync before it.

use std::collections::{BTreeMap, HashSet};

use crate::engine::Durability;
use crate::error::{Result, StoreError};
use crate::fault::Fault;
use crate::keys::{
    MAX_NAME, MAX_PATH, NodeKey, RootRecord, TreeId, ValueKey, cursor_key, node_key, root_key,
    stale_key, trailing_generation,
};
use crate::kv::{self, KvOperation};
use crate::meta;
use crate::node::{NodePut, ValuePut};
use crate::stale::{self, Replaced};
use crate::store::Store;
use crate::table::Table;
use crate::writer::{Operation, Writer, settle};

/// Longest header, certificate or cursor, in bytes.
pub const MAX_FRAME_FIELD: usize = 16 << 20;

/// Everything one frame changes; all of it is on disk when [`Store::commit_frame`] returns, or
/// none. Replaced roots and cursors are found by the store; replaced nodes and values are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameBatch {
    /// Number of the frame; newer than the head. It is the generation of all that is written.
    pub number: u64,
    /// Header bytes; absent when only state advances (genesis of a shard, a sync).
    pub header: Option<Vec<u8>>,
    /// Certificate bytes; may also come later by [`Store::put_certificate`].
    pub certificate: Option<Vec<u8>>,
    /// New node records.
    pub nodes: Vec<NodePut>,
    /// New values that are not inside their leaf's record.
    pub values: Vec<ValuePut>,
    /// Nodes that this frame replaced or removed, under the generations that wrote them.
    pub stale_nodes: Vec<NodeKey>,
    /// The same for values.
    pub stale_values: Vec<ValueKey>,
    /// New roots of the trees that changed.
    pub roots: Vec<(TreeId, RootRecord)>,
    /// Named positions of whoever keeps one; a rollback brings the old ones back.
    pub cursors: Vec<(Vec<u8>, Vec<u8>)>,
    /// Operations on the general table; a rollback does not undo them.
    pub kv: Vec<KvOperation>,
}

/// A part of a bulk write: nodes of a generation that is not published yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkBatch {
    /// Generation of the nodes; newer than the head, the same for all parts.
    pub generation: u64,
    /// Node records.
    pub nodes: Vec<NodePut>,
    /// Values that are not inside their leaf's record.
    pub values: Vec<ValuePut>,
    /// Where the sync stands after this part; comes back from [`Store::bulk_cursor`] after a crash.
    pub cursor: Vec<u8>,
}

impl Store {
    /// Writes a frame: one atomic, durable batch.
    ///
    /// # Errors
    /// `Order` unless the frame is newer than the head, `Arguments` for anything out of bounds or
    /// named twice, `Full` at the read-only disk level or when the disk is full.
    pub fn commit_frame(&self, batch: &FrameBatch) -> Result<()> {
        let mut operations = prepare(batch)?;
        self.admit_growth()?;
        self.sweep_snapshots();
        settle(&mut operations);
        self.engine.write(Durability::Durable, |writer| {
            follows(writer, batch.number)?;
            let replaced = replaced_by(writer, batch)?;
            for (tree, mut list) in replaced {
                list.sort();
                for (chunk, value) in stale::encode(&list).iter().enumerate() {
                    let key = stale_key(batch.number, tree, chunk as u32);
                    writer.put(Table::Stale, &key, value)?;
                }
            }
            for (tree, _) in &batch.roots {
                let key = meta::refused_key(tree.0);
                if writer
                    .get(Table::Meta, &key)?
                    .is_some_and(|from| from.is_empty())
                {
                    writer.put(Table::Meta, &key, &batch.number.to_be_bytes())?;
                }
            }
            writer.delete(Table::Meta, meta::BULK)?;
            writer.put(Table::Meta, meta::HEAD, &batch.number.to_be_bytes())?;
            writer.apply(&operations)
        })
    }

    /// Writes the certificate of a frame that is stored, or replaces it.
    pub fn put_certificate(&self, number: u64, certificate: &[u8]) -> Result<()> {
        bounded("certificate", certificate.len(), MAX_FRAME_FIELD)?;
        self.admit_growth()?;
        self.engine.write(Durability::Durable, |writer| {
            let key = number.to_be_bytes();
            if writer.get(Table::Frame, &key)?.is_none() {
                return Err(StoreError::Arguments(format!("no frame {number}")).into());
            }
            writer.put(Table::Cert, &key, certificate)
        })
    }

    /// Writes nodes ahead of the frame that will publish their root. A rollback to the head, which
    /// [`Store::abandon_bulk`] is, takes them away again. `Relaxed` is for speed: after a crash the
    /// cursor tells where the last part on disk ended.
    pub fn write_bulk(&self, batch: &BulkBatch, durability: Durability) -> Result<()> {
        bounded("cursor", batch.cursor.len(), MAX_FRAME_FIELD)?;
        let mut operations = Vec::with_capacity(batch.nodes.len());
        for node in &batch.nodes {
            operations.push(node.prepare(batch.generation)?);
        }
        for value in &batch.values {
            operations.push(value.prepare(batch.generation)?);
        }
        let mark = [&batch.generation.to_be_bytes(), batch.cursor.as_slice()].concat();
        operations.push(Operation::put(Table::Meta, meta::BULK, &mark));
        self.admit_growth()?;
        self.sweep_snapshots();
        settle(&mut operations);
        self.engine.write(durability, |writer| {
            follows(writer, batch.generation)?;
            if let Some((generation, _)) = bulk(writer.get(Table::Meta, meta::BULK)?)?
                && generation != batch.generation
            {
                return Err(StoreError::Arguments(format!(
                    "a bulk write of generation {generation} is not finished"
                ))
                .into());
            }
            writer.apply(&operations)
        })
    }

    /// Generation and cursor of a bulk write that no frame has published.
    pub fn bulk_cursor(&self) -> Result<Option<(u64, Vec<u8>)>> {
        use crate::snapshot::Read;
        self.with(|reader| Ok(bulk(reader.get(Table::Meta, meta::BULK)?)?))
    }
}

fn bulk(value: Option<Vec<u8>>) -> Result<Option<(u64, Vec<u8>)>> {
    value
        .map(|value| {
            value
                .split_first_chunk::<8>()
                .map(|(generation, cursor)| (u64::from_be_bytes(*generation), cursor.to_vec()))
                .ok_or_else(|| StoreError::damaged(Table::Meta, meta::BULK, "too short"))
        })
        .transpose()
}

fn bounded(what: &str, length: usize, most: usize) -> Result<()> {
    if length > most {
        return Err(StoreError::Arguments(format!(
            "{what} of {length} bytes, at most {most} allowed"
        )));
    }
    Ok(())
}

fn follows(writer: &Writer, number: u64) -> Result<(), Fault> {
    let head = meta::head_in(writer)?;
    if head.is_some_and(|head| number <= head) {
        return Err(StoreError::Order {
            head,
            offered: number,
        }
        .into());
    }
    Ok(())
}

/// Checks a frame and seals its records, before the write transaction opens.
fn prepare(batch: &FrameBatch) -> Result<Vec<Operation>> {
    let mut operations = kv::prepare(&batch.kv)?;
    let key = batch.number.to_be_bytes();
    for (table, bytes) in [
        (Table::Frame, &batch.header),
        (Table::Cert, &batch.certificate),
    ] {
        if let Some(bytes) = bytes {
            bounded(table.name(), bytes.len(), MAX_FRAME_FIELD)?;
            operations.push(Operation::put(table, key, bytes));
        }
    }
    let twice = |what: &str| Err(StoreError::Arguments(format!("{what} named twice")));
    let mut seen = HashSet::new();
    for node in &batch.nodes {
        if !seen.insert((node.tree, node.path.as_slice())) {
            return twice("node");
        }
        operations.push(node.prepare(batch.number)?);
    }
    let mut seen = HashSet::new();
    for value in &batch.values {
        if !seen.insert((value.tree, value.key.as_slice())) {
            return twice("value");
        }
        operations.push(value.prepare(batch.number)?);
    }
    let mut seen = HashSet::new();
    let nodes = batch
        .stale_nodes
        .iter()
        .map(|node| (Table::Node, node.generation, node.tree, &node.path));
    let values = batch
        .stale_values
        .iter()
        .map(|value| (Table::Blob, value.generation, value.tree, &value.key));
    for stale in nodes.chain(values) {
        if stale.1 >= batch.number || stale.3.len() > MAX_PATH {
            return Err(StoreError::Arguments(format!(
                "replaced record of generation {} in frame {}",
                stale.1, batch.number
            )));
        }
        if !seen.insert(stale) {
            return twice("replaced record");
        }
    }
    let mut seen = HashSet::new();
    for (tree, root) in &batch.roots {
        root.check()?;
        if !seen.insert(tree) {
            return twice("root");
        }
        operations.push(Operation::put(
            Table::Root,
            root_key(*tree, batch.number),
            &root.encode(),
        ));
    }
    let mut seen = HashSet::new();
    for (name, value) in &batch.cursors {
        bounded("cursor", value.len(), MAX_FRAME_FIELD)?;
        if name.is_empty() || name.len() > MAX_NAME || !seen.insert(name) {
            return Err(StoreError::Arguments(
                "cursor named twice, without a name, or with a long one".to_owned(),
            ));
        }
        operations.push(Operation::put(
            Table::Registry,
            cursor_key(name, batch.number),
            value,
        ));
    }
    Ok(operations)
}

/// The stale lists of a frame by tree: the nodes it names, the roots and cursors found here.
fn replaced_by(
    writer: &Writer,
    batch: &FrameBatch,
) -> Result<BTreeMap<TreeId, Vec<Replaced>>, Fault> {
    let mut replaced: BTreeMap<TreeId, Vec<Replaced>> = BTreeMap::new();
    for node in &batch.stale_nodes {
        let entry = Replaced::Node {
            generation: node.generation,
            path: node.path.clone(),
        };
        replaced.entry(node.tree).or_default().push(entry);
    }
    for value in &batch.stale_values {
        let entry = Replaced::Value {
            generation: value.generation,
            key: value.key.clone(),
        };
        replaced.entry(value.tree).or_default().push(entry);
    }
    for (tree, _) in &batch.roots {
        let (first, last) = (root_key(*tree, 0), root_key(*tree, batch.number));
        if let Some(key) = writer.last_in(Table::Root, &first, &last)? {
            let generation = trailing_generation(Table::Root, &key)?;
            let entry = Replaced::Root { generation };
            replaced.entry(*tree).or_default().push(entry);
        }
    }
    for (name, _) in &batch.cursors {
        let (first, last) = (cursor_key(name, 0), cursor_key(name, batch.number));
        if let Some(key) = writer.last_in(Table::Registry, &first, &last)? {
            let entry = Replaced::Cursor {
                generation: trailing_generation(Table::Registry, &key)?,
                name: name.clone(),
            };
            replaced.entry(stale::CURSORS).or_default().push(entry);
        }
    }
    Ok(replaced)
}

/// The key of a replaced record, with its table.
pub(crate) fn replaced_key(tree: TreeId, replaced: &Replaced) -> (Table, Vec<u8>) {
    match replaced {
        Replaced::Node { generation, path } => (Table::Node, node_key(*generation, tree, path)),
        Replaced::Value { generation, key } => (Table::Blob, node_key(*generation, tree, key)),
        Replaced::Root { generation } => (Table::Root, root_key(tree, *generation).to_vec()),
        Replaced::Cursor { generation, name } => (Table::Registry, cursor_key(name, *generation)),
    }
}
