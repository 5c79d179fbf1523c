//! The one place that calls redb: opens the file, catches panics, keeps the state of health.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use redb::{Database, ReadableDatabase};

use crate::backend::{FileState, StoreFile};
use crate::error::{Result, StoreError};
use crate::fault::Fault;
use crate::options::Options;
use crate::reader::Reader;
use crate::table::Table;
use crate::writer::Writer;

/// When a batch is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When the call returns.
    Durable,
    /// Ordered and atomic, on disk with the next durable batch or a clean close.
    Relaxed,
}

/// Whether the handle still answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Reads and writes.
    Sound,
    /// A write failed for want of room or by an error of the disk; reads may answer, writes are
    /// refused until [`Store::reopen`](crate::Store::reopen).
    WriteFailed(StoreError),
    /// Damage was seen: nothing is answered any more.
    Damaged(StoreError),
    /// Closed.
    Closed,
}

#[derive(Debug)]
pub(crate) struct Engine {
    path: PathBuf,
    cache_bytes: usize,
    check_on_open: bool,
    salvage: bool,
    database: RwLock<Option<Database>>,
    health: Mutex<Health>,
    file: RwLock<Arc<FileState>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one call into the engine; a panic in it, which damaged pages can cause, is damage.
fn caught<T>(call: impl FnOnce() -> Result<T, Fault>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(Fault::into_error),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            Err(StoreError::structure(format!("engine panicked: {text}")))
        }
    }
}

/// Waits for reads that have begun; none begins while the database is held for writing.
fn patiently<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 0..1000 {
        match call() {
            Err(StoreError::Busy) => std::thread::sleep(Duration::from_millis(5)),
            result => return result,
        }
    }
    call()
}

fn open_file(
    path: &Path,
    create: bool,
    cache_bytes: usize,
    check: bool,
    salvage: bool,
) -> Result<(Database, Arc<FileState>)> {
    let state = Arc::new(FileState::new(salvage));
    let database = caught(|| {
        let file = StoreFile::open(path, create, Arc::clone(&state))?;
        let database = Database::builder()
            .set_cache_size(cache_bytes)
            .set_check_integrity_on_open(check)
            .create_with_backend(file)?;
        Ok(database)
    })
    .map_err(|error| match error {
        StoreError::InUse(_) => StoreError::InUse(path.display().to_string()),
        error => error,
    })?;
    Ok((database, state))
}

impl Engine {
    /// Opens the file at `path`; creates it only with `create`.
    pub(crate) fn open(path: &Path, create: bool, cache_bytes: usize, check: bool) -> Result<Self> {
        Self::open_with(path, create, cache_bytes, check, false)
    }

    /// Opens the store's own file as the options say.
    pub(crate) fn open_existing(path: &Path, options: &Options) -> Result<Self> {
        let (cache, check) = (options.cache_bytes, options.check_on_open);
        Self::open_with(path, false, cache, check, options.salvage)
    }

