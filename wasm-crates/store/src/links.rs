//! The links between the records of trees: every child is there and is what its parent says, every record is led to by a kept
//! generation. Reads each record of a tree once, and keeps a path of the tree and a sum for every tree, nothing else.
//!
//! A kept generation that is not the newest differs from the next one in the records that the next one replaced, so that walking the
//! newest tree and then the differences meets every record exactly once. The sums of the names of the records that were met and of those
//! that are there must then be equal; where they are not, nobody leads to some records. In the same way what only older generations have
//! must be what the lists name for a prune.

use std::collections::BTreeMap;
use std::ops::Bound;

use tries::audit::{Promised, StoredNode};
use xxhash_rust::xxh3::xxh3_128;

use crate::copy::span_after;
use crate::fault::Fault;
use crate::frame::replaced_key;
use crate::keys::{
    MAX_PATH, NodeKey, RootRecord, TreeId, leading_generation, node_key, root_key,
    trailing_generation,
};
use crate::meta;
use crate::node::number_key;
use crate::reader::{Reader, Span};
use crate::stale;
use crate::table::Table;
use crate::verify::{Progress, VerifyReport, tree_at};

/// Records between two reports of progress.
const STEP: u64 = 4096;

/// Number of records and sum of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    names: u128,
}

impl Sum {
    fn add(&mut self, table: Table, key: &[u8]) {
        self.count = self.count.wrapping_add(1);
        self.names = self.names.wrapping_add(name(table, key));
    }

    fn take(&mut self, table: Table, key: &[u8]) {
        self.count = self.count.wrapping_sub(1);
        self.names = self.names.wrapping_sub(name(table, key));
    }
}

fn name(table: Table, key: &[u8]) -> u128 {
    xxh3_128(&[&[table.number()], key].concat())
}

/// One tree, as far as it was looked at.
#[derive(Debug, Default)]
struct Tally {
    met: Sum,
    there: Sum,
    /// Those met in older generations only, and those that lists name for a later prune.
    replaced: Sum,
    listed: Sum,
    /// A record that is missing, damaged or wrong: what is below it was not met.
    broken: bool,
}

pub(crate) struct Links<'a> {
    reader: &'a Reader,
    report: &'a mut VerifyReport,
    progress: Progress<'a>,
    trees: BTreeMap<TreeId, Tally>,
    /// Whether the generation that is walked is the newest one.
    newest: bool,
    head: u64,
    oldest: u64,
    done: u64,
    total: u64,
}

/// A node by what is said of it and where it is.
type At = (Promised, Vec<u8>);

impl<'a> Links<'a> {
    /// Checks all trees, and adds what is wrong to the report.
    pub(crate) fn check(
        reader: &'a Reader,
        report: &'a mut VerifyReport,
        progress: Progress<'a>,
    ) -> Result<(), Fault> {
        let Some(head) = meta::head(reader)? else {
            return Ok(());
        };
        let mut links = Self {
            reader,
            report,
            progress,
            trees: BTreeMap::new(),
            newest: true,
            head,
            oldest: meta::oldest(reader)?,
            done: 0,
            total: reader.records(Table::Node)?.saturating_mul(2),
        };
        links.names()?;
        links.roots()?;
        links.count_records()?;
        links.compare();
        Ok(())
    }

