//! Serialised trees from anyone: limits, forged fields, odd shapes.

use proptest::prelude::*;
use tries::wire::{MAX_DEPTH, WireError};
use tries::{Leaf, PageLimit, Size, Start, Tree, TreeError};

fn field(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_be_bytes()[..], bytes].concat()
}

fn leaf(key: &[u8]) -> Vec<u8> {
    [
        vec![1],
        field(key),
        field(b"v"),
        field(b""),
        field(b""),
        field(&[1]),
    ]
    .concat()
}

fn branch(prefix: &[u32], children: &[(usize, Vec<u8>)], leaf_count: i64, longest: i32) -> Vec<u8> {
    let mut out = vec![2];
    out.extend((prefix.len() as u32).to_be_bytes());
    prefix
        .iter()
        .for_each(|element| out.extend(element.to_be_bytes()));
    for index in 0..64 {
        match children.iter().find(|(at, _)| *at == index) {
            Some((_, child)) => out.extend(child),
            None => out.push(0),
        }
    }
    out.extend(field(b""));
    out.extend(field(&[7]));
    out.extend(leaf_count.to_be_bytes());
    out.extend(longest.to_be_bytes());
    out
}

fn chain(depth: usize) -> Vec<u8> {
    (0..depth).fold(leaf(b"k"), |below, _| branch(&[], &[(0, below)], 1, 1))
}

#[test]
fn cvt_10_limits_are_those_of_the_specification() {
    assert!(Tree::from_blob(&chain(MAX_DEPTH)).is_ok());
    assert_eq!(
        Tree::from_blob(&chain(MAX_DEPTH + 1)).err(),
        Some(WireError::Depth)
    );
    assert!(Tree::from_blob(&branch(&[63; 256], &[], 0, 0)).is_ok());
    assert_eq!(
        Tree::from_blob(&branch(&[0; 257], &[], 0, 0)).err(),
        Some(WireError::Prefix(257))
    );
    assert_eq!(
        Tree::from_blob(&branch(&[64], &[], 0, 0)).err(),
        Some(WireError::Element(64))
    );
    let mut negative = branch(&[1], &[], 0, 0);
    negative[5..9].copy_from_slice(&(-1i32).to_be_bytes());
    assert_eq!(
        Tree::from_blob(&negative).err(),
        Some(WireError::Element(u32::MAX))
    );
    let huge = [&[1][..], &u64::MAX.to_be_bytes()].concat();
    assert_eq!(
        Tree::from_blob(&huge).err(),
        Some(WireError::Field(u64::MAX))
    );
    let long = [&[1][..], &(1u64 << 30).to_be_bytes()].concat();
    assert_eq!(
        Tree::from_blob(&long).err(),
        Some(WireError::Field(1 << 30))
    );
    let count = [&[2][..], &u32::MAX.to_be_bytes()].concat();
    assert_eq!(
        Tree::from_blob(&count).err(),
        Some(WireError::Prefix(u32::MAX))
    );
    assert_eq!(Tree::from_blob(&leaf(b"")).err(), Some(WireError::EmptyKey));
    assert_eq!(Tree::from_blob(&[]).err(), Some(WireError::Truncated));
    assert_eq!(Tree::from_blob(&[0, 0]).err(), Some(WireError::Trailing(1)));
    assert_eq!(Tree::from_blob_prefix(&[0, 9, 9]).unwrap().1, 1);
    assert_eq!(
        Tree::from_blob(&vec![0; (64 << 20) + 1]).err(),
        Some(WireError::TooLong((64 << 20) + 1))
    );
}

