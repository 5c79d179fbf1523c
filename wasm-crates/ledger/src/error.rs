//! Why a call failed.

use hypergraph::StateError;
use store::StoreError;
use tries::TreeError;

/// What callers branch on (`StateErrorCode` of `core/platform/state.ts`, and the causes that stop a node).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A mistake of the caller.
    Arguments,
    /// An add to a location that was removed.
    Removed,
    /// A frame out of order.
    Frame,
    /// No such node, key or shard.
    NotFound,
    /// A generation that is not kept.
    Unavailable,
    /// The ledger was closed.
    Closed,
    /// What is stored does not fit together.
    Corrupt,
    /// Anything else.
    Failed,
    /// Another process has the store.
    DataInUse,
    /// The disk has no room, or is above its read-only level.
    Full,
    /// The disk fails, or may not be written.
    Data,
}

impl Code {
    /// The code as JavaScript sees it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arguments => "arguments",
            Self::Removed => "removed",
            Self::Frame => "frame",
            Self::NotFound => "notFound",
            Self::Unavailable => "unavailable",
            Self::Closed => "closed",
            Self::Corrupt => "corrupt",
            Self::Failed => "failed",
            Self::DataInUse => "dataInUse",
            Self::Full => "full",
            Self::Data => "data",
        }
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Any failure of this crate; [`LedgerError::code`] is what to branch on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The state refused, or its trees.
    #[error(transparent)]
    State(#[from] StateError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An atom that was removed stays removed (spec 21 section 4.2).
    #[error("this location was removed")]
    Removed,
    /// A frame that is not newer than the last one, or not the one that waits.
    #[error("frame {frame} does not follow: newest is {head:?}")]
    Frame {
        /// Frame asked for.
        frame: u64,
        /// Newest or waiting frame.
        head: Option<u64>,
    },
    /// The last commit is neither persisted nor discarded.
    #[error("the last commit waits for its frame")]
    Pending,
    /// A repair dropped trees that did not come back yet.
    #[error("{0} trees of the state are missing: repair it from a peer")]
    Incomplete(usize),
    /// A proof outside the limits of its encoding.
    #[error("no proof: {0}")]
    TooLarge(String),
}

impl LedgerError {
    /// What to branch on.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::State(cause) => state_code(cause),
            Self::Store(cause) => store_code(cause),
            Self::Removed => Code::Removed,
            Self::Frame { .. } | Self::Pending => Code::Frame,
            Self::TooLarge(_) => Code::NotFound,
            Self::Incomplete(_) => Code::Corrupt,
        }
    }
}

fn state_code(cause: &StateError) -> Code {
    match cause {
        StateError::Tree(cause) => tree_code(cause),
        StateError::Store(cause) => cause
            .downcast_ref::<StoreError>()
            .map_or(Code::Failed, store_code),
        StateError::Committed(_) | StateError::Order { .. } => Code::Frame,
        StateError::NoNode | StateError::NotGlobal => Code::NotFound,
        StateError::Atom(_) => Code::Corrupt,
        _ => Code::Arguments,
    }
}

fn tree_code(cause: &TreeError) -> Code {
    match cause {
        TreeError::Store(cause) => cause
            .downcast_ref::<StoreError>()
            .map_or(Code::Failed, store_code),
        TreeError::Damaged { .. } => Code::Corrupt,
        TreeError::Absent { .. } | TreeError::SingleLeaf => Code::NotFound,
        _ => Code::Arguments,
    }
}

fn store_code(cause: &StoreError) -> Code {
    match cause {
        StoreError::Damaged { .. } | StoreError::Schema { .. } | StoreError::Refused(_) => {
            Code::Corrupt
        }
        StoreError::Full(_) => Code::Full,
        StoreError::Io { .. } => Code::Data,
        StoreError::InUse(_) => Code::DataInUse,
        StoreError::Closed => Code::Closed,
        StoreError::Expired { .. } | StoreError::Unavailable { .. } => Code::Unavailable,
        StoreError::Arguments(_) => Code::Arguments,
        StoreError::Order { .. } => Code::Frame,
        _ => Code::Failed,
    }
}
