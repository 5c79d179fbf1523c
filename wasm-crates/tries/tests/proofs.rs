//! Proofs of random trees.
#![cfg(feature = "prove")]

mod support;

use support::{Seeded, distinct, tree_of};
use tries::proof::{self, Claim, TraversalProof};
use tries::{Leaf, MemoryStore, Tree, TreeError};

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
                let accepted = decoded.is_ok_and(|proof| verdict(root.as_bytes(), &keys, &proof));
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
