//! Views of one commit, and the reads that a view answers.

use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::changed;
use crate::engine::Engine;
use crate::error::{Result, StoreError};
use crate::fault::Fault;
use crate::keys::{
    NodeKey, RootRecord, TreeId, ValueKey, cursor_key, root_key, trailing_generation,
};
use crate::kv::{self, Page, RangeRequest};
use crate::meta;
use crate::node;
use crate::reader::{Reader, Span};
use crate::store::Store;
use crate::table::Table;

/// A read transaction with its deadline, shared by a snapshot and the store that may end it.
#[derive(Debug)]
pub(crate) struct Held {
    reader: RwLock<Option<Reader>>,
    opened: Instant,
    deadline: Duration,
}

impl Held {
    pub(crate) fn new(reader: Reader, deadline: Duration) -> Self {
        Self {
            reader: RwLock::new(Some(reader)),
            opened: Instant::now(),
            deadline,
        }
    }

    pub(crate) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    fn late(&self) -> bool {
        self.age() > self.deadline
    }

    /// Ends the transaction when its time is over; whether it has ended.
    pub(crate) fn drop_if_late(&self) -> bool {
        if self.late() {
            self.expire();
        }
        self.reader
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    /// Ends the transaction; waits for a read that runs.
    pub(crate) fn expire(&self) {
        self.reader
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

/// A consistent view; later batches do not change it. It answers until its deadline (30 s), then
/// `Expired`: start the read again with a new one. A verify, compact or close ends it too.
#[derive(Clone, Debug)]
pub struct Snapshot {
    engine: Arc<Engine>,
    held: Arc<Held>,
    released: Arc<std::sync::atomic::AtomicBool>,
}

impl Snapshot {
    pub(crate) fn new(engine: Arc<Engine>, held: Arc<Held>) -> Self {
        Self {
            engine,
            held,
            released: Arc::default(),
        }
    }

    /// Ends the view and all its clones.
    pub fn release(&self) {
        self.released
            .store(true, std::sync::atomic::Ordering::SeqCst);
        self.held.expire();
    }

    /// A node record that the root or a parent in this view promises: missing is damage.
    pub fn promised_node(&self, key: &NodeKey) -> Result<Vec<u8>> {
        self.with(|reader| node::promised(reader, Table::Node, &key.encode()))
    }

    /// A value that its leaf in this view promises: missing is damage.
    pub fn promised_value(&self, key: &ValueKey) -> Result<Vec<u8>> {
        self.with(|reader| node::promised(reader, Table::Blob, &key.encode()))
    }

    /// Time since the view was taken.
    pub fn age(&self) -> Duration {
        self.held.age()
    }
}

/// Which frames have their headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameSpan {
    /// First one.
    pub oldest: Option<u64>,
    /// Last one.
    pub newest: Option<u64>,
    /// Frames between them without a header: state that advanced without one, or damage.
    pub missing: u64,
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Snapshot {}
    impl Sealed for super::Store {}
    impl<R: Sealed> Sealed for std::sync::Arc<R> {}
}

/// Reads. A [`Snapshot`] answers all of them from one commit, a [`Store`] each from the newest.
pub trait Read: sealed::Sealed {
    #[doc(hidden)]
    fn with<T>(&self, call: impl FnOnce(&Reader) -> Result<T, Fault>) -> Result<T>;

    /// The value of a key of the general table (keys of 1 to 512 bytes).
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        kv::check_key(key)?;
        self.with(|reader| reader.get(Table::Kv, key))
    }

    /// Keys and values of the general table, a page at a time.
    fn range(&self, request: &RangeRequest) -> Result<Page> {
        self.with(|reader| kv::range(reader, request))
    }

    /// Newest frame.
    fn head(&self) -> Result<Option<u64>> {
        self.with(meta::head)
    }

    /// Oldest generation that can be read.
    fn oldest_generation(&self) -> Result<u64> {
        self.with(meta::oldest)
    }

    /// Header bytes of a frame.
    fn frame(&self, number: u64) -> Result<Option<Vec<u8>>> {
        self.with(|reader| reader.get(Table::Frame, &number.to_be_bytes()))
    }

    /// Certificate bytes of a frame.
    fn certificate(&self, number: u64) -> Result<Option<Vec<u8>>> {
        self.with(|reader| reader.get(Table::Cert, &number.to_be_bytes()))
    }

    /// Frames `from ..= to` that are kept, in order, at most `limit` and about 8 MB.
    fn frames(&self, from: u64, to: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        let (from, to) = (from.to_be_bytes(), to.to_be_bytes());
        self.with(|reader| {
            let span = Span {
                from: Bound::Included(&from),
                to: Bound::Included(&to),
                reverse: false,
                limit,
                max_bytes: 8 << 20,
            };
            let mut frames = Vec::new();
            for (key, value) in reader.range(Table::Frame, span)?.0 {
                frames.push((trailing_generation(Table::Frame, &key)?, value));
            }
            Ok(frames)
        })
    }

    /// The frames whose headers are kept.
    fn frame_span(&self) -> Result<FrameSpan> {
        self.with(|reader| {
            let mut ends = [None, None];
            for (end, reverse) in ends.iter_mut().zip([false, true]) {
                let span = Span {
                    from: Bound::Unbounded,
                    to: Bound::Unbounded,
                    reverse,
                    limit: 1,
                    max_bytes: usize::MAX,
                };
                if let Some((key, _)) = reader.range(Table::Frame, span)?.0.first() {
                    *end = Some(trailing_generation(Table::Frame, key)?);
                }
            }
            let [oldest, newest] = ends;
            let all = oldest
                .zip(newest)
                .map_or(0, |(oldest, newest)| newest - oldest + 1);
            let missing = all.saturating_sub(reader.records(Table::Frame)?);
            Ok(FrameSpan {
                oldest,
                newest,
                missing,
            })
        })
    }

    /// The cursor `name` as it was at `generation`.
    fn cursor(&self, name: &[u8], generation: u64) -> Result<Option<Vec<u8>>> {
        self.with(|reader| {
            let (first, last) = (cursor_key(name, 0), cursor_key(name, generation));
            Ok(reader
                .last_in(Table::Registry, &first, &last)?
                .map(|(_, value)| value))
        })
    }

    /// The number of a tree, when it was interned.
    fn tree(&self, name: &[u8]) -> Result<Option<TreeId>> {
        self.with(|reader| node::tree_of(reader, name))
    }

    /// The root of `tree` at `generation`: that of the newest frame at or before it that changed
    /// the tree, with that frame; `None` when the tree did not exist.
    ///
    /// # Errors
    /// `Unavailable` outside the kept generations, `Refused` for a tree dropped by a repair.
    fn root(&self, tree: TreeId, generation: u64) -> Result<Option<(u64, RootRecord)>> {
        self.with(|reader| {
            node::check_generation(reader, generation)?;
            node::check_refused(reader, tree, generation)?;
            let (first, last) = (root_key(tree, 0), root_key(tree, generation));
            let Some((key, value)) = reader.last_in(Table::Root, &first, &last)? else {
                return Ok(None);
            };
            let at = trailing_generation(Table::Root, &key)?;
            Ok(Some((at, RootRecord::decode(&key, &value)?)))
        })
    }

    /// All kept roots of `tree`, newest first: generation and record.
    fn roots(&self, tree: TreeId) -> Result<Vec<(u64, RootRecord)>> {
        self.with(|reader| {
            node::check_refused(reader, tree, meta::head(reader)?.unwrap_or(0))?;
            let (first, last) = (root_key(tree, 0), root_key(tree, u64::MAX));
            let span = Span {
                from: Bound::Included(&first),
                to: Bound::Included(&last),
                reverse: true,
                limit: usize::MAX,
                max_bytes: usize::MAX,
            };
            let mut roots = Vec::new();
            for (key, value) in reader.range(Table::Root, span)?.0 {
                let at = trailing_generation(Table::Root, &key)?;
                roots.push((at, RootRecord::decode(&key, &value)?));
            }
            Ok(roots)
        })
    }

    /// A node record. Whether its absence is damage tells the one who was promised it.
    fn node(&self, key: &NodeKey) -> Result<Option<Vec<u8>>> {
        self.with(|reader| reader.get(Table::Node, &key.encode()))
    }

    /// Node records, in the order of the keys.
    fn nodes(&self, keys: &[NodeKey]) -> Result<Vec<Option<Vec<u8>>>> {
        self.with(|reader| {
            let one = |key: &NodeKey| reader.get(Table::Node, &key.encode());
            keys.iter().map(one).collect()
        })
    }

    /// A value that is not inside its leaf's record.
    fn value(&self, key: &ValueKey) -> Result<Option<Vec<u8>>> {
        self.with(|reader| reader.get(Table::Blob, &key.encode()))
    }

    /// Names of the trees that a frame changed: one look-up for each, however much was written. Not for the oldest kept generation or one
    /// before it, whose changes a prune may have taken.
    fn changed_trees(&self, generation: u64) -> Result<Vec<Vec<u8>>> {
        self.with(|reader| changed::changed_trees(reader, generation))
    }

    /// The first generation in which every tree can be read: after a repair that put trees back it is later than the oldest one.
    fn whole_since(&self) -> Result<u64> {
        changed::whole_since(self, &self.trees(&[])?)
    }

    /// Names of trees that start with `prefix`, in order, with their numbers.
    fn trees(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, TreeId)>> {
        self.with(|reader| node::trees(reader, prefix))
    }
}

impl Read for Snapshot {
    fn with<T>(&self, call: impl FnOnce(&Reader) -> Result<T, Fault>) -> Result<T> {
        if self.held.late() {
            self.held.expire();
        }
        let reader = self
            .held
            .reader
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(reader) = reader.as_ref() else {
            if self.released.load(std::sync::atomic::Ordering::SeqCst) {
                return Err(StoreError::Closed);
            }
            return Err(StoreError::Expired {
                millis: self
                    .held
                    .deadline
                    .as_millis()
                    .try_into()
                    .unwrap_or(u64::MAX),
            });
        };
        self.engine.guard(false, || call(reader))
    }
}

impl<R: Read> Read for Arc<R> {
    fn with<T>(&self, call: impl FnOnce(&Reader) -> Result<T, Fault>) -> Result<T> {
        (**self).with(call)
    }
}

impl Read for Store {
    fn with<T>(&self, call: impl FnOnce(&Reader) -> Result<T, Fault>) -> Result<T> {
        let reader = self.engine.reader()?;
        self.engine.guard(false, || call(&reader))
    }
}
