//! The ledger over a real store: frames and state together, generations, proofs, restarts.

use hypergraph::{
    AtomId, Change, GLOBAL_ADDRESS, Location, PhaseSet, ServedLeaf, ShardKey, folded_key,
};
use ledger::{Code, Ledger};
use store::{Levels, Options, Read, Standing};
use tries::proof::{Claim, decode_plain, verify};

const APP: [u8; 32] = [7; 32];

fn open(directory: &std::path::Path) -> Ledger {
    let options = Options {
        ballast_bytes: 0,
        ..Options::new([1; 16])
    };
    Ledger::open(directory, options).expect("a ledger")
}

fn vertex(app: [u8; 32], n: u8) -> Location {
    let mut data = [0; 32];
    data[0] = n;
    Location::vertex(AtomId::new(&app, &data))
}

/// Three vertices of the application and two of the registry, whose values name the frame.
fn changes(frame: u64) -> Vec<Change> {
    let value = |n: u8| [&[n][..], &frame.to_be_bytes()].concat();
    let of_app = (0..3).map(|n| Change::add(vertex(APP, n), value(n)));
    let of_registry = (0..2).map(|n| Change::add(vertex(GLOBAL_ADDRESS, n), value(n)));
    of_app.chain(of_registry).collect()
}

fn advance(ledger: &mut Ledger, frame: u64) -> ledger::Committed {
    ledger.apply(&changes(frame)).expect("applied");
    let committed = ledger.commit(frame).expect("committed");
    ledger
        .persist(frame, Some(format!("header {frame}").as_bytes()))
        .expect("persisted");
    committed
}

#[test]
fn frames_and_state_survive_a_restart_together() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = open(directory.path());
    assert_eq!(ledger.head().expect("head"), None);
    for frame in 0..4 {
        advance(&mut ledger, frame);
    }
    // Committed and never persisted: gone after a restart.
    ledger.apply(&changes(4)).expect("applied");
    let lost = ledger.commit(4).expect("committed");
    drop(ledger);
    let mut ledger = open(directory.path());
    assert_eq!(ledger.head().expect("head"), Some(3));
    assert_eq!(
        ledger.frame(3).expect("frame").as_deref(),
        Some(&b"header 3"[..])
    );
    assert_eq!(ledger.frame(4).expect("frame"), None);
    let value = ledger.get(&vertex(APP, 1)).expect("value");
    assert_eq!(value, Some([&[1][..], &3u64.to_be_bytes()].concat()));
    let again = advance(&mut ledger, 4);
    assert_eq!(again.global_commitments, lost.global_commitments);
    assert_eq!(again.prover_root, lost.prover_root);
}

#[test]
fn a_value_is_proved_down_to_the_commitments_of_its_frame_also_of_older_ones() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = open(directory.path());
    let committed: Vec<_> = (0..5).map(|frame| advance(&mut ledger, frame)).collect();
    let key = ShardKey::of(&APP);
    let [adds, ..] = PhaseSet::ALL;
    for frame in [0, 2, 4] {
        let header = &committed[usize::try_from(frame).expect("small")];
        let view = ledger.view(frame).expect("a view");
        let roots = view.roots(&key).expect("roots");
        let id = vertex(APP, 2).id;
        let proof = view.prove(&key, adds, &[id.as_bytes()]).expect("a proof");
        let proof = decode_plain(&proof).expect("decodes");
        let value = [&[2][..], &frame.to_be_bytes()].concat();
        let claim = Claim {
            key: id.as_bytes(),
            hashed: Some(&value),
        };
        verify(roots.get(adds).as_bytes(), &[claim], &proof).expect("holds");

        let shard = ledger.prove_shard(&APP, frame).expect("proved");
        let shard = shard.expect("a global shard");
        let root = &header.global_commitments[usize::from(shard.tree)];
        let keys = PhaseSet::ALL.map(|set| folded_key(&APP, set));
        let bytes = roots.to_bytes();
        let claims: Vec<_> = keys
            .iter()
            .zip(&bytes)
            .map(|(key, root)| Claim {
                key,
                hashed: Some(root),
            })
            .collect();
        let proof = decode_plain(&shard.proof).expect("decodes");
        verify(root, &claims, &proof).expect("holds");
        // The commitments of another frame do not accept it.
        let other = &committed[usize::try_from((frame + 1) % 5).expect("small")];
        let root = &other.global_commitments[usize::from(shard.tree)];
        assert!(verify(root, &claims, &proof).is_err());
    }
    // The registry is in no global tree; its root is in the header itself.
    assert_eq!(ledger.prove_shard(&GLOBAL_ADDRESS, 2).expect("none"), None);
    let registry = ShardKey::of(&GLOBAL_ADDRESS);
    let roots = ledger.view(2).expect("a view").roots(&registry);
    assert_eq!(
        roots.expect("roots").get(adds).as_bytes(),
        committed[2].prover_root
    );
    let found = ledger.generation_of(&registry, adds, &committed[2].prover_root);
    assert_eq!(found.expect("looked up"), Some(2));
}

