//! Global trees of older frames, made from those of a neighbour: the proofs are those of trees built from nothing.
//! `LEDGER_SHARDS=5000` measures with that many shards.

use hypergraph::{AtomId, Change, Location, PhaseSet, ShardKey, folded_key};
use ledger::{Committed, Ledger};
use std::time::{Duration, Instant};
use store::Options;
use tries::proof::{Claim, decode_plain, verify};

const GENERATIONS: u64 = 12;

fn options() -> Options {
    Options {
        ballast_bytes: 0,
        generations: GENERATIONS,
        ..Options::new([1; 16])
    }
}

/// Addresses spread over the global trees, as hashes are.
fn app(number: u64) -> [u8; 32] {
    let mut app = [0u8; 32];
    let mut state = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for part in app.chunks_exact_mut(8) {
        state ^= state >> 29;
        state = state.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        part.copy_from_slice(&state.to_be_bytes());
    }
    app[0] &= 0x3f;
    app
}

fn vertex(app: [u8; 32], frame: u64) -> Change {
    let mut data = [0; 32];
    data[..8].copy_from_slice(&frame.to_be_bytes());
    Change::add(
        Location::vertex(AtomId::new(&app, &data)),
        vec![frame as u8; 8],
    )
}

fn persist(ledger: &mut Ledger, frame: u64, changes: &[Change]) -> Committed {
    ledger.apply(changes).expect("applied");
    let committed = ledger.commit(frame).expect("committed");
    ledger.persist(frame, Some(b"header")).expect("persisted");
    committed
}

/// Whether a shard's proof holds against the commitments of a frame, and how long it took to make.
fn check(ledger: &mut Ledger, app: [u8; 32], frame: u64, committed: &Committed) -> Duration {
    let key = ShardKey::of(&app);
    let roots = ledger
        .view(frame)
        .expect("kept")
        .roots(&key)
        .expect("roots")
        .to_bytes();
    let start = Instant::now();
    let shard = ledger
        .prove_shard(&app, frame)
        .expect("proved")
        .expect("a global shard");
    let took = start.elapsed();
    let root = &committed.global_commitments[usize::from(shard.tree)];
    let keys = PhaseSet::ALL.map(|set| folded_key(&app, set));
    let claims: Vec<_> = keys
        .iter()
        .zip(&roots)
        .map(|(key, root)| Claim {
            key,
            hashed: Some(root),
        })
        .collect();
    verify(root, &claims, &decode_plain(&shard.proof).expect("decodes")).expect("holds");
    took
}

#[test]
fn proofs_of_any_kept_frame_hold_in_any_order_of_the_questions_and_across_prunes_and_restarts() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::open(directory.path(), options()).expect("a ledger");
    let mut committed = Vec::new();
    let mut state = 7u64;
    let mut random = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for frame in 0..40u64 {
        let mut changes: Vec<Change> = (0..3).map(|_| vertex(app(random(30)), frame)).collect();
        changes.push(vertex(app(1000 + frame), frame));
        // A removal empties nothing, but writes a tree that was empty.
        if frame % 5 == 0 {
            changes.push(Change::remove(Location::vertex(AtomId::new(
                &app(1000 + frame / 2),
                &[9; 32],
            ))));
        }
        committed.push(persist(&mut ledger, frame, &changes));
        if frame % 6 == 5 {
            ledger.prune(0).expect("pruned");
        }
        if frame == 25 {
            drop(ledger);
            ledger = Ledger::open(directory.path(), options()).expect("opens again");
        }
        let oldest = (frame + 1).saturating_sub(GENERATIONS);
        for _ in 0..4 {
            let asked = oldest + random(frame - oldest + 1);
            if ledger.view(asked).is_err() {
                continue;
            }
            check(
                &mut ledger,
                app(1000 + asked),
                asked,
                &committed[asked as usize],
            );
            // Nothing that a later frame made is proved.
            let later = ledger
                .prove_shard(&app(1000 + asked + 1), asked)
                .expect("asked");
            assert_eq!(later, None);
        }
        // While a commit waits for its header the state is one frame ahead of the store.
        ledger.apply(&[vertex(app(3), 1_000_000)]).expect("applied");
        ledger.commit(frame + 1).expect("committed");
        check(
            &mut ledger,
            app(1000 + frame),
            frame,
            &committed[frame as usize],
        );
        ledger.discard().expect("discarded");
    }
}

#[test]
fn many_shards() {
    let shards = std::env::var("LEDGER_SHARDS").map_or(300, |n| n.parse().expect("a number"));
    let directory = tempfile::tempdir().expect("a directory");
    let mut ledger = Ledger::open(directory.path(), options()).expect("a ledger");
    let mut committed = Vec::new();
    for frame in 0..GENERATIONS {
        let changed = if frame == 0 { shards } else { 20 };
        let changes: Vec<Change> = (0..changed).map(|n| vertex(app(n), frame)).collect();
        let start = Instant::now();
        committed.push(persist(&mut ledger, frame, &changes));
        println!(
            "frame {frame}: {changed} shards changed, {:?}",
            start.elapsed()
        );
    }
    for frame in [GENERATIONS - 1, GENERATIONS - 1, GENERATIONS - 2, 2, 1, 2] {
        let took = check(&mut ledger, app(1), frame, &committed[frame as usize]);
        println!("proof of frame {frame}: {took:?}");
    }
    ledger.close().expect("closed");
    drop(ledger);
    let start = Instant::now();
    let mut ledger = Ledger::open(directory.path(), options()).expect("opens");
    println!("opened with {shards} shards: {:?}", start.elapsed());
    let took = check(&mut ledger, app(1), 1, &committed[1]);
    println!("proof of frame 1 after the restart: {took:?}");
}
