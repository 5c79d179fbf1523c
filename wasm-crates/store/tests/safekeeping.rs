//! Backup, compaction, migration, repair, and the file that keeps a restored voter from voting.

mod model;

use std::path::Path;

use model::{Model, TREE, advance, node, open, options, promises};
use store::{
    Durability, FrameBatch, KvOperation, Migrated, Migration, Options, Read, RootRecord,
    SafetyMark, Schema, Standing, Store, StoreError, Table,
};

fn kv(store: &Store, key: &[u8], value: &[u8]) {
    let put = KvOperation::Put {
        key: key.to_vec(),
        value: value.to_vec(),
    };
    store.batch(&[put], Durability::Durable).unwrap();
}

fn restore(backup: &Path) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(backup, directory.path().join("state.redb")).unwrap();
    directory
}

#[test]
fn a_backup_made_while_frames_go_on_is_the_store_at_one_frame() {
    let directory = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(directory.path()));
    let mut model = Model::default();
    let mut states = advance(&store, &mut model, 80);
    let target = tempfile::tempdir().unwrap();
    let backup = {
        let (store, target) = (store.clone(), target.path().to_owned());
        std::thread::spawn(move || store.backup(target).unwrap())
    };
    states.extend(advance(&store, &mut model, 140));
    let path = backup.join().unwrap();
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 1);
    let restored = restore(&path);
    let copy = Store::open(restored.path(), options()).unwrap();
    let head = copy.head().unwrap().unwrap();
    assert_eq!(
        path.file_name().unwrap().to_str().unwrap(),
        format!("state-{head}.redb")
    );
    assert!((80..=140).contains(&head));
    for generation in [1, 40, head] {
        assert_eq!(
            Model::read(&copy, generation).unwrap().state,
            states[&generation]
        );
    }
    assert_eq!(
        copy.get(b"last").unwrap(),
        Some(head.to_be_bytes().to_vec())
    );
    assert_eq!(copy.identity(), store.identity());
    assert!(copy.verify(Some(&mut promises)).unwrap().is_sound());
    let mut again = Model::read(&copy, head).unwrap();
    advance(&copy, &mut again, 200);
    copy.prune(0, 100).unwrap();
    assert!(copy.verify(Some(&mut promises)).unwrap().is_sound());
}

#[test]
fn verify_and_compact_wait_for_reads_and_reads_for_them() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    advance(&store, &mut model, 20);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    assert_eq!(store.head().unwrap(), Some(20));
                    assert!(store.get(b"last").unwrap().is_some());
                }
            });
        }
        for _ in 0..5 {
            assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
            store.compact().unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    assert_eq!(store.health(), store::Health::Sound);
}

#[test]
fn a_backup_of_an_empty_store_is_an_empty_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = open(directory.path())
        .backup(directory.path().join("backups"))
        .unwrap();
    let restored = restore(&path);
    assert_eq!(open(restored.path()).head().unwrap(), None);
}

#[test]
fn after_prune_and_compaction_the_file_is_near_a_fresh_copy() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    advance(&store, &mut model, 200);
    store.prune(0, 100).unwrap();
    store.compact().unwrap();
    let length = store.stats().unwrap().file_bytes;
    let copy = store.backup(directory.path().join("copy")).unwrap();
    let fresh = restore(&copy);
    let fresh = open(fresh.path());
    fresh.compact().unwrap();
    let fresh = fresh.stats().unwrap().file_bytes;
    assert!(length * 2 <= fresh * 3, "{length} against {fresh}");
    assert_eq!(Model::read(&store, 200).unwrap(), model);
}

#[test]
fn a_restored_old_backup_must_not_vote() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    advance(&store, &mut model, 5);
    let mut safety = store.safety("global").unwrap();
    assert_eq!(safety.standing(Some(5)), Standing::Current);
    safety.record_vote(5, Some(5)).unwrap();
    let backup = store.backup(directory.path().join("backups")).unwrap();
    advance(&store, &mut model, 9);
    safety.record_vote(9, Some(9)).unwrap();
    safety.record_timeout(10, Some(9)).unwrap();
    safety.record_timeout(10, Some(9)).unwrap();
    drop(store);
    std::fs::copy(&backup, directory.path().join("state.redb")).unwrap();
    let store = open(directory.path());
    let mut safety = store.safety("global").unwrap();
    let behind = Standing::Behind {
        recorded: 9,
        head: Some(5),
    };
    assert_eq!(safety.standing(store.head().unwrap()), behind);
    assert!(safety.record_vote(11, Some(5)).is_err());
    assert!(safety.record_timeout(11, Some(5)).is_err());
    // Synced past it, it votes again, above what it said.
    let mut model = Model::read(&store, 5).unwrap();
    advance(&store, &mut model, 9);
    assert_eq!(safety.standing(store.head().unwrap()), Standing::Current);
    assert_eq!(
        safety.record_vote(9, Some(9)),
        Err(StoreError::Order {
            head: Some(9),
            offered: 9
        })
    );
    assert!(safety.record_timeout(9, Some(9)).is_err());
    safety.record_vote(11, Some(9)).unwrap();
    let mark = SafetyMark {
        vote_rank: Some(11),
        timeout_rank: Some(10),
        head: Some(9),
    };
    assert_eq!(store.safety("global").unwrap().mark(), mark);
}

