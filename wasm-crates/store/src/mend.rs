//! Trees made again: from their own leaves, or from leaves that a peer sent.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use tries::audit::StoredNode;
use tries::{Changes, Leaf, NodeStore, PageLimit, Root, Start, Tree, TreeError};

use crate::copy::span_after;
use crate::engine::Durability;
use crate::error::{Result, StoreError};
use crate::frame::FrameBatch;
use crate::keys::{NodeKey, RootRecord, TreeId, ValueKey, node_key, root_key};
use crate::meta;
use crate::node::number_key;
use crate::snapshot::Read;
use crate::stale::{self, Replaced};
use crate::state::decode_root;
use crate::store::Store;
use crate::table::Table;
use crate::verify::{VerifyReport, drop_some, tree_at};

/// Leaves read at a time.
const PAGE: PageLimit = PageLimit {
    leaves: 1000,
    bytes: 8 << 20,
};

/// What [`Store::mend`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MendReport {
    /// Trees made again from their leaves, with the root that was recorded. Older generations of them are gone.
    pub rebuilt: Vec<TreeId>,
    /// Trees made again whose root was lost: whether it is the right one is for the newest header to say.
    pub unconfirmed: Vec<TreeId>,
    /// Trees whose leaves are not all there: they answer `Refused` until [`Store::restore_tree`].
    pub refused: Vec<TreeId>,
    /// Records of other tables that are gone.
    pub lost: Vec<(Table, Vec<u8>)>,
}

/// A tree that a repair dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedTree {
    /// Its name.
    pub name: Vec<u8>,
    /// Its number.
    pub tree: TreeId,
    /// The root it had, when its record was still there.
    pub root: Option<Root>,
}

/// What is left of a tree.
#[derive(Debug, Default)]
struct Remains {
    /// Root of the newest generation, unless its record is gone.
    root: Option<Root>,
    leaves: Vec<Leaf>,
}

impl Store {
    /// Makes again what a verify found wrong. A tree whose leaves of the newest generation are all there is built from them; one that
    /// lacks leaves is dropped whole. Holds the leaves of all these trees in memory. Can be repeated after a crash with a new report.
    ///
    /// # Errors
    /// `Damaged` when `meta` or `tree` is hit: restore a backup or sync from nothing.
    pub fn mend(&self, report: &VerifyReport) -> Result<MendReport> {
        let mut rest = report.clone();
        let trees = hit(report);
        let mut mended = MendReport::default();
        let mut roots = Vec::new();
        let beyond = |(table, _): &&(Table, Vec<u8>)| matches!(table, Table::Meta | Table::Tree);
        if !report
            .damaged
            .iter()
            .chain(&report.missing)
            .any(|found| beyond(&found))
        {
            let doomed: Vec<_> = report
                .damaged
                .iter()
                .filter(|(table, _)| of_trees(*table))
                .collect();
            self.engine.write(Durability::Durable, |writer| {
                for (table, key) in doomed {
                    writer.delete(*table, key)?;
                }
                Ok(())
            })?;
            for (tree, remains) in self.remains(&trees)? {
                let Some(changes) = self.rebuilt(&remains)? else {
                    roots.extend(remains.root.map(|root| (tree, root)));
                    continue;
                };
                let list = if remains.root.is_some() {
                    &mut mended.rebuilt
                } else {
                    &mut mended.unconfirmed
                };
                list.push(tree);
                self.restore_tree(tree, changes)?;
            }
            let made =
                |tree: TreeId| mended.rebuilt.contains(&tree) || mended.unconfirmed.contains(&tree);
            for list in [&mut rest.damaged, &mut rest.missing, &mut rest.wrong] {
                list.retain(|(table, key)| !tree_of(*table, key).is_some_and(made));
            }
            rest.orphans.retain(|(tree, _)| !made(*tree));
        }
        let repaired = self.repair(&rest)?;
        self.engine.write(Durability::Durable, |writer| {
            for (tree, root) in &roots {
                writer.put(Table::Meta, &meta::wanted_key(tree.0), root.as_bytes())?;
            }
            Ok(())
        })?;
        mended.refused = repaired.refused;
        mended.lost = repaired.lost;
        Ok(mended)
    }

