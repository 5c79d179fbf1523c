//! The records of table `meta`.

use crate::engine::Engine;
use crate::error::{Result, StoreError};
use crate::fault::Fault;
use crate::keys;
use crate::reader::Reader;
use crate::table::Table;
use crate::writer::Writer;

pub(crate) const SCHEMA: &[u8] = b"schema";
pub(crate) const IDENTITY: &[u8] = b"identity";
/// Newest frame in the store; absent before the first.
pub(crate) const HEAD: &[u8] = b"head";
/// Oldest generation that can be read.
pub(crate) const OLDEST: &[u8] = b"oldest";
/// Number of the next tree.
pub(crate) const NEXT_TREE: &[u8] = b"next-tree";
/// Cursor of a bulk write that is not published yet.
pub(crate) const BULK: &[u8] = b"bulk";
const REFUSED: &[u8] = b"refused/";
const WANTED: &[u8] = b"wanted/";

/// Key under which a dropped tree is marked.
pub(crate) fn refused_key(tree: u32) -> Vec<u8> {
    [REFUSED, &tree.to_be_bytes()].concat()
}

/// Key of the root that a dropped tree had, when that is known.
pub(crate) fn wanted_key(tree: u32) -> Vec<u8> {
    [WANTED, &tree.to_be_bytes()].concat()
}

/// What every opening needs to know.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) schema: u32,
    pub(crate) identity: [u8; 16],
}

impl Meta {
    pub(crate) fn new(schema: u32, identity: [u8; 16]) -> Self {
        Self { schema, identity }
    }

    pub(crate) fn write(&self, writer: &Writer) -> Result<(), Fault> {
        writer.put(Table::Meta, SCHEMA, &self.schema.to_be_bytes())?;
        writer.put(Table::Meta, IDENTITY, &self.identity)
    }
}

pub(crate) fn read(engine: &Engine) -> Result<Meta> {
    let reader = engine.reader()?;
    engine.guard(false, || {
        let field = |key| -> Result<Vec<u8>, Fault> {
            reader
                .get(Table::Meta, key)?
                .ok_or_else(|| StoreError::damaged(Table::Meta, key, "missing").into())
        };
        let wrong = |key| StoreError::damaged(Table::Meta, key, "wrong length");
        Ok(Meta {
            schema: u32::from_be_bytes(field(SCHEMA)?.try_into().map_err(|_| wrong(SCHEMA))?),
            identity: field(IDENTITY)?.try_into().map_err(|_| wrong(IDENTITY))?,
        })
    })
}

pub(crate) fn head(reader: &Reader) -> Result<Option<u64>, Fault> {
    optional(HEAD, reader.get(Table::Meta, HEAD)?)
}

pub(crate) fn oldest(reader: &Reader) -> Result<u64, Fault> {
    Ok(optional(OLDEST, reader.get(Table::Meta, OLDEST)?)?.unwrap_or(0))
}

pub(crate) fn head_in(writer: &Writer) -> Result<Option<u64>, Fault> {
    optional(HEAD, writer.get(Table::Meta, HEAD)?)
}

pub(crate) fn oldest_in(writer: &Writer) -> Result<u64, Fault> {
    Ok(optional(OLDEST, writer.get(Table::Meta, OLDEST)?)?.unwrap_or(0))
}

fn optional(key: &[u8], value: Option<Vec<u8>>) -> Result<Option<u64>, Fault> {
    Ok(value
        .map(|value| keys::number(Table::Meta, key, &value))
        .transpose()?)
}
