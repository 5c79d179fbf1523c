//! What holds for every tree.

mod support;

use proptest::prelude::*;
use support::{PAGE, Seeded, distinct, tree_of};
use tries::proof;
use tries::subtree::{SubtreeRefusal, verify_subtree};
use tries::{Leaf, PageLimit, RootRecord, Start, Tree, TreeError, commit_all, path, rebuild_root};

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
    fn proof_codecs_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = proof::decode_plain(&bytes);
        let _ = proof::decode_canonical(&bytes);
        let _ = Tree::from_blob(&bytes);
        let _ = RootRecord::decode(&bytes);
    }
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
fn trees_committed_together_have_the_roots_they_have_alone() {
    let mut together: Vec<Tree> = (0..20)
        .map(|count| tree_of(&distinct(count, count as usize)))
        .collect();
    let mut alone = together.clone();
    let roots = commit_all(&mut together).unwrap();
    for (tree, root) in alone.iter_mut().zip(&roots) {
        assert_eq!(tree.commit().unwrap(), *root);
    }
    for (tree, other) in together.iter().zip(&alone) {
        assert_eq!(tree.to_blob().unwrap(), other.to_blob().unwrap());
    }
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
