//! What can go wrong with state.

use crate::global::GlobalError;
use crate::hyperedge::AtomError;
use crate::pulled::LeafRefusal;
use tries::{StoreFailure, TreeError};

/// A state that can not do what was asked. What was there before the call is there after it.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A tree refused, or its store failed.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The store of the trees failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreFailure),
    /// A shard has no place in the global commitments.
    #[error(transparent)]
    Global(#[from] GlobalError),
    /// A stored hyperedge can not be read.
    #[error(transparent)]
    Atom(#[from] AtomError),
    /// The frame was committed before, and something was applied since: a frame is committed exactly once, before its
    /// messages are applied (spec 21 section 5, hazard H-06).
    #[error("frame {0} is committed already, and the state changed since")]
    Committed(u64),
    /// The frame is older than the last one committed.
    #[error("frame {frame} is older than frame {last}, the last one committed")]
    Order {
        /// Frame asked for.
        frame: u64,
        /// Last committed frame.
        last: u64,
    },
    /// The savepoint was rolled back, or a commit ended it.
    #[error("there is no such savepoint (any more)")]
    Savepoint,
    /// Path elements of 64 or more, or more of them than a key has.
    #[error("this is no path of a tree of atoms")]
    Path,
    /// No node at the path.
    #[error("no node at this path")]
    NoNode,
    /// The leaves do not have the root they must have.
    #[error("the leaves have another root than the one expected")]
    OtherRoot,
    /// A leaf whose key is not above that of the leaf before.
    #[error("leaf {0} is out of order: its key is not above the one before")]
    Leaf(usize),
    /// A leaf that came from a peer fails a check.
    #[error("leaf {leaf}: {refusal}")]
    Refused {
        /// Number of the leaf.
        leaf: usize,
        /// Why.
        refusal: LeafRefusal,
    },
    /// The shard has no place in a global tree: its L1 is `000000`, or it has no entry.
    #[error("the shard is in no global tree")]
    NotGlobal,
}
