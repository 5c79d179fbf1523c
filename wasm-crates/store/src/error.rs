use crate::table::Table;

/// Result of every call of this crate.
pub type Result<T, E = StoreError> = core::result::Result<T, E>;

/// Why a call failed. Each cause has a stable [`code`](StoreError::code), the one of the TypeScript contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What is stored is not what was written: a checksum, a missing record that another one
    /// promises, or the engine's own structure. The handle answers nothing else from then on.
    #[error("store damaged: {what} (table {}, key {})", table.map_or("-", Table::name), hex(key))]
    Damaged {
        /// The table, when the damage could be placed.
        table: Option<Table>,
        /// Key of the record, empty when unknown.
        key: Vec<u8>,
        /// What was found.
        what: String,
    },
    /// No room: the disk is full or above its read-only level. Free space, then
    /// [`Store::reopen`](crate::Store::reopen).
    #[error("no room for the store: {0}")]
    Full(String),
    /// Another process, or another handle of this one, has the store.
    #[error("the store {0} is in use")]
    InUse(String),
    /// The file was written by a newer program, or no migration leads from its version.
    #[error("store schema {found}, this program knows up to {known}")]
    Schema {
        /// Version in the file.
        found: u32,
        /// Newest version this program reads.
        known: u32,
    },
    /// A snapshot was held longer than its deadline; take a new one and start the read again.
    #[error("snapshot expired after {millis} ms")]
    Expired {
        /// The deadline it had.
        millis: u64,
    },
    /// The store was closed, or the snapshot released.
    #[error("closed")]
    Closed,
    /// A key, value or path out of its bounds: a mistake of the caller.
    #[error("arguments: {0}")]
    Arguments(String),
    /// A frame that does not follow the head.
    #[error("frame {offered} is not newer than the head {head:?}")]
    Order {
        /// Newest frame in the store.
        head: Option<u64>,
        /// The frame that was offered.
        offered: u64,
    },
    /// A generation that is not kept (any more), or not there yet.
    #[error("generation {generation} is not kept: oldest {oldest}, newest {newest:?}")]
    Unavailable {
        /// What was asked for.
        generation: u64,
        /// Oldest generation that can be read.
        oldest: u64,
        /// Newest one.
        newest: Option<u64>,
    },
    /// The tree was dropped by a repair and has to be pulled from peers first.
    #[error("tree {0} was dropped by a repair and is not synced yet")]
    Refused(u32),
    /// Backup, prune, rollback or verify is running and excludes this call.
    #[error("another maintenance call is running")]
    Busy,
    /// Any other failure of the operating system.
    #[error("{during}: {cause}")]
    Io {
        /// What was being done.
        during: String,
        /// The system's words.
        cause: String,
    },
}

impl StoreError {
    /// `arguments`, `full`, `closed`, `corrupt`, `unavailable` or `failed`: the codes of
    /// `StoreErrorCode` in `core/platform/store.ts`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } | Self::Refused(_) => "corrupt",
            Self::Full(_) => "full",
            Self::InUse(_) | Self::Schema { .. } => "unavailable",
            Self::Closed | Self::Expired { .. } => "closed",
            Self::Arguments(_) | Self::Order { .. } => "arguments",
            Self::Unavailable { .. } | Self::Busy | Self::Io { .. } => "failed",
        }
    }

    pub(crate) fn damaged(table: Table, key: &[u8], what: impl Into<String>) -> Self {
        Self::Damaged {
            table: Some(table),
            key: key.to_vec(),
            what: what.into(),
        }
    }

    pub(crate) fn structure(what: impl Into<String>) -> Self {
        Self::Damaged {
            table: None,
            key: Vec::new(),
            what: what.into(),
        }
    }

    /// An error of the operating system, with full disks told apart from the rest.
    pub(crate) fn io(during: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{
            FileTooLarge, InvalidData, QuotaExceeded, StorageFull, UnexpectedEof,
        };
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Full(format!("{during}: {error}")),
            UnexpectedEof | InvalidData => Self::structure(format!("{during}: {error}")),
            _ => Self::Io {
                during: during.to_owned(),
                cause: error.to_string(),
            },
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text: String = bytes.iter().take(96).map(|b| format!("{b:02x}")).collect();
    if bytes.len() > 96 {
        text.push_str("..");
    }
    text
}
