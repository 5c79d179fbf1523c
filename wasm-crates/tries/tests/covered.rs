//! The part of a tree below a covered prefix: the root of the whole, and proofs against it (spec 20 section 8.7).
#![cfg(feature = "prove")]

mod support;

use support::{Seeded, tree_of};
use tries::covered::{AncestorRefusal, decode_ancestors, encode_ancestors};
use tries::proof::{Claim, verify};
use tries::subtree::Level;
use tries::{CoveredTree, Leaf, MemoryStore, PageLimit, Path, Start, Tree, TreeError, path};

const ALL: PageLimit = PageLimit {
    leaves: 100_000,
    bytes: usize::MAX,
};

/// The part of a tree below a prefix, as a node that pulled it has it.
fn part(whole: &Tree, covered: &Path) -> (Vec<Level>, Vec<Leaf>) {
    let levels = whole.levels(covered).unwrap().unwrap();
    let leaves = whole.leaves(covered, Start::Index(0), ALL).unwrap().leaves;
    (levels, leaves)
}

fn covered(whole: &Tree, covered: &Path) -> CoveredTree {
    let (levels, leaves) = part(whole, covered);
    CoveredTree::new(covered.clone(), &levels, tree_of(&leaves)).unwrap()
}

fn prefix(key: &[u8], length: usize) -> Path {
    Path::from_elements(path(key).get(..length).unwrap()).unwrap()
}

/// A key below a prefix, of 32 bytes.
fn key_below(covered: &Path, seeded: &mut Seeded) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    for element in covered.elements() {
        bits.extend((0..6).rev().map(|bit| element >> bit & 1 == 1));
    }
    while bits.len() < 256 {
        bits.push(seeded.next() & 1 == 1);
    }
    let byte = |bits: &[bool]| {
        bits.iter()
            .fold(0u8, |byte, bit| byte << 1 | u8::from(*bit))
    };
    bits.chunks_exact(8).map(byte).collect()
}

fn wide(seed: u64, count: usize) -> Vec<Leaf> {
    let mut seeded = Seeded(seed);
    (0..count)
        .map(|_| Leaf {
            key: key_below(&Path::default(), &mut seeded),
            value: seeded.next().to_be_bytes().to_vec(),
            ..Leaf::default()
        })
        .collect()
}

#[test]
fn the_part_has_the_root_of_the_whole_and_its_proofs_hold_against_it() {
    for (seed, count) in [(1, 3), (2, 40), (3, 200), (4, 900)] {
        let leaves = wide(seed, count);
        let mut whole = tree_of(&leaves);
        let root = whole.commit().unwrap();
        let mut seeded = Seeded(seed);
        for length in 0..4 {
            let at = prefix(&leaves[seeded.below(count)].key, length);
            let part = covered(&whole, &at);
            assert_eq!(part.root().unwrap(), root);
            let inside: Vec<&Leaf> = leaves
                .iter()
                .filter(|leaf| path(&leaf.key).starts_with(&at))
                .collect();
            assert_eq!(part.part().leaf_count(), inside.len() as i64);
            let keys: Vec<&[u8]> = inside
                .iter()
                .take(5)
                .map(|leaf| leaf.key.as_slice())
                .collect();
            let proof = part.prove(&keys).unwrap();
            assert_eq!(
                proof,
                whole.prove(&keys).unwrap(),
                "the same proof as the whole tree makes"
            );
            let claims: Vec<Claim<'_>> = inside
                .iter()
                .take(5)
                .map(|leaf| Claim {
                    key: &leaf.key,
                    hashed: Some(leaf.hashed()),
                })
                .collect();
            verify(root.as_bytes(), &claims, &proof).unwrap();
            if let Some(outside) = leaves.iter().find(|leaf| !path(&leaf.key).starts_with(&at)) {
                let refused = part.prove(&[&outside.key]);
                assert!(matches!(refused, Err(TreeError::OutsideCoveredPrefix)));
            }
        }
    }
}

