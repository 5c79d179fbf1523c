//! Times of commits, reads and global values: `cargo run --release -p hypergraph --example timing`.

use hypergraph::{AtomId, Change, Hypergraph, Location, PhaseSet, ShardKey};
use std::time::Instant;

const FRAMES: u64 = 5;

fn location(app: &[u8; 32], number: u64) -> Location {
    let mut data = [0; 32];
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    data[..8].copy_from_slice(&spread);
    data[0] &= 0x3f;
    data[8..16].copy_from_slice(&number.to_be_bytes());
    Location::vertex(AtomId::new(app, &data))
}

fn millis<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed().as_secs_f64() * 1e3, result)
}

fn fill(state: &mut Hypergraph, app: &[u8; 32], numbers: std::ops::Range<u64>) {
    let changes: Vec<Change> = numbers
        .map(|number| Change::add(location(app, number), vec![number as u8; 300]))
        .collect();
    state.apply(&changes).expect("a vertex can be added");
}

fn main() {
    let app = [0x11; 32];
    for count in [1_000u64, 10_000] {
        let mut state = Hypergraph::new();
        let (apply, ()) = millis(|| fill(&mut state, &app, 0..count));
        let (commit, _) = millis(|| state.commit(1).expect("the first commit"));
        println!("{count:6} vertices: apply {apply:8.1} ms, commit {commit:8.1} ms");
        let mut total = 0.0;
        for frame in 0..FRAMES {
            fill(&mut state, &app, frame * 100..frame * 100 + 100);
            total += millis(|| state.commit(2 + frame).expect("a later commit")).0;
        }
        let mean = total / FRAMES as f64;
        println!("{count:6} vertices: commit of 100 overwritten {mean:8.1} ms");
        let shard = state.shard(&ShardKey::of(&app)).expect("the shard");
        let id = location(&app, 7).id;
        let (proof, _) = millis(|| shard.prove(PhaseSet::VERTEX_ADDS, &[id]).expect("a proof"));
        println!("{count:6} vertices: proof of one {proof:8.1} ms");
    }
    for shards in [100u8, 200] {
        let mut state = Hypergraph::new();
        for number in 0..shards {
            let mut app = [number; 32];
            app[0] &= 0x3f;
            fill(&mut state, &app, 0..2);
        }
        let (all, _) = millis(|| state.commit(1).expect("the first commit"));
        let mut app = [5; 32];
        app[0] &= 0x3f;
        fill(&mut state, &app, 2..3);
        let (one, report) = millis(|| state.commit(2).expect("a later commit"));
        let trees = report.global_changed.len();
        println!(
            "{shards:6} shards: commit of all {all:8.1} ms, of one {one:8.1} ms ({trees} global trees)"
        );
    }
}
