//! Trees over a store: the same trees, records exactly as needed, failures that leave everything as it was.

mod support;

use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;
use support::{Seeded, all_leaves, distinct, tree_of};
use tries::{Leaf, MemoryStore, NodeStore, Overlay, RootRecord, StoreFailure, Tree, TreeError};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_store_gives_the_same_tree_and_keeps_old_generations(seed: u64, count in 2usize..60) {
        let mut seeded = Seeded(seed);
        let store = MemoryStore::default();
        let mut record = RootRecord::empty();
        let mut model: BTreeMap<Vec<u8>, Leaf> = BTreeMap::new();
        let mut history = Vec::new();
        for generation in 1..6 {
            // Opened anew: nothing but the touched nodes is in memory.
            let mut tree = Tree::open(store.clone(), &record);
            let mut memory = tree_of(&model.values().cloned().collect::<Vec<_>>());
            memory.commit().unwrap();
            for _ in 0..count {
                let leaf = seeded.leaf();
                if seeded.next().is_multiple_of(3) && !model.is_empty() {
                    let key = model.keys().nth(seeded.below(model.len())).unwrap().clone();
                    prop_assert!(tree.delete(&key).unwrap());
                    memory.delete(&key).unwrap();
                    model.remove(&key);
                } else {
                    let new = !model.contains_key(&leaf.key);
                    prop_assert_eq!(tree.insert(leaf.clone()).unwrap(), new);
                    memory.insert(leaf.clone()).unwrap();
                    model.insert(leaf.key.clone(), leaf);
                }
            }
            let root = tree.commit().unwrap();
            prop_assert_eq!(memory.commit().unwrap(), root);
            prop_assert_eq!(tree.size(), memory.size());
            prop_assert_eq!(tree.leaf_count(), model.len() as i64);
            let changes = tree.take_changes(generation).unwrap();
            store.apply(&changes);
            record = RootRecord::decode(&changes.root.encode()).unwrap();
            prop_assert_eq!(&record, &changes.root);
            history.push((record.clone(), model.clone(), changes));
            if seeded.next().is_multiple_of(2) {
                tree.unload(seeded.below(3));
                prop_assert_eq!(all_leaves(&tree).len(), model.len());
            }
        }
        for (record, model, _) in &history {
            let tree = Tree::open(store.clone(), record);
            prop_assert_eq!(tree.root().unwrap(), record.root);
            prop_assert_eq!(all_leaves(&tree), in_order(model));
        }
        // Pruned to the newest generation, the store holds exactly the nodes of that tree.
        for (_, _, changes) in &history {
            store.prune(changes);
        }
        let (record, model, _) = history.last().unwrap();
        let tree = Tree::open(store.clone(), record);
        prop_assert_eq!(all_leaves(&tree), in_order(model));
        let mut fresh = tree_of(&in_order(model));
        fresh.commit().unwrap();
        let all = fresh.take_changes(0).unwrap();
        prop_assert_eq!(store.node_count(), all.nodes.len());
        prop_assert_eq!(store.value_count(), all.values.len());
    }
}

fn in_order(model: &BTreeMap<Vec<u8>, Leaf>) -> Vec<Leaf> {
    // Keys of one length: byte order is path order.
    model.values().cloned().collect()
}

#[test]
fn an_overlay_leaves_its_base_alone() {
    let base = MemoryStore::default();
    let mut tree = Tree::over(base.clone());
    for leaf in distinct(4, 30) {
        tree.insert(leaf).unwrap();
    }
    tree.commit().unwrap();
    let changes = tree.take_changes(1).unwrap();
    base.apply(&changes);
    let nodes = base.node_count();
    let overlay = Overlay::new(base.clone());
    let mut above = Tree::open(overlay.clone(), &changes.root);
    let mut seeded = Seeded(9);
    let leaf = seeded.leaf();
    above.insert(leaf.clone()).unwrap();
    above.commit().unwrap();
    let more = above.take_changes(2).unwrap();
    overlay.apply(&more);
    let reread = Tree::open(overlay, &more.root);
    assert_eq!(reread.get(&leaf.key).unwrap(), Some(leaf));
    assert_eq!(base.node_count(), nodes);
    assert!(matches!(
        above.take_changes(1),
        Err(TreeError::Generation { .. })
    ));
}