#[test]
fn generations_outside_the_kept_ones_are_unavailable() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options {
        ballast_bytes: 0,
        generations: 3,
        ..Options::new([1; 16])
    };
    let mut ledger = Ledger::open(directory.path(), options).expect("a ledger");
    for frame in 0..9 {
        advance(&mut ledger, frame);
        ledger.prune(0).expect("pruned");
    }
    let code = |generation| ledger.view(generation).err().map(|cause| cause.code());
    assert_eq!(code(2), Some(Code::Unavailable));
    assert_eq!(code(9), Some(Code::Unavailable));
    assert_eq!(code(8), None);
    assert_eq!(code(6), None);
    let oldest = ledger.store().oldest_generation().expect("oldest");
    assert_eq!(oldest, 6);
}

#[test]
fn a_root_that_does_not_change_is_found_long_after_it_was_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options {
        ballast_bytes: 0,
        generations: 3,
        ..Options::new([1; 16])
    };
    let mut ledger = Ledger::open(directory.path(), options).expect("a ledger");
    let registry = ShardKey::of(&GLOBAL_ADDRESS);
    let [adds, ..] = PhaseSet::ALL;
    let first = advance(&mut ledger, 0);
    let id = vertex(APP, 1);
    for frame in 1..12u64 {
        let change = Change::add(id, frame.to_be_bytes().to_vec());
        ledger.apply(&[change]).expect("applied");
        let committed = ledger.commit(frame).expect("committed");
        assert_eq!(committed.prover_root, first.prover_root);
        ledger.persist(frame, Some(b"header")).expect("persisted");
        ledger.prune(0).expect("pruned");
        let found = ledger.generation_of(&registry, adds, &committed.prover_root);
        let found = found.expect("looked up").expect("kept");
        assert_eq!(found, frame);
        let roots = ledger.view(found).expect("a view").roots(&registry);
        assert_eq!(
            roots.expect("roots").get(adds).as_bytes(),
            committed.prover_root
        );
    }
    // A root of a frame that is not kept any more is not found.
    let shard = ShardKey::of(&APP);
    let kept = ledger
        .view(11)
        .expect("a view")
        .roots(&shard)
        .expect("roots");
    let found = ledger.generation_of(&shard, adds, kept.get(adds).as_bytes());
    assert_eq!(found.expect("looked up"), Some(11));
    let gone = first.changed.iter().find(|(key, _)| *key == shard);
    let gone = gone.expect("changed").1.get(adds).as_bytes().to_vec();
    let found = ledger.generation_of(&shard, adds, &gone);
    assert_eq!(found.expect("looked up"), None);
}

