//! The second file: what a voter has said. A restored backup or a cut log looks healthy but older;
//! this file, which no backup contains, tells.
//!
//! Two slots of 4 KB hold the same record. Both are written and synced, one after the other, before
//! a message may leave: a torn slot means that the message did not leave, a rotten one that the
//! other slot still has the record.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::disk::sync_directory;
use crate::engine::Durability;
use crate::error::{Result, StoreError};
use crate::snapshot::Read;
use crate::store::Store;
use crate::table::Table;

const MAGIC: &[u8; 8] = b"petalsf1";
const SLOT: usize = 4096;
const RECORD: usize = 8 + 16 + 3 * 9 + 8;

/// What was said and reached; each only rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SafetyMark {
    /// Highest rank voted in.
    pub vote_rank: Option<u64>,
    /// Highest rank timed out.
    pub timeout_rank: Option<u64>,
    /// Head frame of the store when it was said.
    pub head: Option<u64>,
}

/// Whether the store is at least as new as what was said with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is: voting goes on above the recorded ranks.
    Current,
    /// The store is older than the file: it may not vote before it has synced to `recorded`.
    Behind {
        /// Head frame in the file.
        recorded: u64,
        /// Head frame of the store.
        head: Option<u64>,
    },
    /// The file belongs to another store.
    Foreign,
    /// The store has voted, and the file is gone or unreadable: not even the ranks are known.
    Lost,
}

/// The file of one voter.
#[derive(Debug)]
pub struct SafetyFile {
    file: Option<File>,
    path: PathBuf,
    identity: [u8; 16],
    mark: SafetyMark,
    found: Found,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Own,
    Foreign,
    Lost,
}

impl SafetyFile {
    /// What the file holds.
    pub fn mark(&self) -> SafetyMark {
        self.mark
    }

    /// Where a store with this head stands. Ask before every vote; only `Current` may vote.
    pub fn standing(&self, head: Option<u64>) -> Standing {
        match self.found {
            Found::Foreign => Standing::Foreign,
            Found::Lost => Standing::Lost,
            Found::Own => match self.mark.head {
                Some(recorded) if head.is_none_or(|head| head < recorded) => {
                    Standing::Behind { recorded, head }
                }
                _ => Standing::Current,
            },
        }
    }

    /// Records a vote of `rank`; on disk when it returns, then the message may leave.
    ///
    /// # Errors
    /// `Order` when a vote of this or a higher rank was recorded, `Damaged` unless the standing
    /// is `Current`.
    pub fn record_vote(&mut self, rank: u64, head: Option<u64>) -> Result<()> {
        self.require(head)?;
        rises(self.mark.vote_rank, rank)?;
        self.write(SafetyMark {
            vote_rank: Some(rank),
            head: head.max(self.mark.head),
            ..self.mark
        })
    }

    /// Records that the store reached a frame: a store without it is older from then on.
    ///
    /// # Errors
    /// As [`Self::record_vote`], without `Order`.
    pub fn record_head(&mut self, head: u64) -> Result<()> {
        self.require(Some(head))?;
        if self.mark.head >= Some(head) {
            return Ok(());
        }
        self.write(SafetyMark {
            head: Some(head),
            ..self.mark
        })
    }

    /// Records a timeout of `rank`, which may be repeated; on disk when it returns.
    ///
    /// # Errors
    /// As [`Self::record_vote`], but the same rank is allowed again.
    pub fn record_timeout(&mut self, rank: u64, head: Option<u64>) -> Result<()> {
        self.require(head)?;
        if self.mark.timeout_rank != Some(rank) {
            rises(self.mark.timeout_rank, rank)?;
        }
        self.write(SafetyMark {
            timeout_rank: Some(rank),
            head: head.max(self.mark.head),
            ..self.mark
        })
    }

    /// Starts a new file after an operator has made sure that `mark` is not below anything said:
    /// the way out of `Lost` and `Foreign`.
    pub fn adopt(&mut self, mark: SafetyMark) -> Result<()> {
        self.found = Found::Own;
        self.write(mark)
    }

    fn require(&self, head: Option<u64>) -> Result<()> {
        match self.standing(head) {
            Standing::Current => Ok(()),
            standing => Err(StoreError::structure(format!(
                "this store may not vote: {standing:?}"
            ))),
        }
    }

