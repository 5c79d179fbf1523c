//! Properties of the phase sets, commits and generations (spec 21 sections 4 to 6).

use hypergraph::{
    AtomId, AtomValue, Change, Hypergraph, Location, MemoryStores, Operation, Phase, PhaseSet,
    ShardKey, StateError,
};
use proptest::prelude::*;
use tries::{Root, Size};

const APPS: [u8; 3] = [0x05, 0x1f, 0xff];

/// Operation on one of a few atoms of a few shards: kind, application, data address, value.
fn operation() -> impl Strategy<Value = Change> {
    (0u8..4, 0usize..3, 0u8..8, any::<[u8; 5]>()).prop_map(|(kind, app, data, value)| {
        let id = AtomId::new(&[APPS[app]; 32], &[data; 32]);
        let location = match kind % 2 {
            0 => Location::vertex(id),
            _ => Location::hyperedge(id),
        };
        match kind / 2 {
            0 => Change::add(location, value.to_vec()),
            _ => Change::remove(location),
        }
    })
}

fn operations(most: usize) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(operation(), 1..most)
}

fn roots(state: &Hypergraph) -> Vec<Vec<u8>> {
    let shards = APPS.map(|app| state.roots(&ShardKey::of(&[app; 32])));
    shards.iter().flat_map(|roots| roots.to_bytes()).collect()
}