#[test]
fn what_was_removed_stays_removed_and_a_refused_bundle_leaves_no_trace() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = open(directory.path());
    advance(&mut ledger, 0);
    let gone = vertex(APP, 0);
    ledger.apply(&[Change::remove(gone)]).expect("removed");
    assert_eq!(ledger.get(&gone).expect("read"), None);
    assert!(ledger.is_removed(&gone).expect("read"));
    let bundle = [
        Change::add(vertex(APP, 9), b"new".to_vec()),
        Change::add(gone, b"back".to_vec()),
    ];
    let refused = ledger.apply(&bundle).expect_err("refused");
    assert_eq!(refused.code(), Code::Removed);
    assert_eq!(ledger.get(&vertex(APP, 9)).expect("read"), None);
    // A removal counts from its own place in the list on.
    let both = [
        Change::add(vertex(APP, 1), vec![1]),
        Change::remove(vertex(APP, 1)),
        Change::add(vertex(APP, 1), vec![2]),
    ];
    let refused = ledger.apply(&both).expect_err("refused");
    assert_eq!(refused.code(), Code::Removed);
    assert!(!ledger.is_removed(&vertex(APP, 1)).expect("read"));
    let first = ledger.commit(1).expect("committed");
    assert_eq!(ledger.commit(2).expect_err("waits").code(), Code::Frame);
    ledger.discard().expect("discarded");
    assert!(!ledger.is_removed(&gone).expect("read"));
    ledger.apply(&[Change::remove(gone)]).expect("removed");
    let again = ledger.commit(1).expect("committed");
    assert_eq!(first.global_commitments, again.global_commitments);
    assert_eq!(
        ledger.persist(5, Some(b"")).expect_err("order").code(),
        Code::Frame
    );
    ledger.persist(1, Some(b"header")).expect("persisted");
    // A frame in which nothing was written carries the same commitments.
    let quiet = ledger.commit(2).expect("committed");
    assert_eq!(quiet.global_commitments, again.global_commitments);
    assert!(quiet.changed.is_empty());
    ledger.persist(2, Some(b"header")).expect("persisted");
    let kept = ledger.view(2).expect("a view").roots(&ShardKey::of(&APP));
    assert_eq!(
        kept.expect("roots").to_bytes(),
        ledger
            .view(1)
            .expect("a view")
            .roots(&ShardKey::of(&APP))
            .expect("roots")
            .to_bytes()
    );
}

#[test]
fn one_process_owns_the_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = open(directory.path());
    let second = Ledger::open(directory.path(), Options::new([2; 16]));
    assert_eq!(second.expect_err("in use").code(), Code::DataInUse);
    drop(first);
}

/// All leaves of a tree of a generation, as a server sends them.
fn leaves(ledger: &Ledger, frame: u64, set: PhaseSet) -> Vec<ServedLeaf> {
    let view = ledger.view(frame).expect("a view");
    let page = view.leaves(&ShardKey::of(&APP), set, &[], 0, 1000, usize::MAX);
    page.expect("leaves").leaves
}

