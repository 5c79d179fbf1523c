//! Frames, generations, prune, rollback, pins (design of the store: decision 8; spec 22 sections 4 and 8).

mod model;

use model::{Model, TREE, advance, check_beside, node, open, options, promises};
use store::{BulkBatch, Durability, FrameBatch, NodePut, Pin, Read, RootRecord, Store, StoreError};

#[test]
fn a_frame_is_there_whole_also_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    assert_eq!(store.head().unwrap(), None);
    advance(&store, &mut model, 5);
    store.close().unwrap();
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.head().unwrap(), Some(5));
    assert_eq!(Model::read(&store, 5).unwrap(), model);
    for number in 1..=5 {
        check_beside(&store, number);
    }
    assert_eq!(
        store.get(b"last").unwrap(),
        Some(5u64.to_be_bytes().to_vec())
    );
    assert_eq!(store.frames(2, 4, 2).unwrap().len(), 2);
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
}

#[test]
fn two_hundred_frames_keep_64_generations_each_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    let mut states = std::collections::BTreeMap::new();
    for last in (4..=200).step_by(4) {
        states.extend(advance(&store, &mut model, last));
        store.prune(0, 100).unwrap();
    }
    assert_eq!(store.oldest_generation().unwrap(), 137);
    for generation in 137..=200 {
        assert_eq!(
            Model::read(&store, generation).unwrap().state,
            states[&generation]
        );
        check_beside(&store, generation);
    }
    let gone = store.root(TREE, 136).unwrap_err();
    assert!(
        matches!(gone, StoreError::Unavailable { oldest: 137, .. }),
        "{gone}"
    );
    assert!(store.root(TREE, 201).is_err());
    assert_eq!(store.roots(TREE).unwrap().len(), 64);
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
    // Pruned again, nothing is left to do; a crash between batches is the same.
    assert_eq!(store.prune(0, 100).unwrap().deleted, 0);
}

#[test]
fn pruned_to_one_generation_the_file_holds_exactly_that_state() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    advance(&store, &mut model, 100);
    store.close().unwrap();
    drop(store);
    let one = store::Options {
        generations: 1,
        ..options()
    };
    let store = Store::open(directory.path(), one).unwrap();
    store.prune(0, 100).unwrap();
    assert_eq!(Model::read(&store, 100).unwrap(), model);
    let stats = store.stats().unwrap();
    let records = |table| stats.records.iter().find(|(t, _)| *t == table).unwrap().1;
    let branches = model
        .state
        .keys()
        .map(|at| at.0)
        .collect::<std::collections::BTreeSet<_>>();
    assert_eq!(
        records(store::Table::Node),
        (1 + branches.len() + model.state.len()) as u64
    );
    let apart = model
        .state
        .values()
        .filter(|value| value.len() > 1024)
        .count();
    assert_eq!(records(store::Table::Blob), apart as u64);
    assert_eq!(records(store::Table::Stale), 0);
    assert_eq!(records(store::Table::Root), 1);
    assert_eq!(records(store::Table::Registry), 1);
}

#[test]
fn a_rollback_brings_back_a_generation_and_the_chain_goes_on_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    let states = advance(&store, &mut model, 90);
    store.prune(0, 100).unwrap();
    store.rollback(60).unwrap();
    assert_eq!(store.head().unwrap(), Some(60));
    let mut back = Model::read(&store, 60).unwrap();
    assert_eq!(back.state, states[&60]);
    assert_eq!(store.frame(61).unwrap(), None);
    assert_eq!(
        store.cursor(b"registry", 90).unwrap(),
        Some(60u64.to_be_bytes().to_vec())
    );
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
    let again = advance(&store, &mut back, 90);
    assert_eq!(again[&90], states[&90]);
    assert_eq!(Model::read(&store, 75).unwrap().state, states[&75]);
    assert!(matches!(
        store.rollback(26),
        Err(StoreError::Unavailable { oldest: 27, .. })
    ));
    assert!(store.rollback(91).is_err());
    advance(&store, &mut back, 200);
    store.prune(0, 100).unwrap();
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
}

#[test]
fn a_pin_holds_the_watermark_until_it_expires_or_is_taken_away() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    let states = advance(&store, &mut model, 20);
    let pin = |generation, reason: &[u8], expires| Pin {
        generation,
        reason: reason.to_vec(),
        expires,
    };
    store.pin(&pin(10, b"sync", 1000)).unwrap();
    store.pin(&pin(15, b"proof", 5000)).unwrap();
    assert!(store.pin(&pin(21, b"later", 1000)).is_err());
    advance(&store, &mut model, 150);
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.prune(1000, 100).unwrap().oldest, 10);
    assert_eq!(Model::read(&store, 10).unwrap().state, states[&10]);
    assert_eq!(store.prune(1001, 100).unwrap().oldest, 15);
    assert_eq!(store.pins().unwrap(), [pin(15, b"proof", 5000)]);
    assert!(store.unpin(15, b"proof").unwrap());
    assert!(!store.unpin(15, b"proof").unwrap());
    assert_eq!(store.prune(1001, 100).unwrap().oldest, 87);
    assert!(store.pin(&pin(50, b"late", 9000)).is_err());
}

