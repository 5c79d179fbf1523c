//! How full the disk is, and the ballast that gives room for a clean stop.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::error::{Result, StoreError};

/// Bytes of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What is used and what this process may still write.
    pub total: u64,
    /// What this process may still write.
    pub available: u64,
}

/// Asks the system for the space around a path. Replaced in tests.
pub type SpaceProbe = fn(&Path) -> io::Result<Space>;

/// What a level of fill means for the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskLevel {
    /// Below the first level.
    Normal,
    /// 70 %: tell the operator.
    Notice,
    /// 90 %: warn.
    Warning,
    /// 95 %: frames and puts are refused, the ballast is given back; prune and stop cleanly.
    ReadOnly,
}

/// The three levels, in percent of the file system in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// From here on [`DiskLevel::Notice`].
    pub notice: u8,
    /// From here on [`DiskLevel::Warning`].
    pub warning: u8,
    /// From here on [`DiskLevel::ReadOnly`].
    pub read_only: u8,
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            notice: 70,
            warning: 90,
            read_only: 95,
        }
    }
}

impl Levels {
    /// The level of a file system; `reusable` bytes inside the store file count as free.
    pub fn of(self, space: Space, reusable: u64) -> DiskLevel {
        let free = space.available.saturating_add(reusable).min(space.total);
        let used = u128::from(space.total - free) * 100;
        let above = |percent: u8| used >= u128::from(space.total) * u128::from(percent);
        if space.total == 0 {
            DiskLevel::Normal
        } else if above(self.read_only) {
            DiskLevel::ReadOnly
        } else if above(self.warning) {
            DiskLevel::Warning
        } else if above(self.notice) {
            DiskLevel::Notice
        } else {
            DiskLevel::Normal
        }
    }
}

/// Space of the file system that holds `path`, as `df` counts it: what is reserved for the
/// system is part of neither.
#[cfg(unix)]
pub fn system_space(path: &Path) -> io::Result<Space> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(space_of(
        [stat.f_blocks, stat.f_bfree, stat.f_bavail],
        stat.f_frsize,
    ))
}

/// From blocks in all, those that are free, and those of them that this process may have.
#[cfg(unix)]
fn space_of([all, free, available]: [u64; 3], block: u64) -> Space {
    let used = all.saturating_sub(free);
    Space {
        total: used.saturating_add(available).saturating_mul(block),
        available: available.saturating_mul(block),
    }
}

/// Unknown on this system: no level is ever reached, a full disk is met as an error of a write.
#[cfg(not(unix))]
pub fn system_space(_: &Path) -> io::Result<Space> {
    Ok(Space {
        total: 0,
        available: 0,
    })
}

/// Makes the ballast file of `bytes` if it is not there. Bytes that do not compress away, so that
/// the room is really held.
pub(crate) fn load_ballast(path: &Path, bytes: u64) -> Result<()> {
    if path.metadata().is_ok_and(|meta| meta.len() == bytes) {
        return Ok(());
    }
    let written = write_ballast(path, bytes);
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written.map_err(|error| StoreError::io("ballast", &error))
}

fn write_ballast(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut block = Vec::with_capacity(1 << 16);
    let mut left = bytes;
    while left > 0 {
        block.clear();
        while block.len() < 1 << 16 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend_from_slice(&state.to_le_bytes());
        }
        let take = left.min(block.len() as u64);
        file.write_all(block.get(..take as usize).unwrap_or(&block))?;
        left -= take;
    }
    file.sync_all()
}

/// Gives the ballast back; whether there was one.
pub(crate) fn drop_ballast(path: &Path) -> bool {
    std::fs::remove_file(path).is_ok()
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    #[cfg(unix)]
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| StoreError::io("directory", &error))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Makes a file's bytes durable.
pub(crate) fn sync_file(path: &Path) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file: File| file.sync_all())
        .map_err(|error| StoreError::io("sync", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_reached_at_70_90_and_95_percent() {
        let at = |available| {
            Levels::default().of(
                Space {
                    total: 1000,
                    available,
                },
                0,
            )
        };
        assert_eq!(at(301), DiskLevel::Normal);
        assert_eq!(at(300), DiskLevel::Notice);
        assert_eq!(at(101), DiskLevel::Notice);
        assert_eq!(at(100), DiskLevel::Warning);
        assert_eq!(at(51), DiskLevel::Warning);
        assert_eq!(at(50), DiskLevel::ReadOnly);
        assert_eq!(at(0), DiskLevel::ReadOnly);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_reserved_for_the_system_is_not_counted() {
        let space = space_of([1000, 400, 350], 4096);
        assert_eq!((space.total, space.available), (950 * 4096, 350 * 4096));
        let odd = space_of([0, u64::MAX, u64::MAX], u64::MAX);
        assert_eq!((odd.total, odd.available), (u64::MAX, u64::MAX));
    }

    #[test]
    fn free_pages_of_the_file_count_as_free() {
        let space = Space {
            total: 1000,
            available: 0,
        };
        assert_eq!(Levels::default().of(space, 400), DiskLevel::Normal);
        assert_eq!(Levels::default().of(space, u64::MAX), DiskLevel::Normal);
        assert_eq!(
            Levels::default().of(
                Space {
                    total: 0,
                    available: 0
                },
                0
            ),
            DiskLevel::Normal
        );
    }

    #[test]
    fn ballast_is_made_once_and_given_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ballast");
        load_ballast(&path, 200_000).unwrap();
        load_ballast(&path, 200_000).unwrap();
        assert_eq!(path.metadata().unwrap().len(), 200_000);
        assert!(drop_ballast(&path));
        assert!(!drop_ballast(&path));
    }
}
