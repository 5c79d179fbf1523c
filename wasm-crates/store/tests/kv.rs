//! The general table behaves as `core/platform/store-compliance.ts` demands; snapshots and their deadline.

mod model;

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Model, advance, open, options};
use proptest::prelude::*;
use store::{
    Durability, Health, KvOperation, Options, RangeRequest, Read, Snapshot, Store, StoreError,
};

fn put(key: &[u8], value: &[u8]) -> KvOperation {
    KvOperation::Put {
        key: key.to_vec(),
        value: value.to_vec(),
    }
}

fn delete(key: &[u8]) -> KvOperation {
    KvOperation::Delete { key: key.to_vec() }
}

fn keys(reader: &impl Read, request: &RangeRequest) -> Vec<Vec<u8>> {
    reader
        .range(request)
        .unwrap()
        .entries
        .into_iter()
        .map(|(key, _)| key)
        .collect()
}

fn all() -> RangeRequest {
    RangeRequest::default()
}

#[test]
fn operations_of_a_batch_apply_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let batch = [
        put(&[1], &[1]),
        put(&[1], &[2]),
        delete(&[2]),
        put(&[2], &[3]),
    ];
    store.batch(&batch, Durability::Relaxed).unwrap();
    store
        .batch(
            &[put(&[3], &[1]), delete(&[3]), delete(&[7])],
            Durability::Relaxed,
        )
        .unwrap();
    store.batch(&[], Durability::Durable).unwrap();
    let entries = store.range(&all()).unwrap().entries;
    assert_eq!(entries, [(vec![1], vec![2]), (vec![2], vec![3])]);
    assert_eq!(store.get(&[3]).unwrap(), None);
}

#[test]
fn keys_are_in_the_order_of_their_bytes_and_ranges_are_half_open() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let sorted: [&[u8]; 7] = [&[0], &[1], &[1, 0], &[1, 255], &[127, 3], &[128], &[255]];
    let batch: Vec<_> = sorted.iter().rev().map(|key| put(key, key)).collect();
    store.batch(&batch, Durability::Durable).unwrap();
    assert_eq!(keys(&store, &all()), sorted);
    let between = RangeRequest {
        from: Some(vec![1]),
        to: Some(vec![127, 3]),
        ..all()
    };
    assert_eq!(keys(&store, &between), sorted[1..4]);
    assert_eq!(
        keys(
            &store,
            &RangeRequest {
                reverse: true,
                limit: 2,
                ..between.clone()
            }
        ),
        [[1, 255], [1, 0]]
    );
    assert!(
        store
            .range(&RangeRequest {
                limit: 2,
                ..between.clone()
            })
            .unwrap()
            .more
    );
    assert!(
        !store
            .range(&RangeRequest {
                limit: 3,
                ..between
            })
            .unwrap()
            .more
    );
    for (from, to) in [(vec![5], vec![2]), (vec![4], vec![4])] {
        assert!(
            keys(
                &store,
                &RangeRequest {
                    from: Some(from),
                    to: Some(to),
                    ..all()
                }
            )
            .is_empty()
        );
    }
    assert!(keys(&store, &RangeRequest { limit: 0, ..all() }).is_empty());
    let page = store
        .range(&RangeRequest {
            max_bytes: 1,
            ..all()
        })
        .unwrap();
    assert_eq!((page.entries.len(), page.more), (1, true));
}

#[test]
fn a_batch_with_one_wrong_operation_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for wrong in [
        put(&[], &[1]),
        put(&[1; 513], &[1]),
        put(&[2], &vec![0; (16 << 20) + 1]),
        delete(&[]),
    ] {
        let error = store
            .batch(&[put(&[1], &[1]), wrong], Durability::Durable)
            .unwrap_err();
        assert_eq!(error.code(), "arguments");
    }
    assert!(store.range(&all()).unwrap().entries.is_empty());
    assert_eq!(store.get(&[]).unwrap_err().code(), "arguments");
    store
        .batch(&[put(&[5; 512], &vec![7; 16 << 20])], Durability::Durable)
        .unwrap();
    assert_eq!(store.get(&[5; 512]).unwrap().unwrap().len(), 16 << 20);
}

