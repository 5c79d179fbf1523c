//! A store file damaged in one block: made whole again from what is left, completed by a peer, or refused; never another state.

use hypergraph::{AtomId, Change, GLOBAL_ADDRESS, Location, PhaseSet, ServedLeaf, ShardKey};
use ledger::{Code, Committed, Ledger, LedgerError, Repaired};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use store::{Options, StoreError};
use tempfile::TempDir;

const BLOCK: usize = 4096;
const FRAMES: u64 = 9;
const APPS: [[u8; 32]; 3] = [[7; 32], [0x1f; 32], GLOBAL_ADDRESS];

fn options() -> Options {
    Options {
        ballast_bytes: 0,
        cache_bytes: 4 << 20,
        generations: 4,
        ..Options::new([1; 16])
    }
}

/// Vertices, hyperedges, removals; some values live apart from their leaf.
fn changes(frame: u64) -> Vec<Change> {
    let mut changes = Vec::new();
    for app in APPS {
        for n in 0..40u64 {
            if (n + frame).is_multiple_of(3) {
                continue;
            }
            let mut data = [0u8; 32];
            data[0] = (n.wrapping_mul(151) % 256) as u8;
            data[1] = n as u8;
            let id = AtomId::new(&app, &data);
            let length = if n % 10 == 0 { 1500 } else { 30 };
            let value = [vec![n as u8; length], frame.to_be_bytes().to_vec()].concat();
            changes.push(match n {
                36..40 if frame == 5 => Change::remove(Location::vertex(id)),
                36..40 if frame > 5 => continue,
                _ if n % 7 == 0 => Change::add(Location::hyperedge(id), value),
                _ => Change::add(Location::vertex(id), value),
            });
        }
    }
    changes
}

struct Whole {
    directory: TempDir,
    bytes: Vec<u8>,
    committed: Committed,
}

fn whole() -> Whole {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::open(directory.path(), options()).expect("a ledger");
    for frame in 0..FRAMES {
        ledger.apply(&changes(frame)).expect("applied");
        ledger.commit(frame).expect("committed");
        let header = vec![frame as u8; 600];
        ledger.persist(frame, Some(&header)).expect("persisted");
        if frame % 3 == 0 {
            ledger.prune(0).expect("pruned");
        }
    }
    let report = ledger.verify(&mut |_, _| {}).expect("verified");
    assert!(report.is_sound(), "{report:?}");
    assert!(report.trees >= 9);
    let committed = ledger.committed().expect("committed");
    ledger.close().expect("closed");
    drop(ledger);
    let bytes = std::fs::read(directory.path().join("state.redb")).expect("bytes");
    Whole {
        directory,
        bytes,
        committed,
    }
}

fn damaged(bytes: &[u8]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("state.redb"), bytes).expect("written");
    directory
}

/// The file, but for the engine's mark that it was open when it was last used.
fn as_it_was(directory: &Path, bytes: &[u8]) -> bool {
    const OPEN_MARK: usize = BLOCK + 9;
    let left = std::fs::read(directory.join("state.redb")).expect("there");
    let mut pairs = left.iter().zip(bytes).enumerate();
    left.len() == bytes.len() && pairs.all(|(at, (a, b))| a == b || at == OPEN_MARK)
}

fn repair(directory: &Path) -> ledger::Result<Repaired> {
    Ledger::repair(directory, &options(), &mut |_, _| {})
}

fn same(a: &Committed, b: &Committed) -> bool {
    a.global_commitments == b.global_commitments && a.prover_root == b.prover_root
}

fn leaves(ledger: &Ledger, shard: &ShardKey, set: PhaseSet) -> Vec<ServedLeaf> {
    let view = ledger.view(FRAMES - 1).expect("a view");
    view.leaves(shard, set, &[], 0, 10_000, usize::MAX)
        .expect("leaves")
        .leaves
}

#[derive(Debug, Default)]
struct Outcomes {
    unharmed: u32,
    rebuilt: u32,
    completed: u32,
    beyond: u32,
    older: u32,
}