#[test]
fn a_lost_foreign_or_unreadable_safety_file_forbids_to_vote() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut safety = store.safety("global").unwrap();
    safety.record_vote(7, None).unwrap();
    drop(safety);
    let path = directory.path().join("safety-global");
    let good = std::fs::read(&path).unwrap();
    // One slot torn or rotten: the other has the record.
    for slot in [0, 4096] {
        for at in 0..67 {
            let mut bytes = good.clone();
            bytes[slot + at] ^= 1 << (at % 8);
            std::fs::write(&path, &bytes).unwrap();
            let safety = store.safety("global").unwrap();
            assert_eq!(safety.mark().vote_rank, Some(7));
            assert_eq!(safety.standing(None), Standing::Current);
        }
    }
    let mut both = good.clone();
    both[20] ^= 1;
    both[4096 + 20] ^= 1;
    for bytes in [&both[..], &good[..30], &[]] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(
            store.safety("global").unwrap().standing(None),
            Standing::Lost
        );
    }
    std::fs::remove_file(&path).unwrap();
    let mut safety = store.safety("global").unwrap();
    assert_eq!(safety.standing(None), Standing::Lost);
    assert!(safety.record_vote(8, None).is_err());
    safety
        .adopt(SafetyMark {
            vote_rank: Some(20),
            ..SafetyMark::default()
        })
        .unwrap();
    assert!(safety.record_vote(20, None).is_err());
    safety.record_vote(21, None).unwrap();
    drop(store);
    let other = tempfile::tempdir().unwrap();
    std::fs::copy(&path, other.path().join("safety-global")).unwrap();
    let store = Store::open(
        other.path(),
        Options {
            identity: [8; 16],
            ..options()
        },
    )
    .unwrap();
    assert_eq!(
        store.safety("global").unwrap().standing(None),
        Standing::Foreign
    );
    assert!(store.safety("../x").is_err());
}

fn louder(table: Table, key: &[u8], value: &[u8]) -> store::Result<Migrated> {
    if table == Table::Kv {
        if key == b"old" {
            return Ok(None);
        }
        return Ok(Some((key.to_vec(), [value, b"!"].concat())));
    }
    Ok(Some((key.to_vec(), value.to_vec())))
}

fn refuses(_: Table, _: &[u8], _: &[u8]) -> store::Result<Migrated> {
    Err(StoreError::Arguments("cannot migrate".to_owned()))
}

const STEPS: &[Migration] = &[
    Migration {
        from: 1,
        to: 2,
        record: louder,
    },
    Migration {
        from: 2,
        to: 3,
        record: louder,
    },
];

#[test]
fn a_migration_copies_every_record_through_its_steps() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    advance(&store, &mut model, 40);
    kv(&store, b"a", b"1");
    kv(&store, b"old", b"1");
    drop(store);
    let third = Options {
        schema: Schema {
            version: 3,
            migrations: STEPS,
        },
        ..options()
    };
    let failing = Options {
        schema: Schema {
            version: 2,
            migrations: &[Migration {
                from: 1,
                to: 2,
                record: refuses,
            }],
        },
        ..options()
    };
    assert_eq!(
        Store::open(directory.path(), failing).unwrap_err().code(),
        "arguments"
    );
    let store = Store::open(directory.path(), third.clone()).unwrap();
    assert_eq!(store.get(b"a").unwrap(), Some(b"1!!".to_vec()));
    assert_eq!(store.get(b"old").unwrap(), None);
    assert_eq!(Model::read(&store, 40).unwrap(), model);
    assert_eq!(store.identity(), [7; 16]);
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
    drop(store);
    let store = Store::open(directory.path(), third).unwrap();
    assert_eq!(store.get(b"a").unwrap(), Some(b"1!!".to_vec()));
    drop(store);
    // A program that knows less refuses.
    let older = Store::open(directory.path(), options()).unwrap_err();
    assert_eq!(older, StoreError::Schema { found: 3, known: 1 });
}

#[test]
fn a_repair_drops_the_tree_and_refuses_it_until_it_is_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let other = store.intern(&[b"other".to_vec()]).unwrap()[0];
    let mut model = Model::default();
    advance(&store, &mut model, 30);
    let mut batch = model.frame(31);
    batch.roots.push((
        other,
        RootRecord {
            node_generation: None,
            record: vec![9],
        },
    ));
    // A node that nobody wrote: the store takes the caller's word, verify finds it.
    batch.roots[0].1.node_generation = Some(0);
    store.commit_frame(&batch).unwrap();
    let report = store.verify(Some(&mut promises)).unwrap();
    assert_eq!(report.missing.len(), 1);
    let repaired = store.repair(&report).unwrap();
    assert_eq!(repaired.refused, [TREE]);
    assert_eq!(store.root(TREE, 31), Err(StoreError::Refused(TREE.0)));
    assert_eq!(store.roots(TREE), Err(StoreError::Refused(TREE.0)));
    assert!(store.root(other, 31).unwrap().is_some());
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
    let mut synced = Model::default();
    store.commit_frame(&synced.frame(32)).unwrap();
    assert_eq!(Model::read(&store, 32).unwrap(), synced);
    assert_eq!(store.root(TREE, 31), Err(StoreError::Refused(TREE.0)));
    assert!(store.node(&node(32, &[])).unwrap().is_some());
    store
        .commit_frame(&FrameBatch {
            number: 33,
            ..FrameBatch::default()
        })
        .unwrap();
    assert_eq!(Model::read(&store, 33).unwrap(), synced);
}
