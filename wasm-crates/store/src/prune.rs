//! Generations that go: pins, prune, rollback, the window of frames.

use std::ops::Bound;
use std::sync::{MutexGuard, TryLockError};

use redb::ReadableTable;

use crate::engine::Durability;
use crate::error::{Result, StoreError};
use crate::fault::Fault;
use crate::frame::replaced_key;
use crate::keys::{MAX_NAME, leading_generation, pin_key, trailing_generation};
use crate::meta;
use crate::record::open;
use crate::snapshot::Read;
use crate::stale;
use crate::store::Store;
use crate::table::Table;
use crate::writer::Writer;

/// Records that one batch deletes, about: 0.1 to 0.4 s each on a calm machine.
const DELETES_PER_BATCH: usize = 32_768;

/// A generation that a prune must keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The generation; newer ones are kept too.
    pub generation: u64,
    /// Who needs it; 1 to 64 bytes.
    pub reason: Vec<u8>,
    /// Seconds since 1970 after which the pin counts no more.
    pub expires: u64,
}

/// What a prune did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Oldest generation that can be read now.
    pub oldest: u64,
    /// Records deleted.
    pub deleted: u64,
    /// Durable batches it took.
    pub batches: u64,
}

impl Store {
    pub(crate) fn maintain(&self) -> Result<MutexGuard<'_, ()>> {
        match self.maintenance.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
        }
    }

    /// Keeps `generation` and all newer ones until the pin expires or is taken away. Survives
    /// restarts. The same reason at the same generation replaces the expiry.
    ///
    /// # Errors
    /// `Unavailable` when the generation is not kept (any more).
    pub fn pin(&self, pin: &Pin) -> Result<()> {
        if pin.reason.is_empty() || pin.reason.len() > MAX_NAME {
            return Err(StoreError::Arguments("reason of a pin".to_owned()));
        }
        self.engine.write(Durability::Durable, |writer| {
            let (oldest, newest) = (meta::oldest_in(writer)?, meta::head_in(writer)?);
            if pin.generation < oldest || newest.is_none_or(|newest| pin.generation > newest) {
                return Err(StoreError::Unavailable {
                    generation: pin.generation,
                    oldest,
                    newest,
                }
                .into());
            }
            let key = pin_key(pin.generation, &pin.reason);
            writer.put(Table::Pin, &key, &pin.expires.to_be_bytes())
        })
    }

    /// Takes a pin away; whether it was there.
    pub fn unpin(&self, generation: u64, reason: &[u8]) -> Result<bool> {
        self.engine.write(Durability::Durable, |writer| {
            writer.delete(Table::Pin, &pin_key(generation, reason))
        })
    }

    /// All pins, oldest generation first, expired ones too.
    pub fn pins(&self) -> Result<Vec<Pin>> {
        self.with(|reader| {
            let span = crate::reader::Span {
                from: Bound::Unbounded,
                to: Bound::Unbounded,
                reverse: false,
                limit: usize::MAX,
                max_bytes: usize::MAX,
            };
            let mut pins = Vec::new();
            for (key, value) in reader.range(Table::Pin, span)?.0 {
                pins.push(read_pin(&key, &value)?);
            }
            Ok(pins)
        })
    }

    /// Deletes what no kept generation needs: kept are the newest 64 (see
    /// [`Options::generations`](crate::Options)) and all from the oldest pin on. Runs in batches
    /// of its own, at most `max_batches`; what is left is done by the next call, also after a
    /// crash. Call it just after a frame, every 4 to 16 frames. `now` is in seconds since 1970.
    pub fn prune(&self, now: u64, max_batches: u64) -> Result<Pruned> {
        let _alone = self.maintain()?;
        let mut done = Pruned::default();
        while done.batches < max_batches {
            self.sweep_snapshots();
            let (oldest, deleted) = self.engine.write(Durability::Durable, |writer| {
                let oldest = advance(writer, now, self.options.generations)?;
                Ok((oldest, prune_batch(writer, oldest)?))
            })?;
            done.oldest = oldest;
            done.batches += 1;
            done.deleted += deleted;
            if deleted == 0 {
                break;
            }
        }
        Ok(done)
    }

    /// Makes `generation` the head again: frames, roots, cursors and nodes of newer ones are gone,
    /// what those had replaced is current again. The general table is left as it is.
    ///
    /// # Errors
    /// `Unavailable` unless the generation is kept.
    pub fn rollback(&self, generation: u64) -> Result<()> {
        let _alone = self.maintain()?;
        self.expire_all();
        self.engine.write(Durability::Durable, |writer| {
            let (oldest, newest) = (meta::oldest_in(writer)?, meta::head_in(writer)?);
            if generation < oldest || newest.is_none_or(|newest| generation > newest) {
                return Err(StoreError::Unavailable {
                    generation,
                    oldest,
                    newest,
                }
                .into());
            }
            writer.put(Table::Meta, meta::HEAD, &generation.to_be_bytes())?;
            writer.delete(Table::Meta, meta::BULK)?;
            let after = generation.saturating_add(1).to_be_bytes();
            if generation < u64::MAX {
                for table in [Table::Frame, Table::Cert, Table::Stale, Table::Pin] {
                    writer.delete_from(table, &after, usize::MAX, |_| true)?;
                }
            }
            for table in [Table::Root, Table::Registry] {
                delete_newer(writer, table, generation)?;
            }
            Ok(())
        })?;
        self.sweep_tail()
    }

    /// Drops an unfinished bulk write with its nodes.
    pub fn abandon_bulk(&self) -> Result<()> {
        let _alone = self.maintain()?;
        self.engine.write(Durability::Durable, |writer| {
            writer.delete(Table::Meta, meta::BULK)
        })?;
        self.sweep_tail()
    }

    /// Deletes nodes above the head that no bulk write claims: the rest of a rollback.
    pub(crate) fn sweep_tail(&self) -> Result<()> {
        loop {
            let reader = self.engine.reader()?;
            let from = self.engine.guard(false, || {
                if reader.get(Table::Meta, meta::BULK)?.is_some() {
                    return Ok(None);
                }
                let from = match meta::head(&reader)? {
                    Some(u64::MAX) => return Ok(None),
                    Some(head) => (head + 1).to_be_bytes(),
                    None => [0; 8],
                };
                let full = [0xff; 8 + 4 + 512];
                let nodes = reader.last_in(Table::Node, &from, &full)?;
                let blobs = reader.last_in(Table::Blob, &from, &full)?;
                Ok((nodes.is_some() || blobs.is_some()).then_some(from))
            })?;
            drop(reader);
            let Some(from) = from else { return Ok(()) };
            self.engine.write(Durability::Durable, |writer| {
                writer.delete_from(Table::Node, &from, DELETES_PER_BATCH, |_| true)?;
                writer.delete_from(Table::Blob, &from, DELETES_PER_BATCH, |_| true)
            })?;
        }
    }

    /// Deletes frames and certificates before `number`: the window of a node that is no archive
    /// (spec 22 section 9). State generations are not touched. Returns how many frames went.
    pub fn forget_frames(&self, number: u64) -> Result<u64> {
        let _alone = self.maintain()?;
        let end = number.to_be_bytes();
        let mut gone = 0;
        loop {
            let frames = self.engine.write(Durability::Durable, |writer| {
                let mut frames = 0;
                for table in [Table::Frame, Table::Cert] {
                    let before = |key: &[u8]| key < end.as_slice();
                    frames = frames.max(writer.delete_from(table, &[], 4096, before)?);
                    if table == Table::Frame {
                        gone += frames as u64;
                    }
                }
                Ok(frames)
            })?;
            if frames == 0 {
                return Ok(gone);
            }
        }
    }
}

