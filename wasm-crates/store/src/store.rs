//! The handle: opening, closing, state.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::copy;
use crate::disk::{DiskLevel, Space, drop_ballast, load_ballast, sync_directory, sync_file};
use crate::engine::{Durability, Engine, Health};
use crate::error::{Result, StoreError};
use crate::keys::TreeId;
use crate::lock::{DirectoryLock, Taken};
use crate::meta::{self, Meta};
use crate::options::{Migration, Options};
use crate::snapshot::{Held, Snapshot};

pub(crate) const FILE: &str = "state.redb";
pub(crate) const NEW_FILE: &str = "state.redb.new";
const BALLAST: &str = "ballast";

/// The store of one node: a directory with one database file. `Send` and `Sync`; calls block, so a
/// server makes them on threads of their own. Share it by `Arc`.
#[derive(Debug)]
pub struct Store {
    pub(crate) directory: PathBuf,
    pub(crate) options: Options,
    pub(crate) engine: Arc<Engine>,
    pub(crate) snapshots: Mutex<Vec<Weak<Held>>>,
    /// Held by the calls that move much: backup, prune, rollback, verify, repair, compact.
    pub(crate) maintenance: Mutex<()>,
    pub(crate) trees: Mutex<HashMap<Vec<u8>, TreeId>>,
    pub(crate) reusable: AtomicU64,
    identity: [u8; 16],
    created: bool,
    _lock: DirectoryLock,
}

impl Store {
    /// Opens the store in `directory`, creating both when absent. Removes what a crash left of a
    /// migration, migrates an older layout, finishes an interrupted rollback.
    ///
    /// # Errors
    /// `InUse`, `Schema`, `Damaged`, `Full`, `Io`.
    pub fn open(directory: impl AsRef<Path>, options: Options) -> Result<Self> {
        let directory = directory.as_ref().to_owned();
        std::fs::create_dir_all(&directory).map_err(|e| StoreError::io("create directory", &e))?;
        let held = lock_directory(&directory)?;
        let _ = std::fs::remove_file(directory.join(NEW_FILE));
        let path = directory.join(FILE);
        let created = !path.exists();
        if created {
            create(&directory, &options)?;
        }
        let mut engine = Engine::open_existing(&path, &options)?;
        let mut meta = meta::read(&engine)?;
        if meta.schema != options.schema.version {
            engine = migrate(&directory, engine, &meta, &options)?;
            meta = meta::read(&engine)?;
        }
        let store = Self {
            engine: Arc::new(engine),
            snapshots: Mutex::default(),
            maintenance: Mutex::default(),
            trees: Mutex::default(),
            reusable: AtomicU64::new(0),
            identity: meta.identity,
            created,
            directory,
            options,
            _lock: held,
        };
        // What is only looked at stays as it is.
        if !store.options.salvage {
            store.sweep_tail()?;
            // A disk too full for the ballast is reported by its level, not here.
            let _ = store.restore_ballast();
        }
        Ok(store)
    }

    /// Copies every record of the closed store in `directory` into a new file that takes the place
    /// of the old one: the cure when page or block sums are wrong and no record is.
    pub fn rebuild(directory: impl AsRef<Path>, options: &Options) -> Result<()> {
        let directory = directory.as_ref();
        let _held = lock_directory(directory)?;
        let path = directory.join(FILE);
        let engine = Engine::open_existing(&path, options)?;
        let meta = meta::read(&engine)?;
        copy_into_place(directory, &engine, &[], meta.schema, options)
    }

    /// Closes the file; later calls answer `Closed`. Relaxed batches become durable first.
    pub fn close(&self) -> Result<()> {
        if self.health() == Health::Sound && !self.options.salvage {
            self.engine.write(Durability::Durable, |_| Ok(()))?;
        }
        self.expire_all();
        self.engine.close()
    }

    /// Whether the handle still answers.
    pub fn health(&self) -> Health {
        self.engine.health()
    }

    /// Closes and opens the file again after a failed write; a damaged store stays damaged.
    /// Snapshots end.
    pub fn reopen(&self) -> Result<()> {
        self.expire_all();
        self.engine.reopen()?;
        self.trees
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.sweep_tail()
    }

    /// The random name the store was created with; a backup has the same.
    pub fn identity(&self) -> [u8; 16] {
        self.identity
    }

    /// Whether this opening created the file.
    pub fn was_created(&self) -> bool {
        self.created
    }

