//! Nodes, values and trees.

use std::ops::Bound;

use crate::engine::Durability;
use crate::error::{Result, StoreError};
use crate::fault::Fault;
use crate::keys::{MAX_PATH, TreeId, node_key};
use crate::meta;
use crate::reader::{Reader, Span};
use crate::store::Store;
use crate::table::Table;
use crate::writer::Operation;

/// Longest node record or value, in bytes: 16 MiB and its fields.
pub const MAX_NODE: usize = (16 << 20) + 4096;

/// A node that a frame writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePut {
    /// The tree.
    pub tree: TreeId,
    /// Position of the node, one 6-bit element per byte.
    pub path: Vec<u8>,
    /// The record, opaque to the store.
    pub record: Vec<u8>,
}

/// A value that a frame writes outside its leaf's record, so that walks touch slim pages only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuePut {
    /// The tree.
    pub tree: TreeId,
    /// Key of the leaf.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

fn check(what: &str, key: &[u8], value: &[u8]) -> Result<()> {
    if key.len() > MAX_PATH || value.len() > MAX_NODE {
        return Err(StoreError::Arguments(format!(
            "{what} of {} bytes under a key of {}",
            value.len(),
            key.len()
        )));
    }
    Ok(())
}

impl NodePut {
    pub(crate) fn prepare(&self, generation: u64) -> Result<Operation> {
        check("node", &self.path, &self.record)?;
        if self.path.iter().any(|&element| element > 63) {
            return Err(StoreError::Arguments("path element above 63".to_owned()));
        }
        let key = node_key(generation, self.tree, &self.path);
        Ok(Operation::put(Table::Node, key, &self.record))
    }
}

impl ValuePut {
    pub(crate) fn prepare(&self, generation: u64) -> Result<Operation> {
        check("value", &self.key, &self.value)?;
        let key = node_key(generation, self.tree, &self.key);
        Ok(Operation::put(Table::Blob, key, &self.value))
    }
}

/// A node or value that must be there.
pub(crate) fn promised(reader: &Reader, table: Table, key: &[u8]) -> Result<Vec<u8>, Fault> {
    reader.get(table, key)?.ok_or_else(|| {
        StoreError::damaged(table, key, "a record that another one promises is missing").into()
    })
}

pub(crate) fn check_generation(reader: &Reader, generation: u64) -> Result<(), Fault> {
    let (oldest, newest) = (meta::oldest(reader)?, meta::head(reader)?);
    if generation < oldest || newest.is_none_or(|newest| generation > newest) {
        return Err(StoreError::Unavailable {
            generation,
            oldest,
            newest,
        }
        .into());
    }
    Ok(())
}

/// A tree that a repair dropped answers only from the generation that wrote it again.
pub(crate) fn check_refused(reader: &Reader, tree: TreeId, generation: u64) -> Result<(), Fault> {
    let key = meta::refused_key(tree.0);
    match reader.get(Table::Meta, &key)? {
        None => Ok(()),
        Some(from) if from.is_empty() => Err(StoreError::Refused(tree.0).into()),
        Some(from) if generation < crate::keys::number(Table::Meta, &key, &from)? => {
            Err(StoreError::Refused(tree.0).into())
        }
        Some(_) => Ok(()),
    }
}

fn name_key(name: &[u8]) -> Vec<u8> {
    [b"n", name].concat()
}

pub(crate) fn number_key(tree: TreeId) -> Vec<u8> {
    [b"i".as_slice(), &tree.0.to_be_bytes()].concat()
}

pub(crate) fn tree_number(key: &[u8], value: &[u8]) -> Result<TreeId> {
    value
        .try_into()
        .map(|bytes| TreeId(u32::from_be_bytes(bytes)))
        .map_err(|_| StoreError::damaged(Table::Tree, key, "not a tree number"))
}

pub(crate) fn tree_of(reader: &Reader, name: &[u8]) -> Result<Option<TreeId>, Fault> {
    let key = name_key(name);
    match reader.get(Table::Tree, &key)? {
        Some(value) => Ok(Some(tree_number(&key, &value)?)),
        None => Ok(None),
    }
}

/// Names of trees that start with `prefix`.
pub(crate) fn trees(reader: &Reader, prefix: &[u8]) -> Result<Vec<(Vec<u8>, TreeId)>, Fault> {
    let from = name_key(prefix);
    let span = Span {
        from: Bound::Included(&from),
        to: Bound::Unbounded,
        reverse: false,
        limit: usize::MAX,
        max_bytes: usize::MAX,
    };
    let mut trees = Vec::new();
    for (key, value) in reader.range(Table::Tree, span)?.0 {
        let Some(name) = key
            .strip_prefix(b"n")
            .filter(|name| name.starts_with(prefix))
        else {
            break;
        };
        trees.push((name.to_vec(), tree_number(&key, &value)?));
    }
    Ok(trees)
}

/// The name of one of the four trees of a shard: 35 bytes of shard key, then the phase set of the
/// wire (spec 22 section 2): 0 vertex adds, 1 vertex removes, 2 hyperedge adds, 3 hyperedge
/// removes.
pub fn phase_tree_name(shard_key: &[u8; 35], phase_set: u8) -> Vec<u8> {
    let mut name = shard_key.to_vec();
    name.push(phase_set);
    name
}

impl Store {
    /// Numbers of the trees named (1 to 64 bytes each), given out once and for ever. New names
    /// cost one durable batch together.
    pub fn intern(&self, names: &[Vec<u8>]) -> Result<Vec<TreeId>> {
        let mut known = self
            .trees
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for name in names {
            if name.is_empty() || name.len() > 64 {
                return Err(StoreError::Arguments(format!(
                    "tree name of {} bytes",
                    name.len()
                )));
            }
        }
        if names.iter().any(|name| !known.contains_key(name)) {
            self.admit_growth()?;
            let numbers = self.engine.write(Durability::Durable, |writer| {
                let stored = writer.get(Table::Meta, meta::NEXT_TREE)?;
                let mut next = match stored {
                    Some(value) => tree_number(meta::NEXT_TREE, &value)?.0,
                    None => 0,
                };
                let mut numbers = Vec::with_capacity(names.len());
                for name in names {
                    let key = name_key(name);
                    if let Some(value) = writer.get(Table::Tree, &key)? {
                        numbers.push(tree_number(&key, &value)?);
                        continue;
                    }
                    if next == u32::MAX {
                        return Err(StoreError::Arguments("too many trees".to_owned()).into());
                    }
                    writer.put(Table::Tree, &key, &next.to_be_bytes())?;
                    writer.put(Table::Tree, &number_key(TreeId(next)), name)?;
                    numbers.push(TreeId(next));
                    next += 1;
                }
                writer.put(Table::Meta, meta::NEXT_TREE, &next.to_be_bytes())?;
                Ok(numbers)
            })?;
            known.extend(names.iter().cloned().zip(numbers));
        }
        names
            .iter()
            .map(|name| {
                known
                    .get(name)
                    .copied()
                    .ok_or_else(|| StoreError::structure("interned tree not found"))
            })
            .collect()
    }
}