    /// Puts a whole tree of the newest generation in the place of all that is kept of it, in one durable batch. Its older generations
    /// answer `Refused` from then on.
    ///
    /// # Errors
    /// `Unavailable` unless the changes are of the newest generation.
    pub fn restore_tree(&self, tree: TreeId, changes: Changes) -> Result<()> {
        let _alone = self.maintain()?;
        self.expire_all();
        let generation = changes.generation;
        let mut batch = FrameBatch {
            number: generation,
            ..FrameBatch::default()
        };
        batch.add_changes(tree, changes);
        let mut operations = Vec::with_capacity(batch.nodes.len() + batch.values.len());
        for node in &batch.nodes {
            operations.push(node.prepare(generation)?);
        }
        for value in &batch.values {
            operations.push(value.prepare(generation)?);
        }
        crate::writer::settle(&mut operations);
        let only = BTreeSet::from([tree]);
        self.engine.write(Durability::Durable, |writer| {
            let (oldest, newest) = (meta::oldest_in(writer)?, meta::head_in(writer)?);
            if newest != Some(generation) {
                return Err(StoreError::Unavailable {
                    generation,
                    oldest,
                    newest,
                }
                .into());
            }
            for table in [Table::Root, Table::Stale, Table::Blob, Table::Node] {
                let mut from = Some(Vec::new());
                while let Some(start) = from {
                    from = drop_some(writer, table, &only, &start)?;
                }
            }
            for (tree, root) in &batch.roots {
                writer.put(Table::Root, &root_key(*tree, generation), &root.encode())?;
            }
            let mark = meta::refused_key(tree.0);
            writer.put(Table::Meta, &mark, &generation.to_be_bytes())?;
            writer.delete(Table::Meta, &meta::wanted_key(tree.0))?;
            writer.apply(&operations)
        })
    }

    /// The trees that a repair dropped and that are not there again.
    pub fn refused_trees(&self) -> Result<Vec<RefusedTree>> {
        let mut refused = Vec::new();
        for (name, tree) in self.trees(&[])? {
            let [mark, root] = [meta::refused_key(tree.0), meta::wanted_key(tree.0)]
                .map(|key| self.with(|reader| reader.get(Table::Meta, &key)));
            if mark?.is_some_and(|from| from.is_empty()) {
                let root = root?.and_then(|root| Root::from_bytes(&root));
                refused.push(RefusedTree { name, tree, root });
            }
        }
        Ok(refused)
    }

    /// The tree of these leaves as the newest generation keeps it, when it has the root it must have.
    fn rebuilt(&self, remains: &Remains) -> Result<Option<Changes>> {
        let Some(head) = self.head()? else {
            return Ok(None);
        };
        let mut tree: Tree = Tree::new();
        for leaf in &remains.leaves {
            if tree.insert(leaf.clone()).is_err() {
                return Ok(None);
            }
        }
        let Ok(root) = tree.commit() else {
            return Ok(None);
        };
        if remains.root.is_some_and(|wanted| wanted != root) {
            return Ok(None);
        }
        let changes = tree.take_changes(head);
        Ok(Some(changes.map_err(|cause| {
            StoreError::structure(cause.to_string())
        })?))
    }

    /// Newest root and leaves of trees: by the tree where it can be walked, else from single records.
    fn remains(&self, trees: &BTreeSet<TreeId>) -> Result<BTreeMap<TreeId, Remains>> {
        let replaced = self.replaced(trees)?;
        let mut remains = BTreeMap::new();
        let mut scattered = BTreeSet::new();
        for &tree in trees {
            if self
                .with(|reader| reader.get(Table::Tree, &number_key(tree)))?
                .is_none()
            {
                continue;
            }
            let newest = self.newest_root(tree)?.filter(|(generation, _)| {
                let listed = Replaced::Root {
                    generation: *generation,
                };
                !replaced.contains(&(tree, listed))
            });
            let record = match &newest {
                Some((generation, root)) => match decode_root(tree, *generation, root) {
                    Ok(record) => Some(record),
                    Err(_) => continue,
                },
                None => None,
            };
            let walked = record
                .as_ref()
                .and_then(|record| self.walked(tree, record).ok());
            if walked.is_none() {
                scattered.insert(tree);
            }
            let root = record.map(|record| record.root);
            let leaves = walked.unwrap_or_default();
            remains.insert(tree, Remains { root, leaves });
        }
        self.gather(&scattered, &replaced, &mut remains)?;
        Ok(remains)
    }

    fn newest_root(&self, tree: TreeId) -> Result<Option<(u64, RootRecord)>> {
        self.with(|reader| {
            let (first, last) = (root_key(tree, 0), root_key(tree, u64::MAX));
            let Some((key, value)) = reader.last_in(Table::Root, &first, &last)? else {
                return Ok(None);
            };
            let at = crate::keys::trailing_generation(Table::Root, &key)?;
            Ok(Some((at, RootRecord::decode(&key, &value)?)))
        })
    }

