//! One write transaction; seals what it puts and checks what it reads.

use std::ops::Bound;

use redb::{ReadableTable, WriteTransaction};

use crate::fault::Fault;
use crate::record::{open, seal};
use crate::table::Table;

pub(crate) type OpenTable<'a> = redb::Table<'a, &'static [u8], &'static [u8]>;

/// A change of one record; `None` deletes. Values are sealed already.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) table: Table,
    pub(crate) key: Vec<u8>,
    pub(crate) sealed: Option<Vec<u8>>,
}

impl Operation {
    pub(crate) fn put(table: Table, key: impl Into<Vec<u8>>, value: &[u8]) -> Self {
        let key = key.into();
        let sealed = Some(seal(table, &key, value));
        Self { table, key, sealed }
    }

    pub(crate) fn delete(table: Table, key: impl Into<Vec<u8>>) -> Self {
        Self {
            table,
            key: key.into(),
            sealed: None,
        }
    }
}

/// Sorts by table and key, and keeps of each key the last operation: neighbours share pages.
pub(crate) fn settle(operations: &mut Vec<Operation>) {
    operations.sort_by(|a, b| (a.table, &a.key).cmp(&(b.table, &b.key)));
    operations.reverse();
    operations.dedup_by(|next, kept| next.table == kept.table && next.key == kept.key);
    operations.reverse();
}

pub(crate) struct Writer {
    transaction: WriteTransaction,
}

impl Writer {
    pub(crate) fn new(transaction: WriteTransaction) -> Self {
        Self { transaction }
    }

    pub(crate) fn with_table<T>(
        &self,
        table: Table,
        call: impl FnOnce(&mut OpenTable<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut open = self.transaction.open_table(table.definition())?;
        call(&mut open)
    }

    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.with_table(table, |t| match t.get(key)? {
            Some(sealed) => Ok(Some(open(table, key, sealed.value())?.to_vec())),
            None => Ok(None),
        })
    }

    /// The last record with a key in `from ..= to`.
    pub(crate) fn last_in(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
    ) -> Result<Option<Vec<u8>>, Fault> {
        self.with_table(table, |t| {
            let mut range = t.range::<&[u8]>((Bound::Included(from), Bound::Included(to)))?;
            match range.next_back().transpose()? {
                Some((key, sealed)) => {
                    open(table, key.value(), sealed.value())?;
                    Ok(Some(key.value().to_vec()))
                }
                None => Ok(None),
            }
        })
    }

    pub(crate) fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        self.with_table(table, |t| {
            t.insert(key, seal(table, key, value).as_slice())?;
            Ok(())
        })
    }

    /// Deletes the record; whether it was there.
    pub(crate) fn delete(&self, table: Table, key: &[u8]) -> Result<bool, Fault> {
        self.with_table(table, |t| Ok(t.remove(key)?.is_some()))
    }

    /// Applies settled operations.
    pub(crate) fn apply(&self, operations: &[Operation]) -> Result<(), Fault> {
        for run in operations.chunk_by(|a, b| a.table == b.table) {
            let Some(first) = run.first() else { continue };
            self.with_table(first.table, |t| {
                for operation in run {
                    match &operation.sealed {
                        Some(sealed) => t.insert(operation.key.as_slice(), sealed.as_slice())?,
                        None => t.remove(operation.key.as_slice())?,
                    };
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Deletes records from `from` on, in order, while `until` admits the key; at most `limit`.
    /// Returns how many were deleted.
    pub(crate) fn delete_from(
        &self,
        table: Table,
        from: &[u8],
        limit: usize,
        mut until: impl FnMut(&[u8]) -> bool,
    ) -> Result<usize, Fault> {
        self.with_table(table, |t| {
            let mut keys = Vec::new();
            for entry in t.range::<&[u8]>((Bound::Included(from), Bound::Unbounded))? {
                let (key, _) = entry?;
                if keys.len() == limit || !until(key.value()) {
                    break;
                }
                keys.push(key.value().to_vec());
            }
            for key in &keys {
                t.remove(key.as_slice())?;
            }
            Ok(keys.len())
        })
    }

    pub(crate) fn commit(self) -> Result<(), Fault> {
        Ok(self.transaction.commit()?)
    }

    pub(crate) fn abort(self) -> Result<(), Fault> {
        Ok(self.transaction.abort()?)
    }

    pub(crate) fn allocated(&self) -> Result<(u64, u64), Fault> {
        let stats = self.transaction.stats()?;
        Ok((
            stats.allocated_pages() * stats.page_size() as u64,
            stats.stored_bytes(),
        ))
    }
}
