//! Hypergraph state: what is written, how it is committed, and how 256 values of a header bind it (spec 21).
//!
//! * [`ShardKey`], [`AtomId`], [`topic_bloom`]: names
//! * [`Atom`], [`Vertex`], [`Hyperedge`], [`read_stored`]: atoms, members, the verdicts on messages
//! * [`Change`], [`Location`], [`AtomValue`]: operations under leaf rules A and B
//! * [`Hypergraph`]: all shards over [`Stores`]; apply, savepoints, one commit per frame, revert
//! * [`Shard`]: the four trees of one shard, of the live state or of an older generation; branches, pages of leaves, proofs
//! * [`CoveredShard`]: a shard of which only the part below a covered prefix is held
//! * [`ServedLeaf`], [`Replacement`]: leaves as a server sends them, checked and taken by one that pulls
//! * [`GlobalTrees`], [`genesis_commitments`]: the global commitments and proofs of shard roots in them
//! * [`metadata`], [`field_key`], [`FileIndex`]: contents of data trees

#![forbid(unsafe_code)]

mod address;
pub mod blob;
mod change;
mod covered;
mod error;
mod field_key;
mod file_index;
mod global;
mod global_trees;
mod hyperedge;
pub mod metadata;
mod parallel;
mod phase;
mod pulled;
mod served;
mod shard;
mod state;
mod stores;
mod vertex;

pub use address::{
    ADDRESS_LENGTH, ATOM_ID_LENGTH, Address, AtomId, GLOBAL_ADDRESS, MAX_FOLDED_FIRST_BYTE,
    METADATA_ADDRESS, SHARD_KEY_LENGTH, ShardKey, ShardKeyError, WrongLength, address_of, l1,
    topic_bloom,
};
pub use change::{AtomValue, Change, ChangeRecord, Location, Operation};
pub use covered::CoveredShard;
pub use error::StateError;
pub use field_key::{FieldKeyError, MAX_ORDER, field_key};
pub use file_index::{FileIndex, FileIndexError};
pub use global::{
    GLOBAL_TREES, GlobalCommitments, GlobalError, alternative_address, folded_key,
    genesis_commitments,
};
pub use global_trees::{GlobalTrees, MAX_ALTERNATIVE_ROOT, RootBytes};
pub use hyperedge::{
    Atom, AtomError, Form, HYPEREDGE_TAG, Hyperedge, MAX_DEPTH, MAX_HYPEREDGE_BYTES, Member,
    StoredHyperedge, older_verdict, read_stored, reference_verdict, removed_id, strict_verdict,
};
pub use phase::{Phase, PhaseSet, Set};
pub use pulled::{LeafRefusal, Replacement};
pub use served::{BranchInfo, MAX_PAGE_LEAVES, NodeSummary, ServedLeaf, ServedPage};
pub use shard::{Roots, Shard, StoredAtom};
pub use state::{CommitReport, Hypergraph, Savepoint, ShardCommit, TreeCommit};
pub use stores::{InMemory, MemoryStores, Stores};
pub use vertex::{
    MAX_VERTEX_LENGTH, MIN_VERTEX_LENGTH, SIZE_LENGTH, VERTEX_TAG, Vertex, VertexError,
};