#[test]
fn syn_03_pulled_trees_are_taken_at_their_root_committed_and_durable() {
    let (theirs, ours) = (tempfile::tempdir(), tempfile::tempdir());
    let (theirs, ours) = (theirs.expect("a directory"), ours.expect("a directory"));
    let (mut server, mut copy) = (open(theirs.path()), open(ours.path()));
    advance(&mut server, 0);
    server
        .apply(&[Change::remove(vertex(APP, 2))])
        .expect("removed");
    let wanted = server.commit(1).expect("committed");
    server.persist(1, None).expect("persisted");
    assert_eq!(server.frame(1).expect("no header"), None);
    let key = ShardKey::of(&APP);
    let roots = server.view(1).expect("a view").roots(&key).expect("roots");

    advance(&mut copy, 0);
    copy.apply(&[Change::add(vertex(APP, 9), vec![9])])
        .expect("applied");
    let before = copy.commit(1).expect("committed");
    copy.persist(1, None).expect("persisted");
    for set in PhaseSet::ALL {
        let pulled = leaves(&server, 1, set);
        let root = roots.get(set);
        let other = copy.replace(&key, set, pulled.clone(), &[3; 74]);
        assert_eq!(&other.expect("the root"), root);
        assert_eq!(
            &copy
                .replace(&key, set, pulled, root.as_bytes())
                .expect("replaced"),
            root
        );
    }
    assert_eq!(copy.get(&vertex(APP, 9)).expect("read"), None);
    assert!(copy.is_removed(&vertex(APP, 2)).expect("read"));
    let after = copy.commit(2).expect("committed");
    assert_ne!(after.global_commitments, before.global_commitments);
    assert_eq!(after.global_commitments, wanted.global_commitments);
    copy.persist(2, None).expect("persisted");
    drop(copy);
    let mut copy = open(ours.path());
    assert_eq!(
        copy.committed().expect("whole").global_commitments,
        wanted.global_commitments
    );
    assert!(copy.verify(&mut |_, _| {}).expect("verified").is_sound());
    for (shard, set) in copy.trees().expect("trees") {
        assert!(copy.verify_commitments(&shard, set).expect("rebuilt"));
    }

    // Leaf by leaf: the same tree again after a write and an addition.
    copy.apply(&[
        Change::add(vertex(APP, 0), vec![1, 2]),
        Change::add(vertex(APP, 9), vec![9]),
    ])
    .expect("applied");
    copy.commit(3).expect("committed");
    copy.persist(3, None).expect("persisted");
    let adds = PhaseSet::VERTEX_ADDS;
    let extra = vertex(APP, 9).id;
    let first = leaves(&server, 1, adds).swap_remove(0);
    let root = roots.get(adds);
    let deletes = [extra.as_bytes().as_slice()];
    let refused = copy.patch(&key, adds, &deletes, vec![first.clone()], &[0; 64]);
    assert_eq!(&refused.expect("the root"), root);
    assert_eq!(copy.get(&vertex(APP, 9)).expect("read"), Some(vec![9]));
    let taken = copy.patch(&key, adds, &deletes, vec![first], root.as_bytes());
    assert_eq!(&taken.expect("the root"), root);
    assert_eq!(copy.get(&vertex(APP, 9)).expect("read"), None);
    let again = copy.commit(4).expect("committed");
    assert_eq!(again.global_commitments, wanted.global_commitments);

    // A leaf of another shard is refused and changes nothing.
    let foreign = leaves(&server, 1, adds);
    let elsewhere = ShardKey::of(&[8; 32]);
    let refused = copy.replace(&elsewhere, adds, foreign, root.as_bytes());
    assert_eq!(refused.expect_err("refused").code(), Code::Arguments);
}

#[test]
fn a_disk_above_its_read_only_level_refuses_frames_and_keeps_what_waits() {
    let directory = tempfile::tempdir().expect("a directory");
    advance(&mut open(directory.path()), 0);
    let options = Options {
        ballast_bytes: 0,
        levels: Levels {
            notice: 0,
            warning: 0,
            read_only: 0,
        },
        ..Options::new([1; 16])
    };
    let mut ledger = Ledger::open(directory.path(), options).expect("a ledger");
    ledger.apply(&changes(1)).expect("applied");
    ledger.commit(1).expect("committed");
    let refused = ledger.persist(1, Some(b"header")).expect_err("refused");
    assert_eq!(refused.code(), Code::Full);
    assert_eq!(ledger.head().expect("head"), Some(0));
}

