//! The embedded store of a full node: state nodes, frames, certificates; one durable batch per
//! frame (decision 8 in docs/decisions).
//!
//! - [`Store`] owns one directory: database file, lock, ballast. [`Store::commit_frame`] writes a
//!   [`FrameBatch`], [`Store::batch`] the general table of the TypeScript `Store` contract.
//! - [`Read`] is what can be read, from a [`Store`] (newest commit) or a [`Snapshot`] (one commit,
//!   for 30 s). The newest 64 generations of state stay readable until [`Store::prune`] takes the
//!   older ones; [`Store::rollback`] goes back to one.
//! - Every record carries a checksum of our own, checked on every read. Damage of any kind is
//!   [`StoreError::Damaged`], after which the handle answers nothing else ([`Health`]).

#![forbid(unsafe_code)]

mod backend;
mod backup;
mod changed;
mod copy;
mod disk;
mod engine;
mod error;
mod fault;
mod frame;
mod keys;
mod kv;
mod links;
mod lock;
mod mend;
mod meta;
mod node;
mod options;
mod prune;
mod reader;
mod record;
mod safety;
mod salvage;
mod snapshot;
mod stale;
mod state;
mod store;
mod table;
mod verify;
mod writer;

pub use backup::Stats;
pub use disk::{DiskLevel, Levels, Space, SpaceProbe, system_space};
pub use engine::{Durability, Health};
pub use error::{Result, StoreError};
pub use frame::{BulkBatch, FrameBatch, MAX_FRAME_FIELD};
pub use keys::{MAX_NAME, MAX_PATH, MAX_ROOT, NodeKey, RootRecord, TreeId, ValueKey};
pub use kv::{KvOperation, MAX_KEY, MAX_VALUE, Page, RangeRequest};
pub use lock::{DirectoryLock, Taken};
pub use mend::{MendReport, RefusedTree};
pub use node::{MAX_NODE, NodePut, ValuePut, phase_tree_name};
pub use options::{Migrated, Migration, Options, Schema};
pub use prune::{Pin, Pruned};
pub use safety::{SafetyFile, SafetyMark, Standing};
pub use salvage::Salvaged;
pub use snapshot::{FrameSpan, Read, Snapshot};
pub use state::{TreeNodes, Trees};
pub use store::Store;
pub use table::Table;
pub use verify::{Children, Progress, Promise, RepairReport, ScrubPosition, VerifyReport};
