//! The state of `hypergraph` over the store on disk: the same roots, generations and reads as in memory (SYN-11, spec 22 section 4).

use std::sync::Arc;

use hypergraph::{AtomId, Change, Hypergraph, Location, PhaseSet, ShardKey};
use proptest::prelude::*;
use store::{FrameBatch, Options, Read, Snapshot, Store, StoreError, Trees};

const APPS: [u8; 3] = [0x05, 0x1f, 0xff];

fn open(directory: &std::path::Path) -> Arc<Store> {
    let options = Options {
        cache_bytes: 4 << 20,
        ballast_bytes: 0,
        generations: 6,
        ..Options::new([3; 16])
    };
    Arc::new(Store::open(directory, options).unwrap())
}

fn state(store: &Arc<Store>) -> Hypergraph<Trees<Arc<Store>>> {
    Hypergraph::open(Trees(store.clone()), store.head().unwrap()).unwrap()
}

fn commit(store: &Store, state: &mut Hypergraph<Trees<Arc<Store>>>, frame: u64) {
    let report = state.commit(frame).unwrap();
    let mut batch = FrameBatch {
        header: Some(frame.to_be_bytes().to_vec()),
        ..FrameBatch::default()
    };
    batch.add_commit(store, report).unwrap();
    store.commit_frame(&batch).unwrap();
}