#[test]
fn hyp_03_a_shard_that_a_later_frame_made_is_in_no_commitment_of_an_older_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = open(directory.path());
    let committed = advance(&mut ledger, 0);
    // Many shards, so that some share their global trees with the first one.
    let later: Vec<_> = (0..250u8)
        .map(|n| Change::add(vertex([n | 1; 32], n), vec![n]))
        .filter(|change| change.location.id.app() != APP)
        .collect();
    ledger.apply(&later).expect("applied");
    ledger.commit(1).expect("committed");
    ledger.persist(1, None).expect("persisted");
    let roots = ledger.view(0).expect("a view").roots(&ShardKey::of(&APP));
    let bytes = roots.expect("roots").to_bytes();
    let shard = ledger.prove_shard(&APP, 0).expect("proved");
    let shard = shard.expect("a global shard");
    let keys = PhaseSet::ALL.map(|set| folded_key(&APP, set));
    let claims: Vec<_> = keys
        .iter()
        .zip(&bytes)
        .map(|(key, root)| Claim {
            key,
            hashed: Some(root),
        })
        .collect();
    let proof = decode_plain(&shard.proof).expect("decodes");
    let root = &committed.global_commitments[usize::from(shard.tree)];
    verify(root, &claims, &proof).expect("holds");
    let newer = later.first().expect("a shard").location.id.app();
    assert_eq!(ledger.prove_shard(&newer, 0).expect("none"), None);
    assert!(ledger.prove_shard(&newer, 1).expect("proved").is_some());
}

/// Processor time of this thread, in nanoseconds: a busy machine does not show in it.
#[cfg(target_os = "linux")]
fn processor_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the time");
    let first = stat.split(' ').next().expect("a number");
    first.parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn a_long_list_of_changes_costs_as_much_per_change_as_a_short_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = open(directory.path());
    let all: Vec<_> = (0..4_000u32)
        .map(|n| {
            let mut data = [0; 32];
            data[..4].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
            Change::add(Location::vertex(AtomId::new(&APP, &data)), vec![1])
        })
        .collect();
    ledger.apply(&all).expect("applied");
    ledger.commit(0).expect("committed");
    ledger.persist(0, None).expect("persisted");
    let mut time = |changes: &[Change]| {
        let start = processor_time();
        ledger.apply(changes).expect("applied");
        let taken = processor_time() - start;
        ledger.discard().expect("discarded");
        taken
    };
    let mut best = |changes: &[Change]| (0..3).map(|_| time(changes)).min().unwrap_or(0);
    let (few, many) = (best(&all[..250]), best(&all));
    println!("{few} ns for 250, {many} ns for 4,000");
    // Sixteen times as many; the square would be 256.
    assert!(many < 32 * few, "{few} ns for 250, {many} ns for 4,000");
}

#[test]
fn votes_rise_and_no_older_copy_of_the_store_gives_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("state.redb");
    let mut ledger = open(directory.path());
    let (standing, mark) = ledger.voting().expect("asked");
    assert_eq!((standing, mark.vote_rank), (Standing::Current, None));
    for frame in 0..3 {
        ledger.record_vote(frame + 1).expect("recorded");
        advance(&mut ledger, frame);
    }
    let again = ledger.record_vote(3).expect_err("a second vote");
    assert_eq!(again.code(), Code::Frame);
    ledger.close().expect("closed");
    drop(ledger);
    let old = std::fs::read(&file).expect("bytes");
    let mut ledger = open(directory.path());
    // Recorded, and its frame never came: the ranks go on, the store is not older.
    ledger.record_vote(4).expect("recorded");
    drop(ledger);
    let mut ledger = open(directory.path());
    let (standing, mark) = ledger.voting().expect("asked");
    assert_eq!(
        (standing, mark.vote_rank, mark.head),
        (Standing::Current, Some(4), Some(2))
    );
    ledger.record_vote(5).expect("recorded");
    advance(&mut ledger, 3);
    ledger.close().expect("closed");
    drop(ledger);
    std::fs::write(&file, old).expect("restored");
    let mut ledger = open(directory.path());
    let behind = Standing::Behind {
        recorded: 3,
        head: Some(2),
    };
    assert_eq!(ledger.voting().expect("asked").0, behind);
    assert_eq!(
        ledger.record_vote(6).expect_err("older").code(),
        Code::Corrupt
    );
    ledger.accept_rollback(0).expect("accepted");
    assert_eq!(ledger.record_vote(5).expect_err("said").code(), Code::Frame);
    ledger.record_vote(6).expect("recorded");
}
