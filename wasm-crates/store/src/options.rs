use std::time::Duration;

use crate::disk::{Levels, SpaceProbe, system_space};
use crate::error::Result;
use crate::table::Table;

/// A record on its way through a migration: its new key and value, or `None` to drop it.
pub type Migrated = Option<(Vec<u8>, Vec<u8>)>;

/// One step of the schema: every record is read, changed and written to a new file.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Version it reads.
    pub from: u32,
    /// Version it writes.
    pub to: u32,
    /// Changes one record; must not depend on others. Not called for the records of `meta`.
    pub record: fn(Table, &[u8], &[u8]) -> Result<Migrated>,
}

/// The version of the layout that a program writes, and how older ones lead to it.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Version written.
    pub version: u32,
    /// Steps; those that chain from a file's version to `version` are applied together.
    pub migrations: &'static [Migration],
}

impl Schema {
    /// The layout of this crate.
    pub const CURRENT: Self = Self {
        version: 1,
        migrations: &[],
    };
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Random bytes that name a store when it is created; ignored for one that exists.
    pub identity: [u8; 16],
    /// Memory for the engine's cache, in bytes.
    pub cache_bytes: usize,
    /// Room held back for a clean stop on a full disk, in bytes; 0 for none.
    pub ballast_bytes: u64,
    /// How long a snapshot answers.
    pub snapshot_deadline: Duration,
    /// Newest generations kept by a prune.
    pub generations: u64,
    /// Check every page at the opening (reads the whole file).
    pub check_on_open: bool,
    /// Read blocks of the file whose sums are wrong as far as that can be done: only to verify, repair
    /// and rebuild a damaged store. Records may be absent then.
    pub salvage: bool,
    /// Levels of disk fill.
    pub levels: Levels,
    /// Where the fill is read.
    pub space: SpaceProbe,
    /// Layout.
    pub schema: Schema,
}

impl Options {
    /// The values of the design: cache 128 MB, ballast 64 MB, snapshots of 30 s, 64 generations,
    /// levels at 70, 90 and 95 percent.
    pub fn new(identity: [u8; 16]) -> Self {
        Self {
            identity,
            cache_bytes: 128 << 20,
            ballast_bytes: 64 << 20,
            snapshot_deadline: Duration::from_secs(30),
            generations: 64,
            check_on_open: false,
            salvage: false,
            levels: Levels::default(),
            space: system_space,
            schema: Schema::CURRENT,
        }
    }
}