    fn write(&mut self, mark: SafetyMark) -> Result<()> {
        let record = encode(self.identity, mark);
        let failed = |e: std::io::Error| StoreError::io("safety file", &e);
        if self.file.is_none() {
            self.file = Some(create(&self.path).map_err(failed)?);
            if let Some(directory) = self.path.parent() {
                sync_directory(directory)?;
            }
        }
        let Some(file) = self.file.as_mut() else {
            return Err(StoreError::Closed);
        };
        for slot in 0..2u64 {
            file.seek(SeekFrom::Start(slot * SLOT as u64))
                .and_then(|_| file.write_all(&record))
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
        }
        self.mark = mark;
        Ok(())
    }
}

impl Store {
    /// Opens the safety file `safety-<voter>` of this store (letters, digits and `-`), or creates
    /// it for a voter that this store has never had.
    pub fn safety(&self, voter: &str) -> Result<SafetyFile> {
        if voter.is_empty()
            || voter.len() > 64
            || !voter
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(StoreError::Arguments("name of a voter".to_owned()));
        }
        let path = self.directory().join(format!("safety-{voter}"));
        let key = [b"safety/".as_slice(), voter.as_bytes()].concat();
        let known = self.with(|reader| Ok(reader.get(Table::Meta, &key)?.is_some()))?;
        let mut safety = SafetyFile {
            file: None,
            path: path.clone(),
            identity: self.identity(),
            mark: SafetyMark::default(),
            found: Found::Own,
        };
        if path.exists() {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .map_err(|e| StoreError::io("safety file", &e))?;
            match read(&mut file)? {
                None => safety.found = Found::Lost,
                Some((identity, _)) if identity != self.identity() => {
                    safety.found = Found::Foreign;
                }
                Some((_, mark)) => safety.mark = mark,
            }
            safety.file = Some(file);
        } else if known {
            safety.found = Found::Lost;
        } else {
            safety.write(SafetyMark::default())?;
        }
        if !known {
            self.engine.write(Durability::Durable, |writer| {
                writer.put(Table::Meta, &key, &[])
            })?;
        }
        Ok(safety)
    }
}

fn rises(before: Option<u64>, rank: u64) -> Result<()> {
    if before.is_some_and(|before| rank <= before) {
        return Err(StoreError::Order {
            head: before,
            offered: rank,
        });
    }
    Ok(())
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.write_all(&[0; 2 * SLOT])?;
    Ok(file)
}

fn encode(identity: [u8; 16], mark: SafetyMark) -> Vec<u8> {
    let mut record = Vec::with_capacity(RECORD);
    record.extend_from_slice(MAGIC);
    record.extend_from_slice(&identity);
    for field in [mark.vote_rank, mark.timeout_rank, mark.head] {
        record.push(u8::from(field.is_some()));
        record.extend_from_slice(&field.unwrap_or(0).to_be_bytes());
    }
    let sum = xxh3_64(&record);
    record.extend_from_slice(&sum.to_be_bytes());
    record
}

fn decode(slot: &[u8]) -> Option<([u8; 16], SafetyMark)> {
    let record = slot.get(..RECORD)?;
    let (body, sum) = record.split_last_chunk::<8>()?;
    if xxh3_64(body) != u64::from_be_bytes(*sum) {
        return None;
    }
    let rest = body.strip_prefix(MAGIC)?;
    let (identity, rest) = rest.split_first_chunk::<16>()?;
    let mut fields = rest.chunks_exact(9).map(|field| {
        let (flag, number) = field.split_first()?;
        let number = u64::from_be_bytes(number.try_into().ok()?);
        Some((*flag == 1).then_some(number))
    });
    let mark = SafetyMark {
        vote_rank: fields.next()??,
        timeout_rank: fields.next()??,
        head: fields.next()??,
    };
    Some((*identity, mark))
}

/// The newer of the readable slots.
fn read(file: &mut File) -> Result<Option<([u8; 16], SafetyMark)>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))
        .and_then(|_| file.take(2 * SLOT as u64).read_to_end(&mut bytes))
        .map_err(|e| StoreError::io("safety file", &e))?;
    let rank = |mark: &SafetyMark| (mark.vote_rank, mark.timeout_rank, mark.head);
    let (first, second) = (decode(&bytes), bytes.get(SLOT..).and_then(decode));
    Ok(match (first, second) {
        (Some(a), Some(b)) if rank(&b.1) > rank(&a.1) => Some(b),
        (Some(a), _) => Some(a),
        (None, b) => b,
    })
}