    fn walked(&self, tree: TreeId, record: &tries::RootRecord) -> Result<Vec<Leaf>, TreeError> {
        let tree = Tree::open(Numbered(self, tree), record);
        let mut leaves = Vec::new();
        let mut next = Some(0);
        while let Some(index) = next {
            let page = tree.leaves(&[], Start::Index(index), PAGE)?;
            leaves.extend(page.leaves);
            next = page.next;
        }
        Ok(leaves)
    }

    /// What the stale lists of trees name.
    fn replaced(&self, trees: &BTreeSet<TreeId>) -> Result<HashSet<(TreeId, Replaced)>> {
        let mut replaced = HashSet::new();
        self.each(Table::Stale, |key, value| {
            if tree_at(key, 8).is_some_and(|tree| trees.contains(&tree))
                && let Ok((tree, list)) = stale::decode(key, value)
            {
                replaced.extend(list.into_iter().map(|entry| (tree, entry)));
            }
        })?;
        Ok(replaced)
    }

    /// Leaves of the newest generation of trees that cannot be walked: those that no list names as replaced.
    fn gather(
        &self,
        trees: &BTreeSet<TreeId>,
        replaced: &HashSet<(TreeId, Replaced)>,
        remains: &mut BTreeMap<TreeId, Remains>,
    ) -> Result<()> {
        if trees.is_empty() {
            return Ok(());
        }
        let mut apart = Vec::new();
        self.each(Table::Node, |key, value| {
            let Some(NodeKey {
                generation,
                tree,
                path,
            }) = NodeKey::decode(key)
            else {
                return;
            };
            if !trees.contains(&tree)
                || replaced.contains(&(tree, Replaced::Node { generation, path }))
            {
                return;
            }
            let Some(StoredNode::Leaf(found)) = StoredNode::read(value, generation) else {
                return;
            };
            if let Some(generation) = found.value {
                apart.push((tree, generation, found.leaf));
            } else if let Some(kept) = remains.get_mut(&tree) {
                kept.leaves.push(found.leaf);
            }
        })?;
        for (tree, generation, leaf) in apart {
            let key = ValueKey {
                generation,
                tree,
                key: leaf.key.clone(),
            };
            if let (Some(value), Some(kept)) = (self.value(&key)?, remains.get_mut(&tree)) {
                kept.leaves.push(Leaf { value, ..leaf });
            }
        }
        Ok(())
    }

    /// Every record of a table whose sum is right.
    fn each(&self, table: Table, mut call: impl FnMut(&[u8], &[u8])) -> Result<()> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let (records, more) =
                self.with(|reader| reader.scan(table, span_after(after.as_deref())))?;
            for (key, value) in &records {
                if let Ok(value) = value {
                    call(key, value);
                }
            }
            after = records.into_iter().next_back().map(|(key, _)| key);
            if !more || after.is_none() {
                return Ok(());
            }
        }
    }
}

/// Nodes of one tree by its number.
#[derive(Clone, Copy)]
struct Numbered<'a>(&'a Store, TreeId);

impl NodeStore for Numbered<'_> {
    fn node(
        &self,
        generation: u64,
        position: &[u8],
    ) -> Result<Option<Vec<u8>>, tries::StoreFailure> {
        let key = node_key(generation, self.1, position);
        Ok(self.0.with(|reader| reader.get(Table::Node, &key))?)
    }

    fn value(&self, generation: u64, key: &[u8]) -> Result<Option<Vec<u8>>, tries::StoreFailure> {
        let key = node_key(generation, self.1, key);
        Ok(self.0.with(|reader| reader.get(Table::Blob, &key))?)
    }
}

const fn of_trees(table: Table) -> bool {
    matches!(
        table,
        Table::Node | Table::Blob | Table::Root | Table::Stale
    )
}

fn tree_of(table: Table, key: &[u8]) -> Option<TreeId> {
    match table {
        Table::Root => tree_at(key, 0),
        Table::Node | Table::Blob | Table::Stale => tree_at(key, 8),
        _ => None,
    }
}

/// Trees that a report names.
pub(crate) fn hit(report: &VerifyReport) -> BTreeSet<TreeId> {
    let records = report
        .damaged
        .iter()
        .chain(&report.missing)
        .chain(&report.wrong);
    let mut trees: BTreeSet<TreeId> = records
        .filter_map(|(table, key)| tree_of(*table, key))
        .collect();
    trees.extend(report.orphans.iter().map(|(tree, _)| *tree));
    trees
}
