//! What holds for every tree.

use proptest::prelude::*;
use std::collections::BTreeMap;
use tries::proof::{self, Claim, TraversalProof};
use tries::subtree::{SubtreeRefusal, verify_subtree};
use tries::{
    Leaf, MemoryStore, NodeStore, Overlay, PageLimit, RootRecord, Size, Start, Tree, TreeError,
    path, rebuild_root,
};

const PAGE: PageLimit = PageLimit {
    leaves: 1000,
    bytes: usize::MAX,
};

/// A small generator: the same seed gives the same tree.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    /// Four bytes, of which the first two take few values, so that prefixes and splits occur.
    fn key(&mut self) -> Vec<u8> {
        vec![
            (self.next() % 3) as u8 * 80,
            (self.next() % 4) as u8,
            self.next() as u8,
            self.next() as u8,
        ]
    }

    fn leaf(&mut self) -> Leaf {
        let key = self.key();
        self.leaf_of(key)
    }

    fn leaf_of(&mut self, key: Vec<u8>) -> Leaf {
        let mut value = self.next().to_be_bytes().to_vec();
        if self.next().is_multiple_of(7) {
            value.resize(1500, 9);
        }
        let hash_target = match self.next() % 3 {
            0 => vec![self.next() as u8; 74],
            _ => Vec::new(),
        };
        Leaf {
            key,
            value,
            hash_target,
            size: Size::from(self.next()),
        }
    }
}

fn distinct(seed: u64, count: usize) -> Vec<Leaf> {
    let mut seeded = Seeded(seed);
    let mut leaves = BTreeMap::new();
    while leaves.len() < count {
        let leaf = seeded.leaf();
        leaves.insert(leaf.key.clone(), leaf);
    }
    leaves.into_values().collect()
}

fn tree_of(leaves: &[Leaf]) -> Tree {
    let mut tree = Tree::new();
    for leaf in leaves {
        tree.insert(leaf.clone()).unwrap();
    }
    tree
}

fn all_leaves<S: NodeStore>(tree: &Tree<S>) -> Vec<Leaf> {
    let mut found = Vec::new();
    let limit = PageLimit {
        leaves: 7,
        bytes: usize::MAX,
    };
    let mut start = 0;
    loop {
        let page = tree.leaves(&[], Start::Index(start), limit).unwrap();
        found.extend(page.leaves);
        match page.next {
            Some(next) => start = next,
            None => return found,
        }
    }
}

fn shuffled(leaves: &[Leaf], seed: u64) -> Vec<Leaf> {
    let mut seeded = Seeded(seed);
    let mut rest = leaves.to_vec();
    let mut out = Vec::new();
    while !rest.is_empty() {
        out.push(rest.swap_remove(seeded.below(rest.len())));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn cvt_07_insertion_order_never_changes_the_root(seed: u64, count in 2usize..60) {
        let leaves = distinct(seed, count);
        let root = tree_of(&leaves).commit().unwrap();
        prop_assert_eq!(tree_of(&shuffled(&leaves, seed ^ 1)).commit().unwrap(), root);
        prop_assert_eq!(rebuild_root(&leaves).unwrap(), root);
    }

    #[test]
    fn cvt_07_deleting_gives_the_root_of_the_fresh_tree(seed: u64, count in 4usize..50) {
        let leaves = distinct(seed, count);
        let mut tree = tree_of(&leaves);
        let before = tree.commit().unwrap();
        let (gone, left) = leaves.split_at(count / 2);
        for leaf in gone {
            prop_assert!(tree.delete(&leaf.key).unwrap());
            prop_assert!(!tree.delete(&leaf.key).unwrap());
        }
        prop_assert_eq!(tree.commit().unwrap(), rebuild_root(left).unwrap());
        prop_assert!(tree.is_canonical().unwrap());
        for leaf in shuffled(gone, seed) {
            prop_assert!(tree.insert(leaf).unwrap());
        }
        prop_assert_eq!(tree.commit().unwrap(), before);
    }

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

    #[test]
    fn proof_codecs_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = proof::decode_plain(&bytes);
        let _ = proof::decode_canonical(&bytes);
        let _ = Tree::from_blob(&bytes);
        let _ = RootRecord::decode(&bytes);
    }
}

