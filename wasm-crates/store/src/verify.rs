//! Looks at everything: page sums, checksums, promises; and drops what is beyond use.

use std::collections::{BTreeSet, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use redb::ReadableTable;

use crate::copy::span_after;
use crate::engine::Durability;
use crate::error::{Result, StoreError};
use crate::fault::Fault;
use crate::frame::replaced_key;
use crate::keys::{NodeKey, RootRecord, TreeId, ValueKey, leading_generation, node_key};
use crate::links::Links;
use crate::meta;
use crate::node::number_key;
use crate::reader::{Reader, Span};
use crate::stale;
use crate::store::Store;
use crate::table::Table;
use crate::writer::Writer;

/// What a node record promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A child.
    Node(NodeKey),
    /// The value of a leaf.
    Value(ValueKey),
}

/// Tells what a node record promises, or why it is no node record: whoever keeps the tree knows.
pub type Children<'a> = &'a mut dyn FnMut(&NodeKey, &[u8]) -> Result<Vec<Promise>, String>;

/// Is told how many of how many records were looked at.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What [`Store::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Whether the engine's own page sums were right. A damaged record makes them wrong too.
    pub pages_sound: bool,
    /// Records looked at.
    pub records: u64,
    /// Their keys and values, in bytes.
    pub bytes: u64,
    /// Records whose checksum or form is wrong.
    pub damaged: Vec<(Table, Vec<u8>)>,
    /// Records that another one promises and that are not there.
    pub missing: Vec<(Table, Vec<u8>)>,
    /// Trees whose links were followed ([`Store::verify_trees`]).
    pub trees: u64,
    /// Records that are not what leads to them says: another kind, path, count or size.
    pub wrong: Vec<(Table, Vec<u8>)>,
    /// Trees with records to which no kept generation leads or that no prune would take, and how many.
    pub orphans: Vec<(TreeId, u64)>,
}

impl VerifyReport {
    /// Nothing was found.
    pub fn is_sound(&self) -> bool {
        let findings = [&self.damaged, &self.missing, &self.wrong];
        self.pages_sound && findings.iter().all(|found| found.is_empty()) && self.orphans.is_empty()
    }
}

/// What [`Store::repair`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Trees dropped whole: they answer `Refused` until a frame writes their root again.
    pub refused: Vec<TreeId>,
    /// Records of other tables that are gone: fetch them again, or do without.
    pub lost: Vec<(Table, Vec<u8>)>,
}

/// Where a scrub goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrubPosition {
    table: usize,
    after: Option<Vec<u8>>,
}

impl Store {
    /// Checks every record, and that what is promised is there: root nodes, what stale lists name,
    /// and with `children` the children and values of every node; then the engine's page sums, with
    /// nobody else inside (snapshots end, calls wait). What is wrong is reported, not failed on; the
    /// caller goes on to [`Store::repair`], and to [`Store::rebuild`] when the pages are unsound. A store
    /// with a damaged block is opened with [`Options::salvage`](crate::Options) for this.
    ///
    /// # Errors
    /// `Damaged` when the engine's structure cannot be walked: restore a backup.
    pub fn verify(&self, children: Option<Children<'_>>) -> Result<VerifyReport> {
        let _alone = self.maintain()?;
        let mut report = self.verify_records(children)?;
        self.expire_all();
        report.pages_sound = self.engine.check_pages()?;
        Ok(report)
    }

    /// [`Store::verify`] for a store of the trees of `tries`, with the links between their records: every child is there, is of the kind
    /// and at the path that its parent says, counts and sizes add up, and every record belongs to a kept generation. Reads node by node.
    ///
    /// # Errors
    /// As [`Store::verify`].
    pub fn verify_trees(&self, progress: Progress<'_>) -> Result<VerifyReport> {
        let _alone = self.maintain()?;
        let mut report = self.verify_records(None)?;
        let reader = self.engine.reader()?;
        self.engine
            .guard(false, || Links::check(&reader, &mut report, progress))?;
        drop(reader);
        report.missing.sort();
        report.missing.dedup();
        self.expire_all();
        report.pages_sound = self.engine.check_pages()?;
        Ok(report)
    }

