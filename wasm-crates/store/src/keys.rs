//! Keys and the small values of the layout. Readers are strict: anything but what the writers
//! below make is damage.

use crate::error::{Result, StoreError};
use crate::table::Table;

/// A tree of a shard, as a small number (see [`Store::intern`](crate::Store::intern)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeId(pub u32);

/// Elements of a path, at most; keys of 64 bytes have 86.
pub const MAX_PATH: usize = 512;
/// Bytes of a cursor's or pin's name, at most.
pub const MAX_NAME: usize = 64;

/// Name of a node: the frame that wrote it, its tree, its path (one 6-bit element per byte).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey {
    /// Number of the frame in which the node was written.
    pub generation: u64,
    /// The tree.
    pub tree: TreeId,
    /// Full path of the node.
    pub path: Vec<u8>,
}

impl NodeKey {
    pub(crate) fn encode(&self) -> Vec<u8> {
        node_key(self.generation, self.tree, &self.path)
    }

    pub(crate) fn decode(key: &[u8]) -> Option<Self> {
        let (generation, rest) = key.split_first_chunk::<8>()?;
        let (tree, path) = rest.split_first_chunk::<4>()?;
        (path.len() <= MAX_PATH).then(|| Self {
            generation: u64::from_be_bytes(*generation),
            tree: TreeId(u32::from_be_bytes(*tree)),
            path: path.to_vec(),
        })
    }
}

/// Name of a value that is not inside its leaf's record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueKey {
    /// Number of the frame in which the value was written.
    pub generation: u64,
    /// The tree.
    pub tree: TreeId,
    /// Key of the leaf, at most 512 bytes.
    pub key: Vec<u8>,
}

impl ValueKey {
    pub(crate) fn encode(&self) -> Vec<u8> {
        node_key(self.generation, self.tree, &self.key)
    }
}

pub(crate) fn node_key(generation: u64, tree: TreeId, path: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(12 + path.len());
    key.extend_from_slice(&generation.to_be_bytes());
    key.extend_from_slice(&tree.0.to_be_bytes());
    key.extend_from_slice(path);
    key
}

pub(crate) fn root_key(tree: TreeId, generation: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&tree.0.to_be_bytes());
    key[4..].copy_from_slice(&generation.to_be_bytes());
    key
}

pub(crate) fn stale_key(generation: u64, tree: TreeId, chunk: u32) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&generation.to_be_bytes());
    key[8..12].copy_from_slice(&tree.0.to_be_bytes());
    key[12..].copy_from_slice(&chunk.to_be_bytes());
    key
}

pub(crate) fn cursor_key(name: &[u8], generation: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(9 + name.len());
    key.push(name.len().min(MAX_NAME) as u8);
    key.extend_from_slice(name);
    key.extend_from_slice(&generation.to_be_bytes());
    key
}

pub(crate) fn pin_key(generation: u64, reason: &[u8]) -> Vec<u8> {
    let mut key = generation.to_be_bytes().to_vec();
    key.extend_from_slice(reason);
    key
}

/// The generation at the end (roots, cursors) of a key.
pub(crate) fn trailing_generation(table: Table, key: &[u8]) -> Result<u64> {
    key.last_chunk::<8>()
        .map(|bytes| u64::from_be_bytes(*bytes))
        .ok_or_else(|| StoreError::damaged(table, key, "key too short"))
}

/// The generation at the start (nodes, stale lists, pins, frames) of a key.
pub(crate) fn leading_generation(table: Table, key: &[u8]) -> Result<u64> {
    key.first_chunk::<8>()
        .map(|bytes| u64::from_be_bytes(*bytes))
        .ok_or_else(|| StoreError::damaged(table, key, "key too short"))
}

pub(crate) fn number(table: Table, key: &[u8], value: &[u8]) -> Result<u64> {
    value
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| StoreError::damaged(table, key, "not a number of 8 bytes"))
}

/// What a tree was at the frame that last changed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootRecord {
    /// Generation of the root node, whose path is empty; absent for an empty tree.
    pub node_generation: Option<u64>,
    /// The record of whoever keeps the tree (commitment, counts, size), opaque to the store.
    pub record: Vec<u8>,
}

/// Longest root record, in bytes.
pub const MAX_ROOT: usize = 4096;

impl RootRecord {
    pub(crate) fn check(&self) -> Result<()> {
        if self.record.len() > MAX_ROOT {
            return Err(StoreError::Arguments(format!(
                "root record of {} bytes",
                self.record.len()
            )));
        }
        Ok(())
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![u8::from(self.node_generation.is_some())];
        if let Some(generation) = self.node_generation {
            out.extend_from_slice(&generation.to_be_bytes());
        }
        out.extend_from_slice(&self.record);
        out
    }

    pub(crate) fn decode(key: &[u8], value: &[u8]) -> Result<Self> {
        Self::parse(value).ok_or_else(|| StoreError::damaged(Table::Root, key, "not a root record"))
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let (node_generation, record) = match value.split_first()? {
            (0, rest) => (None, rest),
            (1, rest) => {
                let (generation, rest) = rest.split_first_chunk::<8>()?;
                (Some(u64::from_be_bytes(*generation)), rest)
            }
            _ => return None,
        };
        Some(Self {
            node_generation,
            record: record.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn root_records_come_back(node_generation in prop::option::of(any::<u64>()), record in prop::collection::vec(any::<u8>(), 0..200)) {
            let record = RootRecord { node_generation, record };
            prop_assert_eq!(RootRecord::decode(b"", &record.encode()).unwrap(), record);
        }

        #[test]
        fn no_bytes_make_a_reader_fail_otherwise_than_typed(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = RootRecord::decode(b"", &bytes);
            let _ = NodeKey::decode(&bytes);
            let _ = trailing_generation(Table::Root, &bytes);
            let _ = leading_generation(Table::Node, &bytes);
        }

        #[test]
        fn node_keys_come_back_and_sort_by_generation(a in any::<u64>(), b in any::<u64>(), tree in any::<u32>(), path in prop::collection::vec(0u8..64, 0..90)) {
            let key = |generation| NodeKey { generation, tree: TreeId(tree), path: path.clone() };
            prop_assert_eq!(NodeKey::decode(&key(a).encode()), Some(key(a)));
            prop_assert_eq!(key(a).encode().cmp(&key(b).encode()), a.cmp(&b));
        }
    }
}