#[test]
fn insertion_stops_at_the_depth_that_readers_accept() {
    // Each key continues the one before it by one element less: a chain of branches without prefixes.
    let mut tree = Tree::new();
    let mut refused = 0;
    for at in 0..140usize {
        let mut bits = vec![0u8; 150];
        bits[at * 6 / 8] |= 128 >> (at * 6 % 8);
        match tree.insert(Leaf {
            key: bits,
            ..Leaf::default()
        }) {
            Ok(true) => {}
            Err(TreeError::TooDeep) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 0);
    let blob = tree.to_blob().unwrap();
    assert_eq!(Tree::from_blob(&blob).unwrap().to_blob().unwrap(), blob);
    assert!(matches!(
        tree.insert(Leaf {
            key: vec![1; 193],
            ..Leaf::default()
        }),
        Err(TreeError::KeyTooLong { length: 193 })
    ));
    assert!(matches!(
        tree.insert(Leaf::default()),
        Err(TreeError::EmptyKey)
    ));
}

#[test]
fn splits_above_a_deep_tree_stop_there_too() {
    let mut tree = Tree::new();
    for at in (1..140usize).rev() {
        let mut bits = vec![0u8; 150];
        bits[at * 6 / 8] |= 128 >> (at * 6 % 8);
        match tree.insert(Leaf {
            key: bits,
            ..Leaf::default()
        }) {
            Ok(true) | Err(TreeError::TooDeep) => {}
            other => panic!("{other:?}"),
        }
    }
    let blob = tree.to_blob().unwrap();
    assert_eq!(Tree::from_blob(&blob).unwrap().to_blob().unwrap(), blob);
    assert!(tree.leaf_count() >= 128);
}

#[test]
fn forged_numbers_are_written_back_until_something_recomputes_them() {
    let forged = branch(
        &[],
        &[(1, leaf(&[4])), (6, leaf(&[24]))],
        i64::MAX,
        i32::MIN,
    );
    let mut tree = Tree::from_blob(&forged).unwrap();
    assert_eq!(tree.to_blob().unwrap(), forged);
    assert_eq!(
        (tree.leaf_count(), tree.longest_branch()),
        (i64::MAX, i32::MIN)
    );
    let page = tree
        .leaves(
            &[],
            Start::Index(1),
            PageLimit {
                leaves: 9,
                bytes: 99,
            },
        )
        .unwrap();
    assert_eq!((page.total, page.leaves.len()), (2, 1));
    tree.insert(Leaf {
        key: vec![8],
        size: Size::from(5),
        ..Leaf::default()
    })
    .unwrap();
    assert_eq!((tree.leaf_count(), tree.longest_branch()), (3, 1));
    tree.commit().unwrap();
    assert_eq!(tree.size(), Size::from(7));
}

#[test]
fn odd_shapes_are_read_and_told_apart() {
    let one_child = Tree::from_blob(&branch(&[], &[(1, leaf(&[4]))], 1, 1)).unwrap();
    assert!(!one_child.is_canonical().unwrap());
    let misplaced =
        Tree::from_blob(&branch(&[], &[(1, leaf(&[4])), (2, leaf(&[4]))], 2, 0)).unwrap();
    assert!(!misplaced.is_canonical().unwrap());
    let empty_branch = branch(&[3], &[], 0, 0);
    let mut tree = Tree::from_blob(&empty_branch).unwrap();
    // The commitment of the all-zero vector, as the reference writes it (hazard H-06).
    assert_eq!(tree.commit().unwrap().as_bytes()[..2], [3, 0]);
}

/// A valid blob with forged parts, whatever operations then do.
fn use_it(blob: &[u8], keys: &[u8]) {
    let Ok(mut tree) = Tree::from_blob(blob) else {
        return;
    };
    let written = tree.to_blob().unwrap();
    assert_eq!(
        Tree::from_blob(&written).unwrap().to_blob().unwrap(),
        written
    );
    for key in keys {
        let _ = tree.insert(Leaf {
            key: vec![*key],
            value: vec![1],
            ..Leaf::default()
        });
        let _ = tree.get(&[*key]);
        let _ = tree.delete(&[key.wrapping_add(4)]);
        let _ = tree.leaves(
            &[key & 63],
            Start::After(&[*key, 1]),
            PageLimit {
                leaves: 3,
                bytes: 9,
            },
        );
    }
    let _ = tree.is_canonical();
    tree.commit().unwrap();
    let _ = tree.node_at(&[1]);
    let _ = tree.levels(&[1]);
    let _ = tree.take_changes(1);
    #[cfg(feature = "prove")]
    let _ = tree.prove(&[&keys[..1]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn cvt_10_changed_blobs_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keys in proptest::collection::vec(any::<u8>(), 1..6),
    ) {
        let inner = branch(&[2, 3], &[(0, leaf(&[0])), (9, leaf(&[5, 6]))], 2, 0);
        let mut blob = branch(&[], &[(1, leaf(&[4])), (2, inner), (6, leaf(&[24]))], 4, 1);
        for (at, byte) in changes {
            let at = at.index(blob.len());
            blob[at] = byte;
        }
        use_it(&blob, &keys);
    }
}