    /// The directory of the store.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Space of the file system that holds the store.
    pub fn space(&self) -> Result<Space> {
        (self.options.space)(&self.directory).map_err(|e| StoreError::io("disk space", &e))
    }

    /// The level of disk fill now; free pages of the file, as [`Store::stats`] last found them,
    /// count as free.
    pub fn disk_level(&self) -> Result<DiskLevel> {
        let space = self.space()?;
        Ok(self
            .options
            .levels
            .of(space, self.reusable.load(Ordering::Relaxed)))
    }

    /// Gives the ballast back, so that a full disk has room for a reopening, a prune and a clean
    /// stop. Whether there was one. Done by itself when the read-only level is met.
    pub fn release_ballast(&self) -> bool {
        drop_ballast(&self.directory.join(BALLAST))
    }

    /// Takes the ballast again, once the disk has room below the warning level.
    pub fn restore_ballast(&self) -> Result<bool> {
        if self.options.ballast_bytes == 0 || self.disk_level()? >= DiskLevel::Warning {
            return Ok(false);
        }
        load_ballast(&self.directory.join(BALLAST), self.options.ballast_bytes)?;
        Ok(true)
    }

    /// Refuses new content at the read-only level.
    pub(crate) fn admit_growth(&self) -> Result<()> {
        if self.disk_level()? < DiskLevel::ReadOnly {
            return Ok(());
        }
        self.release_ballast();
        Err(StoreError::Full(format!(
            "disk above {} %",
            self.options.levels.read_only
        )))
    }

    /// A consistent view that later batches do not change. Release it soon.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let held = Arc::new(Held::new(
            self.engine.reader()?,
            self.options.snapshot_deadline,
        ));
        let mut all = self
            .snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| other.upgrade().is_some_and(|other| !other.drop_if_late()));
        all.push(Arc::downgrade(&held));
        Ok(Snapshot::new(Arc::clone(&self.engine), held))
    }

    /// Ends snapshots past their deadline, so that abandoned ones do not keep old pages.
    pub(crate) fn sweep_snapshots(&self) {
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|held| held.upgrade().is_some_and(|held| !held.drop_if_late()));
    }

    /// Ends all snapshots, for calls that need the file alone.
    pub(crate) fn expire_all(&self) {
        for held in self
            .snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            if let Some(held) = held.upgrade() {
                held.expire();
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

pub(crate) fn lock_directory(directory: &Path) -> Result<DirectoryLock> {
    match DirectoryLock::take(directory, "").map_err(|e| StoreError::io("lock", &e))? {
        Taken::Held(lock) => Ok(lock),
        Taken::InUse(_) => Err(StoreError::InUse(directory.display().to_string())),
    }
}

/// Builds an empty store beside and renames it, so that a crash leaves none or a whole one.
fn create(directory: &Path, options: &Options) -> Result<()> {
    let new = directory.join(NEW_FILE);
    let engine = Engine::open(&new, true, options.cache_bytes, false)?;
    engine.create_tables()?;
    engine.write(Durability::Durable, |writer| {
        Meta::new(options.schema.version, options.identity).write(writer)
    })?;
    engine.close()?;
    publish(directory, &new, &directory.join(FILE))
}

/// Copies the records through the steps of the schema into a new file and renames it.
fn migrate(directory: &Path, engine: Engine, meta: &Meta, options: &Options) -> Result<Engine> {
    let steps = copy::steps(meta.schema, &options.schema)?;
    copy_into_place(directory, &engine, &steps, options.schema.version, options)?;
    drop(engine);
    let path = directory.join(FILE);
    Engine::open_existing(&path, options)
}

fn copy_into_place(
    directory: &Path,
    engine: &Engine,
    steps: &[Migration],
    version: u32,
    options: &Options,
) -> Result<()> {
    let new = directory.join(NEW_FILE);
    let _ = std::fs::remove_file(&new);
    let target = Engine::open(&new, true, options.cache_bytes, false)?;
    copy::migrate(engine, &target, steps, version)?;
    target.close()?;
    engine.close()?;
    publish(directory, &new, &directory.join(FILE))
}

/// Makes `new` durable under its final name.
pub(crate) fn publish(directory: &Path, new: &Path, path: &Path) -> Result<()> {
    sync_file(new)?;
    std::fs::rename(new, path).map_err(|e| StoreError::io("rename", &e))?;
    sync_directory(directory)
}