/// Repairs a damaged copy; what is missing is restored from the whole one. Whatever then answers is the state that was.
fn judge(whole: &Whole, peer: &Ledger, bytes: &[u8], outcomes: &mut Outcomes) {
    let directory = damaged(bytes);
    let repaired = match repair(directory.path()) {
        Ok(repaired) => repaired,
        Err(cause) => {
            assert_eq!(cause.code(), Code::Corrupt, "{cause}");
            assert!(as_it_was(directory.path(), bytes), "{cause}");
            outcomes.beyond += 1;
            return;
        }
    };
    let mut ledger = Ledger::open(directory.path(), options()).expect("opens");
    let missing = ledger.refused().to_vec();
    assert_eq!(missing, repaired.refused);
    if !missing.is_empty() {
        assert_eq!(
            ledger.committed().expect_err("incomplete").code(),
            Code::Corrupt
        );
        assert!(matches!(ledger.apply(&[]), Err(LedgerError::Incomplete(_))));
        for (shard, set) in &missing {
            let view = ledger.view(FRAMES - 1).expect("a view");
            let served = view.leaves(shard, *set, &[], 0, 10, 1000);
            assert!(served.is_err(), "a missing tree is served");
            let mut given = leaves(peer, shard, *set);
            let root = *peer
                .view(FRAMES - 1)
                .expect("a view")
                .roots(shard)
                .expect("roots")
                .get(*set);
            if let Some(last) = given.pop() {
                let other = ledger.restore(shard, *set, given.clone(), root.as_bytes());
                assert_ne!(other.expect("another root"), root);
                given.push(last);
            }
            let made = ledger
                .restore(shard, *set, given, root.as_bytes())
                .expect("restored");
            assert_eq!(made, root);
        }
        assert!(ledger.refused().is_empty());
    }
    let head = ledger.head().expect("head");
    let committed = ledger.committed().expect("whole");
    let report = ledger.verify(&mut |_, _| {}).expect("verified");
    assert!(report.is_sound(), "{report:?}");
    if head != Some(FRAMES - 1) {
        // The engine went back to the commit before, whole: what the anti-rollback file is for.
        outcomes.older += 1;
        return;
    }
    assert!(
        same(&committed, &whole.committed) || !repaired.unconfirmed.is_empty(),
        "another state: {repaired:?}"
    );
    let app = APPS[0];
    let proved = ledger.prove_shard(&app, FRAMES - 1).expect("proved");
    assert!(proved.is_some());
    if !repaired.rebuilt.is_empty() || !missing.is_empty() {
        // Its older generations are gone, and so are the global trees that they were in.
        let older = ledger.prove_shard(&app, FRAMES - 2).expect_err("gone");
        assert_eq!(older.code(), Code::Unavailable);
    }
    // It goes on.
    drop(ledger);
    let mut ledger = Ledger::open(directory.path(), options()).expect("opens");
    ledger.apply(&changes(FRAMES)).expect("applied");
    ledger.commit(FRAMES).expect("committed");
    ledger.persist(FRAMES, Some(b"next")).expect("persisted");
    ledger.prune(0).expect("pruned");
    let report = ledger.verify(&mut |_, _| {}).expect("verified");
    assert!(report.is_sound(), "{report:?}");
    match (repaired.salvaged.is_some(), missing.is_empty()) {
        (false, _) => outcomes.unharmed += 1,
        (true, true) => outcomes.rebuilt += 1,
        (true, false) => outcomes.completed += 1,
    }
    if let Some(salvaged) = repaired.salvaged {
        assert_eq!(
            std::fs::read(salvaged.kept).expect("kept").len(),
            bytes.len()
        );
    }
}

#[test]
fn every_block_of_the_file_damaged_in_turn_is_repaired_completed_or_refused() {
    let whole = whole();
    let peer = Ledger::open(whole.directory.path(), options()).expect("opens");
    let mut outcomes = Outcomes::default();
    let used = whole
        .bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .expect("content")
        / BLOCK
        + 1;
    let step = std::env::var("LEDGER_BLOCKS").map_or(3, |step| step.parse().expect("a step"));
    for (number, block) in (0..used).step_by(step).enumerate() {
        let mut bytes = whole.bytes.clone();
        let page = &mut bytes[block * BLOCK..(block + 1) * BLOCK];
        match number % 3 {
            0 => page.fill(0x5a),
            1 => page[BLOCK / 3] ^= 0x40,
            _ => page.fill(0),
        }
        judge(&whole, &peer, &bytes, &mut outcomes);
    }
    println!("{outcomes:?}");
    assert!(
        outcomes.rebuilt > 0 && outcomes.completed > 0 && outcomes.unharmed > 0,
        "{outcomes:?}"
    );
}

#[test]
fn a_sound_ledger_is_left_as_it_is() {
    let whole = whole();
    let repaired = repair(whole.directory.path()).expect("repaired");
    assert_eq!(repaired.salvaged, None);
    assert_eq!(
        (repaired.head, repaired.head_frame),
        (Some(FRAMES - 1), true)
    );
    let bytes = std::fs::read_dir(whole.directory.path())
        .expect("files")
        .count();
    assert_eq!(bytes, 2, "store and lock only");
}

#[test]
fn a_ledger_in_use_and_an_empty_directory_are_told_apart_from_damage() {
    let whole = whole();
    let open = Ledger::open(whole.directory.path(), options()).expect("opens");
    let refused = repair(whole.directory.path()).expect_err("in use");
    assert!(matches!(refused, LedgerError::Store(StoreError::InUse(_))));
    drop(open);
    let mut bytes = whole.bytes.clone();
    bytes.truncate(bytes.len() / 4);
    let directory = damaged(&bytes);
    assert_eq!(
        repair(directory.path()).expect_err("cut").code(),
        Code::Corrupt
    );
    assert_eq!(
        std::fs::read(directory.path().join("state.redb"))
            .expect("there")
            .len(),
        bytes.len()
    );
}