#[test]
fn after_close_everything_is_closed_and_what_was_written_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store
        .batch(&[put(&[1], &[5])], Durability::Relaxed)
        .unwrap();
    let snapshot = store.snapshot().unwrap();
    store.close().unwrap();
    store.close().unwrap();
    assert_eq!(store.health(), Health::Closed);
    assert_eq!(store.get(&[1]).unwrap_err(), StoreError::Closed);
    assert_eq!(
        store.batch(&[put(&[1], &[1])], Durability::Durable),
        Err(StoreError::Closed)
    );
    assert_eq!(snapshot.get(&[1]).unwrap_err().code(), "closed");
    assert!(store.snapshot().is_err());
    drop(store);
    assert_eq!(open(directory.path()).get(&[1]).unwrap(), Some(vec![5]));
}

#[test]
fn one_handle_owns_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert!(matches!(
        Store::open(directory.path(), options()),
        Err(StoreError::InUse(_))
    ));
    drop(store);
    open(directory.path());
}

#[test]
fn a_snapshot_does_not_see_later_batches_and_crosses_threads() {
    let directory = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(directory.path()));
    let mut model = Model::default();
    advance(&store, &mut model, 10);
    let before = store.snapshot().unwrap();
    let state = model.clone();
    let writer = {
        let store = store.clone();
        std::thread::spawn(move || advance(&store, &mut model, 120))
    };
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (snapshot, state): (Snapshot, Model) = (before.clone(), state.clone());
            std::thread::spawn(move || {
                for _ in 0..20 {
                    assert_eq!(snapshot.head().unwrap(), Some(10));
                    assert_eq!(Model::walk(&snapshot, 10).unwrap(), state);
                }
            })
        })
        .collect();
    for reader in readers {
        reader.join().unwrap();
    }
    writer.join().unwrap();
    store.prune(0, 100).unwrap();
    assert_eq!(Model::walk(&before, 10).unwrap(), state);
    assert!(Model::read(&store, 10).is_err());
    before.release();
    assert_eq!(before.head(), Err(StoreError::Closed));
}

#[test]
fn a_snapshot_past_its_deadline_is_expired_and_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let late = Options {
        snapshot_deadline: Duration::from_millis(60),
        ..options()
    };
    let store = Store::open(directory.path(), late).unwrap();
    let (used, idle) = (store.snapshot().unwrap(), store.snapshot().unwrap());
    assert_eq!(used.head().unwrap(), None);
    assert_eq!(store.stats().unwrap().snapshots, 2);
    std::thread::sleep(Duration::from_millis(80));
    assert_eq!(used.head(), Err(StoreError::Expired { millis: 60 }));
    // The idle one is ended by the next batch, without being asked.
    store
        .batch(&[put(&[1], &[1])], Durability::Durable)
        .unwrap();
    assert_eq!(store.stats().unwrap().snapshots, 0);
    assert_eq!(idle.head(), Err(StoreError::Expired { millis: 60 }));
    assert!(store.snapshot().unwrap().head().is_ok());
}

#[derive(Clone, Debug)]
enum Step {
    Batch(Vec<KvOperation>),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let key = || prop::collection::vec(0u8..4, 1..3);
    let value = prop::collection::vec(any::<u8>(), 0..4);
    let operation = prop_oneof![
        (key(), value).prop_map(|(key, value)| KvOperation::Put { key, value }),
        key().prop_map(|key| KvOperation::Delete { key }),
    ];
    prop_oneof![
        9 => prop::collection::vec(operation, 0..8).prop_map(Step::Batch),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn behaves_like_a_sorted_map(steps in prop::collection::vec(step(), 1..20), from in prop::collection::vec(0u8..4, 1..3), to in prop::collection::vec(0u8..4, 1..3), reverse in any::<bool>()) {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path());
        let mut map = BTreeMap::new();
        for step in steps {
            match step {
                Step::Reopen => {
                    drop(store);
                    store = open(directory.path());
                }
                Step::Batch(batch) => {
                    store.batch(&batch, Durability::Relaxed).unwrap();
                    for operation in batch {
                        match operation {
                            KvOperation::Put { key, value } => { map.insert(key, value); }
                            KvOperation::Delete { key } => { map.remove(&key); }
                        }
                    }
                }
            }
            let mut expected: Vec<_> = map.iter().filter(|(key, _)| **key >= from && **key < to).map(|(k, v)| (k.clone(), v.clone())).collect();
            if reverse { expected.reverse(); }
            let request = RangeRequest { from: Some(from.clone()), to: Some(to.clone()), reverse, ..all() };
            prop_assert_eq!(store.range(&request).unwrap().entries, expected);
        }
    }
}
