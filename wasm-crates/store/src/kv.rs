//! The general table: the TypeScript `Store` contract (core/platform/store.ts).

use std::ops::Bound;

use crate::engine::Durability;
use crate::error::{Result, StoreError};
use crate::fault::Fault;
use crate::reader::{Reader, Span};
use crate::store::Store;
use crate::table::Table;
use crate::writer::{Operation, settle};

/// Longest key, in bytes; the shortest has one.
pub const MAX_KEY: usize = 512;
/// Longest value, in bytes.
pub const MAX_VALUE: usize = 16 << 20;

/// One operation of a batch on the general table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KvOperation {
    /// Writes a value.
    Put {
        /// 1 to 512 bytes.
        key: Vec<u8>,
        /// Up to 16 MiB.
        value: Vec<u8>,
    },
    /// Deletes a key, also one that is not there.
    Delete {
        /// 1 to 512 bytes.
        key: Vec<u8>,
    },
}

/// Which keys of the general table are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeRequest {
    /// Inclusive lower end; absent = from the first key.
    pub from: Option<Vec<u8>>,
    /// Exclusive upper end; absent = to the last key.
    pub to: Option<Vec<u8>>,
    /// Largest keys first.
    pub reverse: bool,
    /// Records of the page, at most.
    pub limit: usize,
    /// Bytes of the page, about; one record is always given.
    pub max_bytes: usize,
}

impl Default for RangeRequest {
    fn default() -> Self {
        Self {
            from: None,
            to: None,
            reverse: false,
            limit: 1000,
            max_bytes: 4 << 20,
        }
    }
}

/// A part of a range. To go on, ask again from behind the last key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Keys and values.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether the range has more behind the limits.
    pub more: bool,
}

pub(crate) fn check_key(key: &[u8]) -> Result<()> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(StoreError::Arguments(format!(
            "key of {} bytes, 1 to {MAX_KEY} allowed",
            key.len()
        )));
    }
    Ok(())
}

pub(crate) fn range(reader: &Reader, request: &RangeRequest) -> Result<Page, Fault> {
    let span = Span {
        from: request
            .from
            .as_deref()
            .map_or(Bound::Unbounded, Bound::Included),
        to: request
            .to
            .as_deref()
            .map_or(Bound::Unbounded, Bound::Excluded),
        reverse: request.reverse,
        limit: request.limit,
        max_bytes: request.max_bytes,
    };
    let (entries, more) = reader.range(Table::Kv, span)?;
    Ok(Page { entries, more })
}

/// Checks and seals operations.
pub(crate) fn prepare(operations: &[KvOperation]) -> Result<Vec<Operation>> {
    operations
        .iter()
        .map(|operation| match operation {
            KvOperation::Put { key, value } => {
                check_key(key)?;
                if value.len() > MAX_VALUE {
                    return Err(StoreError::Arguments(format!(
                        "value of {} bytes, at most {MAX_VALUE} allowed",
                        value.len()
                    )));
                }
                Ok(Operation::put(Table::Kv, key.as_slice(), value))
            }
            KvOperation::Delete { key } => {
                check_key(key)?;
                Ok(Operation::delete(Table::Kv, key.as_slice()))
            }
        })
        .collect()
}

impl Store {
    /// All operations or none, in order (a later operation on the same key wins).
    ///
    /// # Errors
    /// `Arguments` for keys or values out of bounds, `Full` for puts at the read-only disk level.
    pub fn batch(&self, operations: &[KvOperation], durability: Durability) -> Result<()> {
        let mut prepared = prepare(operations)?;
        if prepared.iter().any(|operation| operation.sealed.is_some()) {
            self.admit_growth()?;
        }
        settle(&mut prepared);
        self.sweep_snapshots();
        self.engine
            .write(durability, |writer| writer.apply(&prepared))
    }
}
