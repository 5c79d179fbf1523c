//! Hypergraph state: shard keys, atoms, phase sets, commits, global commitments.

#![forbid(unsafe_code)]

mod address;
mod field_key;
mod file_index;
mod phase;
mod vertex;

pub use address::{
    ADDRESS_LENGTH, ADDRESS_PATH_LENGTH, ATOM_ID_LENGTH, Address, AtomId, GLOBAL_ADDRESS,
    MAX_FOLDED_FIRST_BYTE, METADATA_ADDRESS, SHARD_KEY_LENGTH, ShardKey, ShardKeyError,
    WrongLength, address_of, address_path, l1, topic_bloom,
};
pub use field_key::{FieldKeyError, MAX_ORDER, field_key};
pub use file_index::{FileIndex, FileIndexError};
pub use phase::{Phase, PhaseSet, Set};
pub use vertex::{
    MAX_VERTEX_LENGTH, MIN_VERTEX_LENGTH, SIZE_LENGTH, VERTEX_TAG, Vertex, VertexError,
};
