//! Repair of a closed ledger, and of one that lacks trees.

use crate::global::GlobalCache;
use crate::{Ledger, LedgerError, Result};
use hypergraph::{Hypergraph, PhaseSet, ServedLeaf, ShardKey, StateError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{MendReport, Options, Read, Salvaged, Store, StoreError, TreeId, Trees, VerifyReport};
use tries::{Root, Tree};

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// Newest frame.
    pub head: Option<u64>,
    /// What could be read of a damaged file; `None` when nothing was wrong with it.
    pub salvaged: Option<SalvagedFile>,
    /// Trees built again from their leaves.
    pub rebuilt: Vec<TreeName>,
    /// Trees built again whose root was lost: right when the newest header commits to the state.
    pub unconfirmed: Vec<TreeName>,
    /// Trees that have to come from a peer.
    pub refused: Vec<TreeName>,
    /// Single records beside the trees that are gone.
    pub lost: u64,
    /// Headers between the oldest and the newest frame that are gone.
    pub lost_frames: u64,
    /// Whether the header of the newest frame is there.
    pub head_frame: bool,
}

/// What could be read of a damaged file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalvagedFile {
    /// Records that were copied.
    pub copied: u64,
    /// Records that were there and wrong.
    pub unreadable: u64,
    /// Where the damaged file is kept.
    pub kept: PathBuf,
}

/// One tree of one shard.
pub type TreeName = (ShardKey, PhaseSet);

impl Ledger {
    /// Looks at everything in the closed ledger of a directory, and makes again what is wrong and can be made from what is whole. A tree
    /// that lacks leaves is dropped: it answers nothing until [`Ledger::restore`]. The damaged file is kept beside the new one.
    ///
    /// # Errors
    /// Damage beyond repair, which leaves the file as it is; a disk that fails.
    pub fn repair(
        directory: impl AsRef<Path>,
        options: &Options,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Repaired> {
        let directory = directory.as_ref();
        let strict = Options {
            check_on_open: true,
            salvage: false,
            ..options.clone()
        };
        if let Some(sound) = sound(directory, &strict, progress)? {
            return repaired(&sound, None, MendReport::default());
        }
        let salvaged = Store::salvage(directory, &strict)?;
        let mut replaced = Replaced {
            directory,
            salvaged: Some(salvaged),
        };
        let (store, mended) = mended(directory, strict, progress)?;
        let done = repaired(&store, replaced.salvaged.as_ref(), mended)?;
        replaced.salvaged = None;
        Ok(done)
    }

    /// Trees that a repair dropped and that are not there again. While there are any, nothing is applied or committed.
    #[must_use]
    pub fn refused(&self) -> &[TreeName] {
        &self.refused
    }

    /// The same, each with the root that this store had for it, when that is known.
    ///
    /// # Errors
    /// A store that fails.
    pub fn refused_roots(&self) -> Result<Vec<(TreeName, Option<Root>)>> {
        let refused = self.store.refused_trees()?;
        Ok(refused
            .iter()
            .filter_map(|tree| Some((tree_name(&tree.name)?, tree.root)))
            .collect())
    }

    /// Puts a tree that a repair dropped, or made again of what it found, in its place as the newest generation has it, from leaves in the
    /// order of their keys. Answers the root that they make; unless it is `expected`, nothing changes.
    ///
    /// # Errors
    /// `arguments` for a tree that this store never had, while something is applied that is not on disk, for a leaf that is refused (spec 22
    /// section 5 step 4) or out of order.
    pub fn restore(
        &mut self,
        shard: &ShardKey,
        set: PhaseSet,
        leaves: Vec<ServedLeaf>,
        expected: &[u8],
    ) -> Result<Root> {
        let name = store::phase_tree_name(&shard.to_bytes(), set.index());
        let (Some(head), Some(number)) = (self.head()?, self.store.tree(&name)?) else {
            return Err(StoreError::Arguments("this tree was never here".to_owned()).into());
        };
        if self.applied || self.pending.is_some() {
            return Err(StoreError::Arguments("changes are not on disk yet".to_owned()).into());
        }
        let mut tree: Tree = Tree::new();
        let mut last: Option<Vec<u8>> = None;
        for (number, leaf) in leaves.into_iter().enumerate() {
            leaf.check(shard, set.set)
                .map_err(|refusal| StateError::Refused {
                    leaf: number,
                    refusal,
                })?;
            if last.as_ref().is_some_and(|last| *last >= leaf.leaf.key) {
                return Err(StateError::Leaf(number).into());
            }
            last = Some(leaf.leaf.key.clone());
            tree.insert(leaf.into_leaf(set.set))
                .map_err(StateError::Tree)?;
        }
        let root = tree.commit().map_err(StateError::Tree)?;
        if root.as_bytes() != expected {
            return Ok(root);
        }
        let changes = tree.take_changes(head).map_err(StateError::Tree)?;
        self.store.restore_tree(number, changes)?;
        self.refused.retain(|tree| *tree != (*shard, set));
        self.whole_since = head;
        self.global = GlobalCache::default();
        if self.refused.is_empty() {
            self.state = Hypergraph::open(Trees(Arc::clone(&self.store)), Some(head))?;
        }
        Ok(root)
    }

    /// Refuses what needs the whole state while trees are missing.
    pub(crate) fn require_whole(&self) -> Result<()> {
        match self.refused.first() {
            None => Ok(()),
            Some(_) => Err(LedgerError::Incomplete(self.refused.len())),
        }
    }
}

/// The open store, when nothing is wrong with it.
fn sound(
    directory: &Path,
    options: &Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Option<Store>> {
    let looked = Store::open(directory, options.clone())
        .and_then(|store| Ok((store.verify_trees(progress)?, store)));
    match looked {
        Ok((report, store)) if report.is_sound() => Ok(Some(store)),
        Ok(_) | Err(StoreError::Damaged { .. }) => Ok(None),
        Err(cause) => Err(cause.into()),
    }
}

/// A damaged file that another one has replaced: it gets its place back unless the repair came to its end.
struct Replaced<'a> {
    directory: &'a Path,
    salvaged: Option<Salvaged>,
}

impl Drop for Replaced<'_> {
    fn drop(&mut self) {
        if let Some(salvaged) = &self.salvaged {
            // A disk that fails here too leaves it where it is kept.
            let _ = Store::put_back(self.directory, salvaged);
        }
    }
}

