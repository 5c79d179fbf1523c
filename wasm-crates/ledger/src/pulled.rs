//! Trees that sync pulled: replaced whole, or changed leaf by leaf (spec 22 sections 5, 6).

use crate::{Ledger, Result};
use hypergraph::{PhaseSet, ServedLeaf, ShardKey, StateError};
use std::collections::BTreeMap;
use tries::{PageLimit, Root, Start, Tree, TreeError};

/// Leaves read at a time.
const PAGE: PageLimit = PageLimit {
    leaves: 1000,
    bytes: 8 << 20,
};

fn of_tree(cause: TreeError) -> StateError {
    StateError::Tree(cause)
}

impl Ledger {
    /// Replaces one tree by leaves in the order of their keys. Answers the root that they make; unless it is `expected`, nothing
    /// changes. The new root enters the commitments with the next commit.
    ///
    /// # Errors
    /// `arguments` for a leaf that is refused (spec 22 section 5 step 4) or out of order.
    pub fn replace(
        &mut self,
        shard: &ShardKey,
        set: PhaseSet,
        leaves: Vec<ServedLeaf>,
        expected: &[u8],
    ) -> Result<Root> {
        self.require_whole()?;
        let wanted = Root::from_bytes(expected);
        let Some(wanted) = wanted else {
            return root_of(set, leaves);
        };
        let mut replacement = self.state.replacement(shard, set)?;
        for leaf in &leaves {
            replacement.push(leaf.clone())?;
        }
        match self.state.install(replacement, &wanted) {
            Ok(()) => {
                self.applied = true;
                Ok(wanted)
            }
            Err(StateError::OtherRoot) => root_of(set, leaves),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Changes single leaves of one tree: deletes, then inserts or overwrites. Answers the root that this makes; unless it is
    /// `expected`, nothing changes. Reads the whole tree when it is.
    ///
    /// # Errors
    /// As [`Ledger::replace`].
    pub fn patch(
        &mut self,
        shard: &ShardKey,
        set: PhaseSet,
        deletes: &[&[u8]],
        puts: Vec<ServedLeaf>,
        expected: &[u8],
    ) -> Result<Root> {
        self.require_whole()?;
        let mut changed: BTreeMap<Vec<u8>, Option<ServedLeaf>> =
            deletes.iter().map(|key| (key.to_vec(), None)).collect();
        for leaf in puts {
            changed.insert(leaf.leaf.key.clone(), Some(leaf));
        }
        let tree = self.state.shard(shard)?.tree(set).clone();
        let mut tried = tree.clone();
        for (key, leaf) in &changed {
            match leaf {
                Some(leaf) => tried.insert(leaf.clone().into_leaf(set.set)),
                None => tried.delete(key),
            }
            .map_err(of_tree)?;
        }
        let root = tried.commit().map_err(of_tree)?;
        if root.as_bytes() != expected {
            return Ok(root);
        }
        let mut leaves = Vec::new();
        let mut next = Some(0);
        while let Some(index) = next {
            let page = tree
                .leaves(&[], Start::Index(index), PAGE)
                .map_err(of_tree)?;
            let kept = page.leaves.into_iter();
            leaves.extend(
                kept.filter(|leaf| !changed.contains_key(&leaf.key))
                    .map(|leaf| ServedLeaf::of(set.set, leaf)),
            );
            next = page.next;
        }
        leaves.extend(changed.into_values().flatten());
        leaves.sort_by(|a, b| a.leaf.key.cmp(&b.leaf.key));
        self.replace(shard, set, leaves, expected)
    }
}

/// Root of a tree in memory.
fn root_of(set: PhaseSet, leaves: Vec<ServedLeaf>) -> Result<Root> {
    let mut tree: Tree = Tree::new();
    for leaf in leaves {
        tree.insert(leaf.into_leaf(set.set)).map_err(of_tree)?;
    }
    Ok(tree.commit().map_err(of_tree)?)
}
