//! One holder of a directory: a lock of the operating system on the file `lock`. It goes with the
//! process however that ends, and two that reach for a free one are told apart by the system. The
//! file stays, because a name that is removed and made again could be held twice.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

const NAME: &str = "lock";
/// Longest name of a holder that is read.
const MAX_HOLDER: u64 = 64;

/// What reaching for a directory came to.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Held(DirectoryLock),
    /// Somebody else has it: its name, empty where it gave none or has not yet.
    InUse(String),
}

/// Ends with `release`, or as what a dead process left when it is dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
    stale: bool,
}

impl DirectoryLock {
    /// Reaches for an existing directory without waiting. `holder` is the name that others are told.
    ///
    /// # Errors
    /// Those of the system: the file cannot be made, is no file, or its file system knows no locks.
    pub fn take(directory: &Path, holder: &str) -> io::Result<Taken> {
        let mut file = open(&directory.join(NAME))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Taken::InUse(holder_in(&file))),
            Err(TryLockError::Error(cause)) => return Err(cause),
        }
        let stale = file.metadata()?.len() > 0;
        // A full disk costs the name, not the lock.
        let _ = file
            .set_len(0)
            .and_then(|()| file.write_all(holder.as_bytes()));
        Ok(Taken::Held(Self { file, stale }))
    }

    /// Whether the last holder ended without a release.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Frees the directory.
    pub fn release(self) {
        // A name that stays is taken for that of a dead process, no more.
        let _ = self.file.set_len(0);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // A lock on a device would be shared with all who lock it, a read of a pipe would wait.
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "the lock is no file",
        ));
    }
    Ok(file)
}

/// From a handle that was not read yet.
fn holder_in(file: &File) -> String {
    let mut bytes = Vec::new();
    match file.take(MAX_HOLDER).read_to_end(&mut bytes) {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    fn held(directory: &Path, holder: &str) -> DirectoryLock {
        match DirectoryLock::take(directory, holder).unwrap() {
            Taken::Held(lock) => lock,
            Taken::InUse(other) => panic!("held by {other}"),
        }
    }

    #[test]
    fn a_directory_has_one_holder_who_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let lock = held(directory.path(), "one");
        let other = DirectoryLock::take(directory.path(), "two").unwrap();
        assert!(matches!(other, Taken::InUse(name) if name == "one"));
        lock.release();
        assert!(!held(directory.path(), "two").is_stale());
    }

    #[test]
    fn what_was_not_released_is_stale() {
        let directory = tempfile::tempdir().unwrap();
        drop(held(directory.path(), "one"));
        let lock = held(directory.path(), "two");
        assert!(lock.is_stale());
        lock.release();
        std::fs::write(directory.path().join(NAME), [0xff; 1 << 16]).unwrap();
        let lock = held(directory.path(), "three");
        assert!(lock.is_stale());
        let other = DirectoryLock::take(directory.path(), "four").unwrap();
        assert!(matches!(other, Taken::InUse(name) if name == "three"));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/null", directory.path().join(NAME)).unwrap();
        let refused = DirectoryLock::take(directory.path(), "one").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn of_many_at_once_one_gets_it_again_and_again() {
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..200 {
            drop(held(directory.path(), "dead"));
            let barrier = Barrier::new(8);
            let taken: Vec<Taken> = std::thread::scope(|scope| {
                let reach = || {
                    barrier.wait();
                    DirectoryLock::take(directory.path(), "alive").unwrap()
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(reach)).collect();
                threads.into_iter().map(|t| t.join().unwrap()).collect()
            });
            let count = taken.iter().filter(|t| matches!(t, Taken::Held(_)));
            assert_eq!(count.count(), 1);
        }
    }
}
