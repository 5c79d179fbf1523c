//! One read transaction with its tables; checks every record it hands out.

use std::ops::Bound;
use std::sync::OnceLock;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTableMetadata};

use crate::error::Result as StoreResult;
use crate::fault::Fault;
use crate::record::open;
use crate::table::Table;

type OpenTable = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// Keys between bounds, from one end, at most so many records or bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub(crate) from: Bound<&'a [u8]>,
    pub(crate) to: Bound<&'a [u8]>,
    pub(crate) reverse: bool,
    pub(crate) limit: usize,
    pub(crate) max_bytes: usize,
}

/// Key and value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// A record as it was found: its value, or its damage.
pub(crate) type Scanned = (Vec<u8>, StoreResult<Vec<u8>>);

#[doc(hidden)]
pub struct Reader {
    transaction: ReadTransaction,
    tables: [OnceLock<OpenTable>; 12],
}

impl core::fmt::Debug for Reader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    pub(crate) fn new(transaction: ReadTransaction) -> Self {
        Self {
            transaction,
            tables: Default::default(),
        }
    }

    fn table(&self, table: Table) -> Result<&OpenTable, Fault> {
        let slot = self
            .tables
            .get(usize::from(table.number()))
            .ok_or_else(|| crate::StoreError::structure("unknown table"))?;
        if let Some(open) = slot.get() {
            return Ok(open);
        }
        let open = self.transaction.open_table(table.definition())?;
        Ok(slot.get_or_init(|| open))
    }

    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.table(table)?.get(key)? {
            Some(sealed) => Ok(Some(open(table, key, sealed.value())?.to_vec())),
            None => Ok(None),
        }
    }

    pub(crate) fn records(&self, table: Table) -> Result<u64, Fault> {
        Ok(self.table(table)?.len()?)
    }

    /// Records of a span; the second value tells whether there are more.
    pub(crate) fn range(&self, table: Table, span: Span<'_>) -> Result<(Vec<Entry>, bool), Fault> {
        let (scanned, more) = self.scan(table, span)?;
        let mut entries = Vec::with_capacity(scanned.len());
        for (key, value) in scanned {
            entries.push((key, value?));
        }
        Ok((entries, more))
    }

    /// Like [`Self::range`], but a damaged record does not end the scan.
    pub(crate) fn scan(&self, table: Table, span: Span<'_>) -> Result<(Vec<Scanned>, bool), Fault> {
        let mut scanned = Vec::new();
        if is_empty(span.from, span.to) {
            return Ok((scanned, false));
        }
        let mut bytes = 0usize;
        let mut range = self.table(table)?.range::<&[u8]>((span.from, span.to))?;
        loop {
            let next = if span.reverse {
                range.next_back()
            } else {
                range.next()
            };
            let Some((key, sealed)) = next.transpose()? else {
                return Ok((scanned, false));
            };
            if scanned.len() >= span.limit || (bytes >= span.max_bytes && !scanned.is_empty()) {
                return Ok((scanned, true));
            }
            let (key, sealed) = (key.value(), sealed.value());
            bytes = bytes.saturating_add(key.len() + sealed.len());
            let value = open(table, key, sealed).map(<[u8]>::to_vec);
            scanned.push((key.to_vec(), value));
        }
    }

    /// The last record with a key in `from ..= to`.
    pub(crate) fn last_in(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
    ) -> Result<Option<Entry>, Fault> {
        let span = Span {
            from: Bound::Included(from),
            to: Bound::Included(to),
            reverse: true,
            limit: 1,
            max_bytes: usize::MAX,
        };
        Ok(self.range(table, span)?.0.pop())
    }
}

/// redb, like `BTreeMap`, must not be asked for a range whose ends are the wrong way round.
fn is_empty(from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
    match (from, to) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (
            Bound::Included(from) | Bound::Excluded(from),
            Bound::Included(to) | Bound::Excluded(to),
        ) => from >= to,
    }
}