fn read_pin(key: &[u8], value: &[u8]) -> Result<Pin> {
    Ok(Pin {
        generation: leading_generation(Table::Pin, key)?,
        reason: key.get(8..).unwrap_or_default().to_vec(),
        expires: crate::keys::number(Table::Pin, key, value)?,
    })
}

/// Moves the watermark to min(head - 63, oldest pin), never back; drops expired pins.
fn advance(writer: &Writer, now: u64, generations: u64) -> Result<u64, Fault> {
    let before = meta::oldest_in(writer)?;
    let Some(head) = meta::head_in(writer)? else {
        return Ok(before);
    };
    let mut expired = Vec::new();
    let mut watermark = head.saturating_sub(generations.saturating_sub(1));
    writer.with_table(Table::Pin, |table| {
        for entry in table.iter()? {
            let (key, sealed) = entry?;
            let value = open(Table::Pin, key.value(), sealed.value())?;
            let pin = read_pin(key.value(), value)?;
            if pin.expires < now {
                expired.push(key.value().to_vec());
            } else {
                watermark = watermark.min(pin.generation);
            }
        }
        for key in &expired {
            table.remove(key.as_slice())?;
        }
        Ok(())
    })?;
    let watermark = watermark.max(before);
    if watermark != before {
        writer.put(Table::Meta, meta::OLDEST, &watermark.to_be_bytes())?;
    }
    Ok(watermark)
}

/// Deletes the records replaced at or before `oldest` that fit into one batch, with their lists.
fn prune_batch(writer: &Writer, oldest: u64) -> Result<u64, Fault> {
    let mut lists = Vec::new();
    let mut doomed = Vec::new();
    writer.with_table(Table::Stale, |table| {
        for entry in table.iter()? {
            let (key, sealed) = entry?;
            let key = key.value();
            if leading_generation(Table::Stale, key)? > oldest || doomed.len() >= DELETES_PER_BATCH
            {
                break;
            }
            let (tree, list) = stale::decode(key, open(Table::Stale, key, sealed.value())?)?;
            doomed.extend(list.iter().map(|replaced| replaced_key(tree, replaced)));
            lists.push(key.to_vec());
        }
        Ok(())
    })?;
    doomed.sort();
    for run in doomed.chunk_by(|a, b| a.0 == b.0) {
        let Some((table, _)) = run.first() else {
            continue;
        };
        writer.with_table(*table, |open_table| {
            for (table, key) in run {
                if open_table.remove(key.as_slice())?.is_none() {
                    let what = "a record listed as replaced is missing";
                    return Err(StoreError::damaged(*table, key, what).into());
                }
            }
            Ok(())
        })?;
    }
    for key in &lists {
        writer.delete(Table::Stale, key)?;
    }
    Ok((doomed.len() + lists.len()) as u64)
}

/// Deletes roots or cursors of generations above `generation`.
fn delete_newer(writer: &Writer, table: Table, generation: u64) -> Result<(), Fault> {
    writer.with_table(table, |open_table| {
        let mut newer = Vec::new();
        for entry in open_table.iter()? {
            let (key, _) = entry?;
            if trailing_generation(table, key.value())? > generation {
                newer.push(key.value().to_vec());
            }
        }
        for key in &newer {
            open_table.remove(key.as_slice())?;
        }
        Ok(())
    })
}