fn in_order(model: &BTreeMap<Vec<u8>, Leaf>) -> Vec<Leaf> {
    // Keys of one length: byte order is path order.
    model.values().cloned().collect()
}

#[test]
fn cvt_12_incremental_equals_full_after_a_thousand_updates() {
    let mut seeded = Seeded(12);
    let mut leaves = distinct(12, 300);
    let mut tree = tree_of(&leaves);
    tree.commit().unwrap();
    for round in 0..1000 {
        let at = seeded.below(leaves.len());
        leaves[at] = seeded.leaf_of(leaves[at].key.clone());
        tree.insert(leaves[at].clone()).unwrap();
        if round % 4 == 0 {
            tree.commit().unwrap();
        }
    }
    let incremental = tree.commit().unwrap();
    assert_eq!(tree_of(&leaves).commit().unwrap(), incremental);
    // A blob's commitments are not believed: this recomputes all of them.
    let blob = tree.to_blob().unwrap();
    let mut read = Tree::from_blob(&blob).unwrap();
    assert_eq!(read.commit().unwrap(), incremental);
    assert_eq!(read.to_blob().unwrap(), blob);
}

#[test]
fn a_clone_is_a_snapshot() {
    let leaves = distinct(3, 40);
    let mut tree = tree_of(&leaves);
    let root = tree.commit().unwrap();
    let snapshot = tree.clone();
    tree.delete(&leaves[5].key).unwrap();
    assert_ne!(tree.commit().unwrap(), root);
    assert_eq!(snapshot.root().unwrap(), root);
    assert_eq!(
        snapshot.get(&leaves[5].key).unwrap(),
        Some(leaves[5].clone())
    );
    assert_eq!(tree.get(&leaves[5].key).unwrap(), None);
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

#[test]
fn covered_prefix_refuses_keys_outside() {
    let covered = tries::Path::from_elements(&path(&[80, 1])[..2]).unwrap();
    let mut tree = Tree::new().covering(covered);
    let inside = Leaf {
        key: vec![80, 1, 2],
        ..Leaf::default()
    };
    assert!(tree.insert(inside).unwrap());
    let outside = Leaf {
        key: vec![90, 1, 2],
        ..Leaf::default()
    };
    assert!(matches!(
        tree.insert(outside),
        Err(TreeError::OutsideCoveredPrefix)
    ));
    assert_eq!(tree.leaf_count(), 1);
}

#[test]
fn pages_start_at_an_index_or_after_a_key_and_stop_at_their_bytes() {
    let leaves = distinct(6, 80);
    let mut tree = tree_of(&leaves);
    tree.commit().unwrap();
    for (at, leaf) in leaves.iter().enumerate() {
        let page = tree.leaves(&[], Start::After(&leaf.key), PAGE).unwrap();
        assert_eq!(page.leaves, leaves[at + 1..]);
        assert_eq!((page.total, page.next), (80, None));
        let page = tree.leaves(&[], Start::Index(at as u64), PAGE).unwrap();
        assert_eq!(page.leaves, leaves[at..]);
    }
    let absent = [0, 0, 0, 0];
    let after = tree.leaves(&[], Start::After(&absent), PAGE).unwrap();
    let expected = leaves
        .iter()
        .filter(|leaf| leaf.key[..] > absent[..])
        .count();
    assert_eq!(after.leaves.len(), expected);
    let tight = PageLimit {
        leaves: 1000,
        bytes: 1,
    };
    let one = tree.leaves(&[], Start::Index(3), tight).unwrap();
    assert_eq!((one.leaves.len(), one.next), (1, Some(4)));
    let under = &path(&leaves[40].key)[..2];
    let below = tree.leaves(under, Start::Index(0), PAGE).unwrap();
    let expected: Vec<Leaf> = leaves
        .iter()
        .filter(|leaf| path(&leaf.key).starts_with(under))
        .cloned()
        .collect();
    assert_eq!(below.leaves, expected);
    assert_eq!(below.total, expected.len() as u64);
    assert_eq!(
        tree.leaves(&[63, 63], Start::Index(0), PAGE).unwrap().total,
        0
    );
}

#[test]
fn syn_12_subtrees_are_verified_without_a_pairing() {
    let leaves = distinct(21, 90);
    let mut tree = tree_of(&leaves);
    let root = tree.commit().unwrap();
    for wanted in [
        &path(&leaves[33].key)[..3],
        &path(&leaves[50].key)[..1],
        &path(&leaves[7].key)[..],
        &[],
    ] {
        let levels = tree.levels(wanted).unwrap().unwrap();
        let below = tree.leaves(wanted, Start::Index(0), PAGE).unwrap().leaves;
        verify_subtree(root.as_bytes(), &levels, &below).unwrap();
        let mut less = below.clone();
        less.pop();
        assert!(verify_subtree(root.as_bytes(), &levels, &less).is_err());
        let mut other = below.clone();
        match other[0].hash_target.first_mut() {
            Some(byte) => *byte ^= 1,
            None => other[0].value[0] ^= 1,
        }
        assert_eq!(
            verify_subtree(root.as_bytes(), &levels, &other),
            Err(SubtreeRefusal::Leaves)
        );
        let twice = [&below[..], &below[below.len() - 1..]].concat();
        assert_eq!(
            verify_subtree(root.as_bytes(), &levels, &twice),
            Err(SubtreeRefusal::Leaf(below.len()))
        );
        for at in 0..levels.len() {
            let mut bent = levels.clone();
            bent[at].slots[0].1[5] ^= 1;
            assert!(verify_subtree(root.as_bytes(), &bent, &below).is_err());
            let mut bent = levels.clone();
            bent[at].prefix.push(1);
            assert!(verify_subtree(root.as_bytes(), &bent, &below).is_err());
        }
    }
}

#[test]
fn nodes_answer_for_every_path_that_leads_to_them() {
    let leaves = distinct(17, 60);
    let mut tree = tree_of(&leaves);
    let root = tree.commit().unwrap();
    let top = tree.node_at(&[]).unwrap().unwrap();
    assert_eq!(
        (top.commitment.as_slice(), top.leaf_count),
        (root.as_bytes(), 60)
    );
    assert_eq!(top.size, tree.size());
    for leaf in &leaves {
        let full = path(&leaf.key);
        for length in 0..=full.len() {
            let view = tree.node_at(&full[..length]).unwrap().unwrap();
            assert!(view.full_path.starts_with(&full[..length]));
            for (index, commitment) in &view.children {
                let child = tree
                    .node_at(&[&view.full_path[..], &[*index]].concat())
                    .unwrap();
                assert_eq!(child.unwrap().commitment, *commitment);
            }
        }
        assert!(tree.node_at(&full).unwrap().unwrap().is_leaf);
    }
    assert_eq!(tree.node_at(&[63, 1]).unwrap(), None);
}

#[cfg(feature = "prove")]
mod proofs {
    use super::*;

    fn claims<'a>(keys: &[&'a [u8]]) -> Vec<Claim<'a>> {
        keys.iter().map(|key| Claim { key, hashed: None }).collect()
    }

    fn verdict(root: &[u8], keys: &[&[u8]], proof: &TraversalProof) -> bool {
        proof::verify(root, &claims(keys), proof).is_ok()
    }

    #[test]
    fn cvt_09_a_proof_of_any_key_verifies_and_no_changed_byte_does() {
        for seed in 1..5u64 {
            let leaves = distinct(seed, 3 + 13 * seed as usize);
            let mut tree = tree_of(&leaves);
            let root = tree.commit().unwrap();
            let mut seeded = Seeded(seed);
            let chosen: Vec<&Leaf> = (0..1 + seed)
                .map(|_| &leaves[seeded.below(leaves.len())])
                .collect();
            let keys: Vec<&[u8]> = chosen.iter().map(|leaf| leaf.key.as_slice()).collect();
            let proof = tree.prove(&keys).unwrap();
            assert!(verdict(root.as_bytes(), &keys, &proof));
            for (sub, leaf) in proof.sub_proofs.iter().zip(&chosen) {
                assert_eq!(sub.ys.last().unwrap(), leaf.hashed());
            }
            let mut wrong = claims(&keys);
            wrong[0].hashed = Some(b"another");
            assert!(proof::verify(root.as_bytes(), &wrong, &proof).is_err());
            for plain in [true, false] {
                let bytes = match plain {
                    true => proof::encode_plain(&proof).unwrap(),
                    false => proof::encode_canonical(&proof).unwrap(),
                };
                for _ in 0..60 {
                    let mut changed = bytes.clone();
                    let at = seeded.below(changed.len());
                    changed[at] ^= 1 << seeded.below(8);
                    let decoded = match plain {
                        true => proof::decode_plain(&changed),
                        false => proof::decode_canonical(&changed),
                    };
                    let accepted =
                        decoded.is_ok_and(|proof| verdict(root.as_bytes(), &keys, &proof));
                    assert!(!accepted, "byte {at} of seed {seed}");
                }
                for cut in [1, 5, bytes.len() / 2] {
                    let shorter = &bytes[..bytes.len() - cut];
                    assert!(proof::decode_plain(shorter).is_err());
                    assert!(proof::decode_canonical(shorter).is_err());
                }
            }
        }
    }

    #[test]
    fn what_has_no_proof_says_so() {
        let leaves = distinct(2, 20);
        let mut tree = tree_of(&leaves[..1]);
        assert_eq!(tree.leaf_count(), 1);
        let root = tree.commit().unwrap();
        let key: &[u8] = &leaves[0].key;
        assert!(matches!(tree.prove(&[key]), Err(TreeError::SingleLeaf)));
        assert!(proof::verify_single_leaf(
            root.as_bytes(),
            key,
            leaves[0].hashed()
        ));
        assert!(!proof::verify_single_leaf(root.as_bytes(), key, b"x"));
        tree.insert(leaves[1].clone()).unwrap();
        assert!(matches!(tree.prove(&[key]), Err(TreeError::Uncommitted)));
        tree.commit().unwrap();
        let absent: &[u8] = &leaves[2].key;
        assert!(matches!(
            tree.prove(&[key, absent]),
            Err(TreeError::Absent { .. })
        ));
        assert!(matches!(
            tree.prove(&[]),
            Err(TreeError::KeyCount { count: 0 })
        ));
        assert!(matches!(
            tree.prove(&[key; 101]),
            Err(TreeError::KeyCount { count: 101 })
        ));
    }

    #[test]
    fn cvt_09_a_proof_from_a_store_equals_one_from_memory() {
        let leaves = distinct(31, 70);
        let store = MemoryStore::default();
        let mut stored = Tree::over(store.clone());
        let mut memory = tree_of(&leaves);
        for leaf in &leaves {
            stored.insert(leaf.clone()).unwrap();
        }
        memory.commit().unwrap();
        stored.commit().unwrap();
        let changes = stored.take_changes(5).unwrap();
        store.apply(&changes);
        let opened = Tree::open(store, &changes.root);
        let keys: Vec<&[u8]> = leaves[10..14]
            .iter()
            .map(|leaf| leaf.key.as_slice())
            .collect();
        assert_eq!(opened.prove(&keys).unwrap(), memory.prove(&keys).unwrap());
    }
}