#[test]
fn a_missing_or_foreign_record_is_damage() {
    let store = MemoryStore::default();
    let mut tree = Tree::over(store.clone());
    let leaves = distinct(8, 30);
    for leaf in &leaves {
        tree.insert(leaf.clone()).unwrap();
    }
    assert!(matches!(tree.take_changes(1), Err(TreeError::Uncommitted)));
    tree.commit().unwrap();
    let changes = tree.take_changes(1).unwrap();
    let opened = Tree::open(store, &changes.root);
    assert!(matches!(
        opened.get(&leaves[0].key),
        Err(TreeError::Damaged { .. })
    ));
}

/// A store that fails at one read, or changes one byte of what it gives.
struct Faulty {
    store: MemoryStore,
    reads: Cell<usize>,
    fail_at: Option<usize>,
    flip: Option<(usize, u8)>,
}

impl NodeStore for Faulty {
    fn node(&self, generation: u64, position: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        let read = self.reads.replace(self.reads.get() + 1);
        if self.fail_at == Some(read) {
            return Err("the disk is gone".into());
        }
        let mut record = self.store.node(generation, position)?;
        if let (Some(record), Some((at, mask))) = (&mut record, self.flip) {
            let at = at % record.len();
            record[at] ^= mask;
        }
        Ok(record)
    }

    fn value(&self, generation: u64, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFailure> {
        self.store.value(generation, key)
    }
}

fn stored(leaves: &[Leaf]) -> (MemoryStore, RootRecord) {
    let store = MemoryStore::default();
    let mut tree = Tree::over(store.clone());
    for leaf in leaves {
        tree.insert(leaf.clone()).unwrap();
    }
    tree.commit().unwrap();
    let changes = tree.take_changes(1).unwrap();
    store.apply(&changes);
    (store, changes.root)
}

#[test]
fn a_read_that_fails_leaves_the_tree_as_it_was() {
    let leaves = distinct(77, 60);
    let (store, root) = stored(&leaves);
    for fail_at in 0..4 {
        for (delete, leaf) in [(true, &leaves[9]), (false, &leaves[30])] {
            let faulty = Faulty {
                store: store.clone(),
                reads: Cell::new(0),
                fail_at: Some(fail_at),
                flip: None,
            };
            let mut tree = Tree::open(faulty, &root);
            let changed = Leaf {
                value: vec![1, 2, 3],
                ..leaf.clone()
            };
            let attempt = |tree: &mut Tree<Faulty>| match delete {
                true => tree.delete(&leaf.key),
                false => tree.insert(changed.clone()),
            };
            let first = attempt(&mut tree);
            if first.is_err() {
                assert!(matches!(first, Err(TreeError::Store(_))));
                assert_eq!(tree.root().unwrap(), root.root);
                assert_eq!(all_leaves(&tree), leaves);
                // The next read works: so does the same call.
                attempt(&mut tree).unwrap();
            }
            tree.commit().unwrap();
            let mut expected = leaves.clone();
            match delete {
                true => expected.retain(|other| other.key != leaf.key),
                false => expected
                    .iter_mut()
                    .filter(|other| other.key == leaf.key)
                    .for_each(|other| *other = changed.clone()),
            }
            assert_eq!(tree.root().unwrap(), tree_of(&expected).commit().unwrap());
        }
    }
}

#[test]
fn a_changed_record_never_panics() {
    let leaves = distinct(78, 40);
    let (store, root) = stored(&leaves);
    let mut seeded = Seeded(5);
    let mut noticed = 0;
    for _ in 0..300 {
        let flip = (seeded.below(400), 1 << seeded.below(8));
        let faulty = Faulty {
            store: store.clone(),
            reads: Cell::new(0),
            fail_at: None,
            flip: Some(flip),
        };
        let mut tree = Tree::open(faulty, &root);
        let key = &leaves[seeded.below(leaves.len())].key;
        noticed += usize::from(matches!(tree.get(key), Err(TreeError::Damaged { .. })));
        let _ = tree.insert(seeded.leaf());
        let _ = tree.delete(key);
        let _ = tree.commit();
        let _ = tree.take_changes(2);
        let _ = tree.node_at(&[1]);
        let _ = tree.levels(&[1]);
        #[cfg(feature = "prove")]
        let _ = tree.prove(&[key]);
    }
    assert!(noticed > 100, "{noticed}");
}