#[test]
fn frames_follow_the_head_and_wrong_ones_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    advance(&store, &mut model, 3);
    let order = store.commit_frame(&FrameBatch {
        number: 3,
        ..FrameBatch::default()
    });
    assert_eq!(
        order,
        Err(StoreError::Order {
            head: Some(3),
            offered: 3
        })
    );
    let put = NodePut {
        tree: TREE,
        path: vec![1],
        record: vec![1],
    };
    let wrong = [
        FrameBatch {
            number: 4,
            nodes: vec![put.clone(), put.clone()],
            ..FrameBatch::default()
        },
        FrameBatch {
            number: 4,
            nodes: vec![NodePut {
                path: vec![64],
                ..put.clone()
            }],
            ..FrameBatch::default()
        },
        FrameBatch {
            number: 4,
            nodes: vec![NodePut {
                path: vec![0; 513],
                ..put.clone()
            }],
            ..FrameBatch::default()
        },
        FrameBatch {
            number: 4,
            stale_nodes: vec![node(4, &[1])],
            ..FrameBatch::default()
        },
        FrameBatch {
            number: 4,
            stale_nodes: vec![node(3, &[1]); 2],
            ..FrameBatch::default()
        },
        FrameBatch {
            number: 4,
            roots: vec![(TREE, RootRecord::default()); 2],
            ..FrameBatch::default()
        },
        FrameBatch {
            number: 4,
            cursors: vec![(Vec::new(), Vec::new())],
            ..FrameBatch::default()
        },
    ];
    for batch in wrong {
        let error = store.commit_frame(&batch).unwrap_err();
        assert_eq!(error.code(), "arguments", "{error}");
    }
    assert_eq!(store.head().unwrap(), Some(3));
    assert_eq!(Model::read(&store, 3).unwrap(), model);
}

#[test]
fn a_bulk_write_is_published_by_its_frame_or_taken_away() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let part = |n: u8| BulkBatch {
        generation: 10,
        nodes: vec![NodePut {
            tree: TREE,
            path: vec![n],
            record: vec![b'L', n],
        }],
        cursor: vec![n],
        ..BulkBatch::default()
    };
    store.write_bulk(&part(1), Durability::Relaxed).unwrap();
    store.write_bulk(&part(2), Durability::Durable).unwrap();
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.bulk_cursor().unwrap(), Some((10, vec![2])));
    let other = BulkBatch {
        generation: 11,
        ..part(3)
    };
    assert_eq!(
        store
            .write_bulk(&other, Durability::Durable)
            .unwrap_err()
            .code(),
        "arguments"
    );
    store.abandon_bulk().unwrap();
    assert_eq!(
        store
            .stats()
            .unwrap()
            .records
            .iter()
            .find(|(t, _)| *t == store::Table::Node)
            .unwrap()
            .1,
        0
    );
    store.write_bulk(&part(1), Durability::Durable).unwrap();
    let root = RootRecord {
        node_generation: None,
        record: vec![1],
    };
    store
        .commit_frame(&FrameBatch {
            number: 10,
            roots: vec![(TREE, root)],
            ..FrameBatch::default()
        })
        .unwrap();
    assert_eq!(store.bulk_cursor().unwrap(), None);
    assert_eq!(store.node(&node(10, &[1])).unwrap().unwrap(), [b'L', 1]);
}

#[test]
fn the_window_of_frames_is_cut_without_touching_state() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    advance(&store, &mut model, 30);
    assert_eq!(store.forget_frames(21).unwrap(), 20);
    assert_eq!(store.forget_frames(21).unwrap(), 0);
    assert_eq!(store.frame(20).unwrap(), None);
    assert_eq!(store.certificate(20).unwrap(), None);
    check_beside(&store, 22);
    assert!(Model::read(&store, 5).is_ok());
    assert!(store.put_certificate(20, b"late").is_err());
    store.put_certificate(21, b"late").unwrap();
    assert_eq!(store.certificate(21).unwrap(), Some(b"late".to_vec()));
}

#[test]
fn a_promised_record_that_is_missing_is_damage_not_absence() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let root = RootRecord {
        node_generation: Some(1),
        record: Vec::new(),
    };
    store
        .commit_frame(&FrameBatch {
            number: 1,
            roots: vec![(TREE, root)],
            ..FrameBatch::default()
        })
        .unwrap();
    let report = store.verify(Some(&mut promises)).unwrap();
    assert_eq!(report.missing.len(), 1);
    assert_eq!(store.node(&node(1, &[])).unwrap(), None);
    let snapshot = store.snapshot().unwrap();
    let error = snapshot.promised_node(&node(1, &[])).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(store.get(b"x").unwrap_err(), error);
}