fn committed(changes: &[Change]) -> Hypergraph {
    let mut state = Hypergraph::new();
    state.apply(changes).unwrap();
    state.commit(1).unwrap();
    state
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Operations on different atoms commute; so do removals with each other, and a vertex add with a removal.
    #[test]
    fn operations_commute_as_those_of_a_two_phase_set(mut changes in operations(16), seed in any::<u64>()) {
        // One value per atom: overwriting is last-writer-wins and does not commute.
        let mut seen = std::collections::BTreeSet::new();
        changes.retain(|change| {
            let hyperedge = change.location.set == hypergraph::Set::Hyperedge;
            let add = matches!(change.operation, Operation::Add(_));
            // An add of a hyperedge after its removal is ignored: of those keep one operation per atom.
            let class = if hyperedge { 2 } else { u8::from(add) };
            seen.insert((change.location, class))
        });
        // A vertex removed before it is added has an empty leaf that the add overwrites: the value stays in either order.
        let before = committed(&changes);
        let mut order = seed;
        for place in (1..changes.len()).rev() {
            order = order.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            changes.swap(place, (order >> 33) as usize % (place + 1));
        }
        let after = committed(&changes);
        prop_assert_eq!(roots(&before), roots(&after));
        prop_assert_eq!(before.global_commitments(), after.global_commitments());
    }

    #[test]
    fn rollback_restores_roots_and_values(first in operations(12), second in operations(12), third in operations(12)) {
        let mut state = Hypergraph::new();
        state.apply(&first).unwrap();
        let outer = state.savepoint();
        state.apply(&second).unwrap();
        let inner = state.savepoint();
        state.apply(&third).unwrap();
        state.rollback(inner).unwrap();
        let mut twice = state.clone();
        twice.commit(1).unwrap();
        prop_assert_eq!(roots(&twice), roots(&committed(&[&first[..], &second].concat())));
        prop_assert!(matches!(state.rollback(inner), Err(StateError::Savepoint)));
        state.rollback(outer).unwrap();
        let report = state.commit(1).unwrap();
        let plain = committed(&first);
        prop_assert_eq!(roots(&state), roots(&plain));
        prop_assert_eq!(state.global_commitments(), plain.global_commitments());
        prop_assert!(report.records.len() <= 2 * first.len());
        for change in second.iter().chain(&third) {
            prop_assert_eq!(state.get(&change.location).unwrap(), plain.get(&change.location).unwrap());
        }
    }

    /// Frames are taken back from high to low (spec 21 section 4.4).
    #[test]
    fn revert_restores_the_roots_of_every_frame_before(frames in prop::collection::vec(operations(8), 1..5)) {
        let mut state = Hypergraph::new();
        state.commit(0).unwrap();
        let mut history = vec![(roots(&state), state.global_commitments())];
        let mut reports = Vec::new();
        for (changes, frame) in frames.iter().zip(1..) {
            state.apply(changes).unwrap();
            reports.push(state.commit(frame).unwrap());
            history.push((roots(&state), state.global_commitments()));
        }
        // What was applied after the last commit goes too.
        state.apply(&frames[0]).unwrap();
        history.pop();
        while let (Some(report), Some(before)) = (reports.pop(), history.pop()) {
            state.revert(&report).unwrap();
            prop_assert_eq!(state.committed(), Some(report.frame - 1));
            prop_assert_eq!((roots(&state), state.global_commitments()), before);
        }
        let last = hypergraph::CommitReport { frame: 0, shards: vec![], global_changed: vec![], records: vec![] };
        prop_assert!(state.revert(&last).is_err());
    }

    /// A state over a store, opened again after each frame, equals one in memory; older generations stay as they were.
    #[test]
    fn a_stored_state_equals_one_in_memory_in_every_generation(frames in prop::collection::vec(operations(10), 1..6)) {
        let stores = MemoryStores::default();
        let mut kept = Hypergraph::open(stores.clone(), None).unwrap();
        let mut memory = Hypergraph::new();
        let mut history = Vec::new();
        for (changes, frame) in frames.iter().zip(1..) {
            let mut stored = Hypergraph::open(stores.clone(), (frame > 1).then(|| frame - 1)).unwrap();
            stored.apply(changes).unwrap();
            let report = stored.commit(frame).unwrap();
            // One that was not opened again but unloaded writes the same records.
            kept.unload(usize::try_from(frame).unwrap() % 3);
            kept.apply(changes).unwrap();
            let same = kept.commit(frame).unwrap();
            for (a, b) in report.shards.iter().zip(&same.shards) {
                prop_assert_eq!(a.roots, b.roots);
                prop_assert_eq!(a.trees.len(), b.trees.len());
                for (a, b) in a.trees.iter().zip(&b.trees) {
                    prop_assert_eq!(&a.changes.nodes, &b.changes.nodes);
                }
            }
            stores.write(&report);
            memory.apply(changes).unwrap();
            memory.commit(frame).unwrap();
            for app in APPS {
                let key = ShardKey::of(&[app; 32]);
                prop_assert_eq!(stored.roots(&key), memory.roots(&key));
                history.push((frame, key, memory.roots(&key)));
            }
            prop_assert_eq!(stored.global_commitments(), memory.global_commitments());
            for change in changes {
                prop_assert_eq!(stored.get(&change.location).unwrap(), memory.get(&change.location).unwrap());
            }
        }
        let reopened = Hypergraph::open(stores, memory.committed()).unwrap();
        prop_assert_eq!(reopened.global_commitments(), memory.global_commitments());
        for (frame, key, roots) in history {
            prop_assert_eq!(reopened.shard_at(&key, frame).unwrap().roots().unwrap(), roots);
        }
    }
}

fn vertex(data: u8) -> Location {
    Location::vertex(AtomId::new(&[5; 32], &[data; 32]))
}

#[test]
fn hyp_05_untouched_rule_a_leaves_keep_their_commitment_beside_rule_b_writes() {
    let key = ShardKey::of(&[5; 32]);
    let migrated = |data: u8| Change {
        location: vertex(data),
        operation: Operation::Add(AtomValue::RuleA {
            atom: vec![data; 40],
            commitment: vec![data; 74],
            size: Size::from(9),
        }),
    };
    let mut state = Hypergraph::new();
    state
        .apply(&[migrated(1), migrated(2), migrated(3)])
        .unwrap();
    state.commit(1).unwrap();
    let leaf = |state: &Hypergraph, data| {
        let shard = state.shard(&key).unwrap();
        let tree = shard.tree(PhaseSet::VERTEX_ADDS);
        tree.get(vertex(data).id.as_bytes()).unwrap().unwrap()
    };
    let before = leaf(&state, 1);
    assert_eq!(before.hashed(), [1; 74]);
    state
        .apply(&[
            Change::add(vertex(2), b"rule b".to_vec()),
            Change::add(vertex(4), vec![4]),
            Change::remove(vertex(3)),
        ])
        .unwrap();
    state.commit(2).unwrap();
    assert_eq!(leaf(&state, 1), before);
    assert_eq!(leaf(&state, 1).commitment(), before.commitment());
    // Written again, a leaf follows rule B; removed, it stays in adds as it was.
    assert_eq!(leaf(&state, 2).hashed(), b"rule b");
    assert_eq!(leaf(&state, 2).size, Size::from(6));
    assert_eq!(leaf(&state, 3).hashed(), [3; 74]);
    let shard = state.shard(&key).unwrap();
    let removes = shard.tree(PhaseSet::VERTEX_REMOVES);
    let marker = removes.get(vertex(3).id.as_bytes()).unwrap().unwrap();
    assert!(marker.hashed().is_empty() && marker.size == Size::ZERO);
}