    fn verify_records(&self, mut children: Option<Children<'_>>) -> Result<VerifyReport> {
        let mut report = VerifyReport::default();
        let reader = self.engine.reader()?;
        let doomed = self.engine.guard(false, || {
            let oldest = meta::oldest(&reader)?;
            let mut doomed = HashSet::new();
            for (key, value) in all(&reader, Table::Stale)? {
                let Ok(value) = value else { continue };
                if leading_generation(Table::Stale, &key)? > oldest {
                    break;
                }
                if let Ok((tree, list)) = stale::decode(&key, &value) {
                    doomed.extend(list.iter().map(|entry| replaced_key(tree, entry)));
                }
            }
            Ok(doomed)
        })?;
        drop(reader);
        for table in Table::ALL {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let reader = Arc::new(self.engine.reader()?);
                let more = self.engine.guard(false, || {
                    let (records, more) = reader.scan(table, span_after(after.as_deref()))?;
                    for (key, value) in records {
                        report.records += 1;
                        report.bytes += key.len() as u64;
                        let Ok(value) = value else {
                            report.damaged.push((table, key.clone()));
                            after = Some(key);
                            continue;
                        };
                        report.bytes += value.len() as u64;
                        let exempt = doomed.contains(&(table, key.clone()));
                        let promised = promises(table, &key, &value, children.as_mut());
                        match promised {
                            Err(_) => report.damaged.push((table, key.clone())),
                            Ok(_) if exempt => {}
                            Ok(promised) => {
                                for (table, key) in promised {
                                    let there = present(&reader, table, &key)?;
                                    if !there {
                                        report.missing.push((table, key));
                                    }
                                }
                            }
                        }
                        after = Some(key);
                    }
                    Ok(more)
                })?;
                if !more {
                    break;
                }
            }
        }
        report.missing.sort();
        report.missing.dedup();
        Ok(report)
    }

    /// Checks the checksums of about `records` records behind `from`; `None` when all were seen.
    /// Called in the background, it finds damage before it is needed. Damage closes the handle as
    /// any read would.
    pub fn scrub(
        &self,
        from: Option<ScrubPosition>,
        records: usize,
    ) -> Result<Option<ScrubPosition>> {
        let mut at = from.unwrap_or(ScrubPosition {
            table: 0,
            after: None,
        });
        let Some(&table) = Table::ALL.get(at.table) else {
            return Ok(None);
        };
        let reader = self.engine.reader()?;
        let (entries, more) = self.engine.guard(false, || {
            let span = Span {
                limit: records.max(1),
                ..span_after(at.after.as_deref())
            };
            reader.range(table, span)
        })?;
        if more {
            at.after = entries.into_iter().next_back().map(|(key, _)| key);
        } else {
            at.table += 1;
            at.after = None;
        }
        Ok((at.table < Table::ALL.len()).then_some(at))
    }

    /// Drops what a verify found beyond use. A tree with a damaged or missing node goes whole, and
    /// answers `Refused` until it was synced; single records of frames, certificates, cursors, pins
    /// and the general table go alone. Can be repeated after a crash with a new report.
    ///
    /// # Errors
    /// `Damaged` when `meta` or `tree` is hit: restore a backup or sync from nothing.
    pub fn repair(&self, report: &VerifyReport) -> Result<RepairReport> {
        let _alone = self.maintain()?;
        self.expire_all();
        let mut result = RepairReport::default();
        let mut trees = BTreeSet::new();
        let found = report.damaged.iter().chain(&report.missing);
        for (table, key) in found.chain(&report.wrong) {
            match table {
                Table::Meta | Table::Tree => {
                    return Err(StoreError::damaged(*table, key, "beyond repair"));
                }
                Table::Node | Table::Blob => trees.extend(NodeKey::decode(key).map(|k| k.tree)),
                Table::Root => trees.extend(tree_at(key, 0)),
                Table::Stale => trees.extend(tree_at(key, 8)),
                Table::Pin | Table::Frame | Table::Cert | Table::Registry | Table::Kv => {
                    result.lost.push((*table, key.clone()));
                }
            }
        }
        trees.extend(report.orphans.iter().map(|(tree, _)| *tree));
        self.engine.write(Durability::Durable, |writer| {
            for (table, key) in &report.damaged {
                writer.delete(*table, key)?;
            }
            let mut known = BTreeSet::new();
            for tree in &trees {
                if writer.get(Table::Tree, &number_key(*tree))?.is_some() {
                    writer.put(Table::Meta, &meta::refused_key(tree.0), &[])?;
                    known.insert(*tree);
                }
            }
            trees = known;
            Ok(())
        })?;
        for table in [Table::Root, Table::Stale, Table::Blob, Table::Node] {
            self.drop_records(table, &trees)?;
        }
        result.refused = trees.into_iter().collect();
        Ok(result)
    }

    fn drop_records(&self, table: Table, trees: &BTreeSet<TreeId>) -> Result<()> {
        let mut from = Some(Vec::new());
        while let Some(start) = from {
            from = self.engine.write(Durability::Durable, |writer| {
                drop_some(writer, table, trees, &start)
            })?;
        }
        Ok(())
    }
}