fn change() -> impl Strategy<Value = Change> {
    let length = prop_oneof![4 => 0usize..40, 1 => 1020usize..3000];
    (0u8..5, 0usize..3, 0u8..40, length).prop_map(|(kind, app, data, length)| {
        let id = AtomId::new(&[APPS[app]; 32], &[data.wrapping_mul(37); 32]);
        let location = if data % 3 == 0 {
            Location::hyperedge(id)
        } else {
            Location::vertex(id)
        };
        match kind {
            0 => Change::remove(location),
            _ => Change::add(location, vec![kind; length]),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn state_on_disk_equals_state_in_memory_in_every_kept_generation(frames in prop::collection::vec(prop::collection::vec(change(), 1..12), 1..14), reopen in any::<u16>(), back in 1u64..5) {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path());
        let mut on_disk = state(&store);
        let mut memory = vec![Hypergraph::new()];
        for (changes, frame) in frames.iter().zip(1u64..) {
            if reopen >> (frame % 16) & 1 == 1 {
                drop(on_disk);
                drop(store);
                store = open(directory.path());
                on_disk = state(&store);
            }
            let mut next = memory.last().unwrap().clone();
            on_disk.apply(changes).unwrap();
            next.apply(changes).unwrap();
            next.commit(frame).unwrap();
            commit(&store, &mut on_disk, frame);
            prop_assert_eq!(on_disk.global_commitments(), next.global_commitments());
            memory.push(next);
            if frame % 3 == 0 {
                store.prune(0, 100).unwrap();
            }
        }
        check(&store, &memory)?;
        // Back some generations, and on again another way.
        let head = frames.len() as u64;
        let to = head.saturating_sub(back).max(store.oldest_generation().unwrap()).max(1);
        store.rollback(to).unwrap();
        memory.truncate(to as usize + 1);
        let mut on_disk = state(&store);
        prop_assert_eq!(on_disk.global_commitments(), memory[to as usize].global_commitments());
        let other = [Change::add(Location::vertex(AtomId::new(&[5; 32], &[200; 32])), vec![1])];
        let mut next = memory[to as usize].clone();
        on_disk.apply(&other).unwrap();
        next.apply(&other).unwrap();
        next.commit(to + 1).unwrap();
        commit(&store, &mut on_disk, to + 1);
        memory.push(next);
        check(&store, &memory)?;
        let report = store.verify_trees(&mut |_, _| {}).unwrap();
        prop_assert!(report.is_sound(), "{:?}", report);
    }
}

/// Every kept generation, through one view, is the state in memory at that frame.
fn check(store: &Arc<Store>, memory: &[Hypergraph]) -> Result<(), TestCaseError> {
    let report = store.verify_trees(&mut |_, _| {}).unwrap();
    prop_assert!(report.is_sound(), "{:?}", report);
    let view: Snapshot = store.snapshot().unwrap();
    let head = view.head().unwrap().unwrap();
    prop_assert_eq!(head as usize, memory.len() - 1);
    let stored = Hypergraph::open(Trees(view.clone()), Some(head)).unwrap();
    for generation in view.oldest_generation().unwrap().max(1)..=head {
        let then = &memory[generation as usize];
        for app in APPS {
            let key = ShardKey::of(&[app; 32]);
            let shard = stored.shard_at(&key, generation).unwrap();
            prop_assert_eq!(shard.roots().unwrap(), then.roots(&key));
            for data in 0u8..40 {
                let id = AtomId::new(&[app; 32], &[data.wrapping_mul(37); 32]);
                for location in [Location::vertex(id), Location::hyperedge(id)] {
                    prop_assert_eq!(shard.get(&location).unwrap(), then.get(&location).unwrap());
                }
            }
            for set in PhaseSet::ALL {
                prop_assert!(store.verify_commitments(&key, set, generation).unwrap());
            }
        }
    }
    Ok(())
}

#[test]
fn a_generation_is_found_by_its_root_and_stays_readable_in_a_view_while_frames_advance() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut on_disk = state(&store);
    let key = ShardKey::of(&[5; 32]);
    let mut roots = vec![on_disk.roots(&key)];
    let mut view = None;
    for frame in 1..=12u64 {
        let id = AtomId::new(&[5; 32], &[frame as u8; 32]);
        on_disk
            .apply(&[Change::add(Location::vertex(id), vec![frame as u8])])
            .unwrap();
        commit(&store, &mut on_disk, frame);
        store.prune(0, 100).unwrap();
        roots.push(on_disk.roots(&key));
        if frame == 3 {
            view = Some(store.snapshot().unwrap());
        }
    }
    let trees = Trees(store.clone());
    let adds = PhaseSet::VERTEX_ADDS;
    let root = |frame: usize| {
        on_disk
            .shard_at(&key, frame as u64)
            .unwrap()
            .roots()
            .unwrap()
    };
    for (frame, then) in roots.iter().enumerate().skip(7) {
        assert_eq!(root(frame), *then);
        let vertex_adds = then.get(adds);
        assert_eq!(
            trees.generation_of(&key, adds, vertex_adds).unwrap(),
            Some(frame as u64)
        );
    }
    assert_eq!(
        trees.generation_of(&key, adds, roots[6].get(adds)).unwrap(),
        None
    );
    assert!(on_disk.shard_at(&key, 6).is_err());
    // The view of frame 3 still answers as it did.
    let view = view.unwrap();
    let then = Hypergraph::open(Trees(view.clone()), Some(3)).unwrap();
    assert_eq!(then.roots(&key), roots[3]);
    view.release();
    assert!(matches!(view.head(), Err(StoreError::Closed)));
}

#[test]
fn a_record_that_nobody_leads_to_and_one_that_is_not_what_its_parent_says_are_found() {
    let key = ShardKey::of(&[5; 32]);
    let name = store::phase_tree_name(&key.to_bytes(), 0);
    let made = |extra: &dyn Fn(&Store, store::TreeId, &mut FrameBatch)| {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let mut on_disk = state(&store);
        for data in 0..60u8 {
            let id = AtomId::new(&[5; 32], &[data.wrapping_mul(37); 32]);
            let add = Change::add(Location::vertex(id), vec![data; 20]);
            on_disk.apply(&[add]).unwrap();
        }
        let mut batch = FrameBatch::default();
        batch
            .add_commit(&store, on_disk.commit(1).unwrap())
            .unwrap();
        let tree = store.intern(std::slice::from_ref(&name)).unwrap()[0];
        extra(&store, tree, &mut batch);
        store.commit_frame(&batch).unwrap();
        let mut told = 0;
        let report = store.verify_trees(&mut |_, _| told += 1).unwrap();
        (directory, store, tree, report)
    };
    let (_whole, _, _, report) = made(&|_, _, _| {});
    assert!(report.is_sound() && report.trees >= 1, "{report:?}");
    // A leaf's record once more, at a place to which no branch leads.
    let (_orphan, store, tree, report) = made(&|_, tree, batch| {
        let mut stray = batch
            .nodes
            .iter()
            .find(|node| node.tree == tree && !node.path.is_empty())
            .unwrap()
            .clone();
        stray.path.push(1);
        batch.nodes.push(stray);
    });
    assert_eq!(report.orphans, [(tree, 1)]);
    assert!(report.damaged.is_empty() && report.missing.is_empty());
    let mended = store.mend(&report).unwrap();
    assert_eq!((mended.rebuilt, mended.refused), (vec![tree], vec![]));
    assert!(store.verify_trees(&mut |_, _| {}).unwrap().is_sound());
    // Two leaves that changed places: whole records with right sums.
    let (_swapped, store, tree, report) = made(&|_, tree, batch| {
        let mut leaves: Vec<_> = batch
            .nodes
            .iter_mut()
            .filter(|node| node.tree == tree && node.record[0] == 1)
            .collect();
        let (first, rest) = leaves.split_first_mut().unwrap();
        std::mem::swap(&mut first.record, &mut rest[0].record);
    });
    assert_eq!(report.wrong.len(), 2, "{report:?}");
    assert!(!report.is_sound() && report.damaged.is_empty());
    let mended = store.mend(&report).unwrap();
    assert_eq!(mended.rebuilt, [tree], "all leaves are there: {mended:?}");
    assert!(store.verify_trees(&mut |_, _| {}).unwrap().is_sound());
    assert!(
        store
            .verify_commitments(&key, PhaseSet::VERTEX_ADDS, 1)
            .unwrap()
    );
}