    fn each(
        &mut self,
        table: Table,
        mut call: impl FnMut(&mut Self, &[u8], &[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let (records, more) = self.reader.scan(table, span_after(after.as_deref()))?;
            for (key, value) in &records {
                // A damaged record was reported when the records were read.
                if let Ok(value) = value {
                    call(self, key, value)?;
                }
            }
            after = records.into_iter().next_back().map(|(key, _)| key);
            if !more || after.is_none() {
                return Ok(());
            }
        }
    }

    /// Every number that was given out has its name, and the name its number.
    fn names(&mut self) -> Result<(), Fault> {
        let given = match self.reader.get(Table::Meta, meta::NEXT_TREE)? {
            Some(value) => crate::node::tree_number(meta::NEXT_TREE, &value)?.0,
            None => 0,
        };
        let mut named = BTreeMap::new();
        self.each(Table::Tree, |links, key, value| {
            if let Some(name) = key.strip_prefix(b"n") {
                let tree = crate::node::tree_number(key, value)?;
                named.insert(tree, name.to_vec());
                links.trees.insert(tree, Tally::default());
            }
            Ok(())
        })?;
        for tree in (0..given).map(TreeId) {
            let key = number_key(tree);
            let back = self.look(Table::Tree, &key)?;
            if back.is_none() || back.as_ref() != named.get(&tree) {
                self.report.missing.push((Table::Tree, key));
            }
        }
        Ok(())
    }

    /// A record whose sum is right.
    fn look(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let span = Span {
            from: Bound::Included(key),
            to: Bound::Included(key),
            reverse: false,
            limit: 1,
            max_bytes: usize::MAX,
        };
        let found = self.reader.scan(table, span)?.0.pop();
        Ok(found.and_then(|(_, value)| value.ok()))
    }

    fn roots(&mut self) -> Result<(), Fault> {
        let mut of_tree: Vec<(u64, Option<Promised>)> = Vec::new();
        let mut current = None;
        self.each(Table::Root, |links, key, value| {
            let (Some(tree), Ok(generation)) =
                (tree_at(key, 0), trailing_generation(Table::Root, key))
            else {
                return Ok(());
            };
            if current.is_some_and(|current| current != tree) {
                links.tree(current, &mut of_tree)?;
            }
            current = Some(tree);
            match root_of(key, value) {
                Some(promised) => of_tree.push((generation, promised)),
                None => {
                    links.report.wrong.push((Table::Root, key.to_vec()));
                    links.trees.entry(tree).or_default().broken = true;
                }
            }
            Ok(())
        })?;
        self.tree(current, &mut of_tree)
    }

    /// Walks the newest generation of a tree, then what each older kept one has beside it.
    fn tree(
        &mut self,
        tree: Option<TreeId>,
        roots: &mut Vec<(u64, Option<Promised>)>,
    ) -> Result<(), Fault> {
        let Some(tree) = tree else { return Ok(()) };
        self.report.trees += 1;
        let mut newer: Option<At> = None;
        for (number, (generation, root)) in roots.drain(..).rev().enumerate() {
            self.newest = number == 0;
            if !self.newest {
                let tally = self.trees.entry(tree).or_default();
                tally.replaced.add(Table::Root, &root_key(tree, generation));
            }
            let root: Option<At> = root.map(|root| (root, Vec::new()));
            if let Some(root) = &root {
                self.node(tree, root, newer.as_ref())?;
            }
            newer = root;
            if generation <= self.oldest {
                break;
            }
        }
        Ok(())
    }

    fn node(&mut self, tree: TreeId, at: &At, newer: Option<&At>) -> Result<(), Fault> {
        let newer = self.newer_at(tree, newer, &at.1)?;
        if let Some((same, position)) = &newer
            && *position == at.1
            && same.generation == at.0.generation
        {
            return Ok(());
        }
        let key = node_key(at.0.generation, tree, &at.1);
        let Some(node) = self.read(tree, at)? else {
            return self.broken(tree, Table::Node, key);
        };
        self.step();
        self.met(tree, Table::Node, &key);
        if at.0.check(&node, &at.1).is_err() {
            return self.broken(tree, Table::Node, key);
        }
        match node {
            StoredNode::Leaf(leaf) => {
                let Some(generation) = leaf.value else {
                    return Ok(());
                };
                let key = node_key(generation, tree, &leaf.leaf.key);
                // The newer generation has the same value, in a leaf that may be at another place.
                let path = tries::path(&leaf.leaf.key);
                let kept = match self.newer_at(tree, newer.as_ref(), &path)? {
                    Some(place) => matches!(
                        self.read(tree, &place)?,
                        Some(StoredNode::Leaf(same))
                            if same.leaf.key == leaf.leaf.key && same.value == leaf.value
                    ),
                    None => false,
                };
                if kept {
                    return Ok(());
                }
                if self.look(Table::Blob, &key)?.is_none() {
                    return self.broken(tree, Table::Blob, key);
                }
                self.met(tree, Table::Blob, &key);
                Ok(())
            }
            StoredNode::Branch(branch) => {
                if branch.check().is_err() {
                    self.broken(tree, Table::Node, key.clone())?;
                }
                for (position, promised) in branch.children(&at.1) {
                    if position.len() > MAX_PATH {
                        return self.broken(tree, Table::Node, key);
                    }
                    self.node(tree, &(promised.clone(), position), newer.as_ref())?;
                }
                Ok(())
            }
        }
    }

    fn met(&mut self, tree: TreeId, table: Table, key: &[u8]) {
        let newest = self.newest;
        let tally = self.trees.entry(tree).or_default();
        tally.met.add(table, key);
        if !newest {
            tally.replaced.add(table, key);
        }
    }

    /// The node of the newer generation that is nearest above a position, or at it.
    fn newer_at(
        &self,
        tree: TreeId,
        from: Option<&At>,
        position: &[u8],
    ) -> Result<Option<At>, Fault> {
        let Some(mut at) = from.cloned() else {
            return Ok(None);
        };
        while at.1.len() < position.len() {
            let Some(StoredNode::Branch(branch)) = self.read(tree, &at)? else {
                break;
            };
            let below = branch
                .children(&at.1)
                .find(|(below, _)| position.starts_with(below));
            let Some((below, promised)) = below else {
                break;
            };
            at = (promised.clone(), below);
        }
        Ok(Some(at))
    }

    fn read(&self, tree: TreeId, (promised, position): &At) -> Result<Option<StoredNode>, Fault> {
        let record = self.look(Table::Node, &node_key(promised.generation, tree, position))?;
        Ok(record.and_then(|record| StoredNode::read(&record, promised.generation)))
    }

    /// A record that is not what leads to it says: missing, or there and wrong.
    fn broken(&mut self, tree: TreeId, table: Table, key: Vec<u8>) -> Result<(), Fault> {
        self.trees.entry(tree).or_default().broken = true;
        let list = match self.look(table, &key)? {
            Some(_) => &mut self.report.wrong,
            None => &mut self.report.missing,
        };
        list.push((table, key));
        Ok(())
    }

    fn step(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(STEP) {
            (self.progress)(self.done.min(self.total), self.total);
        }
    }

    /// What is there, less what a prune will take and what a bulk write has not published yet.
    fn count_records(&mut self) -> Result<(), Fault> {
        for table in [Table::Node, Table::Blob] {
            self.each(table, |links, key, _| {
                links.step();
                let Some(node) = NodeKey::decode(key).filter(|node| node.generation <= links.head)
                else {
                    return Ok(());
                };
                links
                    .trees
                    .entry(node.tree)
                    .or_default()
                    .there
                    .add(table, key);
                Ok(())
            })?;
        }
        self.each(Table::Stale, |links, key, value| {
            let (Ok(at), Ok((tree, list))) = (
                leading_generation(Table::Stale, key),
                stale::decode(key, value),
            ) else {
                return Ok(());
            };
            if tree == stale::CURSORS {
                return Ok(());
            }
            let pruned = at <= links.oldest;
            let tally = links.trees.entry(tree).or_default();
            for (table, key) in list.iter().map(|entry| replaced_key(tree, entry)) {
                if !pruned {
                    tally.listed.add(table, &key);
                } else if matches!(table, Table::Node | Table::Blob) {
                    tally.there.take(table, &key);
                }
            }
            Ok(())
        })
    }

    fn compare(&mut self) {
        for (tree, tally) in &self.trees {
            if tally.broken {
                continue;
            }
            let left = tally.there.count.saturating_sub(tally.met.count);
            let unlisted = tally.replaced.count.saturating_sub(tally.listed.count);
            if tally.met != tally.there || tally.replaced != tally.listed {
                self.report.orphans.push((*tree, left.max(unlisted).max(1)));
            }
        }
    }
}

/// The root node that a root record promises; `None` for a record that contradicts itself.
fn root_of(key: &[u8], value: &[u8]) -> Option<Option<Promised>> {
    let stored = RootRecord::decode(key, value).ok()?;
    let record = tries::RootRecord::decode(&stored.record)?;
    let promised = Promised::root(&record);
    let same = stored.node_generation == promised.as_ref().map(|root| root.generation);
    same.then_some(promised)
}