#[test]
fn hyp_09_a_frame_is_committed_once_and_before_its_messages() {
    let mut state = Hypergraph::new();
    state
        .apply(&[
            Change::add(vertex(1), vec![1]),
            Change::add(vertex(2), vec![2]),
        ])
        .unwrap();
    let first = state.commit(7).unwrap();
    assert_eq!(first.shards[0].changed, [PhaseSet::VERTEX_ADDS]);
    for root in first.shards[0].roots.to_bytes() {
        assert!(matches!(root.len(), 64 | 74));
    }
    let roots = state.roots(&ShardKey::of(&[5; 32]));
    assert!(state.commit(7).unwrap().shards.is_empty());
    assert_eq!(state.roots(&ShardKey::of(&[5; 32])), roots);
    state.apply(&[Change::remove(vertex(1))]).unwrap();
    assert!(matches!(state.commit(7), Err(StateError::Committed(7))));
    assert!(matches!(
        state.commit(6),
        Err(StateError::Order { frame: 6, last: 7 })
    ));
    // The roots shown are those of the commit until the next one.
    assert_eq!(state.roots(&ShardKey::of(&[5; 32])), roots);
    let next = state.commit(8).unwrap();
    assert_eq!(next.shards[0].changed, [PhaseSet::VERTEX_REMOVES]);
}

#[test]
fn the_prover_root_is_that_of_the_registry_and_in_no_global_tree() {
    let mut state = Hypergraph::new();
    assert_eq!(state.prover_root(), Root::Empty);
    let id = AtomId::new(&hypergraph::GLOBAL_ADDRESS, &[1; 32]);
    state
        .apply(&[Change::add(Location::vertex(id), vec![1])])
        .unwrap();
    let report = state.commit(1).unwrap();
    assert!(report.global_changed.is_empty());
    assert!(matches!(state.prover_root(), Root::Leaf(_)));
}

#[test]
fn a_list_of_changes_that_fails_leaves_nothing() {
    let mut state = Hypergraph::new();
    state.apply(&[Change::add(vertex(1), vec![1])]).unwrap();
    let too_long = Change::add(vertex(2), vec![0; tries::wire::MAX_FIELD_BYTES + 1]);
    let changes = [
        Change::add(vertex(1), vec![9]),
        Change::remove(vertex(3)),
        too_long,
    ];
    assert!(state.apply(&changes).is_err());
    assert_eq!(state.get(&vertex(1)).unwrap().unwrap().value(), [1]);
    assert!(!state.is_removed(&vertex(3)).unwrap());
    let report = state.commit(1).unwrap();
    assert_eq!(report.records.len(), 1);
    assert_eq!(report.records[0].phase, Phase::Adds);
}

#[test]
fn a_removed_shard_leaves_the_global_trees_and_comes_back() {
    let key = ShardKey::of(&[5; 32]);
    let changes = [
        Change::add(vertex(1), vec![1]),
        Change::add(vertex(2), vec![2]),
    ];
    let mut state = committed(&changes);
    let before = state.global_commitments();
    state.remove_shard(&key).unwrap();
    assert_eq!(state.commit(2).unwrap().global_changed, key.l1());
    assert_eq!(
        state.global_commitments(),
        Hypergraph::new().global_commitments()
    );
    state.apply(&changes).unwrap();
    state.commit(3).unwrap();
    assert_eq!(state.global_commitments(), before);
}
