//! Copies of a running store, compaction, figures.

use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::copy;
use crate::disk::DiskLevel;
use crate::engine::{Durability, Engine};
use crate::error::{Result, StoreError};
use crate::keys::{leading_generation, trailing_generation};
use crate::meta;
use crate::reader::Span;
use crate::store::{Store, publish};
use crate::table::Table;

/// Figures of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Newest frame.
    pub head: Option<u64>,
    /// Oldest generation that can be read.
    pub oldest_generation: u64,
    /// Length of the file, in bytes.
    pub file_bytes: u64,
    /// Bytes of the file that hold nothing: room for growth before the file gets longer.
    pub reusable_bytes: u64,
    /// Keys and values, in bytes.
    pub stored_bytes: u64,
    /// Bytes written to the file since it was opened.
    pub written_bytes: u64,
    /// Records of each table.
    pub records: Vec<(Table, u64)>,
    /// Snapshots held.
    pub snapshots: usize,
    /// Age of the oldest.
    pub oldest_snapshot: Duration,
    /// Fill of the disk.
    pub disk_level: DiskLevel,
}

impl Store {
    /// Copies the store as it is at its newest frame to `state-<frame>.redb` in `directory`, while
    /// frames go on; prune and rollback wait. Reads go through short snapshots, in key order. The
    /// copy is checked and synced before it gets its name. To restore it, put it in place of
    /// `state.redb`. The kept generations come along; the safety files do not.
    pub fn backup(&self, directory: impl AsRef<Path>) -> Result<PathBuf> {
        let _alone = self.maintain()?;
        let directory = directory.as_ref();
        std::fs::create_dir_all(directory).map_err(|e| StoreError::io("backup", &e))?;
        let first = Arc::new(self.engine.reader()?);
        let head = self.engine.guard(false, || meta::head(&first))?;
        let name = head.map_or("state-empty".to_owned(), |head| format!("state-{head}"));
        let path = directory.join(format!("{name}.redb"));
        let partial = directory.join(format!("{name}.redb.partial"));
        let _ = std::fs::remove_file(&partial);
        let copied = self
            .copy_at(head, first, &partial)
            .and_then(|()| publish(directory, &partial, &path));
        if let Err(error) = copied {
            let _ = std::fs::remove_file(&partial);
            return Err(error);
        }
        Ok(path)
    }

    fn copy_at(
        &self,
        head: Option<u64>,
        first: Arc<crate::reader::Reader>,
        partial: &Path,
    ) -> Result<()> {
        let target = Engine::open(partial, true, 16 << 20, false)?;
        target.create_tables()?;
        let mut expected = 0;
        // What has no generation is read from the one snapshot that gave the head.
        for table in [Table::Meta, Table::Kv, Table::Tree, Table::Pin] {
            let same = || Ok(Arc::clone(&first));
            expected += copy::table(&self.engine, &target, table, same, |key, value| {
                Ok((key != meta::BULK).then(|| (key.to_vec(), value)))
            })?;
        }
        drop(first);
        let kept = |generation: u64| head.is_some_and(|head| generation <= head);
        for table in [
            Table::Registry,
            Table::Root,
            Table::Stale,
            Table::Frame,
            Table::Cert,
            Table::Node,
            Table::Blob,
        ] {
            let generation_of = match table {
                Table::Registry | Table::Root => trailing_generation,
                _ => leading_generation,
            };
            let fresh = || Ok(Arc::new(self.engine.reader()?));
            expected += copy::table(&self.engine, &target, table, fresh, |key, value| {
                let generation = generation_of(table, key)?;
                Ok(kept(generation).then(|| (key.to_vec(), value)))
            })?;
        }
        target.write(Durability::Durable, |_| Ok(()))?;
        target.close()?;
        drop(target);
        check_copy(partial, expected)
    }

    /// Gives unused pages back to the disk. Nobody else is inside: snapshots end, calls wait (18 s
    /// for 4 GB). Whether anything moved.
    pub fn compact(&self) -> Result<bool> {
        let _alone = self.maintain()?;
        self.expire_all();
        let moved = self.engine.exclusive(|database| {
            let mut moved = false;
            while database.compact()? {
                moved = true;
            }
            Ok(moved)
        })?;
        // Compaction leaves no record of the allocator; this commit writes one.
        self.engine.write(Durability::Durable, |_| Ok(()))?;
        Ok(moved)
    }

    /// Bytes written to the file since it was opened: the cheap one of the figures.
    pub fn written_bytes(&self) -> u64 {
        self.engine.written()
    }

    /// Figures. Walks the pages of the file: not for every frame.
    pub fn stats(&self) -> Result<Stats> {
        self.sweep_snapshots();
        let (allocated, stored_bytes) = self
            .engine
            .write(Durability::Relaxed, |writer| writer.allocated())?;
        let file_bytes = std::fs::metadata(self.engine.path())
            .map_err(|e| StoreError::io("store file", &e))?
            .len();
        let reusable_bytes = file_bytes.saturating_sub(allocated);
        self.reusable.store(reusable_bytes, Ordering::Relaxed);
        let reader = self.engine.reader()?;
        let (head, oldest_generation, records) = self.engine.guard(false, || {
            let mut records = Vec::new();
            for table in Table::ALL {
                records.push((table, reader.records(table)?));
            }
            Ok((meta::head(&reader)?, meta::oldest(&reader)?, records))
        })?;
        let held: Vec<_> = self
            .snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter_map(std::sync::Weak::upgrade)
            .collect();
        Ok(Stats {
            head,
            oldest_generation,
            file_bytes,
            reusable_bytes,
            stored_bytes,
            written_bytes: self.engine.written(),
            records,
            snapshots: held.len(),
            oldest_snapshot: held.iter().map(|held| held.age()).max().unwrap_or_default(),
            disk_level: self.disk_level()?,
        })
    }
}

/// Reads a finished copy from disk: page sums, every checksum, the number of records.
fn check_copy(path: &Path, expected: u64) -> Result<()> {
    let engine = Engine::open(path, false, 16 << 20, true)?;
    let mut records = 0;
    for table in Table::ALL {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let reader = engine.reader()?;
            let span = Span {
                from: after.as_deref().map_or(Bound::Unbounded, Bound::Excluded),
                ..copy::span_after(None)
            };
            let (entries, more) = engine.guard(false, || reader.range(table, span))?;
            records += entries.len() as u64;
            after = entries
                .into_iter()
                .next_back()
                .map(|(key, _)| key)
                .or(after);
            if !more {
                break;
            }
        }
    }
    engine.close()?;
    if records != expected {
        return Err(StoreError::structure(format!(
            "the copy has {records} records of {expected}"
        )));
    }
    Ok(())
}
