//! The file below the engine: a sum for every block of 4 KB, because the engine does not look at its
//! own when it reads, and a damaged key makes a record silently absent. Once damage was seen, nothing
//! is written any more, so that closing cannot seal it.
//!
//! Groups of 512 blocks: one of sums, then 511 of data. The sum of a block is written with it and made
//! durable by the same sync, before the engine's commit refers to it; a crash can tear only blocks that
//! no commit refers to. Block 0 has no sum: the engine overwrites it in place and has sums inside it.

use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use xxhash_rust::xxh3::xxh3_64_with_seed;

const BLOCK: u64 = 4096;
/// Data blocks of a group; one block of sums, 8 bytes each, goes before them.
const GROUP: u64 = 511;

/// Where a data block is in the file.
const fn place(block: u64) -> u64 {
    (block / GROUP * (GROUP + 1) + 1 + block % GROUP) * BLOCK
}

/// Where its sum is.
const fn sum_place(block: u64) -> u64 {
    block / GROUP * (GROUP + 1) * BLOCK + block % GROUP * 8
}

/// Never 0, which is the sum of a block that was never written.
fn sum_of(block: u64, data: &[u8]) -> u64 {
    xxh3_64_with_seed(data, block).max(1)
}

/// Kind of a page of records, in its first byte (engine's file format, version of redb 4).
const LEAF_PAGE: u8 = 1;

/// Whether a damaged block is still a page of records whose bounds lie inside it. What its records say is for their own sums to judge.
/// A page that leads to others is never believed: it may lead to pages of long ago, whose records have sums that are right.
fn reads_as_leaf(block: &[u8]) -> bool {
    let count = match block {
        [LEAF_PAGE, _, low, high, ..] => usize::from(u16::from_le_bytes([*low, *high])),
        _ => return false,
    };
    let Some(ends) = block.get(4..4 + 8 * count) else {
        return false;
    };
    let mut last = 4 + 8 * count;
    ends.chunks_exact(4).all(|end| {
        let end = end
            .iter()
            .rev()
            .fold(0, |end, byte| end << 8 | usize::from(*byte));
        let rises = last <= end && end <= block.len();
        last = end;
        rises
    })
}

/// A page without records in the place of one that cannot be read: what was on it is missing, what was beside it is not.
fn make_empty_leaf(block: &mut [u8]) {
    block.fill(0);
    if let Some(kind) = block.first_mut() {
        *kind = LEAF_PAGE;
    }
}

/// Shared between the file and its owner.
#[derive(Debug, Default)]
pub(crate) struct FileState {
    frozen: AtomicBool,
    salvage: bool,
    written: AtomicU64,
}

impl FileState {
    /// With `salvage`, a block whose sum is wrong is handed out as far as it can be read, else as a page without records.
    pub(crate) fn new(salvage: bool) -> Self {
        Self {
            salvage,
            ..Self::default()
        }
    }

    pub(crate) fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }

    /// Bytes handed to the operating system since the file was opened.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(crate) struct StoreFile {
    inner: FileBackend,
    state: Arc<FileState>,
}

impl StoreFile {
    pub(crate) fn open(
        path: &Path,
        create: bool,
        state: Arc<FileState>,
    ) -> Result<Self, redb::DatabaseError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(create)
            .truncate(false)
            .open(path)?;
        let inner = FileBackend::new(file)?;
        Ok(Self { inner, state })
    }

    fn writable(&self) -> io::Result<()> {
        if self.state.frozen.load(Ordering::SeqCst) {
            return Err(io::Error::other(
                "the store is damaged: no further write to its file",
            ));
        }
        Ok(())
    }
}

impl StoreFile {
    /// Whole blocks of one group, checked.
    fn read_run(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(place(first), out)?;
        let count = out.len() / BLOCK as usize;
        let mut sums = vec![0; count * 8];
        self.inner.read(sum_place(first), &mut sums)?;
        let blocks = out.chunks_exact_mut(BLOCK as usize);
        for ((block, data), sum) in (first..).zip(blocks).zip(sums.chunks_exact(8)) {
            let sum = sum.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            let never_written = sum == 0 && data.iter().all(|byte| *byte == 0);
            if block == 0 || never_written || sum == sum_of(block, data) {
                continue;
            }
            if self.state.salvage {
                if !reads_as_leaf(data) {
                    make_empty_leaf(data);
                }
                continue;
            }
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("block {block} of the file is not what was written"),
            ));
        }
        Ok(())
    }

    /// Whole blocks of one group, with their sums.
    fn write_run(&self, first: u64, data: &[u8]) -> io::Result<()> {
        let sums: Vec<u8> = (first..)
            .zip(data.chunks_exact(BLOCK as usize))
            .flat_map(|(block, data)| sum_of(block, data).to_be_bytes())
            .collect();
        self.state
            .written
            .fetch_add((data.len() + sums.len()) as u64, Ordering::Relaxed);
        self.inner.write(place(first), data)?;
        self.inner.write(sum_place(first), &sums)
    }

    /// Sums of blocks from `blocks` to the end of their group: as if never written.
    fn clear_sums(&self, blocks: u64) -> io::Result<()> {
        let left = (GROUP - blocks % GROUP) * 8;
        self.inner.write(sum_place(blocks), &vec![0; left as usize])
    }
}