    fn open_with(
        path: &Path,
        create: bool,
        cache_bytes: usize,
        check: bool,
        salvage: bool,
    ) -> Result<Self> {
        let (database, state) = open_file(path, create, cache_bytes, check, salvage)?;
        Ok(Self {
            path: path.to_owned(),
            cache_bytes,
            check_on_open: check,
            salvage,
            database: RwLock::new(Some(database)),
            health: Mutex::new(Health::Sound),
            file: RwLock::new(state),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn health(&self) -> Health {
        lock(&self.health).clone()
    }

    pub(crate) fn written(&self) -> u64 {
        self.file_state().written()
    }

    fn file_state(&self) -> Arc<FileState> {
        Arc::clone(&self.file.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Refuses what the state of health forbids.
    fn admit(&self, writing: bool) -> Result<()> {
        match &*lock(&self.health) {
            Health::Sound => Ok(()),
            Health::WriteFailed(error) if writing => Err(error.clone()),
            Health::WriteFailed(_) => Ok(()),
            Health::Damaged(error) => Err(error.clone()),
            Health::Closed => Err(StoreError::Closed),
        }
    }

    /// Keeps what an error says about the handle.
    fn note(&self, error: &StoreError, writing: bool) {
        let mut health = lock(&self.health);
        match (error, &*health) {
            (_, Health::Damaged(_) | Health::Closed) => {}
            (StoreError::Damaged { .. }, _) => {
                self.file_state().freeze();
                *health = Health::Damaged(error.clone());
            }
            (StoreError::Full(_) | StoreError::Io { .. }, Health::Sound) if writing => {
                *health = Health::WriteFailed(error.clone());
            }
            _ => {}
        }
    }

    /// One call into the engine under the rules of health.
    pub(crate) fn guard<T>(
        &self,
        writing: bool,
        call: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T> {
        self.admit(writing)?;
        let result = caught(call);
        if let Err(error) = &result {
            self.note(error, writing);
        }
        result
    }

    fn with_database<T>(
        &self,
        writing: bool,
        call: impl FnOnce(&Database) -> Result<T, Fault>,
    ) -> Result<T> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        self.guard(writing, || {
            call(database.as_ref().ok_or(StoreError::Closed)?)
        })
    }

    /// A consistent view of the newest commit.
    pub(crate) fn reader(&self) -> Result<Reader> {
        self.with_database(false, |database| Ok(Reader::new(database.begin_read()?)))
    }

    /// One read that may fail without a word about the handle: what a salvage tries.
    pub(crate) fn attempt<T>(&self, call: impl FnOnce(&Reader) -> Result<T, Fault>) -> Result<T> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or(StoreError::Closed)?;
        caught(|| call(&Reader::new(database.begin_read()?)))
    }

    /// Nothing is written to the file any more.
    pub(crate) fn freeze(&self) {
        self.file_state().freeze();
    }

    /// One atomic batch. The file recovers in milliseconds after a crash because every commit
    /// stores the allocator's state.
    pub(crate) fn write<T>(
        &self,
        durability: Durability,
        batch: impl FnOnce(&Writer) -> Result<T, Fault>,
    ) -> Result<T> {
        self.with_database(true, |database| {
            let mut transaction = database.begin_write()?;
            transaction.set_quick_repair(true);
            if durability == Durability::Relaxed {
                transaction.set_durability(redb::Durability::None)?;
            }
            let writer = Writer::new(transaction);
            match batch(&writer) {
                Ok(value) => {
                    writer.commit()?;
                    Ok(value)
                }
                Err(fault) => {
                    writer.abort()?;
                    Err(fault)
                }
            }
        })
    }

    /// Runs `call` with nobody else inside the engine; it has to be one that redb refuses while a read
    /// goes on.
    pub(crate) fn exclusive<T>(
        &self,
        mut call: impl FnMut(&mut Database) -> Result<T, Fault>,
    ) -> Result<T> {
        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let database = database.as_mut().ok_or(StoreError::Closed)?;
        patiently(|| self.guard(true, || call(database)))
    }

    /// Checks the page sums with nobody else inside. `false` when they are wrong, whether or not the
    /// engine could mend that; the file is opened again then, because a failed check takes the
    /// engine's state with it. Records have sums of their own and may all be sound nevertheless.
    pub(crate) fn check_pages(&self) -> Result<bool> {
        self.admit(true)?;
        let result = {
            let mut database = self
                .database
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let database = database.as_mut().ok_or(StoreError::Closed)?;
            patiently(|| caught(|| Ok(database.check_integrity()?)))
        };
        match result {
            Ok(sound) => Ok(sound),
            Err(StoreError::Damaged { .. }) => {
                self.reopen()?;
                Ok(false)
            }
            Err(error) => {
                self.note(&error, true);
                Err(error)
            }
        }
    }

    /// Creates the tables, so that opening one never fails later.
    pub(crate) fn create_tables(&self) -> Result<()> {
        self.write(Durability::Durable, |writer| {
            for table in Table::ALL {
                writer.with_table(table, |_| Ok(()))?;
            }
            Ok(())
        })
    }

    /// Closes the file. A damaged one is left as it is on disk.
    pub(crate) fn close(&self) -> Result<()> {
        let taken = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let before = core::mem::replace(&mut *lock(&self.health), Health::Closed);
        let Some(database) = taken else {
            return Ok(());
        };
        let result = caught(|| Ok(database.close()?));
        match before {
            Health::Sound => result,
            _ => Ok(()),
        }
    }

    /// Closes and opens the file again, after a full disk was relieved. Damage stays damage.
    pub(crate) fn reopen(&self) -> Result<()> {
        if let Health::Damaged(error) = self.health() {
            return Err(error);
        }
        let mut slot = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(database) = slot.take() else {
            return Err(StoreError::Closed);
        };
        // What could not be written is gone either way; the last durable batch is on disk.
        let _ = caught(|| Ok(database.close()?));
        let (cache, check) = (self.cache_bytes, self.check_on_open);
        match open_file(&self.path, false, cache, check, self.salvage) {
            Ok((database, state)) => {
                *slot = Some(database);
                *self.file.write().unwrap_or_else(PoisonError::into_inner) = state;
                *lock(&self.health) = Health::Sound;
                Ok(())
            }
            Err(error) => {
                *lock(&self.health) = Health::Closed;
                Err(error)
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.close();
    }
}