#[test]
fn covered_changes_move_the_root_as_they_move_that_of_the_whole_and_others_are_refused() {
    for seed in 1..6 {
        let leaves = wide(seed, 300);
        let mut whole = tree_of(&leaves);
        whole.commit().unwrap();
        let at = prefix(&leaves[0].key, 1 + seed as usize % 2);
        let mut part = covered(&whole, &at);
        let mut seeded = Seeded(seed ^ 99);
        for _ in 0..12 {
            for _ in 0..4 {
                let leaf = Leaf {
                    key: key_below(&at, &mut seeded),
                    value: vec![seeded.next() as u8; 9],
                    ..Leaf::default()
                };
                assert!(part.insert(leaf.clone()).unwrap());
                whole.insert(leaf).unwrap();
            }
            assert!(matches!(part.root(), Err(TreeError::Uncommitted)));
            let held = part
                .part()
                .leaves(&[], Start::Index(0), ALL)
                .unwrap()
                .leaves;
            let gone = &held[seeded.below(held.len())].key;
            assert!(part.delete(gone).unwrap());
            whole.delete(gone).unwrap();
            assert_eq!(part.commit().unwrap(), whole.commit().unwrap());
        }
        let outside = leaves
            .iter()
            .find(|leaf| !path(&leaf.key).starts_with(&at))
            .unwrap();
        let before = part.root().unwrap();
        assert!(matches!(
            part.insert(outside.clone()),
            Err(TreeError::OutsideCoveredPrefix)
        ));
        assert!(!part.delete(&outside.key).unwrap());
        assert_eq!(part.commit().unwrap(), before);
        // The ancestors it carries are those of the whole tree.
        assert_eq!(part.ancestors(), whole.levels(&at).unwrap().unwrap());
    }
}

#[test]
fn what_changes_outside_comes_as_new_ancestors_and_wrong_ones_are_refused() {
    let leaves = wide(7, 400);
    let mut whole = tree_of(&leaves);
    whole.commit().unwrap();
    let at = prefix(&leaves[0].key, 1);
    let mut part = covered(&whole, &at);
    let before = part.root().unwrap();
    for leaf in wide(8, 50) {
        if !path(&leaf.key).starts_with(&at) {
            whole.insert(leaf).unwrap();
        }
    }
    let root = whole.commit().unwrap();
    assert_ne!(root, before);
    let levels = whole.levels(&at).unwrap().unwrap();
    part.replace_ancestors(&levels).unwrap();
    assert_eq!(part.root().unwrap(), root);

    let refusal = |levels: &[Level]| {
        let mut other = part.clone();
        let refused = other.replace_ancestors(levels).unwrap_err();
        assert_eq!(other.root().unwrap(), root, "unchanged by what was refused");
        match refused {
            TreeError::Ancestors(refusal) => refusal,
            other => panic!("{other}"),
        }
    };
    let changed = |change: &dyn Fn(&mut Vec<Level>)| {
        let mut levels = levels.clone();
        change(&mut levels);
        refusal(&levels)
    };
    let chosen = |levels: &[Level]| {
        levels[0]
            .slots
            .iter()
            .position(|(index, _)| *index == levels[0].index)
            .unwrap()
    };
    // The covered slot is another one, or that of another part.
    assert_eq!(
        changed(&|levels| {
            let at = chosen(levels);
            levels[0].slots[at].1[5] ^= 1
        }),
        AncestorRefusal::Slot(0)
    );
    assert_eq!(
        changed(&|levels| {
            let at = chosen(levels);
            levels[0].slots.remove(at);
        }),
        AncestorRefusal::Slot(0)
    );
    assert_eq!(
        changed(&|levels| levels[0].index ^= 1),
        AncestorRefusal::Path
    );
    assert_eq!(
        changed(&|levels| levels[0].index = 64),
        AncestorRefusal::Malformed(0)
    );
    assert_eq!(
        changed(&|levels| levels[0].prefix.push(70)),
        AncestorRefusal::Malformed(0)
    );
    assert_eq!(
        changed(&|levels| levels[0].slots.swap(0, 1)),
        AncestorRefusal::Malformed(0)
    );
    assert_eq!(
        changed(&|levels| levels[0].slots[0].0 = 99),
        AncestorRefusal::Malformed(0)
    );
    assert_eq!(
        changed(&|levels| {
            let at = chosen(levels);
            levels[0].slots = vec![levels[0].slots[at]]
        }),
        AncestorRefusal::Malformed(0)
    );
    assert_eq!(
        changed(&|levels| *levels = vec![levels[0].clone(); 129]),
        AncestorRefusal::TooMany(129)
    );
    // Without ancestors the part would be the whole: another root.
    let mut alone = part.clone();
    alone.replace_ancestors(&[]).unwrap();
    assert_ne!(alone.root().unwrap(), root);
    // A slot beside it makes another root, which whoever knows the right one sees.
    let mut other = part.clone();
    let mut beside = levels.clone();
    let at = (chosen(&levels) + 1) % levels[0].slots.len();
    beside[0].slots[at].1[0] ^= 1;
    other.replace_ancestors(&beside).unwrap();
    assert_ne!(other.root().unwrap(), root);
    // Leaves that are not covered make no part.
    let stray = CoveredTree::new(prefix(&leaves[0].key, 1), &levels, tree_of(&leaves));
    assert!(matches!(stray, Err(TreeError::OutsideCoveredPrefix)));
}