/// Cuts bytes at `offset` into parts inside one block, or runs of whole blocks inside one group:
/// block, offset in it, length.
fn parts(mut offset: u64, length: usize) -> impl Iterator<Item = (u64, u64, usize)> {
    let end = offset.saturating_add(length as u64);
    core::iter::from_fn(move || {
        if offset >= end {
            return None;
        }
        let (block, within) = (offset / BLOCK, offset % BLOCK);
        let whole = (end - offset) / BLOCK;
        let take = if within != 0 || whole == 0 || block == 0 {
            (BLOCK - within).min(end - offset)
        } else {
            whole.min(GROUP - block % GROUP) * BLOCK
        };
        offset += take;
        Some((block, within, take as usize))
    })
}

impl StorageBackend for StoreFile {
    fn len(&self) -> io::Result<u64> {
        let blocks = self.inner.len()? / BLOCK;
        let (groups, rest) = (blocks / (GROUP + 1), blocks % (GROUP + 1));
        Ok((groups * GROUP + rest.saturating_sub(1)) * BLOCK)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut rest = out;
        for (block, within, length) in parts(offset, rest.len()) {
            let (part, behind) = rest
                .split_at_mut_checked(length)
                .ok_or(io::ErrorKind::InvalidInput)?;
            rest = behind;
            if block == 0 {
                self.inner.read(place(0) + within, part)?;
            } else if within == 0 && (length as u64).is_multiple_of(BLOCK) {
                self.read_run(block, part)?;
            } else {
                let mut whole = [0; BLOCK as usize];
                self.read_run(block, &mut whole)?;
                let from = within as usize;
                let inside = whole.get(from..from + length);
                part.copy_from_slice(inside.ok_or(io::ErrorKind::InvalidInput)?);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writable()?;
        let before = self.len()? / BLOCK;
        let blocks = len.div_ceil(BLOCK);
        let end = blocks.checked_sub(1).map_or(0, |last| place(last) + BLOCK);
        self.inner.set_len(end)?;
        let kept = before.min(blocks);
        if !kept.is_multiple_of(GROUP) {
            self.clear_sums(kept)?;
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.writable()?;
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.writable()?;
        let mut rest = data;
        for (block, within, length) in parts(offset, data.len()) {
            let (part, behind) = rest
                .split_at_checked(length)
                .ok_or(io::ErrorKind::InvalidInput)?;
            rest = behind;
            if block == 0 {
                self.state
                    .written
                    .fetch_add(length as u64, Ordering::Relaxed);
                self.inner.write(place(0) + within, part)?;
            } else if within == 0 && (length as u64).is_multiple_of(BLOCK) {
                self.write_run(block, part)?;
            } else {
                let mut whole = [0; BLOCK as usize];
                self.read_run(block, &mut whole)?;
                let from = within as usize;
                let inside = whole.get_mut(from..from + length);
                inside
                    .ok_or(io::ErrorKind::InvalidInput)?
                    .copy_from_slice(part);
                self.write_run(block, &whole)?;
            }
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(path: &Path, salvage: bool) -> StoreFile {
        StoreFile::open(path, true, Arc::new(FileState::new(salvage))).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
        #[test]
        fn behaves_like_bytes(steps in prop::collection::vec((0u64..5_000_000, 1usize..20_000, any::<u8>(), any::<bool>()), 1..30)) {
            let directory = tempfile::tempdir().unwrap();
            let file = file(&directory.path().join("file"), false);
            let mut bytes: Vec<u8> = Vec::new();
            for (offset, length, fill, resize) in steps {
                if resize {
                    let blocks = offset / BLOCK;
                    file.set_len(blocks * BLOCK).unwrap();
                    bytes.resize((blocks * BLOCK) as usize, 0);
                } else if offset as usize + length <= bytes.len() {
                    file.write(offset, &vec![fill; length]).unwrap();
                    bytes[offset as usize..offset as usize + length].fill(fill);
                }
                prop_assert_eq!(file.len().unwrap(), bytes.len() as u64);
                let mut all = vec![0; bytes.len()];
                file.read(0, &mut all).unwrap();
                prop_assert!(all == bytes);
            }
        }
    }

    #[test]
    fn a_block_changed_or_moved_is_seen_and_salvaged_on_demand() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let whole = file(&path, false);
        whole.set_len(600 * BLOCK).unwrap();
        whole.write(BLOCK, &vec![1; 599 * BLOCK as usize]).unwrap();
        drop(whole);
        let good = std::fs::read(&path).unwrap();
        let at = |block| place(block) as usize;
        for block in [1, 300, 510, 511, 599] {
            let mut changed = good.clone();
            changed[at(block) + 77] ^= 1;
            // The blocks are equal, their sums are not: a block at another place is seen.
            let other = if block == 300 { 301 } else { 300 };
            let mut sum = good.clone();
            let from = sum_place(block) as usize;
            sum.copy_within(
                sum_place(other) as usize..sum_place(other) as usize + 8,
                from,
            );
            for bad in [changed, sum] {
                std::fs::write(&path, bad).unwrap();
                let mut out = [0; 100];
                let error = file(&path, false)
                    .read(block * BLOCK + 10, &mut out)
                    .unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                file(&path, true)
                    .read(block * BLOCK + 10, &mut out)
                    .unwrap();
                file(&path, false)
                    .read((block - 1) * BLOCK, &mut out)
                    .unwrap();
            }
        }
    }
}