#[test]
fn a_lost_record_of_the_stores_own_is_beyond_repair_and_the_file_stays_as_it_was() {
    let whole = whole();
    let live = |bytes: &[u8]| {
        let directory = damaged(bytes);
        !matches!(repair(directory.path()), Ok(repaired) if repaired.salvaged.is_none())
    };
    let pages = whole.bytes.chunks_exact(BLOCK).enumerate();
    let named = pages.filter(|(_, page)| page.windows(9).any(|at| at == b"next-tree"));
    let mut refused = 0;
    for (block, page) in named {
        let used = page.iter().rposition(|byte| *byte != 0).expect("content");
        let changed = |at: usize| {
            let mut bytes = whole.bytes.clone();
            bytes[block * BLOCK + at] ^= 0x40;
            bytes
        };
        // A page of an older commit, which nobody reads.
        if !live(&changed(used)) {
            continue;
        }
        for at in (0..=used).step_by(15) {
            let bytes = changed(at);
            let directory = damaged(&bytes);
            match repair(directory.path()) {
                Ok(_) => {
                    let ledger = Ledger::open(directory.path(), options()).expect("opens");
                    assert_eq!(ledger.head().expect("head"), Some(FRAMES - 1), "byte {at}");
                    let committed = ledger.committed().expect("whole");
                    assert!(same(&committed, &whole.committed), "byte {at}");
                }
                Err(cause) => {
                    assert_eq!(cause.code(), Code::Corrupt, "{cause}");
                    assert!(as_it_was(directory.path(), &bytes), "byte {at}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn a_repair_that_fails_after_it_has_salvaged_puts_the_damaged_file_back() {
    // So many records that a listener hears of the second look, which is at the salvaged file.
    let source = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::open(source.path(), options()).expect("a ledger");
    let vertices = (0..5000u32).map(|n| {
        let mut data = [0u8; 32];
        data[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b1).to_be_bytes());
        Change::add(Location::vertex(AtomId::new(&APPS[0], &data)), vec![7; 30])
    });
    ledger
        .apply(&vertices.collect::<Vec<_>>())
        .expect("applied");
    ledger.commit(0).expect("committed");
    ledger.persist(0, Some(&[0; 600])).expect("persisted");
    ledger.close().expect("closed");
    drop(ledger);
    let mut bytes = std::fs::read(source.path().join("state.redb")).expect("bytes");
    let used = bytes.iter().rposition(|byte| *byte != 0).expect("content") / BLOCK;
    let block = (1..8)
        .map(|part| used * part / 8)
        .find(|block| {
            let mut bytes = bytes.clone();
            bytes[block * BLOCK..(block + 1) * BLOCK].fill(0x5a);
            let directory = damaged(&bytes);
            matches!(repair(directory.path()), Ok(repaired) if repaired.salvaged.is_some())
        })
        .expect("a block of nodes");
    bytes[block * BLOCK..(block + 1) * BLOCK].fill(0x5a);
    let directory = damaged(&bytes);
    let kept = directory.path().join("state.redb.damaged");
    // Whatever ends the repair: here its listener, as soon as the salvaged file is in place.
    let mut end = |_: u64, _: u64| assert!(!kept.exists(), "the end");
    let ended = catch_unwind(AssertUnwindSafe(|| {
        Ledger::repair(directory.path(), &options(), &mut end)
    }));
    assert!(!matches!(ended, Ok(Ok(_))), "{ended:?}");
    assert!(as_it_was(directory.path(), &bytes));
    assert!(!kept.exists(), "it has its own name again");
    // The next one repairs it.
    let repaired = repair(directory.path()).expect("repaired");
    assert!(repaired.salvaged.is_some());
}

#[test]
fn a_tree_that_was_made_of_what_was_found_is_replaced_by_the_right_one() {
    let whole = whole();
    let (shard, set) = (ShardKey::of(&APPS[0]), PhaseSet::VERTEX_ADDS);
    let mut ledger = Ledger::open(whole.directory.path(), options()).expect("opens");
    let all = leaves(&ledger, &shard, set);
    let right = *ledger
        .view(FRAMES - 1)
        .expect("a view")
        .roots(&shard)
        .expect("roots")
        .get(set);
    let found = all[..all.len() - 1].to_vec();
    let made = ledger
        .restore(&shard, set, found.clone(), right.as_bytes())
        .expect("another root");
    assert!(same(
        &ledger.committed().expect("as it was"),
        &whole.committed
    ));
    ledger
        .restore(&shard, set, found, made.as_bytes())
        .expect("in its place");
    assert!(!same(
        &ledger.committed().expect("another"),
        &whole.committed
    ));
    ledger.apply(&changes(FRAMES)).expect("applied");
    let busy = ledger.restore(&shard, set, all.clone(), right.as_bytes());
    assert_eq!(busy.expect_err("busy").code(), Code::Arguments);
    ledger.discard().expect("discarded");
    let restored = ledger.restore(&shard, set, all, right.as_bytes());
    assert_eq!(restored.expect("restored"), right);
    assert!(same(&ledger.committed().expect("right"), &whole.committed));
    let unknown = ledger.restore(&ShardKey::of(&[0x22; 32]), set, Vec::new(), &[]);
    assert_eq!(unknown.expect_err("unknown").code(), Code::Arguments);
    let report = ledger.verify(&mut |_, _| {}).expect("verified");
    assert!(report.is_sound(), "{report:?}");
}