#[test]
fn a_part_may_become_empty_and_be_filled_again_unless_the_branch_above_merges() {
    let mut seeded = Seeded(3);
    let nothing: Tree = Tree::new();
    assert_eq!(nothing.ancestors(&Path::default()).unwrap(), Some(vec![]));
    let [one, two, three] = [1, 2, 3].map(|element| Path::from_elements(&[element]).unwrap());
    let leaf = |at: &Path, seeded: &mut Seeded| Leaf {
        key: key_below(at, seeded),
        value: b"value".to_vec(),
        ..Leaf::default()
    };
    let leaves: Vec<Leaf> = [&one, &one, &two, &three]
        .iter()
        .map(|at| leaf(at, &mut seeded))
        .collect();
    let mut whole = tree_of(&leaves);
    whole.commit().unwrap();
    let mut part = covered(&whole, &one);
    for leaf in &leaves[..2] {
        part.delete(&leaf.key).unwrap();
        whole.delete(&leaf.key).unwrap();
    }
    assert_eq!(part.commit().unwrap(), whole.commit().unwrap());
    // Whoever begins with nothing covered has the same slots, and an empty one that leads down.
    let levels = whole.ancestors(&one).unwrap().unwrap();
    assert_eq!(levels, part.ancestors());
    let fresh = CoveredTree::new(one.clone(), &levels, Tree::new()).unwrap();
    assert_eq!(fresh.root().unwrap(), whole.root().unwrap());
    let below = Path::from_elements(&[2, 63, 63, 63]).unwrap();
    assert_eq!(
        whole.ancestors(&below).unwrap(),
        None,
        "a leaf across the way"
    );
    let again = leaf(&one, &mut seeded);
    part.insert(again.clone()).unwrap();
    whole.insert(again.clone()).unwrap();
    assert_eq!(part.commit().unwrap(), whole.commit().unwrap());

    // One child is left above: only whoever knows that child can say what the branch becomes.
    whole.delete(&leaves[3].key).unwrap();
    whole.commit().unwrap();
    let mut part = covered(&whole, &one);
    part.delete(&again.key).unwrap();
    assert!(matches!(part.commit(), Err(TreeError::AncestorsMerge)));
    assert!(matches!(part.root(), Err(TreeError::Uncommitted)));
    part.insert(again).unwrap();
    assert_eq!(part.commit().unwrap(), whole.root().unwrap());
}

#[test]
fn a_part_is_kept_by_a_store_and_opened_again() {
    let leaves = wide(11, 500);
    let mut whole = tree_of(&leaves);
    let root = whole.commit().unwrap();
    let at = prefix(&leaves[0].key, 1);
    let (levels, inside) = part(&whole, &at);
    let store = MemoryStore::default();
    let mut tree = Tree::over(store.clone());
    for leaf in inside {
        tree.insert(leaf).unwrap();
    }
    let mut part = CoveredTree::new(at.clone(), &levels, tree).unwrap();
    let changes = part.take_changes(1).unwrap();
    store.apply(&changes);
    let ancestors = encode_ancestors(&part.ancestors());
    let levels = decode_ancestors(&ancestors).unwrap();
    let part = CoveredTree::new(at, &levels, Tree::open(store, &changes.root)).unwrap();
    assert_eq!(part.root().unwrap(), root);
    let key: &[u8] = &leaves[0].key;
    let proof = part.prove(&[key]).unwrap();
    let claim = Claim {
        key,
        hashed: Some(leaves[0].hashed()),
    };
    verify(root.as_bytes(), &[claim], &proof).unwrap();
    for cut in 0..ancestors.len() {
        assert_eq!(decode_ancestors(&ancestors[..cut]), None);
    }
    let mut seeded = Seeded(5);
    for _ in 0..200 {
        let mut changed = ancestors.clone();
        let at = seeded.below(changed.len());
        changed[at] ^= 1 << seeded.below(8);
        if let Some(levels) = decode_ancestors(&changed) {
            let _ = CoveredTree::new(Path::default(), &levels, Tree::new());
        }
    }
}