/// Makes again what is missing in a file that was salvaged.
fn mended(
    directory: &Path,
    options: Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Store, MendReport)> {
    let store = Store::open(directory, options)?;
    let found = store.verify_trees(progress)?;
    let mended = store.mend(&found)?;
    let after = store.verify_trees(progress)?;
    if !after.is_sound() {
        return Err(beyond(&after).into());
    }
    Ok((store, mended))
}

fn repaired(store: &Store, salvaged: Option<&Salvaged>, mended: MendReport) -> Result<Repaired> {
    let names: BTreeMap<TreeId, Vec<u8>> = store
        .trees(&[])?
        .into_iter()
        .map(|(name, tree)| (tree, name))
        .collect();
    let named = |trees: &[TreeId]| -> Vec<TreeName> {
        trees
            .iter()
            .filter_map(|tree| tree_name(names.get(tree)?))
            .collect()
    };
    let frames = store.frame_span()?;
    let head = store.head()?;
    let head_frame = match head {
        Some(head) => store.frame(head)?.is_some(),
        None => true,
    };
    Ok(Repaired {
        head,
        rebuilt: named(&mended.rebuilt),
        unconfirmed: named(&mended.unconfirmed),
        refused: refused_of(store)?,
        lost: mended.lost.len() as u64,
        lost_frames: frames.missing,
        head_frame,
        salvaged: salvaged.map(|salvaged| SalvagedFile {
            copied: salvaged.copied,
            unreadable: salvaged.unreadable,
            kept: salvaged.kept.clone(),
        }),
    })
}

/// Trees that a store lacks.
pub fn refused_of(store: &Store) -> Result<Vec<TreeName>> {
    let refused = store.refused_trees()?;
    Ok(refused
        .iter()
        .filter_map(|tree| tree_name(&tree.name))
        .collect())
}

fn tree_name(name: &[u8]) -> Option<TreeName> {
    let (shard, set) = name.split_at_checked(35)?;
    let [set] = set else { return None };
    Some((
        ShardKey::from_bytes(shard).ok()?,
        PhaseSet::from_index(u32::from(*set))?,
    ))
}

fn beyond(report: &VerifyReport) -> StoreError {
    let first = [&report.damaged, &report.missing, &report.wrong]
        .into_iter()
        .find_map(|list| list.first());
    StoreError::Damaged {
        table: first.map(|(table, _)| *table),
        key: first.map(|(_, key)| key.clone()).unwrap_or_default(),
        what: "beyond repair: restore a backup".to_owned(),
    }
}