/// Looks at 100,000 records from `from` on and deletes those of the trees; where the next call goes on.
pub(crate) fn drop_some(
    writer: &Writer,
    table: Table,
    trees: &BTreeSet<TreeId>,
    from: &[u8],
) -> Result<Option<Vec<u8>>, Fault> {
    let at = if table == Table::Root { 0 } else { 8 };
    writer.with_table(table, |open| {
        let mut doomed = Vec::new();
        let mut next = None;
        let range = open.range::<&[u8]>((Bound::Included(from), Bound::Unbounded))?;
        for (seen, entry) in range.enumerate() {
            let (key, _) = entry?;
            if seen == 100_000 {
                next = Some(key.value().to_vec());
                break;
            }
            if tree_at(key.value(), at).is_some_and(|tree| trees.contains(&tree)) {
                doomed.push(key.value().to_vec());
            }
        }
        for key in &doomed {
            open.remove(key.as_slice())?;
        }
        Ok(next)
    })
}

pub(crate) fn tree_at(key: &[u8], at: usize) -> Option<TreeId> {
    key.get(at..)?
        .first_chunk::<4>()
        .map(|bytes| TreeId(u32::from_be_bytes(*bytes)))
}

fn all(reader: &Reader, table: Table) -> Result<Vec<crate::reader::Scanned>, Fault> {
    let everything = Span {
        limit: usize::MAX,
        max_bytes: usize::MAX,
        ..span_after(None)
    };
    Ok(reader.scan(table, everything)?.0)
}

/// Whether a record is there; its checksum is looked at in its own turn.
fn present(reader: &Reader, table: Table, key: &[u8]) -> Result<bool, Fault> {
    let span = Span {
        from: Bound::Included(key),
        to: Bound::Included(key),
        reverse: false,
        limit: 1,
        max_bytes: usize::MAX,
    };
    Ok(!reader.scan(table, span)?.0.is_empty())
}

/// The records that this one promises, or why it is no record of its table.
fn promises(
    table: Table,
    key: &[u8],
    value: &[u8],
    children: Option<&mut Children<'_>>,
) -> Result<Vec<(Table, Vec<u8>)>> {
    let wrong = |what: &str| StoreError::damaged(table, key, what);
    match table {
        Table::Root => {
            let record = RootRecord::decode(key, value)?;
            let tree = tree_at(key, 0).ok_or_else(|| wrong("key too short"))?;
            Ok(record
                .node_generation
                .map(|generation| (Table::Node, node_key(generation, tree, &[])))
                .into_iter()
                .collect())
        }
        Table::Stale => {
            let (tree, list) = stale::decode(key, value)?;
            Ok(list.iter().map(|entry| replaced_key(tree, entry)).collect())
        }
        Table::Node => {
            let node = NodeKey::decode(key).ok_or_else(|| wrong("not a node key"))?;
            let Some(children) = children else {
                return Ok(Vec::new());
            };
            let promised = children(&node, value).map_err(|what| wrong(&what))?;
            Ok(promised
                .iter()
                .map(|promise| match promise {
                    Promise::Node(key) => (Table::Node, key.encode()),
                    Promise::Value(key) => (Table::Blob, key.encode()),
                })
                .collect())
        }
        _ => Ok(Vec::new()),
    }
}
