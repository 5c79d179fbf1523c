//! Copies into a new file, in key order: migrations and backups.

use std::ops::Bound;

use crate::engine::{Durability, Engine};
use crate::error::{Result, StoreError};
use crate::meta;
use crate::options::{Migration, Schema};
use crate::reader::{Reader, Span};
use crate::table::Table;
use crate::writer::{Operation, settle};

/// Records and bytes read through one transaction and written in one batch.
const CHUNK_RECORDS: usize = 16_384;
const CHUNK_BYTES: usize = 16 << 20;

/// One chunk of a table behind `after`, and whether there is more.
pub(crate) fn span_after(after: Option<&[u8]>) -> Span<'_> {
    Span {
        from: after.map_or(Bound::Unbounded, Bound::Excluded),
        to: Bound::Unbounded,
        reverse: false,
        limit: CHUNK_RECORDS,
        max_bytes: CHUNK_BYTES,
    }
}

/// Copies one table; `change` may alter or drop a record. Every chunk is read through the reader
/// that `fresh` gives, so that no read transaction grows old.
pub(crate) fn table(
    source: &Engine,
    target: &Engine,
    table: Table,
    mut fresh: impl FnMut() -> Result<std::sync::Arc<Reader>>,
    mut change: impl FnMut(&[u8], Vec<u8>) -> Result<Option<(Vec<u8>, Vec<u8>)>>,
) -> Result<u64> {
    let mut after: Option<Vec<u8>> = None;
    let mut copied = 0;
    loop {
        let reader = fresh()?;
        let (entries, more) =
            source.guard(false, || reader.range(table, span_after(after.as_deref())))?;
        drop(reader);
        after = entries.last().map(|(key, _)| key.clone()).or(after);
        let mut operations = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if let Some((key, value)) = change(&key, value)? {
                operations.push(Operation::put(table, key, &value));
            }
        }
        copied += operations.len() as u64;
        settle(&mut operations);
        if !operations.is_empty() {
            // The file is made durable as a whole before it gets its name.
            target.write(Durability::Relaxed, |writer| writer.apply(&operations))?;
        }
        if !more {
            return Ok(copied);
        }
    }
}

/// The steps that lead from version `found` to that of `schema`.
pub(crate) fn steps(found: u32, schema: &Schema) -> Result<Vec<Migration>> {
    let mut steps = Vec::new();
    let mut at = found;
    while at != schema.version {
        let step = schema
            .migrations
            .iter()
            .find(|step| step.from == at && step.to > at && step.to <= schema.version)
            .ok_or(StoreError::Schema {
                found,
                known: schema.version,
            })?;
        steps.push(*step);
        at = step.to;
    }
    Ok(steps)
}

/// Copies everything through `steps`.
pub(crate) fn migrate(
    source: &Engine,
    target: &Engine,
    steps: &[Migration],
    version: u32,
) -> Result<()> {
    target.create_tables()?;
    for each in Table::ALL {
        let fresh = || Ok(std::sync::Arc::new(source.reader()?));
        table(source, target, each, fresh, |key, value| {
            let mut record = (key.to_vec(), value);
            if each == Table::Meta {
                return Ok(Some(record));
            }
            for step in steps {
                match (step.record)(each, &record.0, &record.1)? {
                    Some(changed) => record = changed,
                    None => return Ok(None),
                }
            }
            Ok(Some(record))
        })?;
    }
    target.write(Durability::Durable, |writer| {
        writer.put(Table::Meta, meta::SCHEMA, &version.to_be_bytes())
    })
}
